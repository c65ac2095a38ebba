import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSetCookie } from 'cookie';
import { travelBack, travelTo } from 'trilite/testing';
import { CookieCipher } from '../../../src/http/cookies/cookie-cipher';
import { startSession } from '../../../src/http/session/start-session';
import { verifyCsrf } from '../../../src/http/session/verify-csrf';
import { Sessions } from '../../../src/http/session/sessions';
import { Database } from '../../../src/database/database';
import type { RouteFile } from '../../../src/http/router';
import { artisan } from '../../helpers/artisan';
import { exportDefault } from '../../helpers/project';
import { openTenantSite, type RawAnswer, type TenantSite } from '../../helpers/tenant-site';

/* A session of one tenant is worth nothing at another, nor at the application itself, however its cookie gets there. */

let site: TenantSite;
afterEach(() => {
  travelBack();
  return site.close();
});

const routes: RouteFile = (route) => {
  route.group({ middleware: [startSession] }, (web) => {
    web.get('/put', ({ session, tenant }) => session.put('who', tenant?.id ?? 'nobody'));
    web.get('/who', async ({ session }) => ({ who: (await session.get('who')) ?? null }));
    web.get('/theme', ({ cookies, tenant }) => cookies.set('theme', tenant?.id ?? 'nobody'));
    web.get('/theme-is', (request) => ({ who: request.cookie('theme') ?? null }));
    web.get('/token', ({ session }) => session.token());
    web.get('/leave', ({ session }) => session.invalidate());
    web.post('/change', () => 'changed').middleware(verifyCsrf());
  });
};

const KEY = `base64:${Buffer.alloc(32, 7).toString('base64')}`;

async function open(mode: 'files' | 'single', identification = '{}', kernel?: string) {
  site = await openTenantSite({
    tenantRoutes: routes,
    routes,
    identification,
    ...(kernel !== undefined && { kernel }),
    files: {
      'config/app.js': exportDefault(`{ key: '${KEY}' }`),
      'config/tenancy.js': exportDefault(`{ mode: '${mode}', identification: ${identification} }`),
      ...(mode === 'single' && {
        'database/migrations/tenant/2026_01_01_000000_create_notes.js':
          'exports.default = { up() {} };',
      }),
    },
  });
}

const cookieOf = ({ headers }: RawAnswer) =>
  parseSetCookie(headers['set-cookie'] ?? '', { decode: (text) => text });

const ask = (host: string, path: string, cookie?: string) =>
  site.ask({ host, path, ...(cookie !== undefined && { headers: { Cookie: cookie } }) });

const sentOf = (answer: RawAnswer, name = cookieOf(answer).name): string =>
  `${name}=${cookieOf(answer).value ?? ''}`;

const HOSTS = ['acme.example', 'globex.example', 'localhost'];

describe.each(['files', 'single'] as const)('tenants in mode %s', (mode) => {
  test('each has a cookie of its own name; under the name of another it is worth nothing', async () => {
    await open(mode);
    const answers = await Promise.all(HOSTS.map((host) => ask(host, '/put')));
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204]);
    const names = answers.map((answer) => cookieOf(answer).name);
    expect(new Set(names).size).toBe(3);
    for (const [from, answer] of answers.entries()) {
      for (const [to, host] of HOSTS.entries()) {
        const found = (await ask(host, '/who', sentOf(answer, names[to]))).json;
        expect(found).toEqual({
          who: from === to ? host.replace(/\.example|localhost/, '') || 'nobody' : null,
        });
      }
    }
  });

  test('a cookie of any kind is worth nothing at another', async () => {
    await open(mode);
    const cookie = sentOf(await ask('acme.example', '/theme'));
    expect((await ask('acme.example', '/theme-is', cookie)).json).toEqual({ who: 'acme' });
    expect((await ask('globex.example', '/theme-is', cookie)).json).toEqual({ who: null });
    expect((await ask('localhost', '/theme-is', cookie)).json).toEqual({ who: null });
  });

  test('the id itself, given to the store of another, finds nothing', async () => {
    await open(mode);
    const answer = await ask('acme.example', '/put');
    const cookies = { get: () => undefined, path: '/', isSecure: false };
    const find = async (id: string | undefined, tenantId: string) =>
      site.app.tenancy.run(tenantId, async () => {
        const session = site.app.make(Sessions).of({ ...cookies, get: () => id } as never);
        return session.get('who');
      });
    const id = openCookie(answer);
    expect(await find(id, 'acme')).toBe('acme');
    expect(await find(id, 'globex')).toBeUndefined();
  });
});

/** The id in a session's cookie. */
function openCookie(answer: RawAnswer): string {
  const { name, value = '' } = cookieOf(answer);
  const opened = new CookieCipher({ key: KEY }).open(value, { name, tenantId: 'acme' });
  return (JSON.parse(opened?.text ?? '{}') as { value: string }).value;
}

test('with files of their own, the rows lie in the file of whoever’s visitor it is', async () => {
  await open('files');
  await ask('acme.example', '/put');
  const count = () =>
    site.app
      .make(Database)
      .selectFrom('sessions' as never)
      .selectAll()
      .execute()
      .then((rows) => rows.length);
  expect(await site.app.tenancy.run('acme', count)).toBe(1);
  expect(await site.app.tenancy.run('globex', count)).toBe(0);
  expect(await site.app.tenancy.central(count)).toBe(0);
});

test('"session:prune" removes what has ended, for the application or for each tenant', async () => {
  await open('files');
  travelTo(Date.UTC(2026, 0, 1));
  await Promise.all(HOSTS.map((host) => ask(host, '/put')));
  travelTo(Date.UTC(2026, 0, 2));
  expect((await artisan(site.project, 'session:prune')).out).toContain('Removed 1 session that');
  const { out, code } = await artisan(site.project, 'tenants:run session:prune');
  expect(code).toBe(0);
  expect(out.match(/Removed 1 session that/g)).toHaveLength(2);
});

test('with files in common, a tenant that is purged leaves no session behind', async () => {
  await open('single');
  await Promise.all(HOSTS.map((host) => ask(host, '/put')));
  await site.app.tenancy.delete('acme');
  await site.app.tenancy.purge('acme');
  const keys = await site.app.tenancy.central(() =>
    site.app
      .make(Database)
      .selectFrom('sessions' as never)
      .selectAll()
      .execute(),
  );
  expect(keys.map((row) => (row as { tenant_id: string | null }).tenant_id).sort()).toEqual(
    ['globex', null].sort(),
  );
});

describe('tenants that their paths name', () => {
  test('get cookies for their paths alone', async () => {
    await open('files', "{ chain: ['path'] }");
    const session = cookieOf(await ask('localhost', '/t/acme/put'));
    expect(session).toMatchObject({ path: '/t/acme' });
    expect(cookieOf(await ask('localhost', '/t/acme/theme'))).toMatchObject({ path: '/t/acme' });
    const cookie = `${session.name}=${session.value ?? ''}`;
    expect((await ask('localhost', '/t/acme/who', cookie)).json).toEqual({ who: 'acme' });
    expect((await ask('localhost', '/t/globex/who', cookie)).json).toEqual({ who: null });
    expect(cookieOf(await ask('localhost', '/t/acme/leave', cookie))).toMatchObject({
      path: '/t/acme',
      maxAge: 0,
    });
  });

  test('need the token: a page of the same origin may be that of another tenant', async () => {
    await open('files', "{ chain: ['path'] }");
    const answer = await ask('localhost', '/t/acme/token');
    const change = (host: string, path: string, headers: object) =>
      site.ask({
        method: 'POST',
        host,
        path,
        headers: { Cookie: sentOf(answer), 'Sec-Fetch-Site': 'same-origin', ...headers },
      });
    expect((await change('localhost', '/t/acme/change', {})).status).toBe(403);
    expect(
      (await change('localhost', '/t/acme/change', { 'X-CSRF-Token': answer.text })).status,
    ).toBe(200);
  });
});

test('the token of one tenant’s session is worth nothing at another', async () => {
  await open('files');
  const [acme, globex] = [
    await ask('acme.example', '/token'),
    await ask('globex.example', '/token'),
  ];
  const change = async (token: string, cookie: string) =>
    (
      await site.ask({
        method: 'POST',
        host: 'globex.example',
        path: '/change',
        headers: { Cookie: cookie, 'X-CSRF-Token': token },
      })
    ).status;
  expect(await change(globex.text, sentOf(globex))).toBe(200);
  expect(await change(acme.text, sentOf(globex))).toBe(403);
  expect(await change(acme.text, sentOf(acme))).toBe(403);
  expect(await change(acme.text, sentOf(acme, cookieOf(globex).name))).toBe(403);
});

test('the file holds nothing that a browser could send', async () => {
  await open('files');
  const answer = await ask('acme.example', '/put');
  await site.app.tenancy.run('acme', () => site.app.make(Sessions).prune());
  const folder = join(site.project.path, 'storage/tenants/acme');
  const bytes = ['tenant_database_acme.sqlite', 'tenant_database_acme.sqlite-wal']
    .map((file) => join(folder, file))
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file).toString('latin1'))
    .join('');
  expect(bytes).toContain('sessions');
  expect(bytes).not.toContain(openCookie(answer));
});
