import { once } from 'node:events';
import { connect } from 'node:net';
import request from 'supertest';
import {
  CacheRepository,
  Database,
  HttpServer,
  sql,
  type Application,
  type RouteFile,
} from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { gate } from '../helpers/gate';
import { jobOf } from '../helpers/jobs';
import { keepLines, type LogLine } from '../helpers/log-lines';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

const LOGGING = { 'config/logging.js': exportDefault("{ level: 'info' }") };

let project: TestProject;
let app: TestApplication;
let lines: LogLine[];

afterEach(async () => {
  await app.close();
  project.remove();
});

async function serve(routes: RouteFile, files: Readonly<Record<string, string>> = {}) {
  project = createProject({ ...LOGGING, ...files });
  app = await createTestApplication({ basePath: project.path, routes, jobs: [AsksALot] });
  lines = keepLines(app);
  return request(app.http().handler);
}

const AsksALot = jobOf(async () => ask(app, 5), { name: 'AsksALot' });

async function ask(app: Application, times: number): Promise<void> {
  for (let asked = 0; asked < times; asked += 1) await sql`select 1`.execute(app.make(Database));
}

describe('the access log', () => {
  test('has a line for each request: what it was, what became of it, what it asked for', async () => {
    const client = await serve((route) => {
      route
        .get('/reports/:id', async () => {
          await ask(app, 2);
          const cache = app.make(CacheRepository);
          await cache.put('there', 1);
          await cache.get('there');
          await cache.get('not there');
          return 'done';
        })
        .name('reports.show');
    });
    const answer = await client.get('/reports/7?token=secret').expect(200);
    expect(lines).toEqual([
      {
        message: 'Request answered',
        requestId: answer.headers['x-request-id'],
        method: 'GET',
        path: '/reports/7',
        route: 'reports.show',
        status: 200,
        durationMs: expect.any(Number) as number,
        bytes: 4,
        queries: 2,
        queryMs: expect.any(Number) as number,
        cacheHits: 1,
        cacheMisses: 1,
      },
    ]);
  });

  test('names the path of a route without a name, and none where there is no route', async () => {
    const client = await serve((route) => void route.get('/reports/:id', () => 'done'));
    await client.get('/reports/7');
    await client.get('/nowhere').expect(404);
    expect(lines.map(({ route, status }) => [route, status])).toEqual([
      ['/reports/:id', 200],
      [undefined, 404],
    ]);
  });

  test('counts neither what a job does nor what another request does', async () => {
    const arrived = gate();
    const other = gate();
    const client = await serve((route) => {
      route.get('/waits', async () => {
        await ask(app, 1);
        arrived.open();
        await other.opened;
        await app.queue('sync').dispatch(AsksALot, {});
        await ask(app, 1);
        return 'done';
      });
      route.get('/asks', async () => ask(app, 3));
    });
    const waiting = client.get('/waits').then((answer) => answer);
    await arrived.opened;
    await client.get('/asks');
    other.open();
    await waiting;
    expect(lines.map(({ path, queries }) => [path, queries])).toEqual([
      ['/asks', 3],
      ['/waits', 2],
    ]);
  });

  test('leaves out /up', async () => {
    const client = await serve(() => undefined);
    await client.get('/up').expect(200);
    expect(lines).toEqual([]);
  });

  test('says of a request whose sender went away that it was aborted', async () => {
    const arrived = gate();
    const left = gate();
    await serve((route) => {
      route.get('/waits', async (_request, response) => {
        arrived.open();
        await once(response, 'close');
        left.open();
      });
    });
    const server = new HttpServer(app.http().handler);
    const { port } = new URL(await server.start({ host: '127.0.0.1', port: 0 }));
    const socket = connect(Number(port), '127.0.0.1');
    socket.write('GET /waits HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await arrived.opened;
    socket.destroy();
    await left.opened;
    await server.stop(10_000);
    expect(lines).toMatchObject([{ message: 'Request aborted', path: '/waits', aborted: true }]);
    expect(lines[0]?.['status']).toBeUndefined();
  });

  test('holds the address of who asked where that is asked for alone', async () => {
    const client = await serve(() => undefined, {
      'config/logging.js': exportDefault("{ level: 'info', access: { ip: true } }"),
    });
    await client.get('/');
    expect(lines).toMatchObject([{ ip: expect.stringContaining('127.0.0.1') as string }]);
  });

  test.each([
    ['where it is off', '{ access: false }', '{}'],
    ['where lines of its level are not written', "{ level: 'warn' }", '{}'],
    ['in development, where "serve" prints its own', '{}', "{ env: 'development' }"],
    ['in tests', '{}', "{ env: 'testing' }"],
  ])('has no line %s', async (_when, logging, settings) => {
    const client = await serve((route) => void route.get('/', () => 'done'), {
      'config/logging.js': exportDefault(logging),
      'config/app.js': exportDefault(settings),
    });
    await client.get('/').expect(200);
    expect(lines).toEqual([]);
  });
});

test('where nobody asks for it, no query is told of and no read of a cache', async () => {
  await serve(() => undefined, {
    'config/logging.js': exportDefault('{ access: false }'),
  });
  expect(app.caches.events.isHeard).toBe(false);
});
