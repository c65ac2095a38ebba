import { mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import request, { type Test } from 'supertest';
import {
  injectable,
  sendFile,
  storagePath,
  StoredFiles,
  upload,
  uploads,
  validated,
  type Request,
  type RouteFile,
  type UploadedFile,
} from 'trilite';
import { createTestApplication, travelBack, travelTo, type TestApplication } from 'trilite/testing';
import { z } from 'zod';
import { createProject, exportDefault, type TestProject } from '../../helpers/project';
import { file, form, PNG, text, waiting, type Form } from '../../helpers/upload-site';

let project: TestProject;
let app: TestApplication;

afterEach(async () => {
  await app.close();
  project.remove();
});

const theAvatar = upload('avatar', { maxBytes: '1kb', types: ['image/png'], required: true });
const thePhotos = uploads('photos', { maxFiles: 3, types: ['image/*', 'text/csv'] });
const anything = upload('anything');
const titled = validated(z.object({ title: z.string().min(3) }));

const show = ({ name, type, extension, bytes }: UploadedFile) => ({ name, type, extension, bytes });

@injectable()
class Avatars {
  @theAvatar
  @titled
  async store(given: Request) {
    const avatar = given.file(theAvatar);
    const mode = statSync(avatar.path).mode & 0o777;
    return { stored: await avatar.store('avatars'), mode, title: given.valid(titled).title };
  }

  forgotten(given: Request) {
    return given.file(theAvatar).name;
  }
}

const routes: RouteFile = (route) => {
  route.post('/avatars', [Avatars, 'store']);
  route.post('/forgotten', [Avatars, 'forgotten']);
  route.get('/stored/*path', (given) => sendFile(given.param('path')));
  route.post('/photos', (given) => given.file(thePhotos).map(show)).upload(thePhotos);
  route.post('/plain', (given) => given.body as unknown);
  route
    .post('/anything', (given) => {
      const one = given.file(anything);
      return { file: one === undefined ? null : show(one), body: given.body as unknown };
    })
    .upload(anything);
};

async function open(more: RouteFile = () => undefined, http = '{}') {
  project = createProject({ 'config/app.js': exportDefault(`{ http: ${http} }`) });
  app = await createTestApplication({
    basePath: project.path,
    routes: (route) => {
      routes(route);
      more(route);
    },
  });
}

async function serve(...given: Parameters<typeof open>) {
  await open(...given);
  return request(app.http().handler);
}

/** Sends a form and waits until what its request has put off is done. */
async function send(test: Test, { type, body }: Form) {
  const answer = await test.set('Content-Type', type).send(body);
  await app.http().settled();
  return { status: answer.status, body: JSON.parse(answer.text) as Record<string, unknown> };
}

test('a file comes by what its route takes, and is stored under a name nobody guesses', async () => {
  const client = await serve();
  const answer = await client
    .post('/avatars')
    .field('title', 'Me at sea')
    .attach('avatar', PNG, 'me.jpg')
    .expect(200);
  const { stored, mode, title } = answer.body as Record<string, unknown>;
  expect(stored).toMatch(/^avatars\/[0-9a-f]{32}\.png$/);
  expect([mode, title]).toEqual([0o600, 'Me at sea']);
  expect(readFileSync(join(app.storagePath, 'files', String(stored)))).toEqual(PNG);
  expect(app.make(StoredFiles).path(String(stored))).toBe(storagePath('files', String(stored)));
  await client
    .get(`/stored/${String(stored)}`)
    .expect(200)
    .expect('Content-Type', 'image/png');
  await client.get('/stored/..%2fdatabase.sqlite').expect(404);
  await app.http().settled();
  expect(waiting(app)).toEqual([]);
});

test('what is not stored is removed after the response', async () => {
  const client = await serve();
  const photos = form([
    [file('photos', 'a.png'), PNG],
    [file('photos', 'b.csv', 'text/csv'), 'name,age\n'],
  ]);
  const { status, body } = await send(client.post('/photos'), photos);
  expect([status, body]).toEqual([
    200,
    [
      { name: 'a.png', type: 'image/png', extension: 'png', bytes: PNG.length },
      { name: 'b.csv', type: 'text/csv', extension: 'csv', bytes: 9 },
    ],
  ]);
  expect(waiting(app)).toEqual([]);
});

test('a route that takes no files answers 415, and reads none', async () => {
  const client = await serve();
  const { status, body } = await send(client.post('/plain'), form([[file('a', 'a.png'), PNG]]));
  expect([status, body['code']]).toEqual([415, 'E_UPLOAD_REFUSED']);
  await client.post('/plain').send({ a: 1 }).expect(200, { a: 1 });
});

test('what nobody asked for is left out, and never written', async () => {
  const client = await serve();
  const answer = await send(
    client.post('/anything'),
    form([
      [file('other', 'a.png'), PNG],
      [text('note'), 'hello'],
      [text('tag'), 'a'],
      [text('tag'), 'b'],
    ]),
  );
  expect(answer.body).toEqual({ file: null, body: { note: 'hello', tag: ['a', 'b'] } });
});

test('a field that nobody chose a file for is none, and JSON has none either', async () => {
  const client = await serve();
  const { body } = await send(client.post('/anything'), form([[file('anything', ''), '']]));
  expect(body['file']).toBeNull();
  await client
    .post('/anything')
    .send({ a: 1 })
    .expect(200, { file: null, body: { a: 1 } });
  const missing = await send(client.post('/avatars'), form([[file('avatar', ''), '']]));
  expect(missing.body['errors']).toEqual({ avatar: ['No file was sent.'] });
});

test('several files of one field stay in the order they came in', async () => {
  const client = await serve();
  const { body } = await send(
    client.post('/photos'),
    form([
      [file('photos', '1.csv', 'text/csv'), 'a,'.repeat(100_000)],
      [file('photos', '2.csv', 'text/csv'), 'b'],
      [file('photos', '3.csv', 'text/csv'), ''],
    ]),
  );
  expect((body as unknown as { name: string }[]).map(({ name }) => name)).toEqual([
    '1.csv',
    '2.csv',
    '3.csv',
  ]);
});

describe('a file that is not what was asked for is 422 under its field', () => {
  test.each([
    [
      'too large',
      [file('avatar', 'a.png'), Buffer.concat([PNG, Buffer.alloc(1024)])],
      /larger than 1 KB/,
    ],
    [
      'of another type, whatever it says',
      [file('avatar', 'a.png', 'image/png'), '<script>'],
      /is text\/html; expected image\/png/,
    ],
    ['without a name', [file('avatar', ''), PNG], /has no name/],
    ['sent as text', [text('avatar'), 'abc'], /No file was sent/],
  ] as const)('%s', async (_what, [headers, content], problem) => {
    const client = await serve();
    const { status, body } = await send(client.post('/avatars'), form([[headers, content]]));
    expect([status, body['code']]).toEqual([422, 'E_INPUT_INVALID']);
    expect(body['errors']).toEqual({ avatar: [expect.stringMatching(problem)] });
    expect(waiting(app)).toEqual([]);
  });

  test('one too many', async () => {
    const client = await serve();
    const four = ['1', '2', '3', '4'].map((name) => [file('photos', name), PNG] as const);
    const { status, body } = await send(client.post('/photos'), form(four));
    expect([status, body['errors']]).toEqual([422, { photos: ['More than 3 files were sent.'] }]);
    const twice = form([
      [file('avatar', 'a.png'), PNG],
      [file('avatar', 'b.png'), PNG],
    ]);
    const { body: single } = await send(client.post('/avatars'), twice);
    expect(single['errors']).toEqual({ avatar: ['More than one file was sent.'] });
    expect(waiting(app)).toEqual([]);
  });

  test('a drawing that may hold scripts has to be named', async () => {
    const client = await serve();
    const svg = form([[file('photos', 'a.svg', 'image/svg+xml'), '<svg xmlns="x"></svg>']]);
    const { status, body } = await send(client.post('/photos'), svg);
    expect([status, body['errors']]).toEqual([
      422,
      { photos: ['The file is image/svg+xml; expected image/* or text/csv.'] },
    ]);
  });
});

describe('who may not come in uploads nothing', () => {
  test('a middleware that refuses comes before the form is read', async () => {
    const client = await serve((route) => {
      route
        .post('/closed', () => 'in')
        .middleware((_request, response) => void response.status(401).json({ closed: true }))
        .upload(anything);
    });
    const { status } = await send(client.post('/closed'), form([[file('anything', 'a'), PNG]]));
    expect(status).toBe(401);
    expect(waiting(app)).toEqual([]);
  });
});

test('what a killed process left is removed after a day, and nothing else', async () => {
  const client = await serve();
  const { folder } = app.config.app.http.uploads;
  mkdirSync(folder);
  const leave = (name: string, daysOld: number): void => {
    const moment = Date.now() / 1000 - daysOld * 86_400;
    writeFileSync(join(folder, name), '');
    utimesSync(join(folder, name), moment, moment);
  };
  leave(`upload-${'a'.repeat(32)}`, 1.1);
  leave(`upload-${'b'.repeat(32)}`, 0.9);
  leave('upload-report.txt', 400);
  await send(client.post('/anything'), form([[file('anything', 'a.png'), PNG]]));
  expect(waiting(app)).toEqual([`upload-${'b'.repeat(32)}`, 'upload-report.txt']);
});

test('what a killed process left while another one runs is removed within the hour', async () => {
  const client = await serve();
  const takeOne = () => send(client.post('/anything'), form([[file('anything', 'a.png'), PNG]]));
  try {
    await takeOne();
    const left = join(app.config.app.http.uploads.folder, `upload-${'a'.repeat(32)}`);
    writeFileSync(left, '');
    utimesSync(left, 0, 0);
    await takeOne();
    expect(waiting(app)).toHaveLength(1);
    travelTo(Date.now() + 3_600_000);
    await takeOne();
    expect(waiting(app)).toEqual([]);
  } finally {
    travelBack();
  }
});

test.each<[string, RouteFile, string, RegExp]>([
  [
    'more bytes than its requests may have',
    () => undefined,
    "{ uploads: { maxBytes: '1b' } }",
    /more in "avatar" .*, 1 B/,
  ],
  [
    'more files than those',
    () => undefined,
    '{ uploads: { maxFiles: 1 } }',
    /more in "photos" .*files: 1/,
  ],
  [
    'a field twice',
    (route) => route.post('/twice', [Avatars, 'store']).upload(theAvatar),
    '{}',
    /"avatar" twice/,
  ],
])('a route that takes %s stops the boot', async (_what, more, http, message) => {
  await open(more, http);
  expect(() => app.http()).toThrow(message);
});

test('files that the route does not take cannot be asked for', async () => {
  const client = await serve();
  await client.post('/forgotten').send({}).expect(500);
});

test.each<[string, () => unknown]>([
  ['a field without a name', () => upload('')],
  ['a size without a unit', () => upload('a', { maxBytes: '5' as '5b' })],
  ['no files', () => uploads('a', { maxFiles: 0 })],
  ['what is no media type', () => upload('a', { types: ['png'] })],
])('%s is refused where it is written', (_what, declare) => {
  expect(declare).toThrow(/^Expected/);
});
