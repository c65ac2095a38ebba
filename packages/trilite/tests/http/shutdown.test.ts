import { readdirSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { artisan } from '../helpers/artisan';
import { ARTISAN_FILE, ArtisanProcess } from '../helpers/artisan-process';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

/* What becomes of requests when the server, a process of its own, is told to end. */

const REQUESTS = 1000;
const FRAMEWORK = join(__dirname, '../../dist');

/** Each request counts in the cache, and leaves a row and a job. Those of /wait do so once the server is told to end. */
const ROUTES = `
  const { CacheRepository, Database, injectable, QueueDispatcher } = require(${JSON.stringify(FRAMEWORK)});
  const { Note } = require('../app/jobs/note');
  let arrived = 0;
  let waiting;
  const told = () => (waiting ??= new Promise((resolve) => process.once('SIGTERM', resolve)));

  class Visits {
    constructor(cache, db, queue) { Object.assign(this, { cache, db, queue }); }
    async wait(request) {
      const end = told();
      arrived += 1;
      if (arrived === ${REQUESTS}) console.log('all are here');
      await end;
      return this.visit(request);
    }
    async visit(request) {
      const id = request.param('id');
      await this.cache.increment('visits');
      await this.db.insertInto('visits').values({ id }).execute();
      await this.queue.dispatch(Note, { id });
      return { id };
    }
  }
  Reflect.defineMetadata('design:paramtypes', [CacheRepository, Database, QueueDispatcher], Visits);
  injectable()(Visits);

  exports.default = (route) => {
    route.get('/wait/:id', [Visits, 'wait']);
    route.get('/visit/:id', [Visits, 'visit']);
  };
`;

const MIGRATION = exportDefault(
  `{ up: (db) => db.schema.createTable('visits').addColumn('id', 'text').execute() }`,
);

let project: TestProject;
let server: ArtisanProcess;
let port: number;

/** What one request came to: its status, or undefined where the server did not take it. */
type Outcome = number | undefined;

const agents = new Set<Agent>();

beforeEach(async () => {
  project = createProject({
    'artisan.js': ARTISAN_FILE,
    'routes/api.js': ROUTES,
    'app/http/kernel.js': exportDefault('{}'),
    'app/jobs/note.js': 'exports.Note = class Note { handle() {} };',
    'config/app.js': exportDefault("{ env: 'production', http: { shutdownTimeout: '60s' } }"),
    'database/migrations/default/01_visits.js': MIGRATION,
  });
  await artisan(project, 'migrate --force');
  server = new ArtisanProcess(project, ['serve', '--port', '0']);
  port = Number(/localhost:(\d+)/.exec(await server.said(/Server running/))?.[1]);
});

afterEach(async () => {
  for (const agent of agents) agent.destroy();
  await server.kill();
  project.remove();
});

function ask(path: string, agent: Agent): Promise<Outcome> {
  agents.add(agent);
  return new Promise((resolve) => {
    request({ agent, port, host: '127.0.0.1', path: `/api${path}` }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    })
      .once('error', () => resolve(undefined))
      .end();
  });
}

/** What the files hold: no process has one of them open then, or its -wal would still be there. */
function kept(): Readonly<Record<string, unknown>> {
  const storage = join(project.path, 'storage');
  expect(readdirSync(storage).filter((file) => /-(wal|shm)$/.test(file))).toEqual([]);
  const valueOf = (file: string, query: string): unknown => {
    const db = new BetterSqlite3(join(storage, file), { readonly: true });
    const value: unknown = db.prepare(query).pluck().get();
    db.close();
    return value;
  };
  return {
    rows: valueOf('database.sqlite', 'select count(*) from visits'),
    jobs: valueOf('queue.sqlite', 'select count(*) from jobs'),
    visits: Number(
      valueOf('cache.sqlite', `select value from cache_entries where key like '%visits'`),
    ),
  };
}

test('a thousand requests that the server has taken are all answered, what they wrote is there, and it ends well', async () => {
  const agent = new Agent({ maxSockets: Infinity });
  const answers = Array.from({ length: REQUESTS }, (_, id) => ask(`/wait/${id}`, agent));
  await server.said(/all are here/);
  server.signal('SIGTERM');
  expect(new Set(await Promise.all(answers))).toEqual(new Set([200]));
  expect(await server.end()).toEqual({ code: 0, signal: null });
  expect(kept()).toEqual({ rows: REQUESTS, jobs: REQUESTS, visits: REQUESTS });
});

test('of requests that go on coming, on kept connections, each is answered or not begun', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 50 });
  const outcomes: Outcome[] = [];
  let isRefused = false;
  const askOn = async (): Promise<void> => {
    while (!isRefused) {
      const outcome = await ask(`/visit/${outcomes.length}`, agent);
      isRefused ||= outcome === undefined;
      outcomes.push(outcome);
      if (outcomes.length === REQUESTS) server.signal('SIGTERM');
    }
  };
  await Promise.all(Array.from({ length: 50 }, askOn));
  expect(await server.end()).toEqual({ code: 0, signal: null });
  const answered = outcomes.filter((outcome) => outcome === 200).length;
  expect(new Set(outcomes)).toEqual(new Set([200, undefined]));
  expect(kept()).toEqual({ rows: answered, jobs: answered, visits: answered });
});
