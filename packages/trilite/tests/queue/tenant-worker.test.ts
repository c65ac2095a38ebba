import { renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Application } from '../../src/application';
import { removeFile } from '../../src/database/care/durable-files';
import { Database } from '../../src/database/database';
import type { JobClass } from '../../src/queue/job';
import { job as pendingJob } from '../../src/queue/pending-job';
import { QueueDispatcher } from '../../src/queue/queue-dispatcher';
import { QueueRegistry } from '../../src/queue/queue-registry';
import type { TenantWorkOptions } from '../../src/queue/tenants/tenant-worker';
import { clock } from '../../src/support/clock';
import { gate } from '../helpers/gate';
import { jobOf } from '../helpers/jobs';
import type { TestProject } from '../helpers/project';
import { createTenantProject, notesIn, openTenantApplication, writeNote } from '../helpers/tenants';

/** What ran, as `tenant: payload`. */
const ran: string[] = [];

let project: TestProject;
let app: Application;
let work: (payload: unknown) => unknown;

const Note = jobOf(
  async (payload: unknown) => {
    ran.push(`${app.tenancy.currentOrFail().id}: ${String(payload)}`);
    await work(payload);
  },
  { name: 'Note' },
) as JobClass;

const OPTIONS: TenantWorkOptions = {
  concurrency: 2,
  tries: 1,
  timeoutMs: 0,
  backoff: 0,
  isWatched: false,
  sleepMs: 20,
  shutdownMs: 1000,
  stopWhenEmpty: true,
};

beforeEach(async () => {
  ran.length = 0;
  work = () => undefined;
  project = createTenantProject();
  app = await openTenantApplication(project, { jobs: [Note] });
});

afterEach(async () => {
  jest.restoreAllMocks();
  await app.close();
  project.remove();
});

async function dispatch(tenant: string, payload: string, options = {}): Promise<void> {
  await app.tenancy.run(tenant, () =>
    app.make(QueueDispatcher).dispatch(Note as never, payload as never, options),
  );
}

async function runAll(options: Partial<TenantWorkOptions> = {}): Promise<string[]> {
  const errors: unknown[] = [];
  const worker = app.tenantWorker(
    { ...OPTIONS, ...options },
    { onError: (error) => errors.push(error) },
  );
  await worker.run();
  expect(errors).toEqual([]);
  return ran;
}

describe('one worker', () => {
  beforeEach(async () => {
    for (const id of ['acme', 'globex', 'initech']) await app.tenancy.create(id);
  });

  test('runs the jobs of all tenants, each in the work of its own', async () => {
    for (const id of ['acme', 'globex', 'initech']) await dispatch(id, `of ${id}`);
    work = (payload) =>
      app
        .make(Database)
        .insertInto('notes' as never)
        .values({ text: payload })
        .execute();
    expect((await runAll()).sort()).toEqual([
      'acme: of acme',
      'globex: of globex',
      'initech: of initech',
    ]);
    await app.tenancy.run('acme', async () => {
      const rows = await app
        .make(Database)
        .selectFrom('notes' as never)
        .selectAll()
        .execute();
      expect(rows).toEqual([{ text: 'of acme' }]);
    });
  });

  test('leaves jobs that are not due, and looks when they are', async () => {
    await dispatch('acme', 'later', { delay: '1h' });
    expect(await runAll()).toEqual([]);
    const [row] = await app.workIndex.list();
    expect(row?.tenantId).toBe('acme');
  });

  test('runs what a committed transaction has dispatched and nobody has relayed', async () => {
    await app.tenancy.run('acme', () =>
      app.make(Database).transaction(async () => {
        await app.make(QueueDispatcher).dispatch(Note as never, 'committed');
      }),
    );
    expect(await runAll()).toEqual(['acme: committed']);
  });

  test('gives a tenant with one job its turn before the flood of another is over', async () => {
    for (let count = 0; count < 200; count += 1) await dispatch('acme', `${count}`);
    await dispatch('globex', 'one');
    await runAll({ concurrency: 1, jobsPerTurn: 10 });
    expect(ran).toHaveLength(201);
    expect(ran.indexOf('globex: one')).toBeLessThan(50);
  });

  test('keeps the failures of a tenant with the tenant', async () => {
    work = (payload) => {
      if (payload === 'bad') throw new Error('No');
    };
    await dispatch('acme', 'bad');
    await dispatch('globex', 'good');
    await runAll();
    const failedOf = (id: string): Promise<number> =>
      app.tenancy.run(id, async () => {
        return (await app.make(QueueRegistry).store().failed()).length;
      });
    expect(await failedOf('acme')).toBe(1);
    expect(await failedOf('globex')).toBe(0);
    expect(await app.queues.store().failed()).toEqual([]);
  });

  test('leaves the jobs of a suspended tenant where they are, and runs them once it is back', async () => {
    await dispatch('acme', 'kept');
    await app.tenancy.suspend('acme');
    expect(await runAll()).toEqual([]);
    await app.tenancy.resume('acme');
    expect(await runAll()).toEqual(['acme: kept']);
  });

  test('leaves a paused queue alone until it is resumed', async () => {
    await app.tenancy.run('acme', () => app.make(QueueRegistry).store().pause(undefined));
    await dispatch('acme', 'kept');
    await dispatch('globex', 'runs');
    expect(await runAll()).toEqual(['globex: runs']);
    await app.tenancy.run('acme', () => app.make(QueueRegistry).store().resume(undefined));
    expect(await runAll()).toEqual(['globex: runs', 'acme: kept']);
  });

  test('serves some tenants or some queues alone', async () => {
    await dispatch('acme', 'one');
    await dispatch('globex', 'two');
    await dispatch('globex', 'three', { queue: 'mail' });
    expect(await runAll({ tenants: (id) => id === 'globex', queues: ['mail'] })).toEqual([
      'globex: three',
    ]);
    await runAll();
    expect(ran.sort()).toEqual(['acme: one', 'globex: three', 'globex: two']);
  });

  test('forgets a tenant that was deleted', async () => {
    await dispatch('acme', 'gone');
    await app.tenancy.delete('acme');
    expect(await runAll()).toEqual([]);
    expect(await app.workIndex.list()).toEqual([]);
    await app.tenancy.restore('acme');
    expect(await runAll()).toEqual(['acme: gone']);
  });

  test('says once of a tenant that is deleted while its jobs run that it is, and serves the others', async () => {
    await dispatch('acme', 'one');
    await dispatch('acme', 'two');
    const other = await openTenantApplication(project);
    let deleted: Promise<unknown> | undefined;
    work = () => (deleted ??= other.tenancy.delete('acme'));
    const told: string[] = [];
    const errors = (error: Error): number => told.push(error.message);
    const worker = app.tenantWorker(
      { ...OPTIONS, concurrency: 4 },
      { onError: errors, tell: (event) => event.kind === 'error' && errors(event.error) },
    );
    await worker.run();
    await other.close();
    expect(told).toEqual(['The tenant "acme" is deleted: it takes no work.']);
    await dispatch('globex', 'served');
    expect((await runAll()).at(-1)).toBe('globex: served');
  });

  test('wakes when a job is dispatched, and puts it back when it is told to stop now', async () => {
    const begun = gate();
    work = () => {
      begun.open();
      return gate().opened;
    };
    const worker = app.tenantWorker({ ...OPTIONS, stopWhenEmpty: false, sleepMs: 60_000 });
    const done = worker.run();
    await dispatch('acme', 'long');
    await begun.opened;
    expect(worker.runningJobs).toBe(1);
    worker.stopNow();
    await done;
    await app.tenancy.run('acme', async () => {
      expect(await app.make(QueueRegistry).store().nextDueAt(['default'])).toBeLessThanOrEqual(
        clock.now(),
      );
    });
  });

  test('takes no job of a tenant that was being opened when it was told to stop', async () => {
    const [opens, mayOpen, looks, mayLook, released] = [gate(), gate(), gate(), gate(), gate()];
    await app.workIndex.complete(); // it opens them all
    const findOrFail = app.tenancy.findOrFail.bind(app.tenancy);
    const lease = app.workIndex.lease.bind(app.workIndex);
    const release = app.workIndex.release.bind(app.workIndex);
    await dispatch('acme', 'waits');
    jest.spyOn(app.tenancy, 'findOrFail').mockImplementationOnce(async (id) => {
      opens.open();
      await mayOpen.opened;
      return findOrFail(id);
    });
    jest
      .spyOn(app.workIndex, 'lease')
      .mockImplementationOnce(lease)
      .mockImplementationOnce(async (request) => {
        looks.open();
        await mayLook.opened; // as long as somebody has the file locked
        return lease(request);
      });
    jest.spyOn(app.workIndex, 'release').mockImplementationOnce((...given) => {
      released.open();
      return release(...given);
    });
    const worker = app.tenantWorker({ ...OPTIONS, stopWhenEmpty: false });
    const done = worker.run();
    await Promise.all([opens.opened, looks.opened]);
    worker.stop();
    mayOpen.open();
    await released.opened;
    expect(ran).toEqual([]);
    mayLook.open();
    await done;
    expect(await runAll()).toEqual(['acme: waits']);
  });

  test('finds in the queue files what a lost index knew', async () => {
    await dispatch('acme', 'kept');
    await app.close();
    removeFile(join(project.path, 'storage/tenancy.sqlite'));
    app = await openTenantApplication(project, { jobs: [Note] });
    expect(await runAll()).toEqual(['acme: kept']);
  });

  test('has no more jobs stored for a tenant than may wait', async () => {
    await app.tenancy.rename('acme', { quotas: { jobsPending: 2 } });
    await dispatch('acme', 'one');
    await dispatch('acme', 'two');
    await expect(dispatch('acme', 'three')).rejects.toMatchObject({
      code: 'E_QUEUE_FULL',
      status: 429,
    });
    await dispatch('globex', 'four');
    await runAll();
    await dispatch('acme', 'five');
  });

  test('empties a queue file that takes no more jobs', async () => {
    await app.tenancy.rename('acme', { quotas: { queueBytes: 400 * 1024 } });
    const big = 'x'.repeat(60_000);
    let stored = 0;
    const fill = async (): Promise<void> => {
      for (;;) {
        await dispatch('acme', `${stored} ${big}`);
        stored += 1;
      }
    };
    await expect(fill()).rejects.toMatchObject({ code: 'E_DATABASE_FULL' });
    expect(stored).toBeGreaterThan(0);
    expect(await runAll()).toHaveLength(stored);
  });

  test('finds the jobs of a tenant that came back while its files could not be read', async () => {
    await dispatch('acme', 'later');
    await app.tenancy.delete('acme');
    const file = join(project.path, 'storage/tenants/.trash/acme/tenant_database_acme.sqlite');
    renameSync(file, `${file}.away`);
    await app.tenancy.restore('acme');
    expect(await runAll({ tenants: (id) => id !== 'acme' })).toEqual([]);
    const place = join(project.path, 'storage/tenants/acme/tenant_database_acme.sqlite');
    renameSync(`${place}.away`, place);
    expect(await runAll()).toEqual(['acme: later']);
  });

  test('finds the jobs of a tenant whose import was interrupted, and ended by others', async () => {
    await dispatch('acme', 'imported');
    await app.workIndex.forget('acme');
    const update = "update tenants set state = 'creating' where id = 'acme'";
    await app.connections.connection().write((handle) => handle.exec(update));
    expect(await runAll()).toEqual([]);
    expect(await app.tenancy.settle('acme')).toBe(true);
    expect(await runAll()).toEqual(['acme: imported']);
  });

  test('runs what a job has called for in another queue', async () => {
    await app.tenancy.run('acme', async () => {
      const queue = app.make(QueueDispatcher);
      const note = (payload: string, name: string) =>
        pendingJob(Note as never, payload as never, { queue: name });
      await queue.chain([note('first', 'default'), note('second', 'mail')]);
    });
    expect(await runAll()).toEqual(['acme: first', 'acme: second']);
  });

  test('goes on with work whose tenant is renamed meanwhile', async () => {
    work = async () => {
      await app.tenancy.rename('acme', { name: 'Acme Inc.', config: { locale: 'de' } });
      await writeNote(app, 'after');
    };
    await dispatch('acme', 'renames');
    expect(await runAll()).toEqual(['acme: renames']);
    expect(await app.tenancy.run('acme', () => notesIn(app))).toEqual(['after']);
    expect(await app.tenancy.run('acme', ({ name }) => name)).toBe('Acme Inc.');
  });

  test('goes on with a tenant, and with others, while a job of it takes long', async () => {
    const [others, mayEnd] = [gate(), gate()];
    work = async (payload) => {
      if (payload === 'long') await mayEnd.opened;
      else if (ran.length === 4) others.open();
    };
    const worker = app.tenantWorker({
      ...OPTIONS,
      concurrency: 2,
      quantumMs: 10,
      stopWhenEmpty: false,
    });
    const done = worker.run();
    await dispatch('acme', 'long');
    for (const id of ['globex', 'initech']) await dispatch(id, 'short');
    await dispatch('acme', 'short', { queue: 'mail' });
    await dispatch('globex', 'short');
    await others.opened;
    expect(worker.runningJobs).toBeGreaterThanOrEqual(1);
    mayEnd.open();
    worker.stop();
    await done;
    expect(await app.tenancy.run('acme', () => app.make(QueueRegistry).store().failed())).toEqual(
      [],
    );
  });
});
