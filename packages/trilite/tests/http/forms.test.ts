import { startSession, validated, type Request } from 'trilite';
import { z } from 'zod';
import { useSessions, visit } from '../helpers/session-site';
import type { Visitor } from '../helpers/visitor';

useSessions();

const newReport = validated(z.object({ title: z.string().min(3), password: z.string() }));

const listing = validated({ query: z.object({ page: z.coerce.number() }) });

const open = (isStarted = true): Promise<Visitor> =>
  visit(
    (route) => {
      route.post('/reports', () => 'stored').validate(newReport);
      route.get('/reports', () => 'listed').validate(listing);
      route.get('/form', async ({ session }: Request) => ({
        errors: await session.errors(),
        title: await session.old('title'),
        password: await session.old('password'),
      }));
    },
    '{}',
    isStarted ? [startSession] : [],
  );

const HTML = 'text/html,application/xhtml+xml';

async function send(visitor: Visitor, referer?: (host: string) => string) {
  const asked = visitor
    .post('/reports')
    .type('form')
    .set('Accept', HTML)
    .send({ title: 'x', password: 'secret' });
  if (referer === undefined) return asked;
  const { host } = new URL(asked.url);
  return asked.set('Referer', referer(host));
}

test('what is not valid sends a form back to its page, with what is wrong and what was typed', async () => {
  const visitor = await open();
  const { status, headers } = await send(visitor, (host) => `http://${host}/form?step=2`);
  expect([status, headers['location']]).toEqual([303, '/form?step=2']);
  const { body } = await visitor.get('/form').expect(200);
  expect(body).toMatchObject({ title: 'x', password: '', errors: { title: [expect.any(String)] } });
  expect((await visitor.get('/form')).body).toMatchObject({ title: '', errors: {} });
});

test.each([
  ['another site', () => 'https://evil.example/form'],
  ['a path that is another host', (host: string) => `http://${host}//evil.example/form`],
  ['a path with a backslash', (host: string) => `http://${host}/\\\\evil.example`],
  ['no address', () => 'form'],
])('a page of %s is not gone back to', async (_what, referer) => {
  const { status, headers } = await send(await open(), referer);
  expect(status).toBe(303);
  expect(headers['location']).toMatch(/^\/(?![/\\])/);
});

test('a page is gone back to also where a proxy writes the port that goes without saying', async () => {
  const visitor = await open();
  const asked = visitor.post('/reports').type('form').set({ Accept: HTML, Host: 'a.example:443' });
  const { headers } = await asked.set('Referer', 'https://a.example/form').send({ title: 'x' });
  expect(headers['location']).toBe('/form');
});

test.each(['get', 'head'] as const)(
  '%s, which is no form, is sent back nowhere',
  async (method) => {
    const visitor = await open();
    const { status } = await visitor.send(method, '/reports?page=x').set('Accept', HTML);
    expect(status).toBe(422);
  },
);

test('a program is told what is wrong', async () => {
  const visitor = await open();
  await visitor.post('/reports', { title: 'x' }).expect(422);
});

test('so is a page without a session', async () => {
  const { status } = await send(await open(false));
  expect(status).toBe(422);
});
