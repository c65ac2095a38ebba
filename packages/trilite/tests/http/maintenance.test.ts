import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import request from 'supertest';
import type { DownOptions, RouteFile } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { keepLines } from '../helpers/log-lines';
import { createProject, exportDefault, type TestProject } from '../helpers/project';
import { openTenantSite } from '../helpers/tenant-site';

let project: TestProject;
let app: TestApplication;

afterEach(async () => {
  await app.close();
  project.remove();
});

const SECRET = 'open-sesame';

const home: RouteFile = (route) => void route.get('/', () => 'home');

async function serve(files: Readonly<Record<string, string>> = {}) {
  project = createProject(files);
  app = await createTestApplication({ basePath: project.path, routes: home });
  return request(app.http().handler);
}

describe('an application that is down', () => {
  test('answers 503, and says when to ask again', async () => {
    const client = await serve();
    app.maintenance.begin({ retryAfterSeconds: 60, refreshSeconds: 15 });
    await client
      .get('/')
      .expect(503)
      .expect('Retry-After', '60')
      .expect('Refresh', '15')
      .expect('Cache-Control', 'no-store')
      .expect('Content-Type', /problem\+json/)
      .expect(({ body }) => expect(body).toMatchObject({ code: 'E_APPLICATION_DOWN' }));
    await client
      .get('/')
      .set('Accept', 'text/html')
      .expect(503, /being maintained/);
    await client.post('/nowhere').expect(503);
  });

  test('is no fault that fills the log', async () => {
    const client = await serve();
    const lines = keepLines(app, 'error');
    app.maintenance.begin();
    await client.get('/').expect(503);
    expect(lines).toEqual([]);
  });

  test('answers with another status, and a page, where that is said', async () => {
    const client = await serve();
    app.maintenance.begin({ status: 500, page: '<h1>Soon</h1>', retryAfterSeconds: 5 });
    const answer = await client.get('/').set('Accept', 'text/html').expect(500, '<h1>Soon</h1>');
    expect(answer.headers['retry-after']).toBe('5');
    await client
      .get('/')
      .set('Accept', 'application/json')
      .expect(500)
      .expect(/E_APPLICATION/);
  });

  test('sends on to a place, whose own requests it answers', async () => {
    const client = await serve();
    app.maintenance.begin({ redirect: '/soon', page: 'Soon' });
    await client.get('/').expect(302).expect('Location', '/soon');
    await client.get('/soon').set('Accept', 'text/html').expect(503, 'Soon');
  });

  test.each([
    ['/soon?a=1', '/soon'],
    ['/soon?a=1#top', '/soon?b=2'],
    ['/söön', '/s%C3%B6%C3%B6n'],
    ['/s%c3%b6%c3%b6n', '/s%C3%B6%C3%B6n'],
    ['/a/../soon', '/soon'],
    ['https://Shop.example/soon', '/soon'],
    ['http://shop.example:80/soon?a=1', '/soon?a=1'],
  ])('that sends on to %s sends nobody from there on and on', async (redirect, path) => {
    const client = await serve();
    app.maintenance.begin({ redirect });
    await client.get('/').set('Host', 'shop.example').expect(302);
    await client.get(path).set('Host', 'shop.example').expect(503);
  });

  test('sends on to another site from the path that it has there', async () => {
    const client = await serve();
    app.maintenance.begin({ redirect: 'https://status.example/soon' });
    await client.get('/soon').set('Host', 'shop.example').expect(302);
    await client.get('/soon').set('Host', '').expect(302);
  });

  test('answers /up, and says that it is being maintained', async () => {
    const client = await serve();
    await client.get('/up').expect(({ body }) => expect(body).toMatchObject({ status: 'up' }));
    app.maintenance.begin();
    await client
      .get('/up')
      .expect(200)
      .expect(({ body }) => expect(body).toMatchObject({ status: 'maintenance' }));
  });

  test('is up again at the next request, and down again at the one after', async () => {
    const client = await serve();
    app.maintenance.begin();
    await client.get('/').expect(503);
    expect(app.maintenance.end()).toBe(true);
    await client.get('/').expect(200, 'home');
    expect(app.maintenance.end()).toBe(false);
    app.maintenance.begin();
    await client.get('/').expect(503);
  });

  test.each([
    ['is damaged', '{ "since": 1'],
    ['holds something else', '{ "status": "off" }'],
    ['holds nothing', 'null'],
    ['says no whole status', '{ "since": 1, "status": 503.5 }'],
    ['says a status without a body', '{ "since": 1, "status": 204 }'],
    ['says half a second', '{ "since": 1, "status": 503, "retryAfterSeconds": 0.5 }'],
    ['says no second', '{ "since": 1, "status": 503, "refreshSeconds": 0 }'],
    ['leads to another site by a path', '{ "since": 1, "status": 503, "redirect": "//a.example" }'],
  ])('stays down, loudly, when its file %s', async (_what, text) => {
    const client = await serve();
    const lines = keepLines(app, 'error');
    writeFileSync(app.maintenance.file, text);
    await client.get('/').expect(503);
    await client.get('/').expect(503);
    expect(lines).toMatchObject([{ message: expect.stringContaining('down.json') as string }]);
    app.maintenance.end();
    await client.get('/').expect(200);
  });
});

describe('the secret', () => {
  const passOf = (answer: request.Response): string =>
    /trilite_maintenance=[^;]+/.exec(answer.headers['set-cookie']?.[0] ?? '')?.[0] ?? '';

  async function letIn(client: ReturnType<typeof request>): Promise<string> {
    return passOf(await client.get(`/${SECRET}`).expect(302).expect('Location', '/'));
  }

  test('lets in whoever opens it as an address', async () => {
    const client = await serve();
    app.maintenance.begin({ secret: SECRET });
    await client.get('/').expect(503);
    const pass = await letIn(client);
    await client.get('/').set('Cookie', pass).expect(200, 'home');
  });

  test('gives a cookie that no script reads, and over HTTPS none but that carries', async () => {
    const client = await serve({
      'config/app.js': exportDefault("{ url: 'https://example.com' }"),
    });
    app.maintenance.begin({ secret: SECRET });
    const { headers } = await client.get(`/${SECRET}`);
    expect(headers['set-cookie']?.[0]).toMatch(/HttpOnly; Secure; SameSite=Lax/);
  });

  test('lets nobody in with another one, or with a pass that is made up', async () => {
    const client = await serve();
    app.maintenance.begin({ secret: SECRET });
    await client.get('/open-sesamf').expect(503);
    await client.post(`/${SECRET}`).expect(503);
    await client.get('/%E0%A4%A').expect(503);
    await client.get('/').set('Cookie', 'trilite_maintenance=made-up').expect(503);
    await client.get('/').set('Cookie', `trilite_maintenance=${SECRET}`).expect(503);
  });

  test('opens nothing where there is none', async () => {
    const client = await serve();
    app.maintenance.begin();
    await client.get('/').set('Cookie', 'trilite_maintenance=').expect(503);
    await client.get('/undefined').expect(503);
  });

  test('and its pass end with the maintenance: the next one gives its own', async () => {
    const client = await serve();
    app.maintenance.begin({ secret: SECRET });
    const pass = await letIn(client);
    app.maintenance.end();
    app.maintenance.begin({ secret: SECRET });
    await client.get('/').set('Cookie', pass).expect(503);
  });

  test('stands in no line of the access log', async () => {
    const client = await serve({ 'config/logging.js': exportDefault("{ level: 'info' }") });
    const lines = keepLines(app);
    app.maintenance.begin({ secret: SECRET });
    await client.get(`/${SECRET}`);
    expect(lines).toMatchObject([{ path: '/[secret]', status: 302 }]);
  });

  test('stands in no line of the access log, however it is sent', async () => {
    const client = await serve({ 'config/logging.js': exportDefault("{ level: 'info' }") });
    app.maintenance.begin({ secret: SECRET });
    const lines = keepLines(app);
    const pass = passOf(await client.get(`/${SECRET}/`).expect(302));
    await client.head(`/${SECRET}`).expect(503);
    await client.post(`/${SECRET}/`).expect(503);
    await client.get(`//${SECRET}?a=1`).expect(302);
    await client.get(`/%6fpen-sesame`).expect(302);
    await client.get(`/${SECRET}/more`).expect(503);
    await client.get(`/${SECRET}`).set('Cookie', pass).expect(302);
    await client.post(`/${SECRET}`).set('Cookie', pass).expect(404);
    expect(lines).toHaveLength(8);
    expect(JSON.stringify(lines)).not.toMatch(/sesame/);
  });
});

test('another process sees that it is down, and how', async () => {
  const client = await serve();
  const { Maintenance } = jest.requireActual<typeof import('../../src/support/maintenance')>(
    '../../src/support/maintenance',
  );
  new Maintenance(app.config.storagePath).begin({ status: 599 });
  await client.get('/').expect(599);
});

test('an application that is down keeps requests of tenants out, and lets in who has the pass', async () => {
  project = createProject();
  app = await createTestApplication({ basePath: project.path });
  const site = await openTenantSite({
    tenantRoutes: (route) => void route.get('/', (given) => given.tenant?.id),
  });
  try {
    site.app.maintenance.begin({ secret: SECRET });
    expect((await site.ask({ host: 'acme.example' })).status).toBe(503);
    expect((await site.ask({ host: 'nobody.example' })).status).toBe(503);
    const answer = await site.ask({ host: 'acme.example', path: `/${SECRET}` });
    const Cookie = answer.headers['set-cookie']?.split(';')[0] ?? '';
    const inside = await site.ask({ host: 'acme.example', headers: { Cookie } });
    expect([inside.status, inside.text]).toEqual([200, 'acme']);
  } finally {
    await site.close();
  }
});

test.each<[DownOptions, string]>([
  [{ status: 204 }, 'Expected `status` to be a status from 200 to 599 that has a body'],
  [{ status: 103 }, 'Expected `status` to be'],
  [{ retryAfterSeconds: 0 }, 'Expected `retryAfterSeconds` to be a whole number of seconds'],
  [{ redirect: 'soon' }, 'Expected `redirect` to be a path'],
])('a maintenance with %j begins not at all', async (options, words) => {
  await serve();
  expect(() => app.maintenance.begin(options)).toThrow(words);
  expect(app.maintenance.isDown).toBe(false);
});

test('its file is for the user alone who wrote it', async () => {
  await serve();
  app.maintenance.begin({ secret: SECRET });
  expect(statSync(app.maintenance.file).mode & 0o777).toBe(0o600);
});

test('its file is where the storage is', async () => {
  await serve();
  expect(app.maintenance.file).toBe(join(app.config.storagePath, 'down.json'));
});
