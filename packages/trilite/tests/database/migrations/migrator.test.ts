import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { createProject, exportDefault, type TestProject } from '../../helpers/project';

let project: TestProject;
const apps: TestApplication[] = [];

afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
  project.remove();
});

async function application(files: Record<string, string> = {}): Promise<TestApplication> {
  project = createProject(files);
  return another();
}

async function another(): Promise<TestApplication> {
  const app = await createTestApplication({ basePath: project.path, migrate: false });
  apps.push(app);
  return app;
}

const migration = (statement: string) =>
  exportDefault(`{ up: (db) => db.schema.${statement}.execute() }`);
const createTable = (name: string) =>
  migration(`createTable('${name}').addColumn('id', 'integer')`);

/** What a file has whose transactions may dispatch. */
const OUTBOX = ['file_generation', 'outbox', 'sqlite_sequence'];

/** What the file of the data has, with its sessions. */
const DATA = [...OUTBOX, 'sessions'];

const CACHE = ['cache_claims', 'cache_counts', 'cache_entries', 'cache_tags'];

/** What the file of a queue has, with its locks and its schedule. */
const QUEUE = [
  'failed_jobs',
  'job_attempts',
  'job_batches',
  'job_counts',
  'job_keys',
  'job_lines',
  'jobs',
  'locks',
  'queue_signals',
  'rate_limits',
  'relayed',
  'schedule_pauses',
  'schedule_runs',
  'schedule_tasks',
];

const sorted = (...groups: readonly (readonly string[])[]): string[] => groups.flat().sort();

async function tables(app: TestApplication, connection: string): Promise<string[]> {
  const { rows } = await sql<{
    name: string;
  }>`select name from sqlite_schema where type = 'table' order by name`.execute(
    app.database(connection),
  );
  return rows.map(({ name }) => name);
}

test('missing files are created, and each holds what its role says and nothing else', async () => {
  const app = await application({
    'database/migrations/default/01_posts.js': createTable('posts'),
  });
  await app.migrator().migrate();
  expect(await tables(app, 'default')).toEqual(sorted(DATA, ['migrations', 'posts']));
  expect(await tables(app, 'cache')).toEqual(sorted(CACHE, ['migrations']));
  expect(await tables(app, 'queue')).toEqual(sorted(QUEUE, OUTBOX, ['migrations']));
});

test('what has run does not run again', async () => {
  const app = await application({
    'database/migrations/default/01_posts.js': createTable('posts'),
  });
  await app.migrator().migrate();
  expect(await app.migrator().prepare()).toEqual([]);
});

test('migrations run in the order of their names, and a later call is a later batch', async () => {
  const app = await application({
    'database/migrations/default/02_b.js': createTable('b'),
    'database/migrations/default/01_a.js': createTable('a'),
  });
  expect(
    (await app.migrator().prepare())
      .filter(({ connection }) => connection === 'default')
      .map(({ name }) => name),
  ).toEqual([
    ...Array.from({ length: 3 }, () => expect.stringMatching(/^trilite\//) as string),
    '01_a',
    '02_b',
  ]);
  await app.migrator().migrate();
  project.write('database/migrations/default/03_c.js', createTable('c'));
  await app.migrator().migrate();
  const batches = (await app.migrator().status())
    .filter(({ connection, name }) => connection === 'default' && !name.startsWith('trilite/'))
    .map(({ batch }) => batch);
  expect(batches).toEqual([1, 1, 2]);
});

test('a migration that fails half-way leaves the file as it was', async () => {
  const app = await application({
    'database/migrations/default/01_half.js': exportDefault(`{
      async up(db) {
        await db.schema.createTable('half').addColumn('id', 'integer').execute();
        await db.schema.createTable('half').addColumn('id', 'integer').execute();
      },
    }`),
  });
  await expect(app.migrator().migrate()).rejects.toMatchObject({
    code: 'E_MIGRATION_FAILED',
    message: expect.stringContaining('01_half'),
  });
  expect(await tables(app, 'default')).toEqual(sorted(DATA, ['migrations']));
});

test('of two that migrate one file at once, both succeed and each migration runs once', async () => {
  const app = await application({
    'database/migrations/default/01_posts.js': createTable('posts'),
  });
  const steps = await Promise.all([app.migrator().prepare(), app.migrator().prepare()]);
  const ran = await Promise.all(steps.flat().map((step) => step.run()));
  expect(ran.filter(Boolean)).toHaveLength(ran.length / 2);
});

test('a migration beside the folders of the connections is refused; what migrations share may lie there', async () => {
  const app = await application({ 'database/migrations/shared.js': '' });
  expect(await app.migrator().pending()).not.toEqual([]);
  project.write('database/migrations/2026_01_01_000000_create_a.js', createTable('a'));
  expect(() => app.migrator()).toThrow(
    /"2026_01_01_000000_create_a.js" lies in database\/migrations itself/,
  );
});

test('a folder that names no connection is refused with the names there are', async () => {
  const app = await application({ 'database/migrations/cash/01_a.js': createTable('a') });
  expect(() => app.migrator()).toThrow(
    /"database\/migrations\/cash" names no connection; there are: default, cache, queue/,
  );
});

test('a file that exports no migration is named', async () => {
  const app = await application({ 'database/migrations/default/01_a.js': 'exports.up = 1;' });
  await expect(app.migrator().migrate()).rejects.toThrow(/does not export a migration/);
});

test('the status creates nothing', async () => {
  const app = await application();
  const status = await app.migrator().status();
  expect(status.map(({ batch }) => batch)).toEqual([undefined, undefined]);
  expect(existsSync(join(app.storagePath, 'cache.sqlite'))).toBe(false);
});

test('a renamed connection and file move the data with no change of code', async () => {
  const app = await application({
    'config/database.js': exportDefault(`{
      default: 'main',
      connections: {
        main: { driver: 'sqlite', file: 'main.sqlite' },
        fast: { driver: 'sqlite', file: 'fast.sqlite' },
        work: { driver: 'sqlite', file: 'work.sqlite' },
      },
    }`),
    'config/cache.js': exportDefault(
      "{ default: 'a', stores: { a: { driver: 'sqlite', connection: 'fast' } } }",
    ),
    'config/queue.js': exportDefault(
      "{ default: 'b', connections: { b: { driver: 'sqlite', connection: 'work' } } }",
    ),
    'database/migrations/default/01_posts.js': createTable('posts'),
  });
  await app.migrator().migrate();
  await app.cache().put('key', 'value');
  expect(await app.cache().get('key')).toBe('value');
  expect(await tables(app, 'main')).toEqual(sorted(DATA, ['migrations', 'posts']));
  expect(await tables(app, 'fast')).toEqual(sorted(CACHE, ['migrations']));
  expect(await tables(app, 'work')).toEqual(sorted(QUEUE, OUTBOX, ['migrations']));
});

test('one file may serve all roles', async () => {
  const app = await application({
    'config/database.js': exportDefault(
      "{ default: 'one', connections: { one: { driver: 'sqlite', file: 'one.sqlite' } } }",
    ),
    'config/cache.js': exportDefault(
      "{ default: 'a', stores: { a: { driver: 'sqlite', connection: 'one' } } }",
    ),
    'config/queue.js': exportDefault(
      "{ default: 'b', connections: { b: { driver: 'sqlite', connection: 'one' } } }",
    ),
  });
  await app.migrator().migrate();
  expect(await tables(app, 'one')).toEqual(sorted(CACHE, QUEUE, DATA, ['migrations']));
});
