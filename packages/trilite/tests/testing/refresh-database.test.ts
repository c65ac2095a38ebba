import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { CacheRepository, QueueDispatcher } from 'trilite';
import { createTestApplication, fakeQueue, type TestApplication } from 'trilite/testing';
import { jobOf } from '../helpers/jobs';
import { createProject, exportDefault, type TestProject } from '../helpers/project';
import { TENANT_NOTES_MIGRATION } from '../helpers/tenants';

const handle = jest.fn();
const Report = jobOf(handle, { name: 'Report' });
let project: TestProject;
let app: TestApplication;
/** What was injected before: it goes on after each refresh. */
let cache: CacheRepository;
let queue: QueueDispatcher;

const inCentral = <T>(work: () => Promise<T>): Promise<T> => app.tenancy.central(work);

beforeAll(async () => {
  project = createProject({
    'config/tenancy.js': exportDefault("{ mode: 'files' }"),
    'config/cache.js': exportDefault(`{
      default: 'sqlite',
      stores: {
        sqlite: { driver: 'sqlite', connection: 'cache' },
        memory: { driver: 'memory' },
        tiered: { driver: 'tiered', store: 'sqlite' },
      },
    }`),
    'config/queue.js': exportDefault(`{
      default: 'sqlite',
      connections: { sqlite: { driver: 'sqlite', connection: 'queue' }, memory: { driver: 'memory' } },
    }`),
    'database/migrations/default/2026_01_01_000000_create_words.js': `
      const { sql } = require(${JSON.stringify(require.resolve('kysely'))});
      exports.default = { up: (db) => sql\`CREATE TABLE words (word TEXT)\`.execute(db), down: async () => {} };`,
    'database/migrations/tenant/2026_01_01_000000_create_notes.js': TENANT_NOTES_MIGRATION,
    'database/seeders/database-seeder.js': `
      const { sql } = require(${JSON.stringify(require.resolve('kysely'))});
      const { Database } = require('trilite');
      exports.DatabaseSeeder = class DatabaseSeeder {
        constructor(db) { this.db = db; }
        run() { return sql\`INSERT INTO words VALUES ('seeded')\`.execute(this.db); }
      };
      Reflect.defineMetadata('design:paramtypes', [Database], exports.DatabaseSeeder);
      require('trilite').injectable()(exports.DatabaseSeeder);`,
  });
  app = await createTestApplication({ basePath: project.path, jobs: [Report] });
  cache = app.make(CacheRepository);
  queue = app.make(QueueDispatcher);
});

afterEach(() => app.refreshDatabase());

afterAll(async () => {
  await app.close();
  project.remove();
});

/** Writes wherever something can be written, having found that nothing was left there. */
async function fillEverything(): Promise<void> {
  await app.assertDatabaseEmpty('words');
  await app.assertDatabaseEmpty('tenants');
  await app.assertDatabaseEmpty('jobs', { connection: 'queue' });
  expect(existsSync(join(app.storagePath, 'tenants/acme'))).toBe(false);
  expect(existsSync(join(app.storagePath, 'upload.txt'))).toBe(false);
  await inCentral(async () => {
    for (const name of ['sqlite', 'memory', 'tiered']) {
      expect(await app.cache(name).has(`in ${name}`)).toBe(false);
      await app.cache(name).put(`in ${name}`, 1);
    }
    expect(await cache.get('in sqlite')).toBe(1);
    await sql`INSERT INTO words VALUES ('one')`.execute(app.database());
    await queue.dispatch(Report, undefined);
    expect(await app.queue('memory').dispatch(Report, undefined)).toBeDefined();
    expect(await app.queues.store('memory').status()).toMatchObject([
      { queue: 'default', ready: 1 },
    ]);
    await app.locks.lock('key', '1h').get();
  });
  await app.tenancy.create({ id: 'acme' });
  await app.tenancy.run('acme', async () => {
    await sql`INSERT INTO notes (text) VALUES ('ours')`.execute(app.database());
    await app.queue().dispatch(Report, undefined);
  });
  writeFileSync(join(app.storagePath, 'upload.txt'), 'x');
}

test.each(['first', 'second', 'third'])('the %s test finds nothing of another one', async () => {
  await fillEverything();
  expect(await inCentral(() => app.locks.lock('key', '1h').get())).toBe(false);
});

test.each(['first', 'second'])(
  'jobs of the %s test run, and what a commit dispatched',
  async () => {
    handle.mockReset();
    await inCentral(() =>
      app.database().transaction(async () => {
        await queue.dispatch(Report, undefined);
      }),
    );
    expect(await app.runJobs()).toBe(1);
    expect(handle).toHaveBeenCalledTimes(1);
  },
);

test('the seeder runs where it is asked for', async () => {
  await app.refreshDatabase({ seed: true });
  await app.assertDatabaseHas('words', { word: 'seeded' });
  await app.refreshDatabase();
  await app.assertDatabaseEmpty('words');
});

test('what was not awaited is written before, and gone with the rest', async () => {
  void inCentral(() => cache.put('late', 1));
  await app.refreshDatabase();
  expect(await inCentral(() => cache.has('late'))).toBe(false);
});

test('a file that is in use is not replaced, and named', async () => {
  let end = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    void inCentral(() =>
      app.database().transaction(async () => {
        resolve();
        await new Promise<void>((done) => (end = done));
      }),
    );
  });
  await begun;
  const before = readdirSync(app.storagePath);
  // Each look at the clock is a second after the one before: two are over soon
  let passedMs = performance.now();
  const passing = jest.spyOn(performance, 'now').mockImplementation(() => (passedMs += 1000));
  await expect(app.refreshDatabase()).rejects.toThrow(
    /E_TEST_DATABASE_IN_USE|connection "default"/,
  );
  passing.mockRestore();
  expect(readdirSync(app.storagePath)).toEqual(before);
  end();
});

test('a fake of queues goes on, of those in memory too', async () => {
  const other = createProject({
    'config/queue.js': exportDefault(
      "{ default: 'memory', connections: { memory: { driver: 'memory' } } }",
    ),
  });
  const faked = await createTestApplication({ basePath: other.path, jobs: [Report] });
  const fake = fakeQueue(faked);
  await faked.refreshDatabase();
  await faked.queue().dispatch(Report, 1);
  fake.assertDispatched(Report);
  await faked.close();
  other.remove();
});

test('an application that keeps neither cache nor queue in files is refreshed, too', async () => {
  const small = createProject({
    'config/database.js': exportDefault(`{
      default: 'default', connections: { default: { driver: 'sqlite', file: 'database.sqlite' } },
    }`),
    'config/cache.js': exportDefault(
      "{ default: 'memory', stores: { memory: { driver: 'memory' } } }",
    ),
    'config/queue.js': exportDefault(
      "{ default: 'sync', connections: { sync: { driver: 'sync' } } }",
    ),
  });
  const other = await createTestApplication({ basePath: small.path });
  await other.cache().put('key', 1);
  await other.refreshDatabase();
  expect(await other.cache().has('key')).toBe(false);
  await other.close();
  small.remove();
});
