import { createServer, type Server } from 'node:http';
import BetterSqlite3 from 'better-sqlite3';
import { Database, startSession, type RouteFile } from 'trilite';
import { travel, travelBack } from 'trilite/testing';
import { SqliteSessionStore } from '../../../src/http/session/sqlite-session-store';
import type { Stored } from '../../../src/support/serializer';
import { createApplication, type Application } from '../../../src/application';
import { newAppKey } from '../../../src/support/app-key';
import { gate, type Gate } from '../../helpers/gate';
import { createProject, exportDefault, type TestProject } from '../../helpers/project';
import { Visitor } from '../../helpers/visitor';

/* Requests of one visitor that are answered at once, by two applications on one file: what one changes, the other does not undo. */

let project: TestProject;
let apps: Application[];
let servers: Server[];
let gates: Record<string, Gate>;

afterEach(async () => {
  travelBack();
  for (const { open } of Object.values(gates)) open();
  for (const server of servers) {
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }
  for (const app of apps) await app.close();
  project.remove();
});

/** A visitor of each of two applications, with the same session. */
async function visitBoth(): Promise<[Visitor, Visitor]> {
  project = createProject({ 'config/app.js': exportDefault(`{ key: '${newAppKey()}' }`) });
  [apps, servers, gates] = [[], [], {}];
  for (let count = 0; count < 2; count += 1) {
    const app = await createApplication({
      basePath: project.path,
      routes: (route) => route.group({ middleware: [startSession] }, routes),
    });
    if (count === 0) await app.migrator().migrate();
    const server = createServer(app.http().handler);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    apps.push(app);
    servers.push(server);
  }
  const first = new Visitor(servers[0] as Server);
  await first.post('/put', { began: true });
  return [first, new Visitor(servers[1] as Server, first.cookies)];
}

const gateOf = (name: string): Gate => (gates[name] ??= gate());

/** With `x-held`, a request has read the session, opens "ready", and changes it when "go" is opened. */
const routes: RouteFile = (route) => {
  route.get('/all', ({ session }) => session.all());
  route.post('/put', async (request) => {
    const { session, body } = request;
    await session.all();
    await hold(request.get('X-Held'));
    for (const [key, value] of Object.entries(body as object)) session.put(key, value);
  });
  route.post('/count', async (request) => {
    await request.session.all();
    await request.session.increment('count');
  });
  route.post('/read', async (request) => {
    await request.session.all();
    await hold(request.get('X-Held'));
  });
  route.post('/flash', ({ session }) => session.flash('status', 'new'));
  route.post('/login', async ({ session }) => {
    await session.regenerate();
    session.put('user', 'ada');
  });
  route.post('/logout', ({ session }) => session.invalidate());
  route.post('/flush', ({ session }) => session.flush());
};

async function hold(name: string | undefined): Promise<void> {
  if (name === undefined) return;
  gateOf(`${name} ready`).open();
  await gateOf(`${name} go`).opened;
}

/** Sends a request, and comes back when it has read the session; the rest goes on with what is given. */
async function held(visitor: Visitor, path: string, body: object = {}) {
  const name = `${path} ${Object.keys(gates).length}`;
  const sender = visitor.copy();
  const answer = sender.post(path, body).set('X-Held', name);
  const status = answer.then((given) => given.status);
  await gateOf(`${name} ready`).opened;
  return async (): Promise<{ status: number; sender: Visitor }> => {
    gateOf(`${name} go`).open();
    return { status: await status, sender };
  };
}

test('each of two requests keeps what it changed', async () => {
  const [first, second] = await visitBoth();
  const [finishA, finishB] = [
    await held(first, '/put', { a: 1 }),
    await held(second, '/put', { b: 2 }),
  ];
  expect([(await finishB()).status, (await finishA()).status]).toEqual([204, 204]);
  await first.get('/all').expect({ began: true, a: 1, b: 2 });
});

test('of one key, the value that is written last stays', async () => {
  const [first, second] = await visitBoth();
  const [finishA, finishB] = [
    await held(first, '/put', { a: 1 }),
    await held(second, '/put', { a: 2 }),
  ];
  await finishB();
  await finishA();
  await first.get('/all').expect({ began: true, a: 1 });
});

test('sums of a hundred requests at once add up', async () => {
  const visitors = await visitBoth();
  const all = Array.from({ length: 100 }, async (_, index) => {
    const visitor = visitors[index % 2] as Visitor;
    return (await visitor.copy().post('/count')).status;
  });
  const statuses = await Promise.all(all);
  expect(new Set(statuses)).toEqual(new Set([204]));
  await visitors[0].get('/all').expect({ began: true, count: 100 });
});

test('a hundred requests at once keep a hundred keys', async () => {
  const visitors = await visitBoth();
  const all = Array.from({ length: 100 }, async (_, index) => {
    const visitor = visitors[index % 2] as Visitor;
    await visitor.copy().post('/put', { [`key-${index}`]: index });
  });
  await Promise.all(all);
  const { body } = await visitors[0].get('/all');
  expect(Object.keys(body as object)).toHaveLength(101);
});

test('what is flashed while another request is answered is not taken along by that one', async () => {
  const [first, second] = await visitBoth();
  await first.post('/flash');
  const finish = await held(second, '/read');
  await first.get('/all').expect({ began: true, status: 'new' });
  await first.post('/flash');
  await finish();
  await first.get('/all').expect({ began: true, status: 'new' });
});

test('what another request has ended is not brought back; who changed something is told so', async () => {
  const [first, second] = await visitBoth();
  const finish = await held(second, '/put', { a: 1 });
  await first.post('/logout').expect(204);
  expect((await finish()).status).toBe(409);
  await second.get('/all').expect({});
});

test('who has the old id changes nothing in a session with a new one, and its cookie stays the new one', async () => {
  const [first, second] = await visitBoth();
  const [finish, finishReading] = [
    await held(second, '/put', { user: 'mallory' }),
    await held(second, '/read'),
  ];
  await first.post('/login').expect(204);
  travel('2m'); // long enough for the browser to be told to keep the id
  expect((await finish()).status).toBe(409);
  const { status, sender } = await finishReading();
  expect(status).toBe(204);
  expect(sender.cookies).toEqual(second.cookies);
  await first.get('/all').expect({ began: true, user: 'ada' });
});

test('what is flushed takes along what others put before', async () => {
  const [first, second] = await visitBoth();
  const finish = await held(second, '/put', { later: 1 });
  await first.post('/put', { earlier: 1 });
  await second.post('/flush');
  await first.get('/all').expect({});
  await finish();
  await first.get('/all').expect({ later: 1 });
});

test('two sign-ins at once end with one of the two sessions, and not with the old one', async () => {
  const visitors = await visitBoth();
  const old = visitors[0].copy();
  const both = visitors.map((visitor) => visitor.copy());
  const statuses = await Promise.all(both.map(async (one) => (await one.post('/login')).status));
  expect(statuses).toEqual([204, 204]);
  for (const one of both) expect((await one.get('/all')).body).toMatchObject({ user: 'ada' });
  await old.get('/all').expect({});
  const app = apps[0] as Application;
  expect(
    await app
      .make(Database)
      .selectFrom('sessions' as never)
      .selectAll()
      .execute(),
  ).toHaveLength(2);
});

test('no other process writes between what a change reads and what it writes', async () => {
  await visitBoth();
  const connection = (apps[0] as Application).connections.connection();
  const lives = { lifetimeMs: 60_000, maxLifetimeMs: 60_000 };
  const store = new SqliteSessionStore({
    connection: () => connection,
    tenantId: undefined,
    ...lives,
  });
  await store.create('key', '1');
  const other = new BetterSqlite3(connection.file, { timeout: 0 });
  const write = () => other.exec("update sessions set payload = '7' where key = 'key'");
  try {
    const change = (payload: Stored): Stored => {
      expect(write).toThrow(/locked/);
      return String(Number(payload) + 1);
    };
    expect(await store.change('key', change)).toBe(true);
    expect((await store.find('key'))?.payload).toBe('2');
  } finally {
    other.close();
  }
});
