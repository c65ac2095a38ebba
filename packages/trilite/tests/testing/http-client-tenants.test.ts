import {
  injectable,
  startSession,
  UrlGenerator,
  verifyCsrf,
  type Request,
  type Response,
  type RouteFile,
} from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { newAppKey } from '../../src/support/app-key';
import { exportDefault, type TestProject } from '../helpers/project';
import { createTenantProject } from '../helpers/tenants';

/* A client that acts as a tenant sends what really names that tenant: nothing of it is pretended. */

let app: TestApplication;
let project: TestProject;

afterEach(async () => {
  await app.close();
  project.remove();
});

const MEMBERS = `{
  middleware: [],
  membership: (request, tenant) => request.user?.tenants?.includes(tenant.id) === true,
  resolvers: [{ name: 'certificate', trust: 'token', resolve: (request) => request.get('X-Certificate') }],
}`;

@injectable()
class BackController {
  constructor(private readonly urls: UrlGenerator) {}

  show(_request: Request, response: Response): void {
    response.redirect(this.urls.url('back'));
  }
}

const tenantRoutes: RouteFile = (route) => {
  route.get('/whose', ({ tenant, originalUrl, headers }) => ({
    tenant: tenant?.id,
    originalUrl,
    host: headers.host,
  }));
  route.get('/away', (_request, response) => response.redirect('http://site.test/whose'));
  route.get('/lost', (_request, response) => response.status(404).send(''));
  route.group({ middleware: [startSession, verifyCsrf()] }, (web) => {
    web.post('/count', async ({ session }) => ({ count: await session.increment('count') }));
    web.get('/session', ({ session }) => session.all());
    web.get('/theme', ({ cookies }) => cookies.set('theme', 'dark'));
    web.get('/theme-is', (request) => ({ theme: request.cookie('theme') ?? null }));
    web
      .get('/back', (request, response) => response.redirect(request.get('Referer') ?? '/'))
      .name('back');
    web.post('/close', async ({ session }) => {
      session.put('closed', true);
      await app.tenancy.suspend('acme');
    });
    web.get('/to-back', [BackController, 'show']);
  });
};

const routes: RouteFile = (route) => route.get('/whose', () => ({ tenant: null }));

async function open(identification: string, domains = true): Promise<void> {
  project = createTenantProject({
    'config/app.js': exportDefault(`{ key: '${newAppKey()}', url: 'http://site.test' }`),
    'config/tenancy.js': exportDefault(`{ mode: 'files', identification: ${identification} }`),
    'app/http/kernel.js': exportDefault(MEMBERS),
  });
  app = await createTestApplication({ basePath: project.path, routes, tenantRoutes });
  for (const id of ['acme', 'globex']) {
    await app.tenancy.create({ id, domains: domains ? [`${id}.test`] : [] });
  }
}

describe.each([
  ['domain', `{ chain: ['domain'] }`, { host: 'acme.test', originalUrl: '/whose' }],
  [
    'subdomain',
    `{ chain: ['subdomain'], baseDomain: 'site.test' }`,
    { host: 'acme.site.test', originalUrl: '/whose' },
  ],
  ['path', `{ chain: ['path'] }`, { host: 'site.test', originalUrl: '/t/acme/whose' }],
  ['token', `{ chain: ['token'] }`, { host: 'site.test', originalUrl: '/whose' }],
  ['header', `{ chain: ['header'] }`, { host: 'site.test', originalUrl: '/whose' }],
  ['cookie', `{ chain: ['cookie'] }`, { host: 'site.test', originalUrl: '/whose' }],
  ['query', `{ chain: ['query'] }`, { host: 'site.test', originalUrl: '/whose?tenant=acme' }],
])('where the %s names the tenant', (_source, identification, place) => {
  const member = { id: 7, tenants: ['acme', 'globex'] };

  test('a request goes where that tenant is, and all others to the application', async () => {
    await open(identification);
    const client = app.client().actingAs(member);
    await client
      .asTenant('acme')
      .get('/whose')
      .assertJson({ tenant: 'acme', ...place });
    const globex = await app.tenancy.findOrFail('globex');
    await client.asTenant(globex).get('/whose').assertJson({ tenant: 'globex' });
    await client.get('/whose').assertExactJson({ tenant: null });
  });

  test('sessions and cookies are those of the tenant', async () => {
    await open(identification);
    const client = app.client().actingAs(member);
    const [acme, globex] = [client.asTenant('acme'), client.asTenant('globex').withCsrfToken()];
    await acme.withSession({ count: 4 }).withCsrfToken().post('/count').assertJson({ count: 5 });
    await globex.post('/count').assertJson({ count: 1 }).assertSessionHas('count', 1);
    await acme.get('/session').assertJson({ count: 5 }).assertSessionHas('count', 5);
    await acme.get('/theme').assertCookie('theme', 'dark');
    await acme.get('/theme-is').assertJson({ theme: 'dark' });
    await globex.get('/theme-is').assertJson({ theme: null });
    const light = globex.withCookie('theme', 'light');
    await light.get('/theme-is').assertJson({ theme: 'light' });
    await acme.get('/to-back').assertRedirect('/back').assertRedirectToRoute('back');
  });
});

test('a user who is no member is refused, as ever', async () => {
  await open(`{ chain: ['header'] }`);
  const acme = app.client().asTenant('acme');
  await acme.get('/whose').assertForbidden();
  await acme
    .actingAs({ id: 7, tenants: ['globex'] })
    .get('/whose')
    .assertForbidden();
});

test('the page a request comes from is one of the tenant', async () => {
  await open(`{ chain: ['path'] }`);
  const acme = app.client().asTenant('acme');
  await acme.from('/posts').get('/back').assertRedirect('http://site.test/t/acme/posts');
  await acme.get('/t/acme/whose').assertJson({ originalUrl: '/t/acme/whose' });
  await acme.get('http://site.test/t/acme/whose').assertJson({ tenant: 'acme' });
});

test('a redirect is followed to the pages of the application itself', async () => {
  await open(`{ chain: ['domain'] }`);
  const acme = app.client().asTenant('acme').followRedirects();
  await acme.get('/away').assertExactJson({ tenant: null });
});

test('a tenant that only the application’s own resolver knows is named by the test', async () => {
  await open('{ chain: ["domain"] }', false);
  const acme = app.client().asTenant('acme');
  await acme.withHeader('X-Certificate', 'acme').get('/whose').assertJson({ tenant: 'acme' });
  await expect(acme.get('/whose')).rejects.toMatchObject({
    code: 'E_TEST_CLIENT_TENANT',
    message:
      'GET http://site.test/whose was sent as tenant "acme", and taken for a request of the application itself.',
  });
  await expect(acme.withHeader('X-Certificate', 'globex').get('/whose').assertOk()).rejects.toThrow(
    'taken for a request of "globex"',
  );
});

test('a tenant that is not there fails, and one that is suspended answers', async () => {
  await open(`{ chain: ['domain'] }`);
  await expect(app.client().asTenant('nobody').get('/whose')).rejects.toMatchObject({
    code: 'E_TENANT_NOT_FOUND',
  });
  const acme = app.client().asTenant('acme');
  const closed = await acme.post('/close');
  expect(closed.session).toBeUndefined();
  await acme.get('/whose').assertStatus(503);
});
