import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestClient, TestRequest, TestResponse } from 'trilite/testing';
import { ResponseAssertions } from '../../src/testing/http/response-assertions';
import { app, useClientSite } from '../helpers/client-site';

/*
 * Every assertion, where it holds and where it does not: of a request before it is sent, and of its answer. What fails says what was expected and
 * what came.
 */

useClientSite();

interface Row {
  readonly name: string;
  readonly to: (client: TestClient) => TestRequest;
  readonly holds: (answer: TestRequest & TestResponse) => unknown;
  readonly fails: (answer: TestRequest & TestResponse) => unknown;
  readonly says: string;
}

const get =
  (path: string) =>
  (client: TestClient): TestRequest =>
    client.get(path);
const signUp = (client: TestClient) => client.post('/sign-up', { email: 'ada' });
const form = (client: TestClient) => client.from('/form').form('/form', { email: 'ada' });
const flash = (client: TestClient) => client.withSession({ cart: ['tea'] }).get('/session');

const STATUSES = [
  ['assertOk', 200],
  ['assertCreated', 201],
  ['assertAccepted', 202],
  ['assertNoContent', 204],
  ['assertBadRequest', 400],
  ['assertUnauthorized', 401],
  ['assertForbidden', 403],
  ['assertNotFound', 404],
  ['assertConflict', 409],
  ['assertUnprocessable', 422],
  ['assertTooManyRequests', 429],
] as const;

test.each(STATUSES)('%s is of status %d alone', async (name, status) => {
  await app.client().get(`/status/${status}`)[name]();
  await expect(app.client().get('/status/418')[name]()).rejects.toThrow(
    new RegExp(`^Expected status ${status} \\(.+\\), got 418 \\(I'm a Teapot\\)\\.`),
  );
});

const rows: readonly Row[] = [
  {
    name: 'assertStatus',
    to: get('/status/207'),
    holds: (answer) => answer.assertStatus(207),
    fails: (answer) => answer.assertStatus(200),
    says: 'Expected status 200 (OK), got 207 (Multi-Status).',
  },
  {
    name: 'assertSuccessful',
    to: get('/status/299'),
    holds: (answer) => answer.assertSuccessful(),
    fails: (answer) => answer.assertServerError(),
    says: 'Expected a fault of the server (5xx), got 299.',
  },
  {
    name: 'assertServerError',
    to: get('/status/503'),
    holds: (answer) => answer.assertServerError(),
    fails: (answer) => answer.assertSuccessful(),
    says: 'Expected success (2xx), got 503 (Service Unavailable).',
  },
  {
    name: 'assertJson',
    to: get('/posts'),
    holds: (answer) => answer.assertJson({ data: [{ id: 1 }, { title: 'Two' }] }),
    fails: (answer) => answer.assertJson({ data: [{ id: 1 }, { title: 'Three' }] }),
    says: `"data.1.title" is 'Two', expected was 'Three'.`,
  },
  {
    name: 'assertJson of a list',
    to: get('/posts'),
    holds: (answer) => answer.assertJson({ data: [{}, {}] }),
    fails: (answer) => answer.assertJson({ data: [{}] }),
    says: '"data" has 2 elements, expected were 1.',
  },
  {
    name: 'assertJson of a key',
    to: get('/posts'),
    holds: (answer) => answer.assertJson({}),
    fails: (answer) => answer.assertJson({ toString: 1 }),
    says: '"toString" is not there.',
  },
  {
    name: 'assertExactJson',
    to: get('/people/7'),
    holds: (answer) => answer.assertExactJson(7),
    fails: (answer) => answer.assertExactJson({ id: 7, when: new Date(0) }),
    says: '- {\n  -   "id": 7,\n  -   "when": "1970-01-01T00:00:00.000Z"\n  - }\n  + 7',
  },
  {
    name: 'assertJsonPath',
    to: get('/posts'),
    holds: (answer) => answer.assertJsonPath('data.0.title', 'One'),
    fails: (answer) => answer.assertJsonPath('data.0.title', 'Two'),
    says: `Expected "data.0.title" to be 'Two', got 'One'.`,
  },
  {
    name: 'assertJsonPath with a test',
    to: get('/posts'),
    holds: (answer) => answer.assertJsonPath('total', (total: number) => total > 1),
    fails: (answer) => answer.assertJsonPath('total', (total: number) => total > 2),
    says: 'Expected "total" to fit the test, got 2.',
  },
  {
    name: 'assertJsonPath of what is not there',
    to: get('/posts'),
    holds: (answer) => answer.assertJsonPath('data.1.tags', []),
    fails: (answer) => answer.assertJsonPath('data.2.tags', undefined),
    says: 'Expected JSON with "data.2.tags", which is not there.',
  },
  {
    name: 'assertJsonMissingPath',
    to: get('/posts'),
    holds: (answer) => answer.assertJsonMissingPath('data.0.length'),
    fails: (answer) => answer.assertJsonMissingPath('total'),
    says: 'Expected JSON without "total", which is 2.',
  },
  {
    name: 'assertJsonCount',
    to: get('/posts'),
    holds: (answer) => answer.assertJsonCount(1, 'data.0.tags'),
    fails: (answer) => answer.assertJsonCount(3, 'data'),
    says: 'Expected "data" to be a list of 3 elements, got 2.',
  },
  {
    name: 'assertJsonCount of what is no list',
    to: get('/posts'),
    holds: (answer) => answer.assertJsonCount(2, 'data'),
    fails: (answer) => answer.assertJsonCount(1),
    says: 'Expected a list of 1 elements, got {',
  },
  {
    name: 'assertJsonStructure',
    to: get('/posts'),
    holds: (answer) =>
      answer.assertJsonStructure([
        'total',
        { data: { '*': ['id', 'title', { tags: { '*': ['name'] } }] } },
      ]),
    fails: (answer) => answer.assertJsonStructure({ data: { '*': ['id', 'author'] } }),
    says: '"data.0.author" is not there.',
  },
  {
    name: 'assertJsonStructure of a list',
    to: get('/posts'),
    holds: (answer) => answer.assertJsonStructure({ data: [], total: [] }),
    fails: (answer) => answer.assertJsonStructure({ total: { '*': ['id'] } }),
    says: '"total" is no list.',
  },
  {
    name: 'assertJsonValidationErrors',
    to: signUp,
    holds: (answer) => answer.assertJsonValidationErrors({ email: 'an address', name: /string/ }),
    fails: (answer) => answer.assertJsonValidationErrors(['password']),
    says: 'Expected a problem of "password"; there is one of: "email", "name".',
  },
  {
    name: 'assertJsonValidationErrors with a text',
    to: signUp,
    holds: (answer) => answer.assertJsonValidationErrors(['email']),
    fails: (answer) => answer.assertJsonValidationErrors({ email: 'too long' }),
    says: `Expected a problem of "email" that says 'too long', got [ 'Not an address.' ].`,
  },
  {
    name: 'assertJsonMissingValidationErrors',
    to: signUp,
    holds: (answer) => answer.assertJsonMissingValidationErrors('password'),
    fails: (answer) => answer.assertJsonMissingValidationErrors(),
    says: 'Expected no problem of "email", "name"',
  },
  {
    name: 'assertHeader',
    to: get('/posts'),
    holds: (answer) => answer.assertHeader('Content-Type', /^application\/json/),
    fails: (answer) => answer.assertHeader('Content-Type', 'text/html'),
    says: `Expected the header "Content-Type" to be 'text/html', got 'application/json; charset=utf-8'.`,
  },
  {
    name: 'assertHeader without a value',
    to: get('/posts'),
    holds: (answer) => answer.assertHeader('X-Request-Id'),
    fails: (answer) => answer.assertHeader('X-Other'),
    says: 'Expected a header "X-Other", which is not there.',
  },
  {
    name: 'assertHeaderMissing',
    to: get('/posts'),
    holds: (answer) => answer.assertHeaderMissing('X-Powered-By'),
    fails: (answer) => answer.assertHeaderMissing('Content-Length'),
    says: `Expected no header "Content-Length", got '`,
  },
  {
    name: 'assertCookie',
    to: get('/cookies/set'),
    holds: (answer) => answer.assertCookie('theme', 'dark').assertCookie('deep'),
    fails: (answer) => answer.assertCookie('theme', 'light'),
    says: `Expected the cookie "theme" to be 'light', got 'dark'.`,
  },
  {
    name: 'assertCookie of another name',
    to: get('/cookies/set'),
    holds: (answer) => answer.assertCookie('theme'),
    fails: (answer) => answer.assertCookie('Theme'),
    says: 'Expected a cookie "Theme" to be set; set are: "theme", "plain", "deep", "old".',
  },
  {
    name: 'assertPlainCookie',
    to: get('/cookies/set'),
    holds: (answer) => answer.assertPlainCookie('plain', 'a b'),
    fails: (answer) => answer.assertCookie('plain', 'a b'),
    says: '"assertPlainCookie" takes it as it is.',
  },
  {
    name: 'assertPlainCookie of one that is encrypted',
    to: get('/cookies/set'),
    holds: (answer) => answer.assertPlainCookie('plain'),
    fails: (answer) => answer.assertPlainCookie('theme'),
    says: 'Expected a plain cookie "theme"; it is encrypted',
  },
  {
    name: 'assertCookieExpired',
    to: get('/cookies/set'),
    holds: (answer) => answer.assertCookieExpired('old'),
    fails: (answer) => answer.assertCookieExpired('theme'),
    says: 'Expected the cookie "theme" to be ended; it is set.',
  },
  {
    name: 'assertCookieMissing',
    to: get('/cookies/set'),
    holds: (answer) => answer.assertCookieMissing('other'),
    fails: (answer) => answer.assertCookieMissing('old'),
    says: 'Expected no cookie "old"; it is ended.',
  },
  {
    name: 'assertRedirect',
    to: get('/moved'),
    holds: (answer) =>
      answer
        .assertRedirect()
        .assertRedirect('/posts?page=2')
        .assertRedirect('http://shop.test/posts?page=2'),
    fails: (answer) => answer.assertRedirect('/posts'),
    says: 'Expected a redirect to "/posts", got one to "http://shop.test/posts?page=2".',
  },
  {
    name: 'assertRedirect of what is none',
    to: get('/away'),
    holds: (answer) => answer.assertRedirect('http://elsewhere.test'),
    fails: (answer) => answer.assertOk(),
    says: 'Location: http://elsewhere.test/',
  },
  {
    name: 'assertRedirectToRoute',
    to: get('/to-person'),
    holds: (answer) => answer.assertRedirectToRoute('people.show', { id: 7, tab: 'posts' }),
    fails: (answer) => answer.assertRedirectToRoute('people.show', { id: 8 }),
    says: 'Expected a redirect to "http://shop.test/people/8", got one to "http://shop.test/people/7?tab=posts".',
  },
  {
    name: 'assertDownload',
    to: get('/file'),
    holds: (answer) => answer.assertDownload().assertDownload('Über "uns".txt'),
    fails: (answer) => answer.assertDownload('Über uns.txt'),
    says: `Expected the download to be named 'Über uns.txt', got 'Über "uns".txt'.`,
  },
  {
    name: 'assertSee',
    to: get('/page'),
    holds: (answer) => answer.assertSee('Tom & Jerry', 'Spike'),
    fails: (answer) => answer.assertSee('Tom & Jerry', 'Butch'),
    says: "Expected to see 'Butch'.",
  },
  {
    name: 'assertDontSee',
    to: get('/page'),
    holds: (answer) => answer.assertDontSee('<b>', 'Butch'),
    fails: (answer) => answer.assertDontSee('Butch', 'Tom & Jerry'),
    says: "Expected not to see 'Tom & Jerry'.",
  },
  {
    name: 'assertSeeInOrder',
    to: get('/text'),
    holds: (answer) => answer.assertSeeInOrder('Tom & Jerry', 'then', 'Spike'),
    fails: (answer) => answer.assertSeeInOrder('Spike', 'Tom & Jerry'),
    says: "Expected to see 'Tom & Jerry' after 'Spike', and not before.",
  },
  {
    name: 'assertSessionHas',
    to: flash,
    holds: (answer) => answer.assertSessionHas('cart').assertSessionHas('cart', ['tea']),
    fails: (answer) => answer.assertSessionHas('cart', ['milk']),
    says: `Expected "cart" of the session to be [ 'milk' ], got [ 'tea' ].`,
  },
  {
    name: 'assertSessionHas with a test',
    to: flash,
    holds: (answer) => answer.assertSessionHas('cart', (cart: string[]) => cart.length === 1),
    fails: (answer) => answer.assertSessionHas('cart', (cart: string[]) => cart.length === 2),
    says: `Expected "cart" of the session to fit the test, got [ 'tea' ].`,
  },
  {
    name: 'assertSessionMissing',
    to: flash,
    holds: (answer) => answer.assertSessionMissing('toString'),
    fails: (answer) => answer.assertSessionMissing('cart'),
    says: `Expected the session not to hold "cart", which is [ 'tea' ].`,
  },
  {
    name: 'assertSessionHasErrors',
    to: form,
    holds: (answer) =>
      answer
        .assertRedirect('/form')
        .assertSessionHasErrors({ email: 'an address', name: /string/ }),
    fails: (answer) => answer.assertSessionHasErrors(['password']),
    says: 'Expected a problem of "password"; there is one of: "email", "name".',
  },
  {
    name: 'assertSessionHasNoErrors',
    to: form,
    holds: (answer) => answer.assertSessionHasNoErrors('password'),
    fails: (answer) => answer.assertSessionHasNoErrors(),
    says: 'Expected no problem of "email", "name", got {',
  },
  {
    name: 'what is asked of a session that is none',
    to: get('/posts'),
    holds: (answer) => answer.assertOk(),
    fails: (answer) => answer.assertSessionMissing('cart'),
    says: 'Expected a session; none was started',
  },
  {
    name: 'what is asked of JSON that is none',
    to: get('/page'),
    holds: (answer) => answer.assertOk(),
    fails: (answer) => answer.assertJson({}),
    says: 'Expected the answer to be JSON; it is "text/html; charset=utf-8".',
  },
];

test.each(rows)('$name holds and fails, of a request and of its answer', async (row) => {
  const { to, holds, fails, says } = row;
  await holds(to(app.client()) as never);
  const early = await rejection(fails(to(app.client()) as never));
  expect(early.message).toContain(says);
  const answer = await to(app.client());
  expect(holds(answer as never)).toBe(answer);
  const late = await rejection((async () => fails(answer as never))());
  expect(late.message).toContain(says);
});

test('every assertion is tried here, and stands in docs/testing.md', () => {
  const names = Object.getOwnPropertyNames(ResponseAssertions.prototype).filter((name) =>
    name.startsWith('assert'),
  );
  const docs = readFileSync(join(__dirname, '../../docs/testing.md'), 'utf8');
  const tried = readFileSync(__filename, 'utf8');
  expect(names.length).toBeGreaterThan(30);
  expect(
    names.filter((name) => !tried.includes(`name: '${name}'`) && !tried.includes(`['${name}'`)),
  ).toEqual([]);
  expect(names.filter((name) => !docs.includes(`\`${name}`))).toEqual([]);
});

async function rejection(work: unknown): Promise<Error> {
  try {
    await work;
  } catch (error) {
    return error as Error;
  }
  throw new Error('Nothing failed.');
}

describe('what fails', () => {
  test('shows the request, the answer, and what the application answered it for', async () => {
    const { message } = await rejection(app.client().post('/sign-up?a=1', {}).assertOk());
    expect(message).toMatch(
      /^Expected status 200 \(OK\), got 422 \(Unprocessable Entity\)\.\n\nPOST http:\/\/shop\.test\/sign-up\?a=1\n {2}was answered with 422/,
    );
    expect(message).toContain('  | {"type":"about:blank"');
    expect(message).toContain('E_INPUT_INVALID: Not valid: email, name.\n  | Send what the schema');
  });

  test('shows the message and the stack of a fault, which the answer keeps to itself', async () => {
    const { message } = await rejection(app.client().get('/fault').assertOk());
    expect(message).toContain('  | RangeError: Seven is too many\n  |     at ');
    expect(message).toContain('client-site.ts');
  });

  test('shows the beginning of a long body, a page without its head, and of bytes how many they are', async () => {
    const long = await rejection(
      app
        .client()
        .post('/echo', { text: 'x'.repeat(2000) })
        .assertNotFound(),
    );
    expect(long.message).toMatch(/… and \d+ characters/);
    const page = await rejection(app.client().get('/page').assertNotFound());
    expect(page.message).toContain('\n\n  | <p>Tom &amp; Jerry</p>');
    const bytes = await rejection(app.client().get('/file').assertNotFound());
    expect(bytes.message).toContain('  | 3 bytes');
  });

  test('points to the line of the assertion, whenever it is looked at', async () => {
    const request = app.client().get('/fault');
    const pending = request.assertOk();
    const answer = await app.client().get('/fault');
    const failures = [await rejection(pending), await rejection((async () => answer.assertOk())())];
    for (const { stack = '', message } of failures) {
      const [first] = stack.slice(`Error: ${message}\n`.length).split('\n');
      expect(first).toContain('http-assertions.test.ts');
    }
  });
});
