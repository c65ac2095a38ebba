import { view } from 'trilite';
import { openTenantSite, type TenantSite } from '../helpers/tenant-site';

let site: TenantSite;

afterEach(() => site.close());

const files = {
  'public/app.css': 'body {}',
  'resources/views/home.eta': `<%= request.tenant.id %> <%= route('home') %> <%= asset('app.css') %>`,
  'resources/views/errors/404.eta': `none for <%= request.tenant?.id %>`,
};

const open = async (identification: string): Promise<void> => {
  site = await openTenantSite({
    identification,
    files,
    tenantRoutes: (route) => route.get('/home', () => view('home')).name('home'),
  });
};

test('where the path names the tenant, its pages lead below it, and files lie at the root', async () => {
  await open(`{ chain: ['path'], path: '/t' }`);
  const { text } = await site.ask({ path: '/t/acme/home' });
  expect(text).toMatch(/^acme \/t\/acme\/home \/app\.css\?v=[0-9a-f]{12}$/);
  expect((await site.ask({ path: '/app.css' })).text).toBe('body {}');
  expect((await site.ask({ path: '/t/acme/app.css' })).status).toBe(404);
});

test('files are the same at the hosts of all tenants, pages for errors know whose they are', async () => {
  await open('{}');
  for (const host of ['acme.example', 'globex.example', 'localhost']) {
    expect((await site.ask({ path: '/app.css', host })).text).toBe('body {}');
  }
  const headers = { Accept: 'text/html' };
  const missing = await site.ask({ path: '/none', host: 'acme.example', headers });
  expect([missing.status, missing.text]).toEqual([404, 'none for acme']);
});
