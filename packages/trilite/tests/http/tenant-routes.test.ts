import type { RouteFile } from '../../src/http/router';
import { UrlGenerator } from '../../src/http/urls/url-generator';
import { openTenantSite, type TenantSite } from '../helpers/tenant-site';
import { createProject } from '../helpers/project';
import { createApplication } from '../../src/application';

let site: TenantSite;

afterEach(() => site.close());

const routes: RouteFile = (route) => {
  route.get('/', () => ({ side: 'central' })).name('home');
  route.get('/plans', () => ({ side: 'central' })).name('plans');
  route.post('/signup', () => ({ side: 'central' }));
};

const tenantRoutes: RouteFile = (route) => {
  route.get('/', (request) => ({ side: 'tenant', id: request.tenant?.id })).name('notes');
  route
    .get('/notes/:id', (request) => ({
      id: request.param('id'),
      url: request.url,
      originalUrl: request.originalUrl,
      query: request.query,
      self: site.app.make(UrlGenerator).url('notes.show', { id: 7, page: 2 }),
      plans: site.app.make(UrlGenerator).url('plans'),
      absolute: site.app.make(UrlGenerator).absoluteUrl('notes.show', { id: 7 }),
    }))
    .name('notes.show');
  route.put('/notes/:id', () => ({ side: 'tenant' }));
};

const TENANT = 'acme.example';
const CENTRAL = 'localhost';
const KEY = `base64:${Buffer.alloc(32, 7).toString('base64')}`;

describe('a path', () => {
  beforeEach(async () => {
    site = await openTenantSite({ routes, tenantRoutes });
  });

  test('on both sides is answered by that of the request', async () => {
    expect(await site.ask({ host: CENTRAL })).toMatchObject({ json: { side: 'central' } });
    expect(await site.ask({ host: TENANT })).toMatchObject({
      json: { side: 'tenant', id: 'acme' },
    });
  });

  test.each([
    ['a central one at a tenant', TENANT, 'GET', '/plans'],
    ['a central one at a tenant', TENANT, 'POST', '/signup'],
    ['a tenant’s at the application', CENTRAL, 'GET', '/notes/1'],
    ['a tenant’s at the application', CENTRAL, 'PUT', '/notes/1'],
    ['a tenant’s at the application', CENTRAL, 'HEAD', '/notes/1'],
  ])('of the other side is not there: %s (%s %s %s)', async (_what, host, method, path) => {
    expect((await site.ask({ host, method, path })).status).toBe(404);
  });

  test.each([
    [TENANT, '/plans'],
    [TENANT, '/signup'],
    [CENTRAL, '/notes/1'],
  ])('of the other side has no methods to tell either (%s %s)', async (host, path) => {
    for (const method of ['OPTIONS', 'DELETE']) {
      const answer = await site.ask({ host, method, path });
      expect([answer.status, answer.headers['allow']]).toEqual([404, undefined]);
    }
  });

  test('of its own side tells the methods of that side alone', async () => {
    const options = await site.ask({ host: TENANT, method: 'OPTIONS', path: '/notes/1' });
    expect([options.status, options.headers['allow']]).toEqual([204, 'GET, PUT, HEAD']);
    const refused = await site.ask({ host: CENTRAL, method: 'DELETE', path: '/' });
    expect([refused.status, refused.headers['allow']]).toEqual([405, 'GET, HEAD']);
  });

  test('/up answers for every host, whoever that is', async () => {
    for (const host of [CENTRAL, TENANT, 'nobody.example']) {
      expect((await site.ask({ host, path: '/up' })).status).toBe(200);
    }
  });
});

describe('routes/tenant.ts', () => {
  const file =
    "exports.default = (route) => { route.get('/own', (request) => ({ id: request.tenant.id })); };";

  test('declares routes of tenants, with the middleware group "tenant"', async () => {
    site = await openTenantSite({
      files: { 'routes/tenant.js': file },
      kernel: `{ groups: { tenant: [(request, response, next) => { response.setHeader('X-Group', 'tenant'); next(); }] } }`,
    });
    const answer = await site.ask({ host: TENANT, path: '/own' });
    expect(answer).toMatchObject({ json: { id: 'acme' }, headers: { 'x-group': 'tenant' } });
    expect((await site.ask({ host: CENTRAL, path: '/own' })).status).toBe(404);
  });

  test('is refused at boot by an application without tenants', async () => {
    site = await openTenantSite();
    const project = createProject({
      'routes/tenant.js': file,
      'app/http/kernel.js': 'exports.default = { groups: { tenant: [] } };',
    });
    const app = await createApplication({ basePath: project.path });
    expect(() => app.http()).toThrow(
      expect.objectContaining({
        code: 'E_ROUTE_INVALID',
        message: expect.stringContaining('routes/tenant.ts'),
      }),
    );
    await app.close();
    project.remove();
  });
});

describe('a tenant in the path', () => {
  beforeEach(async () => {
    site = await openTenantSite({
      routes,
      tenantRoutes,
      identification: "{ chain: ['domain', 'path'] }",
    });
  });

  test('is taken off, and what remains is routed as ever', async () => {
    expect(await site.ask({ path: '/t/acme' })).toMatchObject({
      json: { side: 'tenant', id: 'acme' },
    });
    expect(await site.ask({ path: '/t/acme/' })).toMatchObject({ json: { side: 'tenant' } });
    const answer = await site.ask({ path: '/t/globex/notes/a%20b?x=/t/acme&y=1' });
    expect(answer.json).toMatchObject({
      id: 'a b',
      url: '/notes/a%20b?x=/t/acme&y=1',
      originalUrl: '/t/globex/notes/a%20b?x=/t/acme&y=1',
      query: { x: '/t/acme', y: '1' },
    });
  });

  test('is put before what is linked to, which a host that names it makes needless', async () => {
    const byPath = await site.ask({ path: '/t/acme/notes/1' });
    expect(byPath.json).toMatchObject({
      self: '/t/acme/notes/7?page=2',
      plans: '/plans',
      absolute: 'http://localhost:3000/t/acme/notes/7',
    });
    await site
      .ask({ path: String(byPath.json?.['self']) })
      .then((next) => expect(next.status).toBe(200));
  });

  test.each(['/tacme', '//t/acme', '/x/t/acme', '/%74/acme'])('is none in "%s"', async (path) => {
    expect((await site.ask({ path })).status).toBe(404);
    expect((await site.ask({ path })).json).toMatchObject({ code: 'E_NOT_FOUND' });
  });

  test('in the path of another host has to agree with it', async () => {
    expect((await site.ask({ host: TENANT, path: '/t/acme/notes/1' })).status).toBe(200);
    expect((await site.ask({ host: TENANT, path: '/t/globex/notes/1' })).status).toBe(400);
  });
});

describe('a URL', () => {
  const url = (name: string): string => site.app.make(UrlGenerator).url(name);
  const absoluteUrl = (name: string): string => site.app.make(UrlGenerator).absoluteUrl(name);

  const open = async (identification: string): Promise<void> => {
    site = await openTenantSite({
      routes,
      tenantRoutes,
      identification,
      files: {
        'config/app.js': `exports.default = { url: 'https://site.com:8443', key: '${KEY}' };`,
      },
    });
  };

  test('of a tenant is on its domain, in a job, too', async () => {
    await open('{}');
    await site.app.tenancy.run('acme', () => {
      expect(url('notes')).toBe('/');
      expect(absoluteUrl('notes')).toBe('https://acme.example:8443/');
      expect(url('plans')).toBe('https://site.com:8443/plans');
    });
  });

  test('of a tenant with several domains is on the primary one', async () => {
    await open('{}');
    await site.app.tenancy.rename('acme', { domains: ['z.example', 'acme.example'] });
    await site.app.tenancy.run('acme', () => {
      expect(absoluteUrl('notes')).toBe('https://z.example:8443/');
    });
  });

  test('of a tenant without a domain is below the base domain, or in the path', async () => {
    await open("{ chain: ['domain', 'subdomain'], baseDomain: 'site.com' }");
    await site.app.tenancy.rename('acme', { domains: [], slug: 'acme-inc' });
    await site.app.tenancy.run('acme', () => {
      expect(absoluteUrl('notes')).toBe('https://acme-inc.site.com:8443/');
    });
    await site.close();
    await open("{ chain: ['domain', 'path'] }");
    await site.app.tenancy.rename('acme', { domains: [], slug: 'acme-inc' });
    await site.app.tenancy.run('acme', () => {
      expect(url('notes')).toBe('/t/acme-inc/');
      expect(absoluteUrl('notes')).toBe('https://site.com:8443/t/acme-inc/');
      expect(url('plans')).toBe('/plans');
    });
  });

  test('of a tenant is told in the application’s work, and signed for that tenant', async () => {
    await open('{}');
    const [acme, globex] = await site.app.tenancy.select({ tenants: ['acme', 'globex'] });
    if (acme === undefined || globex === undefined) throw new Error('Expected two tenants.');
    const urls = site.app.make(UrlGenerator).of(acme);
    expect(urls.absoluteUrl('notes')).toBe('https://acme.example:8443/');
    expect(urls.url('plans')).toBe('https://site.com:8443/plans');
    const { pathname, search } = new URL(urls.signedUrl('notes'));
    const request = { originalUrl: `${pathname}${search}` };
    const signedAt = (id: string) =>
      site.app.tenancy.run(id, () => site.app.make(UrlGenerator).refuseUnsigned(request));
    await signedAt('acme');
    await expect(signedAt('globex')).rejects.toMatchObject({ code: 'E_URL_SIGNATURE' });
  });

  test('of another tenant does not lie below the path of the one whose request it is', async () => {
    const { tenancy } = (site = await openTenantSite({
      routes,
      tenantRoutes: (route) => {
        tenantRoutes(route);
        route.get('/other', async () => {
          const globex = await site.app.tenancy.findOrFail('globex');
          const urls = site.app.make(UrlGenerator);
          return { other: urls.of(globex).absoluteUrl('notes'), own: urls.url('notes') };
        });
      },
      identification: "{ chain: ['path'] }",
    })).app;
    await tenancy.rename('acme', { slug: 'acme-inc' });
    const { json } = await site.ask({ path: '/t/acme-inc/other' });
    expect(json).toMatchObject({
      other: expect.stringMatching(/\/t\/globex\/$/),
      own: '/t/acme-inc/',
    });
  });

  test('of a tenant cannot be told in nobody’s work', async () => {
    await open('{}');
    expect(() => url('notes')).toThrow(expect.objectContaining({ code: 'E_ROUTE_INVALID' }));
    expect(absoluteUrl('plans')).toBe('https://site.com:8443/plans');
  });
});
