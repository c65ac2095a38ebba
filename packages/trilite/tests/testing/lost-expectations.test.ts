import type { TestRequest } from 'trilite/testing';
import { app, useClientSite } from '../helpers/client-site';

/* No assertion passes since what it expects was lost on the way to it. */

useClientSite();

const ask = (path: string): TestRequest => app.client().get(path);

/** The failure of a request with its assertions. */
async function failureOf(request: TestRequest): Promise<string> {
  const failure = await request.then(
    () => undefined,
    (error: unknown) => error,
  );
  return failure instanceof Error ? failure.message : 'none';
}

test('a key whose value is undefined is not to be there', async () => {
  await ask('/posts').assertJson({ total: 2, pages: undefined });
  expect(await failureOf(ask('/posts').assertJson({ total: undefined }))).toContain(
    '"total" is 2, expected was undefined',
  );
});

test.each([
  ['a function', { total: () => false }],
  ['a regular expression', { data: /x/ }],
  ['NaN', { total: NaN }],
  ['Infinity', [Infinity]],
])('%s is in no JSON, and fits none', async (what, expected) => {
  for (const name of ['assertJson', 'assertExactJson'] as const) {
    expect(await failureOf(ask('/posts')[name](expected))).toContain(
      `cannot be in any: it is ${what}`,
    );
  }
});

test('a Map is the object that it is in an answer', async () => {
  await ask('/posts').assertJson(new Map([['total', 2]]));
  expect(await failureOf(ask('/posts').assertJson(new Map([['total', 3]])))).toContain(
    '"total" is 2, expected was 3',
  );
});

test.each([[[]], [['']], [['Tom', undefined as unknown as string]]])(
  '%j are no texts to look for',
  async (texts) => {
    for (const name of ['assertSee', 'assertDontSee', 'assertSeeInOrder'] as const) {
      expect(await failureOf(ask('/page')[name](...texts))).toContain('Expected texts to look for');
    }
  },
);

test('a tag that is sent as a tag is seen, as one that is shown as text', async () => {
  expect(await failureOf(ask('/page').assertDontSee('<p>'))).toContain("not to see '<p>'");
  expect(await failureOf(ask('/page').assertDontSee('Tom & Jerry'))).toContain('not to see');
});
