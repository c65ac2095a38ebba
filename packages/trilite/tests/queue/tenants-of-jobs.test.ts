import type { JobClass } from 'trilite';
import { JobRegistry } from '../../src/queue/job-registry';
import { JobRunner, type ForTenant } from '../../src/queue/job-runner';
import type { ClaimedJob, QueueStore } from '../../src/queue/queue-store';
import { toStored } from '../../src/queue/new-job';
import { queueMigrations } from '../../src/queue/sqlite/schema';
import { SqliteQueueStore } from '../../src/queue/sqlite/sqlite-queue-store';
import { TenantQueueStore } from '../../src/queue/tenants/tenant-queue-store';
import { TenantNotFoundError, TenantStateError } from '../../src/tenancy/errors';
import {
  FAILURE,
  claimOne,
  complete,
  followUp,
  newBatch,
  newJob,
  retry,
} from '../contracts/queue-store-under-test';
import { errorWith } from '../helpers/errors';
import { jobOf } from '../helpers/jobs';
import { createTemporaryFile, type TemporaryFile } from '../helpers/temporary-file';
import { MAX_PAYLOAD, makeInstance } from '../helpers/workers';

let file: TemporaryFile;
let all: SqliteQueueStore;
let acme: QueueStore;
let globex: QueueStore;

beforeEach(async () => {
  file = await createTemporaryFile(queueMigrations);
  all = new SqliteQueueStore(file.connection);
  acme = new TenantQueueStore({ source: () => all, tenantId: 'acme' });
  globex = new TenantQueueStore({ source: () => all, tenantId: 'globex' });
});

afterEach(() => file.close());

/** How many rows of all tables name a tenant, or one of its jobs. */
function traces(...words: readonly string[]): Promise<Record<string, number>> {
  return file.connection.read((handle) => {
    const tables = handle
      .statement(`select name from sqlite_schema where type = 'table' and name <> 'migrations'`)
      .pluck()
      .all() as string[];
    const counts = tables.map((table): [string, number] => {
      const rows = handle.statement(`select * from ${table}`).all();
      const own = rows.filter((row) => words.some((word) => JSON.stringify(row).includes(word)));
      return [table, own.length];
    });
    return Object.fromEntries(counts.filter(([, count]) => count > 0));
  });
}

describe('a job of a tenant', () => {
  test('is the tenant’s when it is claimed, has failed, and is put back', async () => {
    await acme.push([newJob('1')]);
    const job = await claimOne(all);
    expect(job.tenantId).toBe('acme');
    await all.fail(job, FAILURE);
    expect(await all.failed()).toMatchObject([{ id: '1', tenantId: 'acme' }]);
    await retry(all);
    expect((await claimOne(all)).tenantId).toBe('acme');
  });

  test('is followed by jobs of the tenant', async () => {
    const own = { tenantId: 'acme' };
    const chain = { rest: [followUp('2', own)], onFailure: followUp('3', own) };
    await acme.push([newJob('1', { chain })]);
    await complete(all, await claimOne(all));
    expect(await claimOne(all)).toMatchObject({ id: '2', ...own });
    await acme.push([newJob('4')], newBatch('b', { onEnd: followUp('5', own) }));
    await complete(all, await claimOne(all));
    expect(await claimOne(all)).toMatchObject({ id: '5', ...own });
  });

  test('has no tenant where none is named', async () => {
    await all.push([newJob('1')]);
    expect((await claimOne(all)).tenantId).toBeUndefined();
    expect(await acme.find('1')).toBeUndefined();
  });

  test('is kept out by jobs of the same tenant alone', () => {
    class Once {
      static readonly options = { unique: true } as const;
      handle(): void {}
    }
    class Last {
      static readonly options = { debounce: { for: '1m' } } as const;
      handle(): void {}
    }
    const jobs = new JobRegistry();
    for (const type of [Once, Last]) jobs.add(type);
    const storedFor = (type: JobClass, tenantId?: string) =>
      toStored({ type, payload: null, options: {} }, { jobs, maxPayload: MAX_PAYLOAD, tenantId });
    expect(storedFor(Once, 'acme').unique?.key).toBe('tenant:acme:Once');
    expect(storedFor(Last, 'acme').debounce?.key).toBe('tenant:acme:Last');
    expect(storedFor(Once, 'acme').tenantId).toBe('acme');
    expect(storedFor(Once)).toMatchObject({ unique: { key: 'Once' }, tenantId: undefined });
  });
});

describe('what a tenant sees', () => {
  beforeEach(async () => {
    await acme.push([newJob('1')], newBatch('b'));
    await acme.push([newJob('2')]);
    await all.fail(await claimOne(all), FAILURE);
  });

  test('are its own jobs and batches', async () => {
    expect(await acme.find('2')).toMatchObject({ state: 'waiting', tenantId: 'acme' });
    expect(await acme.findBatch('b')).toMatchObject({ total: 1 });
    expect(await acme.failed()).toHaveLength(1);
    expect((await acme.history('1')).attempts).toHaveLength(1);
  });

  test('is nothing of another tenant, which it can neither cancel, put back nor forget', async () => {
    expect(await globex.find('2')).toBeUndefined();
    expect(await globex.history('1')).toEqual({ attempts: [], lines: [] });
    expect(await globex.findBatch('b')).toBeUndefined();
    expect(await globex.cancel('2')).toBeUndefined();
    expect(await globex.cancelBatch('b')).toBe(false);
    expect(await globex.addToBatch('b', [newJob('3')])).toBeUndefined();
    expect(await globex.failed()).toEqual([]);
    expect(await globex.retry({})).toEqual({ retried: [], duplicates: [] });
    expect(await globex.forget({ ids: ['1'] })).toBe(0);
    expect(await acme.cancel('2')).toBe('cancelled');
    expect((await acme.retry({})).retried).toEqual(['1']);
  });

  test.each(['claim', 'status', 'clear', 'pause', 'restart', 'prune', 'recover'] as const)(
    'does not extend to "%s", which is for all of them',
    async (method) => {
      await expect(acme[method](undefined as never)).rejects.toEqual(errorWith('E_QUEUE_SHARED'));
    },
  );
});

test('a tenant that is forgotten leaves nothing, and takes nothing of others', async () => {
  const unique = { key: 'tenant:acme:Once', until: 'time' } as const;
  for (const [store, id] of [
    [acme, 'a'],
    [globex, 'g'],
  ] as const) {
    const key = id === 'a' ? { unique } : {};
    await store.push([newJob(`${id}1`, key)], newBatch(`${id}b`));
    const job = await claimOne(all);
    await all.report(job, { lines: ['Says'] });
    await all.fail(job, FAILURE);
    await store.push([newJob(`${id}2`), newJob(`${id}3`)]);
    await complete(all, await claimOne(all));
    await claimOne(all);
  }
  expect(Object.keys(await traces('acme', '"a1"')).length).toBeGreaterThan(4);
  const before = await traces('globex', '"g1"', '"g2"', '"g3"');
  await all.forgetTenant('acme');
  expect(await traces('acme', '"a1"', '"a2"', '"a3"', '"ab"')).toEqual({});
  expect(await traces('globex', '"g1"', '"g2"', '"g3"')).toEqual(before);
});

describe('a run', () => {
  const defaults = { tries: 1, timeoutMs: 60_000, backoff: 0 };
  const seen: string[] = [];
  const type = jobOf(() => void seen.push('run'));

  async function outcomeOf(
    forTenant: ForTenant | undefined,
    differences: Partial<ClaimedJob> = {},
  ) {
    await acme.push([newJob('1', { payload: 'not to be read', job: 'TestJob' })]);
    const job = { ...(await claimOne(all)), ...differences };
    const jobs = new JobRegistry();
    jobs.add(type);
    const rules = { jobs, maxPayload: MAX_PAYLOAD, make: makeInstance };
    const runner = new JobRunner({ ...rules, forTenant });
    const own = new JobRunner({ ...rules, tenantId: 'acme' });
    const outcome = await runner.start(job, { store: all, defaults }).outcome;
    return { job, outcome, runner, own };
  }

  const rejecting =
    (error: Error): ForTenant =>
    () =>
      Promise.reject(error);

  beforeEach(() => void seen.splice(0));

  test('is in the work of the tenant, by the runner of the tenant', async () => {
    const forTenant: ForTenant = (id, work) => {
      seen.push(id);
      const jobs = new JobRegistry();
      jobs.add(type);
      return work(
        new JobRunner({ jobs, maxPayload: MAX_PAYLOAD, make: makeInstance, tenantId: id }),
      );
    };
    const { outcome } = await outcomeOf(forTenant, { payload: 'null' });
    expect(outcome).toEqual({ kind: 'done' });
    expect(seen).toEqual(['acme', 'run']);
  });

  test.each(['suspended', 'down', 'creating'])(
    'waits, uncounted, while the tenant is %s; nothing of it is read',
    async (state) => {
      const { outcome } = await outcomeOf(rejecting(TenantStateError.unavailable('acme', state)));
      expect(outcome).toMatchObject({ kind: 'released', uncounted: true });
    },
  );

  test.each([
    ['is deleted', TenantStateError.unavailable('acme', 'deleted')],
    ['was purged', TenantNotFoundError.withId('acme')],
  ])('fails when the tenant %s, and nobody is told', async (_what, error) => {
    const { outcome, runner, job } = await outcomeOf(rejecting(error));
    expect(outcome).toMatchObject({ kind: 'failed', error: errorWith('E_JOB_TENANT', 'deleted') });
    await runner.callFailed(job, (outcome as unknown as { error: Error }).error);
    expect(seen).toEqual([]);
  });

  test('is refused where no tenants are kept, and by another tenant', async () => {
    const { outcome, own, job } = await outcomeOf(undefined);
    expect(outcome).toMatchObject({ kind: 'failed', error: errorWith('E_JOB_TENANT') });
    const strange = { ...job, tenantId: 'globex' };
    expect(await own.start(strange, { store: all, defaults }).outcome).toMatchObject({
      kind: 'failed',
    });
    expect(seen).toEqual([]);
  });
});
