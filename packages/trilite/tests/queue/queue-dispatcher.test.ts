import { clock } from 'trilite';
import { travelBack, travelTo } from 'trilite/testing';
import { JobRegistry } from '../../src/queue/job-registry';
import { QueueDispatcher, type DispatchOptions } from '../../src/queue/queue-dispatcher';
import type { NewJob } from '../../src/queue/queue-store';
import { queueMigrations } from '../../src/queue/sqlite/schema';
import { SqliteQueueStore } from '../../src/queue/sqlite/sqlite-queue-store';
import { jobOf } from '../helpers/jobs';
import { createTemporaryFile, type TemporaryFile } from '../helpers/temporary-file';
import { REFUSED_VALUES, SURVIVING_VALUES } from '../helpers/values';
import { decodeReadable } from '../../src/support/serializer';

const NOW = Date.UTC(2026, 0, 1);
const Plain = jobOf(() => undefined, { name: 'Plain' });

let file: TemporaryFile;
let store: SqliteQueueStore;
let jobs: JobRegistry;
let queue: QueueDispatcher;
let pushed: NewJob[];

beforeEach(async () => {
  file = await createTemporaryFile(queueMigrations);
  store = new SqliteQueueStore(file.connection);
  pushed = [];
  const push = store.push.bind(store);
  jest.spyOn(store, 'push').mockImplementation((given) => {
    pushed.push(...given);
    return push(given);
  });
  jobs = new JobRegistry();
  jobs.add(Plain);
  queue = new QueueDispatcher({
    connection: 'sqlite',
    store: () => store,
    sync: () => store,
    jobs,
    maxPayload: 1000,
  });
  travelTo(NOW);
});

afterEach(async () => {
  travelBack();
  await file.close();
});

describe('dispatch', () => {
  test('stores a job for the default queue, due now', async () => {
    const { id, queue: name, status } = await queue.dispatch(Plain, { n: 1 });
    expect(name).toBe('default');
    expect(pushed).toEqual([
      {
        id,
        queue: 'default',
        job: 'Plain',
        payload: '{"n":1}',
        priority: 0,
        availableAt: NOW,
        createdAt: NOW,
        maxCrashes: 3,
      },
    ]);
    expect(await status()).toMatchObject({ id, job: 'Plain', state: 'waiting', createdAt: NOW });
    expect(await queue.find(id)).toEqual(await status());
  });

  test('is durable when it is settled: another connection sees the job', async () => {
    const { id } = await queue.dispatch(Plain, {});
    expect(await new SqliteQueueStore(file.elsewhere).find(id)).toMatchObject({ state: 'waiting' });
  });

  test("stores the job's own queue and maxCrashes", async () => {
    const job = jobOf(() => undefined, { options: { queue: 'mail', maxCrashes: 7 } });
    jobs.add(job);
    expect(await queue.dispatch(job, {})).toMatchObject({ queue: 'mail' });
    expect(pushed).toMatchObject([{ queue: 'mail', maxCrashes: 7 }]);
  });

  test("takes queue and priority of the call before the job's own", async () => {
    const job = jobOf(() => undefined, { options: { queue: 'mail' } });
    jobs.add(job);
    await queue.dispatch(job, {}, { queue: 'urgent', priority: -3 });
    expect(pushed).toMatchObject([{ queue: 'urgent', priority: -3 }]);
  });

  test.each<[delay: NonNullable<DispatchOptions['delay']>, ms: number]>([
    ['5s', 5000],
    [90, 90_000],
    [0.5, 500],
    [new Date(NOW + 1234), 1234],
    [0, 0],
    [-5, 0],
    [new Date(NOW - 1), 0],
  ])('with a delay of %p is due in %p ms', async (delay, ms) => {
    await queue.dispatch(Plain, {}, { delay });
    expect(pushed[0]?.availableAt).toBe(NOW + ms);
  });

  test('is due at the very time that is named, though some passes while it is dispatched', async () => {
    let now = NOW;
    const looks = jest.spyOn(clock, 'now').mockImplementation(() => (now += 1));
    await queue.dispatch(Plain, {}, { delay: new Date(NOW + 5000) });
    looks.mockRestore();
    expect(pushed[0]?.availableAt).toBe(NOW + 5000);
  });

  test.each<[name: string, options: DispatchOptions]>([
    ['delay', { delay: 'soon' }],
    ['delay', { delay: NaN }],
    ['delay', { delay: new Date(NaN) }],
    ['priority', { priority: 1.5 }],
    ['priority', { priority: NaN }],
    ['queue', { queue: '' }],
  ])('refuses a %s that makes no sense, and stores nothing', async (_, options) => {
    await expect(queue.dispatch(Plain, {}, options)).rejects.toThrow(TypeError);
    expect(pushed).toEqual([]);
  });

  test('refuses a class that is not known', async () => {
    const stranger = jobOf(() => undefined, { name: 'Stranger' });
    await expect(queue.dispatch(stranger, {})).rejects.toMatchObject({ code: 'E_JOB_UNKNOWN' });
  });

  test('refuses a class that has the name of another one', async () => {
    const impostor = jobOf(() => undefined, { name: 'Plain' });
    await expect(queue.dispatch(impostor, {})).rejects.toMatchObject({ code: 'E_JOB_INVALID' });
  });

  test.each(SURVIVING_VALUES)('keeps %s as payload', async (_, value) => {
    const { status } = await queue.dispatch(Plain, value);
    expect(decodeReadable((await status())?.payload ?? '')).toStrictEqual(value);
  });

  test.each(REFUSED_VALUES)('refuses %s as payload', async (_, value, path) => {
    await expect(queue.dispatch(Plain, value)).rejects.toMatchObject({
      code: 'E_VALUE_NOT_SERIALIZABLE',
      message: expect.stringContaining(`"${path}"`),
    });
  });

  test('gives ids that sort by age, however many at once', async () => {
    const dispatched = await Promise.all(
      Array.from({ length: 100 }, (_, index) => queue.dispatch(Plain, index)),
    );
    const ids = dispatched.map(({ id }) => id);
    expect([...ids].sort()).toEqual(ids);
    const claimed = await store.claim({
      queues: ['default'],
      limit: 100,
      owner: 'owner',
      leaseMs: 1000,
    });
    expect(claimed.map(({ id }) => id)).toEqual(ids);
  });
});

test('the status of a job that is unknown or forgotten is undefined', async () => {
  expect(await queue.find('nobody')).toBeUndefined();
  const { status } = await queue.dispatch(Plain, {});
  const [job] = await store.claim({ queues: ['default'], limit: 1, owner: 'me', leaseMs: 1000 });
  await store.complete([{ job: job as NonNullable<typeof job>, tookMs: 1 }]);
  expect(await status()).toMatchObject({ state: 'done' });
  await store.prune(clock.now() + 1);
  expect(await status()).toBeUndefined();
});
