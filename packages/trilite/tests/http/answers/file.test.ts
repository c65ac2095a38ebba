import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answer, download, sendFile } from 'trilite';
import { serve, useAnswers } from '../../helpers/answer-site';

useAnswers();

/** A folder with files, beside one that nobody is to see, and a client that asks for them by name. */
async function files(name?: string) {
  const site = await serve((route) => {
    route.get('/file', ({ query }) => sendFile(query['name'] as string, { root: root() }));
    route.get('/download', ({ query }) =>
      download(query['name'] as string, { root: root(), name: query['as'] as string | undefined }),
    );
    route.get('/typed', () => sendFile('a.txt', { root: root(), type: 'csv' }));
    route.get('/kept', () =>
      answer(download('a.txt', { root: root() })).cacheFor('1h', { public: true }),
    );
    route.get('/missing', () => sendFile('a.txt', { root: join(root(), 'none') }));
  });
  const root = () => join(site.project.path, 'shared');
  site.project.write('shared/a.txt', 'hello world');
  site.project.write('shared/deep/b.html', '<p>');
  site.project.write('shared/.env', 'SECRET');
  site.project.write('shared/.git/config', 'SECRET');
  site.project.write('secret.txt', 'SECRET');
  site.project.write('shared-too/c.txt', 'SECRET');
  if (name !== undefined) writeFileSync(join(root(), name), 'odd');
  return { ...site, root: root() };
}

test('a file is sent with its type, and its receiver alone may keep it', async () => {
  const { client } = await files();
  await client
    .get('/file?name=a.txt')
    .expect(200, 'hello world')
    .expect('Content-Type', 'text/plain; charset=utf-8')
    .expect('Content-Length', '11')
    .expect('Cache-Control', 'private, no-cache')
    .expect('X-Content-Type-Options', 'nosniff')
    .expect((sent) => expect(sent.headers).not.toHaveProperty('content-disposition'));
  await client.get('/file?name=deep/b.html').expect(200, '<p>');
  await client.get('/typed').expect('Content-Type', 'text/csv; charset=utf-8');
  await client.get('/kept').expect('Cache-Control', 'public, max-age=3600');
  await client.head('/file?name=a.txt').expect(200).expect('Content-Length', '11');
});

test('who has a file is told so, and gets parts of it', async () => {
  const { client } = await files();
  const { headers } = await client.get('/file?name=a.txt');
  const etag = String(headers['etag']);
  const modified = String(headers['last-modified']);
  await client.get('/file?name=a.txt').set('If-None-Match', etag).expect(304, '');
  await client.get('/file?name=a.txt').set('If-Modified-Since', modified).expect(304, '');
  await client.get('/file?name=a.txt').set('Range', 'bytes=6-').expect(206, 'world');
  await client
    .get('/file?name=a.txt')
    .set({ Range: 'bytes=0-4', 'If-Range': '"old"' })
    .expect(200, 'hello world');
});

test('a range that is not there is 416, and no file to keep', async () => {
  const { client } = await files();
  await client
    .get('/download?name=a.txt')
    .set('Range', 'bytes=50-')
    .expect(416)
    .expect('Content-Type', /problem\+json/)
    .expect('Content-Range', 'bytes */11')
    .expect((sent) => {
      expect(sent.headers).not.toHaveProperty('content-disposition');
      expect(sent.headers).not.toHaveProperty('last-modified');
    });
});

const NOT_THERE = [
  '../secret.txt',
  'deep/../../secret.txt',
  '/../secret.txt',
  '..\\secret.txt',
  '%2e%2e/secret.txt',
  '../shared-too/c.txt',
  '.env',
  '.git/config',
  'deep/../.env',
  './.env',
  'link-to-file.txt',
  'link-to-folder/c.txt',
  'link-to-hidden',
  'link-to-itself',
  'deep',
  'deep/',
  '',
  '.',
  '/',
  'a.txt/',
  'a.txt/x',
  'none.txt',
  'a.txt\0.png',
  'x'.repeat(5000),
  '\ud800.txt',
];

test('what is not there, lies outside, or is hidden is 404', async () => {
  const { client, root, project } = await files();
  symlinkSync(join(project.path, 'secret.txt'), join(root, 'link-to-file.txt'));
  symlinkSync('../shared-too', join(root, 'link-to-folder'));
  symlinkSync('.env', join(root, 'link-to-hidden'));
  symlinkSync('link-to-itself', join(root, 'link-to-itself'));
  for (const name of NOT_THERE) {
    const query = new URLSearchParams({ name }).toString();
    for (const way of ['file', 'download']) {
      const sent = await client.get(`/${way}?${query}`);
      expect([name, sent.status, sent.body.code]).toEqual([name, 404, 'E_NOT_FOUND']);
      expect(sent.headers).not.toHaveProperty('content-disposition');
    }
  }
});

test('a folder that is not there has no files, and one that is no whole path is a mistake', async () => {
  const { client } = await files();
  await client.get('/missing').expect(404);
  expect(() => sendFile('a.txt', { root: 'storage' })).toThrow(TypeError);
});

test('links within the folder are followed', async () => {
  const { client, root } = await files();
  mkdirSync(join(root, 'more'));
  symlinkSync('../a.txt', join(root, 'more/again.txt'));
  await client.get('/file?name=more/again.txt').expect(200, 'hello world');
});

test('names of files may hold what an address would take for something else', async () => {
  const { client } = await files('100% of "ü" #1?.txt');
  const query = new URLSearchParams({ name: '100% of "ü" #1?.txt' }).toString();
  await client.get(`/file?${query}`).expect(200, 'odd');
  await client
    .get(`/download?${query}`)
    .expect(200, 'odd')
    .expect('Content-Disposition', /filename\*=UTF-8''100%25%20of%20%22%C3%BC%22%20%231%3F\.txt/);
});

const NAMES: readonly (readonly [name: string | undefined, header: string])[] = [
  [undefined, 'attachment; filename=a.txt'],
  ['report.pdf', 'attachment; filename=report.pdf'],
  ['a "b".txt', 'attachment; filename="a \\"b\\".txt"'],
  ['für.txt', `attachment; filename="f?r.txt"; filename*=UTF-8''f%C3%BCr.txt`],
  ['../../etc/passwd', 'attachment; filename=_.._etc_passwd'],
  ['..\\evil.exe', 'attachment; filename=_evil.exe'],
  ['a\r\nSet-Cookie: b=c', 'attachment; filename="a__Set-Cookie_ b=c"'],
  ['a\u202egpj.exe', 'attachment; filename=a_gpj.exe'],
  ['...', 'attachment; filename=download'],
];

test('a download is kept by its name, which does no harm', async () => {
  const { client } = await files();
  for (const [as, header] of NAMES) {
    const query = new URLSearchParams({ name: 'a.txt', ...(as !== undefined && { as }) });
    const { status, headers } = await client.get(`/download?${query.toString()}`);
    expect([status, headers['content-disposition']]).toEqual([200, header]);
    expect(headers).not.toHaveProperty('set-cookie');
  }
});
