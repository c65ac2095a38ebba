import { createServer, type Server } from 'node:http';
import { sql } from 'kysely';
import { Database, startSession, verifyCsrf, type CsrfOptions } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { newAppKey } from '../../../src/support/app-key';
import { createProject, exportDefault, type TestProject } from '../../helpers/project';
import { Visitor } from '../../helpers/visitor';

let project: TestProject;
let app: TestApplication;
let server: Server;
let visitor: Visitor;
let token: string;
let host: string;

afterEach(async () => {
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  await app.close();
  project.remove();
});

/** A visitor with a session, whose token is known. */
async function visit(options?: CsrfOptions, settings = ''): Promise<void> {
  project = createProject({
    'config/app.js': exportDefault(`{ key: '${newAppKey()}', ${settings} }`),
  });
  app = await createTestApplication({
    basePath: project.path,
    routes: (route) => {
      route.group({ middleware: [startSession, verifyCsrf(options)] }, (web) => {
        web.get('/token', ({ session }) => session.token());
        web.get('/page', () => 'page');
        web.post('/break', async ({ session }) => {
          session.put('a', 1);
          await sql`drop table sessions`.execute(app.make(Database));
          return 'kept';
        });
        for (const path of ['/change', '/webhooks/stripe', '/webhooks-other']) {
          for (const method of ['post', 'put', 'patch', 'delete'] as const) {
            web[method](path, () => 'changed');
          }
        }
      });
    },
  });
  server = createServer(app.http().handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as { port: number }).port}`;
  visitor = new Visitor(server);
  token = (await visitor.get('/token')).text;
}

/** The status of a request with some headers. */
const statusOf = async (headers: Record<string, string>, path = '/change'): Promise<number> =>
  (await visitor.send('post', path).set(headers)).status;

describe('the token', () => {
  test.each(['post', 'put', 'patch', 'delete'] as const)('is needed for %s', async (method) => {
    await visit();
    const refused = await visitor.send(method, '/change').set('Accept', 'application/json');
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({ code: 'E_CSRF', status: 403 });
    await visitor.send(method, '/change').set('X-CSRF-Token', token).expect(200, 'changed');
  });

  test.each(['get', 'head', 'options'] as const)('is not needed for %s', async (method) => {
    await visit();
    const answer = await visitor.send(method, '/page').set('Sec-Fetch-Site', 'cross-site');
    expect(answer.status).toBeLessThan(300);
  });

  test('is taken from a field of a form or of JSON, or from either header', async () => {
    await visit();
    await visitor.send('post', '/change').type('form').send({ _token: token }).expect(200);
    await visitor.send('post', '/change').send({ _token: token }).expect(200);
    await visitor.send('post', '/change').set('X-XSRF-Token', token).expect(200);
    await visitor.send('post', `/change?_token=${token}`).expect(403);
  });

  test('that is not the one of this session is refused, whatever it is', async () => {
    await visit();
    const other = new Visitor(server);
    const { text: others } = await other.get('/token');
    for (const wrong of [others, '', token.slice(1), `${token}a`, token.toUpperCase()]) {
      expect(await statusOf({ 'X-CSRF-Token': wrong })).toBe(403);
    }
    for (const wrong of [null, 7, [token], { length: 43 }, true]) {
      await visitor.send('post', '/change').send({ _token: wrong }).expect(403);
    }
  });

  test('of nobody’s session is refused: an empty one does not stand for none', async () => {
    await visit();
    for (const given of ['', 'undefined', token]) {
      await new Visitor(server).send('post', '/change').set('X-CSRF-Token', given).expect(403);
    }
  });
});

describe('what the browser says', () => {
  test('a page of the same origin needs no token', async () => {
    await visit();
    expect(await statusOf({ 'Sec-Fetch-Site': 'same-origin' })).toBe(200);
    expect(await statusOf({ 'Sec-Fetch-Site': 'same-origin', Origin: `http://${host}` })).toBe(200);
  });

  test('a page of another origin is refused, though it has the token', async () => {
    await visit();
    const theirs: Record<string, string>[] = [
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site', Origin: 'https://evil.app.example' },
      { 'Sec-Fetch-Site': 'cross-site', Origin: `http://${host}` },
      { Origin: 'https://evil.example' },
      { Origin: `http://${host}.evil.example` },
      { Origin: 'http://127.0.0.1' }, // another port
      { Origin: 'no origin' },
    ];
    for (const headers of theirs) {
      expect(await statusOf({ ...headers, 'X-CSRF-Token': token })).toBe(403);
    }
  });

  test('one that does not say where it is from needs the token', async () => {
    await visit();
    const unsaid: Record<string, string>[] = [
      {},
      { Origin: 'null' },
      { Origin: `http://${host}` },
      { 'Sec-Fetch-Site': 'none' },
      { 'Sec-Fetch-Site': 'SAME-ORIGIN' },
    ];
    for (const headers of unsaid) {
      expect(await statusOf(headers)).toBe(403);
      expect(await statusOf({ ...headers, 'X-CSRF-Token': token })).toBe(200);
    }
  });

  test('a trusted origin needs the token', async () => {
    await visit({ trustedOrigins: ['https://shop.example/'] });
    const shop = { 'Sec-Fetch-Site': 'same-site', Origin: 'https://shop.example' };
    expect(await statusOf(shop)).toBe(403);
    expect(await statusOf({ ...shop, 'X-CSRF-Token': token })).toBe(200);
    const other = { ...shop, Origin: 'https://shop.example.evil' };
    expect(await statusOf({ ...other, 'X-CSRF-Token': token })).toBe(403);
  });

  test('behind a proxy that is trusted, the host is the one it was asked for', async () => {
    await visit({}, 'http: { trustProxy: true }');
    const asked = { 'X-Forwarded-Host': 'app.example', Origin: 'https://app.example' };
    expect(await statusOf({ ...asked, 'X-CSRF-Token': token })).toBe(200);
  });

  test.each([
    ['https://app.example', 'app.example:443', 200],
    ['http://app.example', 'APP.example:80', 200],
    ['https://app.example:8443', 'app.example:8443', 200],
    ['http://app.example', 'app.example:443', 403],
    ['https://app.example:8443', 'app.example', 403],
    ['https://evil.example', 'app.example:443', 403],
    ['ftp://app.example', 'app.example', 403],
  ])('a page of %s is of the host "%s": %s', async (origin, asked, status) => {
    await visit();
    const headers = { Host: asked, Origin: origin, 'X-CSRF-Token': token };
    expect(await statusOf(headers)).toBe(status);
  });
});

test('paths that are excepted pass, and no others', async () => {
  await visit({ except: ['/webhooks/*'] });
  expect(await statusOf({ 'Sec-Fetch-Site': 'cross-site' }, '/webhooks/stripe')).toBe(200);
  expect(await statusOf({}, '/webhooks-other')).toBe(403);
  expect(await statusOf({}, '/change')).toBe(403);
});

test('a session that cannot be written fails its request', async () => {
  await visit();
  const logged = jest.spyOn(app.logger, 'error').mockImplementation(() => undefined);
  const answer = await visitor.post('/break').expect(500);
  expect(answer.text).not.toContain('kept');
  expect(logged).toHaveBeenCalled();
});
