import fc from 'fast-check';
import type { RouteFile } from '../../src/http/router';
import { isTenantId } from '../../src/tenancy/tenant-id';
import { openTenantSite, type TenantSite } from '../helpers/tenant-site';
import { treeOf } from '../helpers/tenants';

/* Whatever claims to name a tenant, at whatever part of a request: nobody is let in by it, and it leaves nothing on the disk. */

const whoami: RouteFile = (route) => {
  route.get('/*rest', (request) => ({ tenant: request.tenant?.id ?? null }));
};

let site: TenantSite;
let before: string[];

const tree = (): string[] =>
  treeOf(site.project.path).filter((line) => !/^storage\/[a-z]+\.sqlite-(wal|shm) /.test(line));

beforeAll(async () => {
  site = await openTenantSite({
    routes: whoami,
    tenantRoutes: whoami,
    identification: `{
      chain: ['token', 'domain', 'subdomain', 'path', 'header', 'query', 'cookie'], baseDomain: 'site.com',
    }`,
    kernel: `{
      membership: () => true,
      resolvers: [{ name: 'own', trust: 'token', resolve: (request) => request.get('X-Own') === undefined ? undefined : decodeURIComponent(request.get('X-Own')) }],
    }`,
  });
  // What its first work opens has a -wal and a -shm from then on
  for (const id of ['acme', 'globex']) await site.app.tenancy.run(id, () => undefined);
  before = tree();
});
afterAll(() => site.close());

/** Ids that opened somebody's files somewhere. @see tenancy.md 2.5 */
const CORPUS = [
  '..',
  '.',
  '../acme',
  '..%2facme',
  '%2e%2e',
  'acme/../globex',
  'acme/',
  '/acme',
  '\\acme',
  '..\\acme',
  'acme\0',
  'acme\0b',
  'acme%00',
  'acme?',
  'acme#',
  'acme;',
  'acme ',
  ' acme',
  'acme.',
  '.acme',
  'acme\t',
  'acme\u00a0',
  'ACME',
  'Acme',
  'CON',
  'nul.sqlite',
  'acm\u00e9',
  'acme\u0301',
  '\u0430cme',
  'ac\u200bme',
  '\uff41cme',
  'xn--acme',
  '-acme',
  'acme-',
  'ac--me',
  'a'.repeat(41),
  'a'.repeat(300),
  '',
  'null',
  'undefined',
  '[object Object]',
  '__proto__',
  'constructor',
  'acme,globex',
  'acme" or "1"="1',
  "acme' or '1'='1",
  '1e1',
  'file:acme',
];

const asUrl = (id: string): string => encodeURIComponent(id);

/** A way in for every part of a request that may hold text: undefined for text that cannot stand there. */
const WAYS: Readonly<Record<string, (id: string) => string>> = {
  header: (id) => `GET /a HTTP/1.1\r\nHost: localhost\r\nX-Tenant: ${id}`,
  token: (id) => `GET /a HTTP/1.1\r\nHost: localhost\r\nX-Tenant-Token: ${id}`,
  cookie: (id) => `GET /a HTTP/1.1\r\nHost: localhost\r\nCookie: tenant=${id}`,
  'an encoded cookie': (id) => `GET /a HTTP/1.1\r\nHost: localhost\r\nCookie: tenant=${asUrl(id)}`,
  query: (id) => `GET /a?tenant=${asUrl(id)} HTTP/1.1\r\nHost: localhost`,
  'a raw query': (id) => `GET /a?tenant=${id} HTTP/1.1\r\nHost: localhost`,
  list: (id) => `GET /a?tenant[]=${asUrl(id)} HTTP/1.1\r\nHost: localhost`,
  path: (id) => `GET /t/${asUrl(id)}/a HTTP/1.1\r\nHost: localhost`,
  'a raw path': (id) => `GET /t/${id}/a HTTP/1.1\r\nHost: localhost`,
  subdomain: (id) => `GET /a HTTP/1.1\r\nHost: ${id}.site.com`,
  domain: (id) => `GET /a HTTP/1.1\r\nHost: ${id}.example`,
  resolver: (id) => `GET /a HTTP/1.1\r\nHost: localhost\r\nX-Own: ${asUrl(id)}`,
};

/** Where the text around an id makes another text of it, as HTTP says: spaces around a header, what follows `?`, capitals of a host. */
function meant(way: string, id: string): string {
  const trimmed = id.trim();
  if (way === 'subdomain' || way === 'domain') return trimmed.toLowerCase();
  if (way === 'a raw query') return decodeURIComponent(trimmed.split(/[#&]/)[0] ?? '');
  if (way === 'a raw path') return trimmed.split(/[/?]/)[0] ?? '';
  if (way === 'cookie') return trimmed.split(';')[0]?.trim() ?? '';
  return way === 'header' ? trimmed : id;
}

async function send(way: string, id: string) {
  const head = WAYS[way]?.(id) ?? '';
  return site.send(`${head}\r\nConnection: close\r\n\r\n`);
}

describe.each(Object.keys(WAYS))('%s', (way) => {
  test('lets nobody in by an id that is none', async () => {
    for (const id of CORPUS) {
      const { status, json } = await send(way, id);
      if (status !== 200) continue;
      const tenant = json?.['tenant'] ?? null;
      // Let in as a tenant only where HTTP itself makes that tenant's id of the text
      expect([id, tenant === null ? null : meant(way, id)]).toEqual([id, tenant]);
    }
    expect(tree()).toEqual(before);
  });
});

test.each(['header', 'query', 'path', 'subdomain', 'resolver', 'an encoded cookie'])(
  'text that is no id gets 400, 403 or 404 by %s, never an answer or a fault',
  async (way) => {
    for (const id of CORPUS.filter((one) => !/[\0\r\n]/.test(one) && !isTenantId(one))) {
      const { status } = await send(way, id);
      if (isTenantId(meant(way, id))) continue;
      expect([id, [400, 403, 404].includes(status)]).toEqual([id, true]);
    }
  },
);

test('no text that somebody could think of is a way in, or a fault', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 50 }),
    fc.string({ unit: fc.constantFrom('a', 'Z', '-', '.', '/', '%', '2', 'e', '\\', '\0', '~') }),
  );
  await fc.assert(
    fc.asyncProperty(text, fc.constantFrom('query', 'path', 'resolver'), async (id, way) => {
      fc.pre(!isTenantId(id));
      const { status, json } = await send(way, id);
      expect(status).not.toBe(500);
      expect(json?.['tenant'] ?? null).toBeNull();
      if (!(way === 'path' && id === '')) expect([400, 403, 404]).toContain(status);
    }),
    { numRuns: 300 },
  );
  expect(tree()).toEqual(before);
});
