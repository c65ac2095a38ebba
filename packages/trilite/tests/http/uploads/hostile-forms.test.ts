import { rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import fc from 'fast-check';
import request, { type Test } from 'supertest';
import { HttpServer, upload, uploads, type Request, type Response } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { UploadFailedError } from '../../../src/http/uploads/errors';
import { exchange } from '../../helpers/exchange';
import { gate } from '../../helpers/gate';
import { createProject, exportDefault, type TestProject } from '../../helpers/project';
import { file, form, PNG, text, waiting, type Form } from '../../helpers/upload-site';

let project: TestProject;
let app: TestApplication;

const HTTP = `{
  bodyLimit: '1kb',
  uploads: { maxBytes: '32kb', maxFiles: 4, maxFields: 5 },
}`;

const files = uploads('files', { maxFiles: 3, maxBytes: '1kb' });
const more = upload('more');

let closed = gate();

beforeEach(async () => {
  closed = gate();
  project = createProject({ 'config/app.js': exportDefault(`{ http: ${HTTP} }`) });
  app = await createTestApplication({
    basePath: project.path,
    routes: (route) => {
      route
        .post('/files', (given: Request) => ({
          names: given.file(files).map(({ name }) => name),
          body: given.body as unknown,
        }))
        .middleware((_request: Request, response: Response, next) => {
          response.once('close', () => closed.open());
          next();
        })
        .upload(files, more);
    },
  });
});

afterEach(async () => {
  await app.close();
  project.remove();
});

const post = (): Test => request(app.http().handler).post('/files');

async function send({ type, body }: Form, test = post()) {
  const answer = await test.set('Content-Type', type).send(body);
  await app.http().settled();
  expect(waiting(app)).toEqual([]);
  return { status: answer.status, body: JSON.parse(answer.text) as Record<string, unknown> };
}

const one = file('files', 'a.png');

test.each<[string, Form, number, RegExp]>([
  [
    'more bytes than a request may have',
    form([[file('files', 'a'), Buffer.alloc(40_000)]]),
    413,
    /larger than 32 KB/,
  ],
  [
    'more bytes in files nobody asked for',
    form([[file('x', 'a'), Buffer.alloc(40_000)]]),
    413,
    /larger than 32 KB/,
  ],
  [
    'too many files',
    form(Array.from({ length: 5 }, () => [file('x', 'a'), PNG] as const)),
    413,
    /more than 4 files/,
  ],
  [
    'too many fields',
    form(Array.from({ length: 6 }, () => [text('x'), 'a'] as const)),
    413,
    /more than 5 fields/,
  ],
  [
    'too much text in a field',
    form([[text('x'), 'a'.repeat(1025)]]),
    413,
    /larger than 1 KB together/,
  ],
  [
    'too much text in all fields',
    form([
      [text('x'), 'a'.repeat(600)],
      [text('y'), 'a'.repeat(600)],
    ]),
    413,
    /larger than 1 KB together/,
  ],
  ['no end', form([[one, PNG]], ''), 400, /malformed, or ends too early/],
  [
    'no end of a part',
    { ...form([]), body: Buffer.from(`--x-boundary\r\n${one}\r\n\r\nabc`) },
    400,
    /malformed/,
  ],
  [
    'no end of a header',
    { ...form([]), body: Buffer.from(`--x-boundary\r\n${one}`) },
    400,
    /malformed/,
  ],
  ['nothing at all', { ...form([]), body: Buffer.alloc(0) }, 400, /malformed/],
  ['no boundary', { ...form([[one, PNG]]), type: 'multipart/form-data' }, 400, /malformed/],
  [
    'another boundary',
    { ...form([[one, PNG]]), type: 'multipart/form-data; boundary=y' },
    400,
    /malformed/,
  ],
  [
    'a field that would change what a copy inherits',
    form([[text('__proto__'), 'x']]),
    400,
    /key "__proto__"/,
  ],
])('a form with %s is refused, and leaves nothing', async (_what, given, status, detail) => {
  const answer = await send(given);
  expect(answer).toMatchObject({
    status,
    body: { detail: expect.stringMatching(detail) as string },
  });
});

test('a form whose length is not told beforehand is bounded all the same', async () => {
  const { type, body } = form([[file('files', 'a'), Buffer.alloc(40_000)]]);
  const server = new HttpServer(app.http().handler);
  const { port } = new URL(await server.start({ host: '127.0.0.1', port: 0 }));
  const answer = await exchange(
    Number(port),
    Buffer.concat([
      Buffer.from(
        `POST /files HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`,
      ),
      Buffer.from(`${body.length.toString(16)}\r\n`),
      body,
      Buffer.from('\r\n0\r\n\r\n'),
    ]),
  );
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  await server.stop(0);
});

test.each<[string, string, string]>([
  ['a path', '../../etc/passwd', 'passwd'],
  ['a path of Windows', 'C:\\\\temp\\\\a.png', 'a.png'],
  ['dots alone', '..', 'file'],
  ['a file that is hidden', '.htaccess', 'htaccess'],
  ['a device of Windows', 'con.png', '_con.png'],
  ['letters that turn the direction', 'photo\u202Egnp.exe', 'photognp.exe'],
  ['a NUL', 'a.php\0.png', 'a.php.png'],
  ['another file system’s stream', 'a.png:hidden', 'a.png_hidden'],
  ['letters of several bytes', 'übergröße 日本.png', 'übergröße 日本.png'],
  ['more bytes than names have', `${'é'.repeat(300)}.png`, `${'é'.repeat(125)}.png`],
])('a name that is %s is one that can be kept', async (_what, name, kept) => {
  const { status, body } = await send(form([[file('files', name), PNG]]));
  expect([status, body['names']]).toEqual([200, [kept]]);
});

test.each<[string, string]>([
  ['a file', file('files', `${'a'.repeat(9000)}.png`)],
  ['a file, longer than what is read of it', file('files', `${'a'.repeat(20_000)}.png`)],
  [
    'a file, in letters that take three bytes',
    `Content-Disposition: form-data; name="files"; filename*=utf-8''${'%C3%A9'.repeat(2800)}`,
  ],
  ['a field', text('a'.repeat(9000))],
])('a part with a name longer than names are, that of %s, is left out', async (_what, headers) => {
  const { status, body } = await send(
    form([
      [headers, 'hidden'],
      [one, PNG],
    ]),
  );
  expect([status, body]).toEqual([200, { names: ['a.png'], body: {} }]);
});

test('who goes away in the middle leaves nothing behind', async () => {
  const server = new HttpServer(app.http().handler);
  const { port } = new URL(await server.start({ host: '127.0.0.1', port: 0 }));
  const { type, body } = form([[one, PNG]]);
  const socket = connect(Number(port), '127.0.0.1');
  const head = `POST /files HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: 9000\r\n\r\n`;
  socket.write(Buffer.concat([Buffer.from(head), body.subarray(0, body.length - 40)]), () =>
    socket.destroy(),
  );
  await closed.opened;
  await app.http().settled();
  expect(waiting(app)).toEqual([]);
  await server.stop(0);
});

test('who is still sending reads the answer, and may go on with the next request', async () => {
  const server = new HttpServer(app.http().handler);
  const { port } = new URL(await server.start({ host: '127.0.0.1', port: 0 }));
  const { type } = form([]);
  const bytes = 4_000_000;
  const answers = await exchange(
    Number(port),
    Buffer.concat([
      Buffer.from(
        `POST /files HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${bytes}\r\n\r\n`,
      ),
      Buffer.alloc(bytes, 'a'),
      Buffer.from('GET /up HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
    ]),
  );
  expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200']);
  await server.stop(0);
});

test('a folder that somebody removes is made again', async () => {
  await send(form([[one, PNG]]));
  rmSync(app.config.app.http.uploads.folder, { recursive: true });
  expect(await send(form([[one, PNG]]))).toMatchObject({ status: 200, body: { names: ['a.png'] } });
});

test('a folder that cannot be used is a fault of ours, and tells nothing of itself', async () => {
  writeFileSync(app.config.app.http.uploads.folder, 'a file');
  const { status, body } = await send(form([[one, PNG]]));
  expect(status).toBe(500);
  expect(JSON.stringify(body)).not.toContain(app.storagePath);
});

test('a full disk is 507', () => {
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  expect(UploadFailedError.writing('/x', full)).toMatchObject({
    status: 507,
    message: expect.stringMatching(/no room on the disk/) as string,
  });
});

test('whatever bytes come, the answer is one of those that are told, and nothing is left', async () => {
  const server = new HttpServer(app.http().handler);
  const address = await server.start({ host: '127.0.0.1', port: 0 });
  const whole = form([
    [text('note'), 'hello'],
    [file('files', 'a.png', 'image/png'), PNG],
    [file('more', 'b'), 'text'],
  ]);
  const pieces = fc.constantFrom(
    '--x-boundary',
    '\r\n',
    '\r\n\r\n',
    '--',
    '\0',
    'Content-Disposition: form-data; name="files"; filename="a"',
    'Content-Disposition: form-data; name="files"; filename*=utf-8\'\'%00%zz',
    'Content-Type: text/plain; charset=nope',
    'Content-Transfer-Encoding: base64',
    ' folded',
    ':',
    'Content-Disposition: form-data',
    'x'.repeat(9000),
  );
  const cut = fc
    .tuple(fc.nat(whole.body.length), fc.nat(whole.body.length), fc.uint8Array({ maxLength: 20 }))
    .map(([from, to, bytes]) =>
      Buffer.concat([whole.body.subarray(0, from), Buffer.from(bytes), whole.body.subarray(to)]),
    );
  const mixed = fc.array(pieces, { maxLength: 20 }).map((all) => Buffer.from(all.join('')));
  await fc.assert(
    fc.asyncProperty(fc.oneof(cut, mixed), async (body) => {
      const answer = await fetch(`${address}/files`, {
        method: 'POST',
        headers: { 'Content-Type': whole.type },
        body: new Uint8Array(body),
      });
      await answer.text();
      expect([200, 400, 413, 422]).toContain(answer.status);
    }),
    { numRuns: 150 },
  );
  await app.http().settled();
  await server.stop(1000);
  await app.http().settled();
  expect(waiting(app)).toEqual([]);
});
