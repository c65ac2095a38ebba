import request from 'supertest';
import { cors, startSession, verifyCsrf, type CorsOptions, type RouteFile } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { newAppKey } from '../../src/support/app-key';
import { createProject, exportDefault, type TestProject } from '../helpers/project';
import { openTenantSite } from '../helpers/tenant-site';

const APP = 'https://app.example';
const OTHER = 'https://evil.example';

describe('pages of other origins', () => {
  let project: TestProject;
  let app: TestApplication;

  afterEach(async () => {
    await app.close();
    project.remove();
  });

  async function serve(routes: RouteFile, kernel = '{}') {
    project = createProject({
      'config/app.js': exportDefault(`{ key: '${newAppKey()}' }`),
      'app/http/kernel.js': exportDefault(kernel),
    });
    app = await createTestApplication({ basePath: project.path, routes });
    return request(app.http().handler);
  }

  const withCors =
    (options: Partial<CorsOptions> = {}): RouteFile =>
    (route) => {
      const policy = cors({ origins: [APP], ...options });
      route.group({ middleware: [policy, startSession, verifyCsrf()] }, (api) => {
        api.get('/things', () => ({ things: [] }));
        api.put('/things', () => 'put');
        api.get('/broken', () => {
          throw new Error('x');
        });
      });
      route.delete('/things', () => 'closed');
      route.get('/closed', () => 'closed');
    };

  const preflight = (method: string, origin = APP) => ({
    Origin: origin,
    'Access-Control-Request-Method': method,
    'Access-Control-Request-Headers': 'content-type,x-own',
  });

  test('read answers of a group that lets them, errors included', async () => {
    const client = await serve(withCors());
    for (const [path, status] of [
      ['/things', 200],
      ['/broken', 500],
    ] as const) {
      const { headers } = await client.get(path).set('Origin', APP).expect(status);
      expect(headers).toMatchObject({
        'access-control-allow-origin': APP,
        vary: expect.stringContaining('Origin'),
      });
    }
    const { headers } = await client.get('/closed').set('Origin', APP).expect(200);
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  });

  test('get their preflight answered by the route of the method that they ask for', async () => {
    const client = await serve(withCors());
    const { headers } = await client.options('/things').set(preflight('PUT')).expect(204);
    expect(headers).toMatchObject({
      'access-control-allow-origin': APP,
      'access-control-allow-headers': 'content-type,x-own',
      'access-control-max-age': '3600',
    });
    const closed = await client.options('/things').set(preflight('DELETE')).expect(204);
    expect(closed.headers).not.toHaveProperty('access-control-allow-origin');
    const unknown = await client.options('/nowhere').set(preflight('GET')).expect(404);
    expect(unknown.headers).not.toHaveProperty('access-control-allow-origin');
  });

  test('get it also where another route writes the path in another way', async () => {
    const client = await serve((route) => {
      route.get('/things/live', () => 'live');
      route.get('/things/:id', () => 'one').where('id', 'number');
      route.group({ middleware: [cors({ origins: [APP] })] }, (api) => {
        api.put('/things/:thing', () => 'put');
      });
      route.put('/things/:other', () => 'never');
    });
    for (const path of ['/things/live', '/things/7']) {
      const { headers } = await client.options(path).set(preflight('PUT')).expect(204);
      expect(headers).toHaveProperty('access-control-allow-origin', APP);
      await client.put(path).expect(200, 'put');
      await client.delete(path).expect(405).expect('Allow', 'GET, PUT, HEAD');
    }
    await client.delete('/things/x').expect(405).expect('Allow', 'PUT');
  });

  test('that nobody named read nothing, and caches do not mix them up', async () => {
    const client = await serve(withCors());
    const asked = await client.options('/things').set(preflight('PUT', OTHER));
    const read = await client.get('/things').set('Origin', OTHER).expect(200);
    for (const { headers } of [asked, read]) {
      expect(headers).not.toHaveProperty('access-control-allow-origin');
      expect(headers).toHaveProperty('vary', expect.stringContaining('Origin'));
    }
  });

  test('ask with OPTIONS alone what a path answers, as before', async () => {
    const client = await serve(withCors());
    await client.options('/things').expect(204).expect('Allow', 'GET, PUT, DELETE, HEAD');
  });

  test.each([
    ['https://*.example.com', 'https://a.example.com', true],
    ['https://*.example.com', 'https://a.b.example.com', true],
    ['https://*.example.com', 'https://example.com', false],
    ['https://*.example.com', 'http://a.example.com', false],
    ['https://*.example.com', 'https://a.example.com:8443', false],
    ['https://*.example.com', 'https://evil.com?.example.com', false],
    ['https://*.example.com', 'https://aXexample.com', false],
    ['https://*.example.com', 'https://a.example.com.evil.com', false],
    ['https://APP.example:443', 'https://app.example', true],
    ['https://app.example', 'https://app.example.evil.com', false],
    ['https://app.example', 'null', false],
  ])('%s names %s: %s', async (origin, from, isNamed) => {
    const client = await serve(withCors({ origins: [origin] }));
    const { headers } = await client.get('/things').set('Origin', from);
    expect('access-control-allow-origin' in headers).toBe(isNamed);
  });

  test('have cookies where they are trusted with them', async () => {
    const client = await serve(withCors({ credentials: true, exposedHeaders: ['X-Total'] }));
    const { headers } = await client.get('/things').set('Origin', APP);
    expect(headers).toMatchObject({
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'X-Total',
    });
  });

  test('read every answer where the kernel says so, those that no route gives included', async () => {
    const client = await serve(withCors(), `{ cors: { origins: '*' } }`);
    for (const path of ['/closed', '/nowhere', '/up']) {
      const { headers } = await client.get(path).set('Origin', OTHER);
      expect(headers).toHaveProperty('access-control-allow-origin', '*');
    }
    await client.options('/nowhere').set(preflight('GET', OTHER)).expect(204);
  });
});

test('a preflight says no tenant: before it is told whose it is, the kernel answers', async () => {
  const site = await openTenantSite({
    identification: "{ chain: ['header'], onMissing: 'refuse' }",
    kernel: `{ cors: { origins: ['${APP}'] } }`,
    tenantRoutes: (route) => void route.get('/things', () => 'things'),
  });
  try {
    const { status, headers } = await site.ask({
      method: 'OPTIONS',
      path: '/things',
      host: 'api.example',
      headers: { Origin: APP, 'Access-Control-Request-Method': 'GET' },
    });
    expect([status, headers['access-control-allow-origin']]).toEqual([204, APP]);
  } finally {
    await site.close();
  }
});

test.each<[string, CorsOptions]>([
  ['everybody’s pages with cookies', { origins: '*', credentials: true }],
  ['an address with a path', { origins: ['https://app.example/'] }],
  ['a host without a scheme', { origins: ['app.example'] }],
  ['the origin of pages that have none', { origins: ['null'] }],
  ['everything of a list', { origins: ['*'] }],
  ['a host that is all wildcard', { origins: ['https://*.'] }],
])('%s is refused where it is written', (_what, options) => {
  expect(() => cors(options)).toThrow(/^Expected /);
});
