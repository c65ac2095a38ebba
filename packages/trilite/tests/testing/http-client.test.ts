import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type TestClient, travel, travelBack } from 'trilite/testing';
import { app, useClientSite } from '../helpers/client-site';

/* What a client sends, and what it keeps: the assertions have a file of their own. */

useClientSite();
afterEach(() => travelBack());

const WITHOUT_SUPERTEST = `
  const Module = require('node:module');
  const resolve = Module._resolveFilename;
  Module._resolveFilename = (name, ...rest) => {
    if (name !== 'supertest') return resolve(name, ...rest);
    throw Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' });
  };
  const { createTestApplication } = require(${JSON.stringify(join(__dirname, '../../dist/testing'))});
  createTestApplication().then(async (app) => {
    await app.client().get('/posts').then(
      () => console.log('sent'),
      ({ code, help }) => console.log(code, help),
    );
    await app.close();
  });`;

interface Echo {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

const echoed = async (request: ReturnType<TestClient['get']>) => (await request).json as Echo;

describe('a request', () => {
  test.each(['post', 'put', 'patch', 'delete'] as const)('of %s sends JSON', async (method) => {
    const { headers, ...echo } = await echoed(app.client()[method]('/echo', { a: [1, null] }));
    expect(echo).toEqual({ method: method.toUpperCase(), body: { a: [1, null] } });
    expect(headers).toMatchObject({ accept: 'application/json', host: 'shop.test' });
  });

  test('of HEAD and OPTIONS is sent, too', async () => {
    const { text } = await app.client().head('/posts').assertOk().assertHeader('Content-Length');
    expect(text).toBe('');
    await app.client().options('/posts').assertNoContent().assertHeader('Allow', /GET/);
  });

  test('sends text and bytes as they are', async () => {
    const client = app.client().withHeader('Content-Type', 'application/json');
    await client.post('/echo', '{"a": 1}').assertJsonPath('body.a', 1);
    await client.post('/echo', Buffer.from('{"a": 2}')).assertJsonPath('body.a', 2);
    await client.post('/echo', '{').assertBadRequest();
  });

  test('sends a form, and asks for a page', async () => {
    const { method, headers, body } = await echoed(
      app.client().form('/echo', { name: 'Ada & Co', tags: ['a', 'b'], many: 7 }, 'put'),
    );
    expect({ method, body }).toEqual({
      method: 'PUT',
      body: { name: 'Ada & Co', tags: ['a', 'b'], many: '7' },
    });
    expect(headers['accept']).toBe('text/html');
  });

  test('sends a form with files in parts, as a browser does', async () => {
    const file = new File(['a,b'], 'Über.csv', { type: 'text/csv' });
    const sheet = ['Über.csv', 'a,b'];
    await app
      .client()
      .form('/sheets', { name: 'Ada', sheets: [file, file] })
      .assertExactJson({ body: { name: 'Ada' }, sheets: [sheet, sheet] });
  });

  test('is sent once, when it is awaited', async () => {
    const request = app.client().post('/session/count');
    const [first, second] = [await request, await request];
    expect([first.json, second.json]).toEqual([{ count: 1 }, { count: 1 }]);
  });

  test('takes no assertion after that, which nobody would look at', async () => {
    const request = app.client().get('/posts');
    await request;
    expect(() => request.assertNotFound()).toThrow('to stand before its "await"');
  });

  test('that nobody awaited fails the test, and names its line', async () => {
    const client = app.client();
    void client.get('/fault').assertOk();
    await client.get('/posts').assertOk();
    await expect(app.close()).rejects.toThrow(
      /nobody awaited, and so none was sent:\nGET \/fault\n.*http-client\.test\.ts/,
    );
  });

  test('goes to a whole address as it is, and to no half one', async () => {
    const { headers } = await echoed(app.client().get('http://other.test:81/echo'));
    expect(headers['host']).toBe('other.test:81');
    await expect(app.client().get('posts')).rejects.toThrow(
      'Expected `path` to begin with "/", or to be a whole address, got `posts`.',
    );
    await app.client().get('//evil.test/posts').assertNotFound();
  });

  test('whose answer breaks off fails with what the application broke off for', async () => {
    await expect(app.client().get('/half')).rejects.toThrow(
      /^GET \/half was not answered to its end \(aborted\), for an error:\nRangeError: Seven is too many\n/,
    );
  });

  test('says what is missing where supertest is not installed', () => {
    const said = execFileSync(process.execPath, ['-e', WITHOUT_SUPERTEST], {
      cwd: app.basePath,
      encoding: 'utf8',
    });
    expect(said).toBe('E_TEST_CLIENT_SUPERTEST_MISSING Run "npm install --save-dev supertest".\n');
  });
});

describe('an answer', () => {
  test('is there to be looked at', async () => {
    const answer = await app.client().get('/cookies/set');
    expect(answer.status).toBe(204);
    expect(answer.cookie('theme')).toBe('dark');
    expect(answer.cookie('plain')).toBeUndefined();
    expect(answer.cookie('plain', { plain: true })).toBe('a b');
    expect(answer.session).toBeUndefined();
    const file = await app.client().get('/file');
    expect(file.bytes).toEqual(Buffer.from([0, 1, 2]));
    expect(file.headers['content-disposition']).toContain('attachment');
    const fault = await app.client().get('/fault');
    expect(fault.error).toBeInstanceOf(RangeError);
    expect(fault.json).toMatchObject({ status: 500 });
    expect(() => file.json).toThrow(
      'Expected the answer to be JSON; it is "text/plain; charset=utf-8".',
    );
  });

  test('keeps the session it left, whatever later requests do', async () => {
    const client = app.client();
    const first = await client.post('/session/count');
    await client.post('/session/count').assertSessionHas('count', 2);
    first.assertSessionHas('count', 1);
    expect(first.session).toEqual({ count: 1 });
  });
});

describe('a client', () => {
  const THEME = { theme: 'dark', deep: null };

  test('keeps cookies from request to request, each below its path', async () => {
    const client = app.client();
    await client.get('/cookies/set');
    await client.get('/cookies/read').assertJson({ theme: 'dark', plain: 'a b', deep: 'x' });
    await client.get('/theme').assertExactJson(THEME);
    await app.client().get('/theme').assertExactJson({ theme: null, deep: null });
  });

  test('forgets cookies when they end', async () => {
    const client = app.client();
    await client.get('/cookies/set');
    travel('59m');
    await client.get('/theme').assertExactJson(THEME);
    travel('2m');
    const { headers } = await echoed(client.get('/echo'));
    expect(headers['cookie']).not.toContain('theme');
  });

  test('keeps a cookie for its host', async () => {
    const client = app.client();
    await client.get('/cookies/set');
    const { headers } = await echoed(client.get('http://other.test/echo'));
    expect(headers['cookie']).toBeUndefined();
  });

  test('holds a cookie that it is given, encrypted or plain', async () => {
    const client = app
      .client()
      .withCookie('theme', 'dark')
      .withCookie('plain', 'a b', { plain: true });
    await client.get('/cookies/read').assertJson({ theme: 'dark', plain: 'a b' });
    const { headers } = await echoed(client.get('/echo'));
    expect(headers['cookie']).not.toContain('dark');
  });

  test('has a session that it is given, stored once, as the application reads it', async () => {
    const client = app.client().withSession({ count: 5, when: new Date(7) });
    await client.get('/session').assertJson({ count: 5 });
    await client.post('/session/count').assertSessionHas('count', 6);
    await client.post('/session/count').assertSessionHas('when', new Date(7));
    await client.withSession({ count: 0 }).get('/session').assertJson({ count: 0 });
    await client.get('/session').assertJson({ count: 0 });
  });

  test('shows what was flashed to the next request, however often a test looks', async () => {
    const client = app.client();
    await client.post('/session/flash').assertNoContent().assertSessionHas('status', 'Saved.');
    await client.get('/session').assertExactJson({ status: 'Saved.' });
    await client.get('/session').assertExactJson({}).assertSessionMissing('status');
  });

  test('that changes the session meanwhile takes no flash away', async () => {
    const client = app.client();
    await client.post('/session/flash');
    const other = client.withSession({ count: 1 }).withCsrfToken();
    await other.post('/session/count').assertSessionHas('count', 2);
    await client.get('/session').assertJsonMissingPath('status');
    await client.post('/session/flash');
    await client.withSession({ count: 5 }).get('/session').assertJson({ status: 'Saved.' });
    await client.post('/session/flash');
    await client.withCsrfToken().post('/echo-session').assertJson({ status: 'Saved.' });
  });

  test('comes from a page of the application, unless it says otherwise', async () => {
    await app.client().post('/changed').assertOk();
    const elsewhere = app.client().withHeader('sec-fetch-site', 'cross-site');
    await elsewhere.post('/changed').assertForbidden();
    const nowhere = app.client().withHeader('Sec-Fetch-Site', 'none');
    await nowhere.post('/changed').assertForbidden();
    await nowhere.withCsrfToken().post('/changed').assertOk();
  });

  test('sends headers, a token, and the page it comes from', async () => {
    const client = app.client().withHeaders({ 'X-A': '1', 'X-B': '2' }).withHeader('X-B', '3');
    const { headers } = await echoed(client.withToken('secret').from('/form').get('/echo'));
    expect(headers).toMatchObject({
      'x-a': '1',
      'x-b': '3',
      authorization: 'Bearer secret',
      referer: 'http://shop.test/form',
    });
    expect((await echoed(app.client().get('/echo'))).headers['x-a']).toBeUndefined();
  });

  test('follows redirects within the application alone, and not without end', async () => {
    const client = app.client().followRedirects();
    await client.get('/moved').assertOk().assertJsonCount(2, 'data');
    await client.get('/away').assertRedirect('http://elsewhere.test/');
    await expect(client.get('/round')).rejects.toThrow('still redirects after 20 redirects');
    await client
      .post('/sent', { a: 1 })
      .assertJson({ method: 'GET' })
      .assertJsonMissingPath('body');
    await client.post('/kept', { a: 1 }).assertJson({ method: 'POST', body: { a: 1 } });
    await client.from('/form').form('/form', {}).assertOk().assertSee('form');
  });

  test('acts as a user, who comes with no header', async () => {
    const client = app.client();
    await client
      .actingAs({ id: 7 })
      .get('/whoami')
      .assertJson({ user: { id: 7 } });
    await client.get('/whoami').assertJson({ user: null });
    const { headers } = await echoed(client.actingAs({ id: 7 }).get('/echo'));
    expect(headers).toEqual((await echoed(client.get('/echo'))).headers);
  });

  test('waits for what a request puts off until after the response', async () => {
    await app.client().get('/later').assertNoContent();
    expect(await app.cache().get('later')).toBe('done');
  });

  test('sends several requests at once', async () => {
    const client = app.client();
    const answers = await Promise.all([1, 2, 3].map((id) => client.get(`/people/${id}`)));
    expect(answers.map(({ json }) => json)).toEqual([1, 2, 3]);
  });
});
