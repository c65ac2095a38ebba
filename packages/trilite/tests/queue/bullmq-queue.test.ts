import { clock } from 'trilite';
import type { ClaimedJob, NewJob, QueueStore } from '../../src/queue/queue-store';
import {
  claimIds,
  claimOne,
  complete,
  expectNotOwned,
  FAILURE,
  newJob,
  request,
} from '../contracts/queue-store-under-test';
import { bullmqPlace, type BullmqPlace } from '../helpers/bullmq';
import { errorWith } from '../helpers/errors';
import { gate } from '../helpers/gate';
import { jobOf } from '../helpers/jobs';
import { useRedisServer } from '../helpers/redis-server';
import { dispatch, events, kinds, runAll, start, useWorkers } from '../helpers/workers';

const server = useRedisServer();
let place: BullmqPlace;

beforeEach(() => {
  place = bullmqPlace(server);
});

afterEach(() => place.close());

async function redis(command: string, ...values: string[]): Promise<string> {
  return String(await server.place().connection.send(command, ...values));
}

/** Asks again and again, for as long as it takes. */
async function until<T>(ask: () => Promise<T>, isIt: (found: T) => boolean): Promise<T> {
  for (;;) {
    const found = await ask();
    if (isIt(found)) return found;
  }
}

describe('a push', () => {
  test('that is repeated is one job', async () => {
    const { store, elsewhere } = place;
    const jobs = [newJob('a'), newJob('b', { queue: 'mail:high' })];
    expect(await store.push(jobs)).toEqual(jobs.map(({ id }) => ({ id, outcome: 'stored' })));
    await elsewhere.push(jobs);
    expect(await claimIds(store, { queues: ['default', 'mail:high'], limit: 9 })).toEqual([
      'a',
      'b',
    ]);
  });

  test.each<[string, Partial<NewJob>]>([
    ['a chain', { chain: { rest: [] } }],
    ['a debounce', { debounce: { key: 'k' } }],
    ['a priority beyond a million', { priority: 2 ** 20 }],
    [
      'a key until done that also has a time',
      { unique: { key: 'k', until: 'done', expiresAt: 9 } },
    ],
  ])('of %s is refused, and nothing is stored', async (_, differences) => {
    const push = place.store.push([newJob('a'), newJob('b', differences)]);
    await expect(push).rejects.toEqual(errorWith('E_QUEUE_UNSUPPORTED', 'bullmq'));
    expect(await place.store.find('a')).toBeUndefined();
  });

  test('of a batch is refused', async () => {
    const batch = { id: 'b', name: 'b', allowFailures: false, createdAt: 1 };
    const push = place.store.push([], batch);
    await expect(push).rejects.toEqual(errorWith('E_QUEUE_UNSUPPORTED', 'batches'));
  });

  test('that is relayed twice is stored once', async () => {
    const rows = ['a', 'b'].map((id, index) => ({
      seq: index + 1,
      jobs: [newJob(id)],
      batch: undefined,
    }));
    const relays = [place.store, place.elsewhere].map((by) => by.relay({ generation: 'g', rows }));
    expect(await Promise.all(relays)).toEqual([2, 2]);
    expect(await place.store.relayed('g')).toBe(2);
    expect(await place.store.relayed('other')).toBe(0);
    expect(await claimIds(place.store, { limit: 9 })).toEqual(['a', 'b']);
  });
});

describe('a unique key', () => {
  const unique = { key: 'k', until: 'done' } as const;

  test('keeps others out until its job has ended', async () => {
    const { store, elsewhere } = place;
    await store.push([newJob('a', { unique })]);
    const second = (): Promise<unknown> => elsewhere.push([newJob('b', { unique })]);
    expect(await second()).toEqual([{ id: 'a', outcome: 'duplicate' }]);
    await store.release(await claimOne(store), { availableAt: clock.now() });
    expect(await second()).toEqual([{ id: 'a', outcome: 'duplicate' }]);
    await complete(store, await claimOne(store));
    expect(await second()).toEqual([{ id: 'b', outcome: 'stored' }]);
  });

  test.each([
    ['fails', (store: QueueStore, job: ClaimedJob) => store.fail(job, FAILURE)],
    ['is discarded', (store: QueueStore, job: ClaimedJob) => store.discard(job, 'Enough')],
  ])('comes free when its job %s', async (_, end) => {
    await place.store.push([newJob('a', { unique })]);
    await end(place.store, await claimOne(place.store));
    const second = await place.store.push([newJob('b', { unique })]);
    expect(second).toEqual([{ id: 'b', outcome: 'stored' }]);
  });

  test('comes free when its job is cancelled, and when its queue is cleared', async () => {
    const { store } = place;
    await store.push([newJob('a', { unique })]);
    await store.cancel('a');
    await store.push([newJob('b', { unique, availableAt: clock.now() + 60_000 })]);
    expect(await store.clear('default')).toBe(1);
    expect(await store.push([newJob('c', { unique })])).toMatchObject([{ outcome: 'stored' }]);
  });

  test('until started comes free at the claim', async () => {
    const early = { key: 'k', until: 'started' } as const;
    await place.store.push([newJob('a', { unique: early })]);
    await claimOne(place.store);
    const second = await place.store.push([newJob('b', { unique: early })]);
    expect(second).toMatchObject([{ outcome: 'stored' }]);
  });

  test('for a time stays when its job is done, and no longer', async () => {
    const { store } = place;
    const keyFor = (ms: number) =>
      ({ key: 'k', until: 'time', expiresAt: clock.now() + ms }) as const;
    await store.push([newJob('a', { unique: keyFor(60_000) })]);
    await complete(store, await claimOne(store));
    const second = await store.push([newJob('b', { unique: keyFor(60_000) })]);
    expect(second).toEqual([{ id: 'a', outcome: 'duplicate' }]);
    const brief = { ...keyFor(50), key: 'brief' };
    await store.push([newJob('c', { unique: brief })]);
    await until(
      () => store.push([newJob('d', { unique: { ...keyFor(60_000), key: 'brief' } })]),
      ([third]) => third?.outcome === 'stored',
    );
  });

  test('is not given to a job that is put back: that is refused', async () => {
    const { store } = place;
    await store.push([newJob('a', { unique })]);
    await store.fail(await claimOne(store), FAILURE);
    await expect(store.retry({})).rejects.toEqual(errorWith('E_QUEUE_UNSUPPORTED', 'unique key'));
    expect(await store.failed()).toHaveLength(1);
  });
});

describe('a lease', () => {
  test('that ended has its job taken back, and its owner lost it', async () => {
    const { store, elsewhere } = place;
    await store.push([newJob('a')]);
    const lost = await claimOne(store, { leaseMs: 1 });
    const recovered = await until(
      () => elsewhere.recover(() => false),
      ({ length }) => length > 0,
    );
    expect(recovered).toEqual([{ id: 'a', job: 'TestJob', queue: 'default', outcome: 'released' }]);
    await expectNotOwned(store, lost);
    const held = await claimOne(elsewhere, { owner: 'next' });
    expect(held).toMatchObject({ attempts: 2, crashes: 1 });
    await expectNotOwned(store, lost);
    expect(await complete(elsewhere, held)).toBe(true);
  });

  test('lasts as long as it was renewed for', async () => {
    const { store } = place;
    await store.push([newJob('a')]);
    const job = await claimOne(store, { leaseMs: 60_000 });
    const lock = `${place.prefix}:default:=a:lock`;
    expect(await store.renew([job], 500_000)).toEqual([]);
    expect(Number(await redis('pttl', lock))).toBeGreaterThan(400_000);
    expect(await store.renew([job], 1)).toEqual([]);
    await until(
      () => store.recover(() => false),
      ({ length }) => length > 0,
    );
    expect(await store.renew([job], 60_000)).toEqual(['a']);
  });

  test('that ended too often fails the job when its turn comes', async () => {
    const { store } = place;
    await store.push([newJob('a', { maxCrashes: 1 })]);
    await claimOne(store, { leaseMs: 1 });
    await until(
      () => store.recover(() => false),
      ({ length }) => length > 0,
    );
    expect(await claimIds(store)).toEqual([]);
    expect(await store.failed()).toMatchObject([
      { id: 'a', message: 'The job "TestJob" lost its worker 1 times.' },
    ]);
  });

  test('that ended leaves a job that can be cancelled once it was taken back', async () => {
    const { store } = place;
    await store.push([newJob('a')]);
    await claimOne(store, { leaseMs: 1 });
    await until(
      () => store.recover(() => false),
      ({ length }) => length > 0,
    );
    expect(await store.cancel('a')).toBe('cancelled');
    expect(await claimIds(store)).toEqual([]);
  });

  test('is a stranger to nobody but its owner', async () => {
    const { store, elsewhere } = place;
    await store.push([newJob('a')]);
    const job = await claimOne(store);
    const before = await store.find('a');
    await expectNotOwned(elsewhere, { ...job, owner: 'stranger' });
    expect(await store.find('a')).toEqual(before);
    expect(await store.failed()).toEqual([]);
    expect(await complete(store, job)).toBe(true);
  });
});

describe('what workers are told', () => {
  test('a pause of one queue, or of all, keeps jobs from being claimed until it ends', async () => {
    const { store, elsewhere } = place;
    const queues = ['default', 'mail'];
    await store.push([newJob('a'), newJob('b', { queue: 'mail' })]);
    await elsewhere.pause('default');
    expect(await store.signals('me')).toMatchObject({ isPaused: false, pausedQueues: ['default'] });
    expect(await claimIds(store, { queues, limit: 9 })).toEqual(['b']);
    await elsewhere.pause(undefined);
    expect(await elsewhere.resume('default')).toBe(true);
    expect(await claimIds(store, { queues, limit: 9 })).toEqual([]);
    expect(await elsewhere.resume(undefined)).toBe(true);
    expect(await elsewhere.resume(undefined)).toBe(false);
    await elsewhere.pause('default', clock.now() - 1);
    expect(await claimIds(store, { queues, limit: 9 })).toEqual(['a']);
  });

  test('a restart has a time', async () => {
    expect((await place.store.signals('me')).restartAt).toBeUndefined();
    await place.elsewhere.restart();
    expect((await place.store.signals('me')).restartAt).toEqual(expect.any(Number));
  });

  test('a running job is asked for, and ends as cancelled', async () => {
    const { store, elsewhere } = place;
    await store.push([newJob('a')]);
    const job = await claimOne(store, { owner: 'me' });
    expect(await elsewhere.cancel('a')).toBe('requested');
    expect((await store.signals('me')).cancelled).toEqual(['a']);
    expect((await store.signals('other')).cancelled).toEqual([]);
    expect(await store.discard(job, 'Cancelled')).toBe(true);
    expect(await store.find('a')).toMatchObject({ state: 'cancelled', lastError: 'Cancelled' });
    await store.prune(0);
    expect((await store.signals('me')).cancelled).toEqual([]);
  });

  test('a waiting job never runs, and is not there', async () => {
    const { store } = place;
    await store.push([newJob('a'), newJob('b', { availableAt: clock.now() + 60_000 })]);
    expect(await store.cancel('a')).toBe('cancelled');
    expect(await store.cancel('b')).toBe('cancelled');
    expect(await store.cancel('a')).toBeUndefined();
    expect(await claimIds(store, { limit: 9 })).toEqual([]);
    expect(await store.find('a')).toBeUndefined();
  });
});

describe('what can be seen', () => {
  test('is how queues stand', async () => {
    const { store } = place;
    await store.push(['a', 'b', 'c', 'd'].map((id) => newJob(id)));
    await store.push([newJob('e', { availableAt: clock.now() + 60_000, queue: 'mail' })]);
    const [done, failed] = await store.claim(request({ limit: 3 }));
    await store.complete([{ job: done as ClaimedJob, tookMs: 7 }]);
    await store.fail(failed as ClaimedJob, FAILURE);
    await store.pause('mail');
    const none = { ready: 0, delayed: 0, running: 0, failed: 0, doneLastHour: 0 };
    const ended = { doneLastHour: 1, failedLastHour: 1, runtimeP50Ms: 7, runtimeP95Ms: 7 };
    expect(await place.elsewhere.status()).toEqual([
      expect.objectContaining({ queue: 'default', ready: 1, running: 1, failed: 1, ...ended }),
      expect.objectContaining({ ...none, queue: 'mail', delayed: 1, isPaused: true }),
    ]);
  });

  test('is what happened to a job, oldest first', async () => {
    const { store } = place;
    await store.push([newJob('a')]);
    const job = await claimOne(store, { owner: 'me' });
    await store.report(job, { lines: ['one', 'two'] });
    await store.release(job, { availableAt: clock.now(), failure: FAILURE });
    await store.fail(await claimOne(store, { owner: 'you' }), { message: 'Again', detail: '' });
    const { attempts, lines } = await place.elsewhere.history('a');
    expect(attempts).toMatchObject([
      { attempt: 1, outcome: 'released', message: FAILURE.message, owner: 'me' },
      { attempt: 2, outcome: 'failed', message: 'Again', owner: 'you' },
    ]);
    expect(lines.map(({ text }) => text)).toEqual(['one', 'two']);
  });

  test('is which jobs failed: by queue, name, id, time and number; those are forgotten', async () => {
    const { store } = place;
    await store.push([newJob('a'), newJob('b', { job: 'Other' }), newJob('c', { queue: 'mail' })]);
    for (const job of await store.claim(request({ queues: ['default', 'mail'], limit: 3 }))) {
      await store.fail(job, FAILURE);
    }
    const ids = async (...given: Parameters<QueueStore['failed']>): Promise<string[]> =>
      (await store.failed(...given)).map(({ id }) => id);
    expect(await ids({ queue: 'mail' })).toEqual(['c']);
    expect(await ids({ job: 'Other' })).toEqual(['b']);
    expect(await ids({ ids: ['a', 'nobody'], queue: 'default' })).toEqual(['a']);
    expect(await ids({ failedBefore: 1 })).toEqual([]);
    expect(await ids({ limit: 2 })).toHaveLength(2);
    expect(await ids({ batchId: 'b' })).toEqual([]);
    expect(await store.forget({ queue: 'default' })).toBe(2);
    expect(await ids()).toEqual(['c']);
  });
});

describe('a watch', () => {
  /** Each stream that is listened to keeps one connection waiting: by then, what was before has been told. */
  async function listening(streams: number): Promise<void> {
    const waiting = new RegExp(`blocked_clients:${streams}\\b`);
    await until(
      () => redis('info', 'clients'),
      (info) => waiting.test(info),
    );
  }

  const changes: [string, (by: QueueStore, job: ClaimedJob) => Promise<unknown>][] = [
    ['a push', (by) => by.push([newJob('b')])],
    ['the first push to a queue', (by) => by.push([newJob('b', { queue: 'new' })])],
    ['a release', (by, job) => by.release(job, { availableAt: clock.now() })],
    ['a recovery', (by) => by.recover(() => true)],
    ['an end', (by, job) => by.complete([{ job, tookMs: 1 }])],
    ['a failure', (by, job) => by.fail(job, FAILURE)],
    ['a pause', (by) => by.pause('default')],
  ];

  test.each(changes)('that has settled notices %s by another process', async (_, change) => {
    const { store, elsewhere } = place;
    await store.push([newJob('a')]);
    const job = await claimOne(store);
    let noticed = gate();
    const watch = store.watch(() => noticed.open());
    await listening(2);
    noticed = gate();
    await change(elsewhere, job);
    await noticed.opened;
    watch.close();
  });
});

describe('a worker', () => {
  useWorkers();

  test('works through a queue of BullMQ', async () => {
    const seen: unknown[] = [];
    const job = jobOf((payload, { attempt }) => {
      if (attempt === 1) throw new Error('Not yet');
      seen.push(payload);
    });
    const numbers = Array.from({ length: 30 }, (_, number) => number);
    for (const number of numbers) await dispatch(job, number, {}, place.store);
    const options = { concurrency: 5, tries: 2, stopWhenEmpty: true };
    await start(options, place.store).finished;
    expect(seen.sort((a, b) => Number(a) - Number(b))).toEqual(numbers);
    expect(kinds().filter((kind) => kind === 'retry')).toHaveLength(30);
    expect(await place.store.status()).toMatchObject([{ ready: 0, running: 0, doneLastHour: 30 }]);
  });

  test('wakes for what another process dispatches', async () => {
    const ran = gate<unknown>();
    const { worker, finished } = start({}, place.store);
    await dispatch(jobOf(ran.open), 'hello', {}, place.elsewhere);
    expect(await ran.opened).toBe('hello');
    worker.stop();
    await finished;
    expect(events.map(({ kind }) => kind)).toContain('done');
    expect(await runAll()).toMatchObject({ jobs: 0 });
  });
});
