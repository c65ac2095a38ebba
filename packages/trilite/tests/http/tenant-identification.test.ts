import { TenantTokens } from '../../src/tenancy/tenant-tokens';
import { clock } from '../../src/support/clock';
import type { RouteFile } from '../../src/http/router';
import {
  openTenantSite,
  type RawRequest,
  type TenantSite,
  type TenantSiteOptions,
} from '../helpers/tenant-site';

const ALL = `{
  chain: ['token', 'domain', 'subdomain', 'path', 'header', 'query', 'cookie'],
  baseDomain: 'site.com',
}`;

/** Says whose user sends a request; the resolver stands for a client certificate. */
const KERNEL = `{
  middleware: [(request, response, next) => { request.user = request.get('X-User'); next(); }],
  membership: (request, tenant) => request.user === tenant.id,
  resolvers: [{ name: 'certificate', trust: 'token', resolve: async (request) => request.get('X-Certificate') }],
}`;

const whoami: RouteFile = (route) => {
  route.get('/whoami', (request) => ({
    tenant: request.tenant?.id ?? null,
    current: site.app.tenancy.current()?.id ?? null,
    state: site.app.tenancy.state,
  }));
};

let site: TenantSite;

const open = (options: TenantSiteOptions = {}): Promise<TenantSite> =>
  openTenantSite({ routes: whoami, tenantRoutes: whoami, ...options });

const of = (id: string) => ({ tenant: id, current: id, state: 'tenant' });
const CENTRAL = { tenant: null, current: null, state: 'central' };

afterAll(() => {
  clock.travelBack();
});

/** How each source names a tenant. */
const SOURCES: Readonly<Record<string, (id: string) => RawRequest>> = {
  token: (id) => ({ headers: { 'X-Tenant-Token': site.app.make(TenantTokens).sign(id, '1h') } }),
  domain: (id) => ({ host: `${id}.example` }),
  subdomain: (id) => ({ host: `${id}.site.com` }),
  path: (id) => ({ path: `/t/${id}/whoami` }),
  header: (id) => ({ headers: { 'X-Tenant': id, 'X-User': id } }),
  query: (id) => ({ path: `/whoami?tenant=${id}`, headers: { 'X-User': id } }),
  cookie: (id) => ({ headers: { Cookie: `a=b; tenant=${id}; c=d`, 'X-User': id } }),
  resolver: (id) => ({ headers: { 'X-Certificate': id } }),
};
const names = Object.keys(SOURCES);

function ask(source: string, id: string, more: RawRequest = {}) {
  const request = SOURCES[source]?.(id) ?? {};
  const headers = { ...request.headers, ...more.headers };
  return site.ask({ path: '/whoami', ...request, ...more, headers });
}

describe('with every source in the chain', () => {
  beforeAll(async () => {
    site = await open({ identification: ALL, kernel: KERNEL });
    const { tenancy } = site.app;
    for (const id of ['frozen', 'mended', 'gone']) {
      await tenancy.create({ id, domains: [`${id}.example`] });
    }
    await tenancy.suspend('frozen');
    await tenancy.down('mended');
    await tenancy.delete('gone');
  });
  afterAll(() => site.close());

  test.each(names)('%s names the tenant of a request', async (source) => {
    for (const id of ['acme', 'globex']) {
      expect(await ask(source, id)).toMatchObject({ status: 200, json: of(id) });
    }
  });

  test.each([
    ['in capitals', { path: '/T/acme/whoami' }],
    ['in a whole address', { path: 'http://localhost/t/acme/whoami' }],
    ['in a whole address in capitals', { path: 'HTTP://LOCALHOST/T/acme/whoami' }],
    [
      'in that of its own host',
      { path: 'http://acme.example/t/acme/whoami', host: 'acme.example' },
    ],
  ])('a path that stands %s names the tenant, too', async (_where, request) => {
    expect(await site.ask(request)).toMatchObject({ status: 200, json: of('acme') });
  });

  test.each([
    [
      'the path of a whole address and the host',
      { path: 'http://globex.example/t/acme/whoami', host: 'globex.example' },
    ],
    [
      'the host of a whole address and the header',
      { path: 'http://acme.example/whoami', host: 'globex.example' },
    ],
    ['the host of a whole address and a central header', { path: 'http://acme.example/whoami' }],
    ['a user in a whole address and the header', { path: 'http://acme@localhost/whoami' }],
    ['capitals of the path and the host', { path: '/T/acme/whoami', host: 'globex.example' }],
  ])('%s that differ are refused', async (_what, request) => {
    expect((await site.ask(request)).status).toBe(400);
  });

  test('a request that names nobody is the application’s own', async () => {
    const answer = await site.ask({ path: '/whoami' });
    expect(answer).toMatchObject({ status: 200, json: CENTRAL });
  });

  test.each(names.filter((name) => name !== 'token' && name !== 'domain'))(
    '%s that names no id is refused, not taken for none',
    async (source) => {
      for (const id of ['-acme', 'ac--me', 'a_b', 'x'.repeat(41)]) {
        const answer = await ask(source, id);
        expect(answer).toMatchObject({ status: 400, json: { code: 'E_TENANT_ID_INVALID' } });
      }
    },
  );

  test.each(names)('%s that names nobody there is 404', async (source) => {
    const answer = await ask(source, 'nobody');
    expect(answer).toMatchObject({ status: 404, json: { code: 'E_TENANT_NOT_FOUND' } });
  });

  test.each(names)(
    '%s that names a deleted tenant gets the answer of an unknown one',
    async (source) => {
      const [gone, never] = [await ask(source, 'gone'), await ask(source, 'none')];
      const plain = ({ json }: typeof gone, id: string): unknown =>
        JSON.parse(JSON.stringify({ ...json, requestId: 0 }).replaceAll(id, '?'));
      expect(gone.status).toBe(404);
      expect(plain(gone, 'gone')).toEqual(plain(never, 'none'));
    },
  );

  test.each(names)('%s of a suspended tenant is 503, and says nothing of why', async (source) => {
    const answer = await ask(source, 'frozen');
    expect(answer).toMatchObject({ status: 503, json: { code: 'E_TENANT_UNAVAILABLE' } });
    expect(answer.headers['retry-after']).toBeUndefined();
    expect(answer.text).not.toMatch(/suspend|frozen/);
  });

  test.each(names)('%s of a tenant in maintenance is 503 with Retry-After', async (source) => {
    const answer = await ask(source, 'mended');
    expect(answer).toMatchObject({ status: 503, json: { code: 'E_TENANT_UNAVAILABLE' } });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  });

  const pairs = names.flatMap((one) =>
    names.filter((other) => other > one).map((other) => [one, other]),
  );
  // A host cannot be two at once, and a path is one of the whole address
  const together = pairs.filter(
    ([one = '', other = '']) =>
      ![one, other].every((name) => ['domain', 'subdomain'].includes(name)) &&
      ![one, other].every((name) => ['path', 'query'].includes(name)),
  );

  test.each(together)('%s and %s have to agree', async (one = '', other = '') => {
    const second = (id: string): RawRequest => SOURCES[other]?.(id) ?? {};
    const headers = (id: string) => ({ ...second(id).headers, 'X-User': 'acme' });
    const agreed = await ask(one, 'acme', { ...second('acme'), headers: headers('acme') });
    expect(agreed).toMatchObject({ status: 200, json: of('acme') });
    const differing = await ask(one, 'acme', { ...second('globex'), headers: headers('globex') });
    expect(differing).toMatchObject({ status: 400, json: { code: 'E_TENANT_CLAIMS_CONFLICT' } });
    expect(differing.text).not.toMatch(/acme|globex/);
  });

  test.each(names.filter((name) => name !== 'domain' && name !== 'subdomain'))(
    '%s that is wrong is refused even where the host names somebody',
    async (source) => {
      const answer = await ask(source, 'nobody', { host: 'acme.example' });
      expect(answer.status).toBe(404);
    },
  );

  test('a cookie of one tenant is refused at another, and so is a second cookie', async () => {
    const cookie = await site.ask({
      path: '/whoami',
      host: 'globex.example',
      headers: { Cookie: 'tenant=acme', 'X-User': 'acme' },
    });
    expect(cookie.status).toBe(400);
    const two = await site.ask({
      path: '/whoami',
      headers: { Cookie: 'tenant=acme; tenant=globex', 'X-User': 'acme' },
    });
    expect(two.status).toBe(400);
  });

  test.each(['header', 'query', 'cookie'])(
    '%s lets in members alone, unless the host names the same tenant',
    async (source) => {
      for (const user of ['acme', '', 'Globex']) {
        const answer = await ask(source, 'globex', { headers: { 'X-User': user } });
        expect(answer).toMatchObject({ status: 403, json: { code: 'E_TENANT_MEMBERSHIP' } });
      }
      const trusted = await ask(source, 'globex', {
        host: 'globex.example',
        headers: { 'X-User': 'acme' },
      });
      expect(trusted).toMatchObject({ status: 200, json: of('globex') });
    },
  );

  test.each<[string, RawRequest]>([
    ['an empty header', { headers: { 'X-Tenant': '' } }],
    ['a header with two values', { headers: { 'X-Tenant': 'acme, acme' } }],
    ['an empty parameter', { path: '/whoami?tenant=' }],
    ['a parameter without a value', { path: '/whoami?tenant' }],
    ['a parameter that comes twice', { path: '/whoami?tenant=acme&tenant=acme' }],
    ['a list', { path: '/whoami?tenant[]=acme' }],
    ['an encoded list', { path: '/whoami?%74enant%5B%5D=acme' }],
    ['an object', { path: '/whoami?tenant[id]=acme' }],
    ['an empty cookie', { headers: { Cookie: 'tenant=' } }],
    ['a quoted cookie', { headers: { Cookie: 'tenant="acme"' } }],
    ['an empty path', { path: '/t/' }],
    ['a path without anything', { path: '/t' }],
    ['a path of slashes', { path: '/t//whoami' }],
    ['an encoded path', { path: '/t/%61cme/whoami' }],
    ['an id in capitals', { headers: { 'X-Tenant': 'ACME' } }],
  ])('%s is a claim, and a wrong one', async (_what, request) => {
    const headers = { 'X-User': 'acme', ...request.headers };
    const answer = await site.ask({ path: '/whoami', ...request, headers });
    expect(answer).toMatchObject({ status: 400, json: { code: 'E_TENANT_ID_INVALID' } });
  });

  describe('a token', () => {
    const show = (token: string, more: RawRequest = {}) =>
      site.ask({ path: '/whoami', ...more, headers: { 'X-Tenant-Token': token } });
    const refused = { status: 403, json: { code: 'E_TENANT_TOKEN_INVALID' } };

    test('ends', async () => {
      const token = site.app.make(TenantTokens).sign('acme', '10m');
      clock.travelTo(clock.now() + 10 * 60_000);
      expect(await show(token)).toMatchObject(refused);
      clock.travelBack();
      expect(await show(token)).toMatchObject({ status: 200, json: of('acme') });
    });

    test('of another key, altered, empty or without a signature is refused, also where the host names somebody', async () => {
      const token = site.app.make(TenantTokens).sign('acme', '10m');
      const [id = '', end = '', signature = ''] = token.split('.');
      const forged = [
        new TenantTokens({ key: 'another key' }).sign('acme', '10m'),
        `globex.${end}.${signature}`,
        `${id}.${Number(end) + 1}.${signature}`,
        `${id}.${end}.${signature.slice(0, -1)}`,
        `${id}.${end}.`,
        `${id}.${end}`,
        '',
        'acme',
      ];
      for (const one of forged) {
        expect(await show(one)).toMatchObject(refused);
        expect(await show(one, { host: 'acme.example' })).toMatchObject(refused);
      }
    });

    test('of one tenant is refused at another', async () => {
      const token = site.app.make(TenantTokens).sign('acme', '10m');
      expect((await show(token, { host: 'globex.example' })).status).toBe(400);
    });
  });

  test.each([
    ['is below none of the base domain', 'tenantsite.com', 404],
    ['ends as the base domain does', 'acmesite.com', 404],
    ['has a letter where the dot before the base domain is', 'acmexsite.com', 404],
    ['begins as the base domain does', 'site.com.evil.test', 404],
    ['has two labels before the base domain', 'acme.acme.site.com', 404],
    ['has a label before a domain of a tenant', 'www.acme.example', 404],
    ['ends as a domain of a tenant does', 'notacme.example', 404],
    ['is no host at all', 'acme.example/globex', 400],
  ])('a host that %s is nobody’s', async (_what, host, status) => {
    expect((await site.ask({ path: '/whoami', host })).status).toBe(status);
  });

  test.each([
    ['ACME.Example', of('acme')],
    ['acme.example:8080', of('acme')],
    ['acme.example.', of('acme')],
    ['Acme.SITE.com', of('acme')],
    ['site.com', CENTRAL],
    ['localhost:3000', CENTRAL],
    ['[::1]:3000', CENTRAL],
  ])('the host "%s" is told in whatever form', async (host, whose) => {
    expect(await site.ask({ path: '/whoami', host })).toMatchObject({ status: 200, json: whose });
  });

  test('a forwarded host counts for nothing unless the proxy is trusted', async () => {
    const headers = { 'X-Forwarded-Host': 'acme.example' };
    expect(await site.ask({ path: '/whoami', headers })).toMatchObject({ json: CENTRAL });
  });
});

describe('by default', () => {
  afterEach(() => site.close());

  test('a domain names a tenant, and nothing else does', async () => {
    site = await open();
    expect(await ask('domain', 'acme')).toMatchObject({ json: of('acme') });
    for (const source of names.filter((name) => !['domain', 'subdomain'].includes(name))) {
      const answer = await ask(source, 'acme');
      expect([source, answer.json?.['tenant'] ?? null]).toEqual([source, null]);
    }
  });

  test('a header is refused as long as nobody checks who belongs where, and the help says what to write', async () => {
    site = await open({
      identification: "{ chain: ['header'] }",
      files: { 'config/app.js': 'exports.default = { debug: true };' },
    });
    const answer = await ask('header', 'acme');
    expect(answer).toMatchObject({ status: 403, json: { code: 'E_TENANT_MEMBERSHIP' } });
    expect(answer.json?.['help']).toContain('membership');
  });

  test('only `true` lets a member in', async () => {
    site = await open({
      identification: "{ chain: ['header'] }",
      kernel: "{ membership: () => ({ id: 'somebody' }) }",
    });
    expect((await ask('header', 'acme')).status).toBe(403);
  });

  test('who belongs to a tenant is asked in its work, once the global middleware has said who it is', async () => {
    site = await open({
      identification: "{ chain: ['header'] }",
      kernel: `{
        middleware: [(request, response, next) => setImmediate(() => { request.user = 'somebody'; next(); })],
        membership: async (request, tenant) => {
          globalThis.asked = [request.user, tenant.id, globalThis.current()];
          return true;
        },
      }`,
    });
    Object.assign(globalThis, { current: () => site.app.tenancy.current()?.id });
    expect((await ask('header', 'acme')).status).toBe(200);
    expect(globalThis).toMatchObject({ asked: ['somebody', 'acme', 'acme'] });
  });
});

describe('a request that names nobody', () => {
  afterEach(() => site.close());

  test('is refused where that is asked for, on all but the central hosts', async () => {
    site = await open({
      identification:
        "{ chain: ['header'], onMissing: 'refuse', centralDomains: ['admin.example'] }",
      kernel: '{ membership: () => true }',
    });
    expect(await site.ask({ path: '/whoami' })).toMatchObject({
      status: 404,
      json: { code: 'E_TENANT_NOT_FOUND' },
    });
    expect(await site.ask({ path: '/whoami', host: 'admin.example' })).toMatchObject({
      json: CENTRAL,
    });
    expect(await ask('header', 'acme')).toMatchObject({ json: of('acme') });
  });

  test('is one whose host only ends as the base domain does', async () => {
    site = await open({ identification: "{ chain: ['subdomain'], baseDomain: 'site.com' }" });
    for (const host of ['tenantsite.com', 'acmexsite.com']) {
      expect(await site.ask({ path: '/whoami', host })).toMatchObject({ json: CENTRAL });
    }
    expect((await site.ask({ path: '/whoami', host: 'a.b.site.com' })).status).toBe(404);
  });

  test('is told by the forwarded host where the proxy is trusted', async () => {
    site = await open({
      files: { 'config/app.js': 'exports.default = { http: { trustProxy: true } };' },
    });
    const headers = { 'X-Forwarded-Host': 'acme.example' };
    expect(await site.ask({ path: '/whoami', headers })).toMatchObject({ json: of('acme') });
  });

  test('is central on the host of the application’s address', async () => {
    site = await open({
      files: { 'config/app.js': "exports.default = { url: 'https://www.shop.example' };" },
    });
    expect(await site.ask({ path: '/whoami', host: 'www.shop.example' })).toMatchObject({
      json: CENTRAL,
    });
    expect((await site.ask({ path: '/whoami', host: 'shop.example' })).status).toBe(404);
  });
});

describe('a renamed tenant', () => {
  beforeAll(async () => {
    site = await open({ identification: ALL, kernel: KERNEL });
    await site.app.tenancy.rename('acme', { slug: 'globe', domains: ['globe.example'] });
  });
  afterAll(() => site.close());

  test.each(['subdomain', 'path', 'domain'])(
    'is told by its new %s at once, and by its old one no more',
    async (source) => {
      expect(await ask(source, 'globe')).toMatchObject({ status: 200, json: of('acme') });
      expect((await ask(source, 'acme')).status).toBe(404);
    },
  );

  test.each(['header', 'query', 'cookie', 'token', 'resolver'])(
    'keeps its id in a %s',
    async (source) => {
      expect(await ask(source, 'acme')).toMatchObject({ status: 200, json: of('acme') });
      expect((await ask(source, 'globe')).status).toBe(404);
    },
  );
});
