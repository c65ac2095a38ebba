import { parseSetCookie, type SetCookie } from 'cookie';
import request from 'supertest';
import type { RouteFile } from 'trilite';
import {
  createTestApplication,
  travel,
  travelBack,
  travelTo,
  type TestApplication,
} from 'trilite/testing';
import { createProject, exportDefault, type TestProject } from '../../helpers/project';

let project: TestProject | undefined;
let app: TestApplication | undefined;

afterEach(() => close());

async function close(): Promise<void> {
  travelBack();
  await app?.close();
  project?.remove();
  [app, project] = [undefined, undefined];
}

const KEYS = [1, 2, 3].map((byte) => `base64:${Buffer.alloc(32, byte).toString('base64')}`);

async function serve(routes: RouteFile, settings: object = { key: KEYS[0] }) {
  await close();
  project = createProject({ 'config/app.js': exportDefault(JSON.stringify(settings)) });
  app = await createTestApplication({ basePath: project.path, routes });
  return request(app.http().handler);
}

const routes: RouteFile = (route) => {
  route.get('/set', ({ cookies, query }) => {
    cookies.set(
      query['name'] as string,
      query['value'] as string,
      query['plain'] ? { plain: true } : {},
    );
  });
  route.get('/month', ({ cookies }) => cookies.set('theme', 'dark', { maxAge: '30d', path: '/a' }));
  route.get('/read', (given) => ({ theme: given.cookie('theme') ?? null }));
  route.get('/plain', (given) => ({ theme: given.cookie('theme', { plain: true }) ?? null }));
};

/** The lines of an answer that set cookies, with their values as they are. */
function cookiesOf({ headers }: { headers: unknown }): SetCookie[] {
  const lines = (headers as { readonly 'set-cookie'?: readonly string[] })['set-cookie'] ?? [];
  return lines.map((line) => parseSetCookie(line, { decode: (text) => text }));
}

const sent = (answer: { headers: unknown }): string =>
  cookiesOf(answer)
    .map(({ name, value }) => `${name}=${value}`)
    .join('; ');

describe('a cookie', () => {
  test('comes back as it was set; nobody between can read it', async () => {
    const client = await serve(routes);
    const answer = await client.get('/set?name=theme&value=very+dark%3B+%E2%98%BD').expect(204);
    expect(sent(answer)).not.toContain('dark');
    await client.get('/read').set('Cookie', sent(answer)).expect(200, { theme: 'very dark; ☽' });
  });

  test('is kept from scripts and from requests of other sites, and is gone with the browser', async () => {
    const [cookie] = cookiesOf(await (await serve(routes)).get('/set?name=theme&value=dark'));
    expect(cookie).toMatchObject({ path: '/', httpOnly: true, sameSite: 'lax' });
    for (const attribute of ['maxAge', 'expires', 'domain', 'secure']) {
      expect(cookie).not.toHaveProperty(attribute);
    }
  });

  test('is for HTTPS alone where the request, or the address of the application, is', async () => {
    const isSecure = async (settings: object, proto = 'http') => {
      const client = await serve(routes, { key: KEYS[0], ...settings });
      const answer = await client.get('/set?name=a&value=b').set('X-Forwarded-Proto', proto);
      return cookiesOf(answer)[0]?.secure === true;
    };
    expect(await isSecure({ url: 'https://app.example' })).toBe(true);
    expect(await isSecure({ url: 'http://app.example' })).toBe(false);
    expect(await isSecure({ http: { trustProxy: true } }, 'https')).toBe(true);
    expect(await isSecure({}, 'https')).toBe(false);
  });

  test('that other sites are to get is for HTTPS alone', async () => {
    const client = await serve((route) => {
      route.get('/', ({ cookies }) => cookies.set('a', 'b', { sameSite: 'none', secure: false }));
    });
    expect(cookiesOf(await client.get('/'))[0]).toMatchObject({ sameSite: 'none', secure: true });
  });

  test('has ended at the server, too, when its time is over', async () => {
    const client = await serve(routes);
    travelTo(Date.UTC(2026, 0, 1));
    const answer = await client.get('/month');
    expect(cookiesOf(answer)[0]).toMatchObject({ maxAge: 30 * 86_400, path: '/a' });
    travel('29d');
    await client.get('/read').set('Cookie', sent(answer)).expect(200, { theme: 'dark' });
    travel('1d');
    await client.get('/read').set('Cookie', sent(answer)).expect(200, { theme: null });
  });

  test('under another name is not there', async () => {
    const client = await serve(routes);
    const answer = await client.get('/set?name=other&value=dark');
    const replayed = sent(answer).replace('other=', 'theme=');
    await client.get('/read').set('Cookie', replayed).expect(200, { theme: null });
  });

  test('that was altered is not there', async () => {
    const client = await serve(routes);
    const cookie = sent(await client.get('/set?name=theme&value=dark'));
    for (const altered of [`${cookie}A`, cookie.slice(0, -2), 'theme=', 'theme=dark']) {
      await client.get('/read').set('Cookie', altered).expect(200, { theme: null });
    }
  });

  test('that is plain is read by whoever asks for it so, and is never believed by who does not', async () => {
    const client = await serve(routes);
    const cookie = sent(await client.get('/set?name=theme&value=very+dark&plain=1'));
    expect(cookie).toBe('theme=very%20dark');
    await client.get('/plain').set('Cookie', cookie).expect(200, { theme: 'very dark' });
    await client.get('/read').set('Cookie', cookie).expect(200, { theme: null });
  });

  test('that is set twice is set once, beside those of others', async () => {
    const client = await serve((route) => {
      route.get('/', ({ cookies }, response) => {
        response.cookie('own', 'of express');
        cookies.set('a', '1', { plain: true });
        cookies.set('a', '2', { plain: true });
        cookies.set('a', '3', { plain: true, path: '/other' });
        response.end();
      });
    });
    expect(sent(await client.get('/'))).toBe('own=of%20express; a=2; a=3');
  });

  test('that is forgotten ends in the browser at once', async () => {
    const client = await serve((route) => {
      route.get('/', ({ cookies }) => cookies.forget('theme', { path: '/a' }));
    });
    const [cookie] = cookiesOf(await client.get('/'));
    expect(cookie).toMatchObject({ name: 'theme', value: '', maxAge: 0, path: '/a' });
  });
});

describe('a new key', () => {
  test('reads what previous ones encrypted, and encrypts it anew, as it was set', async () => {
    const client = await serve(routes, { key: KEYS[0] });
    travelTo(Date.UTC(2026, 0, 1));
    const old = sent(await client.get('/month'));
    const rotated = await serve(routes, { key: KEYS[2], previousKeys: [KEYS[1], KEYS[0]] });
    travelTo(Date.UTC(2026, 0, 11));
    const answer = await rotated.get('/read').set('Cookie', old).expect(200, { theme: 'dark' });
    expect(cookiesOf(answer)[0]).toMatchObject({ maxAge: 20 * 86_400, path: '/a', httpOnly: true });

    const renewed = await serve(routes, { key: KEYS[2] });
    travelTo(Date.UTC(2026, 0, 11));
    await renewed.get('/read').set('Cookie', sent(answer)).expect(200, { theme: 'dark' });
    await renewed.get('/read').set('Cookie', old).expect(200, { theme: null });
  });
});

describe('what cannot be a cookie', () => {
  test('a name or a value never begins another header or attribute', async () => {
    const client = await serve(routes);
    for (const name of ['a b', 'a;b', 'a=b', 'a\r\nX-Evil: 1', 'ü', '', 'a\0']) {
      await client.get(`/set?plain=1&name=${encodeURIComponent(name)}&value=b`).expect(500);
    }
    const evil = encodeURIComponent('b; Domain=evil.example\r\nX-Evil: 1');
    const answer = await client.get(`/set?plain=1&name=a&value=${evil}`).expect(204);
    expect(answer.headers).not.toHaveProperty('x-evil');
    expect(cookiesOf(answer)).toHaveLength(1);
    expect(cookiesOf(answer)[0]).not.toHaveProperty('domain');
  });

  test('a path or a domain with another attribute in it is refused', async () => {
    const client = await serve((route) => {
      route.get('/path', ({ cookies }) => cookies.set('a', 'b', { path: '/; Domain=evil' }));
      route.get('/domain', ({ cookies }) => cookies.set('a', 'b', { domain: 'a.example; Path=/' }));
      route.get('/age', ({ cookies }) => cookies.set('a', 'b', { maxAge: 0 }));
    });
    for (const path of ['/path', '/domain', '/age']) {
      const answer = await client.get(path).expect(500);
      expect(answer.headers).not.toHaveProperty('set-cookie');
    }
  });

  test('one that browsers would drop is refused', async () => {
    const client = await serve((route) => {
      route.get('/', ({ cookies, query }) => {
        try {
          cookies.set('a', 'x'.repeat(Number(query['size'])), { plain: query['plain'] === '1' });
          return 'set';
        } catch (error) {
          return (error as { code: string }).code;
        }
      });
    });
    await client.get('/?size=4095&plain=1').expect(200, 'set');
    await client.get('/?size=4096&plain=1').expect(200, 'E_COOKIE_TOO_LARGE');
    await client.get('/?size=2900').expect(200, 'set');
    await client.get('/?size=3100').expect(200, 'E_COOKIE_TOO_LARGE');
  });
});

test('a header "Cookie" of any form is read without an error, and changes no object', async () => {
  const client = await serve((route) => {
    route.get('/', ({ cookies }) => ({
      names: ['theme', '__proto__', 'constructor', 'toString', ''].map(
        (name) => cookies.get(name) ?? cookies.get(name, { plain: true }) ?? null,
      ),
      isClean: ({} as { polluted?: unknown }).polluted === undefined,
    }));
  });
  for (const header of [
    ';;;=; = ; theme',
    'theme=%E0%A4%A; theme=%zz',
    '__proto__=x; constructor=y; toString=z',
    `theme=${'A'.repeat(6000)}`,
    'theme="quoted"; $Version=1, theme=b',
    '\u00ff=\u00fe; theme',
  ]) {
    const answer = await client.get('/').set('Cookie', header).expect(200);
    expect((answer.body as { isClean: boolean }).isClean).toBe(true);
  }
  const answer = await client.get('/').set('Cookie', '__proto__=x; constructor=y; toString=z');
  expect((answer.body as { names: unknown }).names).toEqual([null, 'x', 'y', 'z', null]);
});
