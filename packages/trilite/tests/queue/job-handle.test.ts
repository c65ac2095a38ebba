import { travelBack } from 'trilite/testing';
import { JobHandle } from '../../src/queue/job-handle';
import type { JobRecord } from '../../src/queue/job-records';
import type { ClaimedJob, QueueStore } from '../../src/queue/queue-store';
import { queueMigrations } from '../../src/queue/sqlite/schema';
import { SqliteQueueStore } from '../../src/queue/sqlite/sqlite-queue-store';
import { claimOne, complete, FAILURE, newJob } from '../contracts/queue-store-under-test';
import { errorWith } from '../helpers/errors';
import { gate } from '../helpers/gate';
import { createTemporaryFile, type TemporaryFile } from '../helpers/temporary-file';

let file: TemporaryFile;
let store: SqliteQueueStore;
let elsewhere: SqliteQueueStore;

beforeEach(async () => {
  file = await createTemporaryFile(queueMigrations);
  store = new SqliteQueueStore(file.connection);
  elsewhere = new SqliteQueueStore(file.elsewhere);
});

afterEach(async () => {
  travelBack();
  await file.close();
});

function handleOf(id: string, on: QueueStore = store): JobHandle {
  return new JobHandle({ id, queue: 'default', outcome: 'stored' }, { store: () => on });
}

async function pushed(id = 'a', on: QueueStore = store): Promise<JobHandle> {
  await on.push([newJob(id)]);
  return handleOf(id, on);
}

/** A wait that has looked at the job once, and found it. */
async function begun(handle: JobHandle, on: QueueStore = store) {
  const looked = gate();
  const find = on.find.bind(on);
  jest.spyOn(on, 'find').mockImplementation(async (id) => {
    const record = await find(id);
    looked.open();
    return record;
  });
  const waited = handle.wait();
  waited.catch(() => undefined); // a test looks at it later
  await looked.opened;
  return { waited };
}

describe('wait', () => {
  test.each(['store', 'elsewhere'] as const)('ends when %s has the job done', async (where) => {
    const handle = await pushed();
    const { waited } = await begun(handle);
    const by = where === 'store' ? store : elsewhere;
    await complete(by, await claimOne(by));
    expect(await waited).toMatchObject({ id: 'a', state: 'done', progress: 100 });
  });

  test('ends at once for a job that is done', async () => {
    const handle = await pushed();
    await complete(store, await claimOne(store));
    expect(await handle.wait()).toMatchObject({ state: 'done' });
  });

  test('goes on while the job is released, crashes, and is claimed again', async () => {
    const handle = await pushed();
    const { waited } = await begun(handle);
    await store.release(await claimOne(store), { availableAt: 0, failure: FAILURE });
    await claimOne(store);
    await elsewhere.recover(() => true);
    await complete(store, await claimOne(store));
    expect(await waited).toMatchObject({ state: 'done', attempts: 3 });
  });

  test('of a job that fails throws what it failed with', async () => {
    const handle = await pushed();
    const { waited } = await begun(handle);
    await store.fail(await claimOne(store), FAILURE);
    await expect(waited).rejects.toThrow(errorWith('E_JOB_ENDED_BADLY', 'has failed: It broke'));
    await expect(handle.wait()).rejects.toThrow(errorWith('E_JOB_ENDED_BADLY'));
  });

  test('of a job that is cancelled throws so', async () => {
    const handle = await pushed();
    const { waited } = await begun(handle);
    expect(await handle.cancel()).toBe('cancelled');
    await expect(waited).rejects.toThrow(errorWith('E_JOB_ENDED_BADLY', 'was cancelled'));
  });

  test('ends after its time, and the job goes on', async () => {
    const handle = await pushed();
    await expect(handle.wait({ timeout: '1ms' })).rejects.toThrow(
      errorWith('E_JOB_WAIT', 'had not ended within `1ms`'),
    );
    expect(await handle.status()).toMatchObject({ state: 'waiting' });
  });

  test('of a job that is not known throws so', async () => {
    await expect(handleOf('nobody').wait()).rejects.toThrow(errorWith('E_JOB_WAIT', '"nobody"'));
  });

  test('of a job that is forgotten as soon as it is done knows that it was there', async () => {
    const forgetful = new SqliteQueueStore(file.connection, { keepsDone: false });
    const handle = await pushed('a', forgetful);
    const { waited } = await begun(handle, forgetful);
    await complete(forgetful, await claimOne(forgetful));
    expect(await waited).toMatchObject({ id: 'a', state: 'done' });
    await expect(handle.wait()).rejects.toThrow(errorWith('E_JOB_WAIT', 'not known'));
  });

  test('of a job that is cleared does not take it for done', async () => {
    const handle = await pushed();
    const { waited } = await begun(handle);
    await store.clear('default');
    await expect(waited).rejects.toThrow(errorWith('E_JOB_WAIT', 'no longer there'));
  });

  test('throws what the store throws', async () => {
    const handle = await pushed();
    jest.spyOn(store, 'find').mockRejectedValue(new Error('disk I/O error'));
    await expect(handle.wait()).rejects.toThrow('disk I/O error');
  });

  test.each<[string, () => Promise<unknown>]>([
    ['well', async () => complete(store, await claimOne(store))],
    ['badly', async () => store.fail(await claimOne(store), FAILURE)],
  ])('that ends %s watches no longer', async (_, end) => {
    const closed = jest.fn();
    const watch = store.watch.bind(store);
    jest.spyOn(store, 'watch').mockImplementation((onChange) => {
      const own = watch(onChange);
      return { close: () => (closed(), own.close()) };
    });
    const handle = await pushed();
    await handle.wait({ timeout: '1ms' }).catch(() => undefined);
    expect(closed).toHaveBeenCalledTimes(1);
    const waited = handle.wait().catch(() => undefined);
    await end();
    await waited;
    expect(closed).toHaveBeenCalledTimes(2);
  });
});

describe('cancel', () => {
  test('tells of a running job that its worker is asked', async () => {
    const handle = await pushed();
    const job = await claimOne(store, { owner: 'me' });
    expect(await handle.cancel()).toBe('requested');
    expect(await store.signals('me')).toMatchObject({ cancelled: ['a'] });
    await complete(store, job);
    expect(await handle.cancel()).toBeUndefined();
  });
});

describe('a job whose dispatch is being relayed', () => {
  const record = { id: 'a', state: 'pending' } as JobRecord;

  /** A handle whose job leaves the outbox for the queue between two looks of it. */
  function handleDuring(relayed: () => Promise<unknown>): JobHandle {
    let isPending = true;
    return new JobHandle(
      { id: 'a', queue: 'default', outcome: 'pending' },
      {
        store: () => store,
        pending: {
          find: async () => {
            if (isPending) await relayed();
            isPending = false;
            return undefined;
          },
          relay: () => Promise.resolve(0),
        },
      },
    );
  }
  const relayNow = (): Promise<unknown> => store.push([newJob('a')]);

  test('is never unknown', async () => {
    expect(await handleDuring(relayNow).status()).toMatchObject({ id: 'a', state: 'waiting' });
  });

  test('is waited for', async () => {
    const waited = handleDuring(relayNow).wait();
    const claimed = relayedJob();
    await complete(store, await claimed);
    expect(await waited).toMatchObject({ state: 'done', progress: 100 });
  });

  test('is cancelled', async () => {
    expect(await handleDuring(relayNow).cancel()).toBe('cancelled');
  });

  test('is cancelled although the relay that goes on has passed its file', async () => {
    const relays = [() => Promise.resolve(0), relayNow];
    let isPending = true;
    const handle = new JobHandle(
      { id: 'a', queue: 'default', outcome: 'pending' },
      {
        store: () => store,
        pending: {
          find: () => Promise.resolve(isPending ? record : undefined),
          relay: async () => {
            isPending = relays.length > 1;
            return relays.shift()?.();
          },
        },
      },
    );
    expect(await handle.cancel()).toBe('cancelled');
  });
});

/** Claims the job once it is there. */
async function relayedJob(): Promise<ClaimedJob> {
  const noticed = gate();
  const watch = store.watch(() => noticed.open());
  try {
    if ((await store.find('a')) === undefined) await noticed.opened;
    return await claimOne(store);
  } finally {
    watch.close();
  }
}
