import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import {
  CacheKeyHit,
  CacheKeyMissed,
  CacheKeysForgotten,
  CacheKeysWritten,
  createApplication,
  JobExceptionOccurred,
  JobFailed,
  JobProcessed,
  JobProcessing,
  JobQueued,
  LockAcquired,
  LockWaited,
  QueryExecuted,
  sql,
  TenantChanged,
  TenantCreated,
  TenantDeleted,
  TenantPurged,
  TenantStateChanged,
  UniqueJobSkipped,
  type Application,
  type EventClass,
} from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { errorWith } from '../helpers/errors';
import { gate } from '../helpers/gate';
import { jobOf } from '../helpers/jobs';
import { holdLock } from '../helpers/lock-holder';
import { createProject, exportDefault, type TestProject } from '../helpers/project';
import { createTenantProject, openTenantApplication } from '../helpers/tenants';

/* What the framework itself tells of, as events. */

const Mail = jobOf(() => undefined, { name: 'Mail' });
const Once = jobOf(() => undefined, { name: 'Once', options: { unique: true } });
const Breaks = jobOf(() => Promise.reject(new Error('It broke')), {
  name: 'Breaks',
  options: { tries: 2 },
});

let app: TestApplication;
let heard: object[];

/** Notes what is told of these classes. */
function hear(app: Application, ...classes: readonly EventClass[]): void {
  app.events.listen(classes, (event) => heard.push(event));
}

const names = (): string[] => heard.map((event) => event.constructor.name);

beforeEach(async () => {
  heard = [];
  app = await createTestApplication({
    basePath: join(__dirname, '../fixtures/crash-app'),
    jobs: [Mail, Once, Breaks],
  });
});

afterEach(() => app.close());

test('a query is told of, with what it was and how long it took', async () => {
  hear(app, QueryExecuted);
  await sql`select ${5} as five`.execute(app.database());
  expect(heard).toEqual([
    expect.objectContaining({
      connection: 'queue',
      sql: 'select ? as five',
      parameters: [5],
      rows: 1,
    }),
  ]);
  expect(heard[0]).toBeInstanceOf(QueryExecuted);
});

test('a cache tells of hits, misses, writes and what was forgotten', async () => {
  hear(app, CacheKeyHit, CacheKeyMissed, CacheKeysWritten, CacheKeysForgotten);
  const cache = app.cache();
  await cache.get('a');
  await cache.put('a', 1);
  await cache.get('a');
  await cache.forget('a');
  expect(names()).toEqual([
    'CacheKeyMissed',
    'CacheKeysWritten',
    'CacheKeyHit',
    'CacheKeysForgotten',
  ]);
  expect(heard[2]).toMatchObject({ store: 'memory', key: 'a' });
});

test('a lock that is taken is told of', async () => {
  hear(app, LockAcquired);
  await app.locks.lock('report', '1m').get();
  expect(heard).toMatchObject([{ name: 'report' }]);
});

test('a job is told of from its dispatch to its end', async () => {
  hear(app, JobQueued, UniqueJobSkipped, JobProcessing, JobProcessed);
  const { id } = await app.queue().dispatch(Once, null);
  await app.queue().dispatch(Once, null);
  await app.runJobs();
  expect(names()).toEqual(['JobQueued', 'UniqueJobSkipped', 'JobProcessing', 'JobProcessed']);
  expect(heard[3]).toMatchObject({ connection: 'sqlite', job: { id, job: 'Once' } });
});

test('a run that throws is told of, and the last one as a failure', async () => {
  hear(app, JobExceptionOccurred, JobFailed);
  await app.queue().dispatch(Breaks, null);
  await app.runJobs();
  expect(names()).toEqual(['JobExceptionOccurred', 'JobFailed']);
  expect(heard[1]).toMatchObject({ error: new Error('It broke') });
});

test('a wait for a lock of SQLite is told of by whoever waited', async () => {
  const project = createProject({
    'config/database.js': exportDefault(`{
      default: 'default',
      connections: {
        default: { driver: 'sqlite', file: 'database.sqlite', busyTimeout: '20ms' },
        cache: { driver: 'sqlite', file: 'cache.sqlite' },
        queue: { driver: 'sqlite', file: 'queue.sqlite' },
      },
    }`),
  });
  const own = await createApplication({ basePath: project.path });
  try {
    await own.migrator().migrate();
    hear(own, LockWaited);
    const file = own.connections.connection().file;
    await sql`create table notes (text)`.execute(own.database());
    const holder = await holdLock(file, 'write');
    const write = sql`insert into notes values ('a')`.execute(own.database());
    await expect(write).rejects.toThrow(errorWith('E_DATABASE_BUSY'));
    expect(heard).toEqual([
      expect.objectContaining({ connection: 'default', file, waitedMs: expect.any(Number) }),
    ]);
    await holder.release();
  } finally {
    await own.close();
    project.remove();
  }
});

describe('while nobody listens', () => {
  test('nothing is heard by anybody, and so nothing is made', () => {
    expect(app.caches.events.isHeard).toBe(false);
    expect(app.queues.events.isHeard).toBe(false);
    expect(app.connections.lockWaits.isHeard).toBe(false);
    expect(app.tenancy.events.isHeard).toBe(false);
  });

  test('of one source, the others go on unheard', () => {
    const stop = app.events.listen(CacheKeyHit, () => undefined);
    expect(app.caches.events.isHeard).toBe(true);
    expect(app.queues.events.isHeard).toBe(false);
    stop();
    expect(app.caches.events.isHeard).toBe(false);
  });
});

describe('a listener', () => {
  test('is not waited for, and is done when the application has closed', async () => {
    const own = await createTestApplication({ basePath: app.basePath });
    const { opened, open } = gate();
    own.events.listen(CacheKeyMissed, async () => {
      await opened;
      heard.push(new Date(0));
    });
    await own.cache().get('a');
    expect(heard).toEqual([]);
    let isClosed = false;
    const closed = own.close().then(() => (isClosed = true));
    // Others have come and gone meanwhile, and it waits still
    for (let other = 0; other < 5; other += 1) {
      await (await createTestApplication({ basePath: app.basePath })).close();
    }
    expect(isClosed).toBe(false);
    open();
    await closed;
    expect(heard).toHaveLength(1);
  });

  test('that does what it listens to does not hear of that', async () => {
    app.events.listen(QueryExecuted, async (event) => {
      heard.push(event);
      await sql`select 1`.execute(app.database());
    });
    await sql`select 2`.execute(app.database());
    await app.events.settled();
    expect(heard).toMatchObject([{ sql: 'select 2' }]);
  });

  test('that throws harms nothing of what it was told of, and is logged', async () => {
    const log = jest.spyOn(app.logger, 'error').mockImplementation(() => undefined);
    app.events.listen(CacheKeyMissed, () => {
      throw new Error('It broke');
    });
    expect(await app.cache().get('a')).toBe(undefined);
    await app.events.settled();
    expect(log).toHaveBeenCalledWith({ err: new Error('It broke') }, 'A listener failed');
  });

  test('works outside of the transaction that it is told of', async () => {
    const { opened, open } = gate<boolean>();
    app.events.listen(QueryExecuted, async () => {
      await turn();
      open(app.connections.connection().isInTransaction);
    });
    await app.database().transaction((trx) => sql`select 1`.execute(trx));
    expect(await opened).toBe(false);
  });
});

describe('with tenants', () => {
  let project: TestProject;
  let own: Application;

  beforeEach(async () => {
    project = createTenantProject();
    own = await openTenantApplication(project, { jobs: [Mail] });
  });

  afterEach(async () => {
    await own.close();
    project.remove();
  });

  test('what becomes of a tenant is told of', async () => {
    hear(own, TenantCreated, TenantChanged, TenantStateChanged, TenantDeleted, TenantPurged);
    await own.tenancy.create('acme');
    await own.tenancy.rename('acme', { name: 'Acme' });
    await own.tenancy.suspend('acme');
    await own.tenancy.resume('acme');
    await own.tenancy.delete('acme');
    await own.tenancy.purge('acme');
    expect(heard.map((event) => (event as TenantCreated).kind)).toEqual([
      'created',
      'changed',
      'suspended',
      'resumed',
      'deleted',
      'purged',
    ]);
    expect(heard).toMatchObject(Array(6).fill({ tenant: { id: 'acme' } }));
  });

  test('a listener is called in the work of the tenant that something happened to, by a worker as well', async () => {
    const whose: string[] = [];
    await own.tenancy.create('acme');
    own.events.listen([QueryExecuted, JobProcessed], (event) => {
      whose.push(`${event.constructor.name} ${own.tenancy.current()?.id}`);
    });
    await own.tenancy.run('acme', async () => {
      await sql`select 1`.execute(own.database());
      await own.queue().dispatch(Mail, null);
    });
    await own
      .tenantWorker({
        ...{ concurrency: 1, tries: 1, timeoutMs: 0, backoff: 0, sleepMs: 10, shutdownMs: 1000 },
        ...{ isWatched: false, stopWhenEmpty: true },
      })
      .run();
    expect([...new Set(whose)]).toEqual(['QueryExecuted acme', 'JobProcessed acme']);
  });
});
