import { join } from 'node:path';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { errorWith } from '../helpers/errors';
import { jobOf } from '../helpers/jobs';

const basePath = join(__dirname, '../fixtures/crash-app');

let app: TestApplication;
let calls: unknown[];

const Notes = jobOf(
  async (payload, { attempt, queue, progress }) => {
    await progress(50);
    calls.push({ payload, attempt, queue });
  },
  { name: 'Notes', options: { queue: 'mail' } },
);
const Fails = jobOf(
  () => {
    throw new Error('It broke');
  },
  {
    name: 'Fails',
    options: { tries: 3, backoff: '1h' },
    failed: (error, payload) => void calls.push([error.message, payload]),
  },
);
const FailsTwice = jobOf(
  () => {
    throw new Error('first');
  },
  {
    name: 'FailsTwice',
    failed: () => {
      throw new Error('second');
    },
  },
);

beforeEach(async () => {
  app = await createTestApplication({ basePath, jobs: [Notes, Fails, FailsTwice] });
  calls = [];
});

afterEach(() => app.close());

describe('the sync driver', () => {
  test('runs a job where it is dispatched, whatever its delay', async () => {
    const job = await app.queue('sync').dispatch(Notes, { at: new Date(5) }, { delay: '1h' });
    expect(calls).toEqual([{ payload: { at: new Date(5) }, attempt: 1, queue: 'mail' }]);
    expect(await job.status()).toBeUndefined();
  });

  test('throws what the job throws, after one run and its "failed"', async () => {
    await expect(app.queue('sync').dispatch(Fails, 'payload')).rejects.toThrow('It broke');
    expect(calls).toEqual([['It broke', 'payload']]);
  });

  test('throws what the job throws although its "failed" throws too', async () => {
    await expect(app.queue('sync').dispatch(FailsTwice, 'payload')).rejects.toThrow('first');
  });

  test('keeps nothing', async () => {
    const store = app.queues.store('sync');
    await expect(app.queue('sync').dispatch(Fails, 1)).rejects.toThrow();
    expect(await store.claim({ queues: ['default'], limit: 9, owner: 'o', leaseMs: 1 })).toEqual(
      [],
    );
    expect(await store.failed()).toEqual([]);
    expect(await store.retry({})).toEqual({ retried: [], duplicates: [] });
    expect(await store.recover(() => true)).toEqual([]);
    expect(await store.renew([], 1)).toEqual([]);
    expect(await store.nextDueAt(['default'])).toBeUndefined();
    expect(await store.prune(1e15)).toBe(0);
    store.watch(() => undefined).close();
  });

  test('refuses what needs a job that was claimed', async () => {
    const store = app.queues.store('sync');
    const [job] = [{} as never];
    for (const refused of [
      store.complete([{ job, tookMs: 1 }]),
      store.release(job, { availableAt: 0 }),
      store.fail(job, { message: '', detail: '' }),
    ]) {
      await expect(refused).rejects.toMatchObject({ code: 'E_QUEUE_UNSUPPORTED' });
    }
  });
});

describe('the queue connections of an application', () => {
  const options = {
    queues: ['default'],
    concurrency: 1,
    tries: 1,
    timeoutMs: 0,
    backoff: 0,
    sleepMs: 1000,
    shutdownMs: 1000,
    once: true,
    stopWhenEmpty: false,
  };

  test('are those that are declared', () => {
    expect(app.queues.names).toEqual(['sqlite', 'brisk', 'sync']);
    expect(app.queues.defaultName).toBe('sqlite');
    expect(app.queues.store()).toBe(app.queues.store('sqlite'));
  });

  test('are refused by a name that is not declared', () => {
    const unknown = errorWith(
      'E_QUEUE_CONNECTION_UNKNOWN',
      '"redis" is not declared; there are: sqlite, brisk, sync',
    );
    expect(() => app.queue('redis')).toThrow(unknown);
    expect(() => app.queues.worker('redis', options)).toThrow(unknown);
  });

  test('have no worker where jobs run at once', () => {
    expect(() => app.queues.worker('sync', options)).toThrow(errorWith('E_QUEUE_UNSUPPORTED'));
  });

  test('have a worker where jobs are kept', async () => {
    const { status } = await app.queue().dispatch(Notes, 'kept');
    await app.queues.worker('sqlite', { ...options, queues: ['mail'] }).run();
    expect(calls).toMatchObject([{ payload: 'kept' }]);
    expect(await status()).toMatchObject({ state: 'done' });
  });
});
