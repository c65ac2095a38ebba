import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import request from 'supertest';
import { ViewRenderer, type RouteFile } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

let project: TestProject;
let app: TestApplication;

afterEach(async () => {
  await app.close();
  project.remove();
});

const FILES = {
  'secret.txt': 'secret',
  'public/app.css': 'body {}',
  'public/build/app.js': 'let x;',
  'public/build/deep/a b.txt': 'Ä',
  'public/.env': 'secret',
  'public/build/.hidden/x.txt': 'secret',
  'public/dir/index.html': 'index',
};

interface Site {
  readonly files?: Readonly<Record<string, string>>;
  readonly config?: string;
  readonly routes?: RouteFile;
}

async function open({ files = FILES, config = '', routes }: Site = {}): Promise<void> {
  project = createProject({
    'config/app.js': exportDefault(`{ ${config} }`),
    'resources/views/asset.eta': '<%= asset(it.path) %>',
    ...files,
  });
  app = await createTestApplication({
    basePath: project.path,
    ...(routes !== undefined && { routes }),
  });
}

async function serve(site?: Site) {
  await open(site);
  return request(app.http().handler);
}

/** The path and query that templates are given. */
async function asset(path: string): Promise<string> {
  const url = await app.make(ViewRenderer).render('asset', { path });
  return url.replace(/^http:\/\/[^/]+/, '');
}

test('files are sent with their type, and a copy is asked about', async () => {
  const client = await serve();
  const { headers } = await client
    .get('/app.css')
    .expect(200, 'body {}')
    .expect('Content-Type', 'text/css; charset=utf-8')
    .expect('Cache-Control', 'no-cache')
    .expect('X-Content-Type-Options', 'nosniff');
  await client.get('/app.css').set('If-None-Match', String(headers['etag'])).expect(304);
  await client.head('/app.css').expect(200).expect('Content-Length', '7');
  await client.get('/build/deep/a%20b.txt').expect(200, 'Ä');
  await client.get('/app.css').set('Range', 'bytes=0-3').expect(206);
});

test('a file with the hash of its content is kept for a year', async () => {
  const client = await serve();
  const url = await asset('app.css');
  expect(url).toMatch(/^\/app\.css\?v=[0-9a-f]{12}$/);
  await client
    .get(url)
    .expect(200)
    .expect('Cache-Control', /^public, max-age=31536000, immutable$/);
  for (const query of ['?v=', '?v=000000000000', '?v[]=x', '?w=1']) {
    await client.get(`/app.css${query}`).expect(200).expect('Cache-Control', 'no-cache');
  }
});

test('another content has another address, and the old one is not kept', async () => {
  const client = await serve({ config: `env: 'development'` });
  const before = await asset('/app.css');
  project.write('public/app.css', 'body { color: red }');
  const after = await asset('/app.css');
  expect(after).not.toBe(before);
  await client.get(before).expect(200).expect('Cache-Control', 'no-cache');
  await client.get(after).expect('Cache-Control', /immutable/);
});

test('in development a file is there once it is written', async () => {
  const client = await serve({ config: `env: 'development'` });
  await client.get('/new.txt').expect(404);
  project.write('public/new.txt', 'new');
  await client.get('/new.txt').expect(200, 'new');
});

test('what does not lie in the folder is not there, however it is written', async () => {
  await open();
  symlinkSync(join(project.path, 'secret.txt'), join(project.path, 'public/link.txt'));
  symlinkSync(project.path, join(project.path, 'public/up'));
  symlinkSync('loop', join(project.path, 'public/loop'));
  const paths = [
    '/../secret.txt',
    '/build/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/build/%2e%2e/%2e%2e/secret.txt',
    '/build/..%2f..%2fsecret.txt',
    '/build/%252e%252e/%252e%252e/secret.txt',
    '/build/..%5c..%5csecret.txt',
    '/build\\..\\..\\secret.txt',
    '/..%00/secret.txt',
    '/app.css%00',
    '/app.css%00.txt',
    '/link.txt',
    '/up/secret.txt',
    '/loop',
    '/.env',
    '/%2eenv',
    '/build/.hidden/x.txt',
    '/build/%2ehidden/x.txt',
    '/APP.CSS',
    '/Build/app.js',
    '//app.css',
    '/build//app.js',
    '/app.css/',
    '/build',
    '/build/',
    '/dir',
    '/dir/',
    `/build/${'x'.repeat(300)}`,
    ...['/%ff', '/build/%ff', '/%'],
  ];
  const statuses = await statusesOf(paths);
  expect(paths.filter((path) => statuses.get(path) !== 404)).toEqual([]);
});

test('a link to what lies in the folder is followed', async () => {
  await open();
  symlinkSync('../app.css', join(project.path, 'public/build/app.css'));
  await request(app.http().handler).get('/build/app.css').expect(200, 'body {}');
});

test('only GET and HEAD ask for files, and routes answer what is no file', async () => {
  const client = await serve({
    routes: (route) => {
      route.post('/app.css', () => 'posted');
      route.get('/build/report', () => 'report');
      route.get('/other', () => 'other');
    },
  });
  await client.post('/app.css').expect(200, 'posted');
  await client.get('/build/report').expect(200, 'report');
  await client.get('/other').expect(200, 'other');
  await client.delete('/build/app.js').expect(404);
});

test('a file is nobody’s: no middleware sees its request', async () => {
  const client = await serve({
    files: {
      ...FILES,
      'app/http/kernel.js': exportDefault(
        `{ middleware: [(request, response, next) => { response.set('X-Seen', '1'); next(); }] }`,
      ),
    },
  });
  const { headers } = await client.get('/app.css').expect(200);
  expect(headers).not.toHaveProperty('x-seen');
  await client.get('/none').expect(404).expect('X-Seen', '1');
});

test('without the folder nothing is served', async () => {
  const client = await serve({ files: {} });
  await client.get('/app.css').expect(404);
});

test('a range that is not there is said so', async () => {
  const client = await serve();
  await client.get('/app.css').set('Range', 'bytes=100-200').expect(416);
});

test('in debug mode a page that names a file which is not there fails', async () => {
  await open({ config: 'debug: true' });
  await expect(asset('ap.css')).rejects.toThrow('no file "ap.css" in "public". There is "app.css"');
});

test('else it has the plain address of that file', async () => {
  await open();
  expect(await asset('no such.css')).toBe('/no%20such.css');
  expect(await asset('../secret.txt')).toBe('/../secret.txt');
  expect(await asset('build/deep/a b.txt')).toMatch(/^\/build\/deep\/a%20b\.txt\?v=/);
});

test('a large file is not read for a hash that a visitor sends', async () => {
  await open({ files: {} });
  mkdirSync(join(project.path, 'public'));
  writeFileSync(join(project.path, 'public/film.mp4'), Buffer.alloc(9 * 1024 * 1024, 1));
  const client = request(app.http().handler);
  await client.head('/film.mp4?v=000000000000').expect(200).expect('Cache-Control', 'no-cache');
  const url = await asset('film.mp4');
  await client
    .head(url)
    .expect(200)
    .expect('Cache-Control', /immutable/);
});

/** The status that each path is answered with, as it is written: clients would tidy it. */
async function statusesOf(paths: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const server = createServer(app.http().handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return new Map(
      await Promise.all(paths.map(async (path) => [path, await statusOf(port, path)] as const)),
    );
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

function statusOf(port: number, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    send({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    })
      .on('error', reject)
      .end();
  });
}
