import { travel, travelBack, travelTo } from 'trilite/testing';
import type { JobRecord } from '../../src/queue/job-records';
import type { ClaimedJob, QueueStore } from '../../src/queue/queue-store';
import { gate } from '../helpers/gate';
import { testBatchCalls, testBatches, testBatchFailures } from './queue-store-batches';
import { testChainEnds, testChains } from './queue-store-chains';
import { testDebounce, testUnique } from './queue-store-keys';
import {
  testClear,
  testCompleteMany,
  testFailedSelection,
  testForgetful,
  testManyFailed,
  testPruneMore,
} from './queue-store-many';
import { expectAsModelled } from './queue-store-model';
import {
  testFail,
  testRecover,
  testRenewAndReport,
  testRetry,
  testStranger,
} from './queue-store-ownership';
import { testRelay } from './queue-store-relay';
import { testCancel, testDiscard, testPause, testSignals } from './queue-store-signals';
import { testHistory, testStatus } from './queue-store-status';
import {
  claimIds,
  claimOne,
  complete,
  expectNotOwned,
  FAILURE,
  newJob,
  NOW,
  request,
  type CreateUnderTest,
  type QueueStoreUnderTest,
  type Subject,
} from './queue-store-under-test';

/** Every promise of `QueueStore`, to be kept by every driver that keeps jobs. */
export function testQueueStore(name: string, create: CreateUnderTest): void {
  describe(`${name} keeps the contract of a queue store`, () => {
    let subject: QueueStoreUnderTest;

    beforeEach(async () => {
      subject = await create();
      travelTo(NOW);
    });

    afterEach(async () => {
      travelBack();
      await subject.close();
    });

    describe('push', () => testPush(() => subject));
    describe('claim', () => testClaim(() => subject));
    describe('complete', () => testComplete(() => subject));
    describe('release', () => testRelease(() => subject));
    describe('fail', () => testFail(() => subject));
    describe('retry', () => testRetry(() => subject));
    describe('renew and report', () => testRenewAndReport(() => subject));
    describe('recover', () => testRecover(() => subject));
    describe('a stranger', () => testStranger(() => subject));
    describe('prune', () => testPrune(() => subject));
    describe('nextDueAt', () => testNextDueAt(() => subject));
    describe('watch', () => testWatch(() => subject));
    describe('complete of many', () => testCompleteMany(() => subject));
    testUnique(() => subject);
    describe('a debounced job', () => testDebounce(() => subject));
    describe('a chain', () => testChains(() => subject));
    describe('the end of a chain', () => testChainEnds(() => subject));
    describe('a batch', () => testBatches(() => subject));
    describe('a batch with failures', () => testBatchFailures(() => subject));
    describe('of a batch,', () => testBatchCalls(() => subject));
    describe('cancel', () => testCancel(() => subject));
    describe('discard', () => testDiscard(() => subject));
    describe('signals', () => testSignals(() => subject));
    describe('a pause', () => testPause(() => subject));
    describe('status', () => testStatus(() => subject));
    describe('the history', () => testHistory(() => subject));
    describe('a selection of failed jobs', () => testFailedSelection(() => subject));
    describe('many failed jobs', () => testManyFailed(() => subject));
    describe('clear', () => testClear(() => subject));
    describe('prune', () => testPruneMore(() => subject));
    describe('relay', () => testRelay(() => subject));

    test('does whatever is asked of it, in any order, as a list of jobs would', async () => {
      await expectAsModelled(subject.store, 100);
    }, 60_000);
  });

  describe(`${name} that keeps nothing of what is done`, () => testForgetful(create));
}

function testPush(subject: Subject): void {
  test('keeps a job as it was given, waiting', async () => {
    await subject().store.push([newJob('a', { queue: 'mail', availableAt: NOW + 5 })]);
    expect(await subject().elsewhere.find('a')).toEqual({
      id: 'a',
      queue: 'mail',
      job: 'TestJob',
      payload: '{"of":"a"}',
      state: 'waiting',
      attempts: 0,
      crashes: 0,
      priority: 0,
      availableAt: NOW + 5,
      progress: undefined,
      lastError: undefined,
      tags: [],
      batchId: undefined,
      owner: undefined,
      createdAt: NOW,
      startedAt: undefined,
      finishedAt: undefined,
      tookMs: undefined,
    });
  });

  test('keeps all or none', async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    await expect(store.push([newJob('b'), newJob('a'), newJob('c')])).rejects.toThrow();
    expect(await store.find('b')).toBeUndefined();
    expect(await store.find('c')).toBeUndefined();
    expect(await claimIds(store, { limit: 9 })).toEqual(['a']);
  });

  test('that fails takes no other push of the same moment with it', async () => {
    const { store } = subject();
    const pushes = [[newJob('a')], [newJob('b'), newJob('b')], [newJob('c')]];
    const results = await Promise.allSettled(pushes.map((jobs) => store.push(jobs)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await claimIds(store, { limit: 9 })).toEqual(['a', 'c']);
  });

  test('of no job does nothing', async () => {
    await subject().store.push([]);
    expect(await claimIds(subject().store)).toEqual([]);
  });
}

function testClaim(subject: Subject): void {
  test('finds nothing in an empty queue', async () => {
    expect(await subject().store.claim(request())).toEqual([]);
  });

  test('gives the job and what a run needs of it', async () => {
    await subject().store.push([newJob('a', { queue: 'mail' })]);
    const [job] = await subject().store.claim(request({ queues: ['mail'], owner: 'me' }));
    expect(job).toMatchObject({
      id: 'a',
      queue: 'mail',
      job: 'TestJob',
      payload: '{"of":"a"}',
      attempts: 1,
      crashes: 0,
      owner: 'me',
    });
  });

  test('goes by priority however many priorities there are, past what is due later', async () => {
    const { store } = subject();
    const numbers = Array.from({ length: 300 }, (_, index) => index);
    const dueAt = (index: number): number => (index < 20 ? NOW : NOW + index);
    await store.push(
      numbers.map((index) => newJob(`${index}`, { priority: index, availableAt: dueAt(index) })),
    );
    expect(await store.nextDueAt(['default'])).toBe(NOW);
    expect(await claimIds(store, { limit: 3 })).toEqual(['19', '18', '17']);
    await claimIds(store, { limit: 17 });
    expect(await store.nextDueAt(['default'])).toBe(NOW + 20);
    travel('1s');
    expect((await claimIds(store, { limit: 300 })).slice(-2)).toEqual(['21', '20']);
  });

  test('makes a job running, from now', async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    travel('3s');
    await claimOne(store);
    expect(await store.find('a')).toMatchObject({
      state: 'running',
      attempts: 1,
      createdAt: NOW,
      startedAt: NOW + 3000,
    });
  });

  test('takes at most what it asks for, and never a job twice', async () => {
    const { store } = subject();
    await store.push(['a', 'b', 'c'].map((id) => newJob(id)));
    expect(await claimIds(store, { limit: 2 })).toEqual(['a', 'b']);
    expect(await claimIds(store, { limit: 2 })).toEqual(['c']);
    expect(await claimIds(store, { limit: 2 })).toEqual([]);
  });

  test('goes by queue order first', async () => {
    const { store } = subject();
    await store.push([
      newJob('a', { queue: 'low', priority: 9 }),
      newJob('b', { queue: 'high' }),
      newJob('c', { queue: 'high' }),
      newJob('d', { queue: 'other' }),
    ]);
    const queues = ['high', 'low'];
    expect(await claimIds(store, { queues, limit: 1 })).toEqual(['b']);
    expect(await claimIds(store, { queues, limit: 9 })).toEqual(['c', 'a']);
  });

  test('then by priority, then by due time, then by age', async () => {
    const { store } = subject();
    await store.push([
      newJob('a', { priority: -1, availableAt: NOW - 99 }),
      newJob('b', { availableAt: NOW }),
      newJob('c', { availableAt: NOW }),
      newJob('d', { availableAt: NOW - 5 }),
      newJob('e', { priority: 7, availableAt: NOW }),
      newJob('f', { priority: 7, availableAt: NOW }),
    ]);
    const expected = ['e', 'f', 'd', 'b', 'c', 'a'];
    expect(await claimIds(store, { limit: 3 })).toEqual(expected.slice(0, 3));
    expect(await claimIds(store, { limit: 9 })).toEqual(expected.slice(3));
  });

  test('finds a job from the moment it is due', async () => {
    const { store } = subject();
    await store.push([newJob('a', { availableAt: NOW + 60_000 })]);
    travel('59.999s');
    expect(await claimIds(store)).toEqual([]);
    travel('1ms');
    expect(await claimIds(store)).toEqual(['a']);
  });

  test('of many at once, from several processes, gives each job to one', async () => {
    const { store, elsewhere } = subject();
    const ids = Array.from({ length: 60 }, (_, index) => `job ${index}`);
    await store.push(ids.map((id) => newJob(id)));
    const claims = Array.from({ length: 30 }, (_, index) =>
      (index % 2 === 0 ? store : elsewhere).claim(request({ owner: `owner ${index}`, limit: 3 })),
    );
    const claimed = (await Promise.all(claims)).flat();
    expect(claimed.map(({ id }) => id).sort()).toEqual([...ids].sort());
  });
}

function testComplete(subject: Subject): void {
  test('ends a run well', async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    const job = await claimOne(store);
    travel('2s');
    expect(await complete(store, job)).toBe(true);
    expect(await store.find('a')).toMatchObject({
      state: 'done',
      progress: 100,
      createdAt: NOW,
      startedAt: NOW,
      finishedAt: NOW + 2000,
    });
  });

  test('leaves nothing to claim, to recover or to complete again', async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    const job = await claimOne(store);
    await complete(store, job);
    travel('1d');
    expect(await claimIds(store)).toEqual([]);
    expect(await store.recover(() => true)).toEqual([]);
    expect(await complete(store, job)).toBe(false);
  });
}

function testRelease(subject: Subject): void {
  test('puts a job back until it is due again, with id, age and history', async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    const job = await claimOne(store);
    travel('1s');
    expect(await store.release(job, { availableAt: NOW + 5000, failure: FAILURE })).toBe(true);
    expect(await store.find('a')).toMatchObject({
      state: 'waiting',
      attempts: 1,
      lastError: 'It broke',
      createdAt: NOW,
    });
    travel('3.999s');
    expect(await claimIds(store)).toEqual([]);
    travel('1ms');
    expect(await claimOne(store)).toMatchObject({ id: 'a', attempts: 2, payload: '{"of":"a"}' });
  });

  test('keeps the last error when there is no new one', async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    await store.release(await claimOne(store), { availableAt: NOW, failure: FAILURE });
    await store.release(await claimOne(store), { availableAt: NOW });
    expect(await store.find('a')).toMatchObject({ attempts: 2, lastError: 'It broke' });
  });

  test('takes an uncounted run back from the count', async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    await store.release(await claimOne(store), { availableAt: NOW, uncounted: true });
    expect(await store.find('a')).toMatchObject({ state: 'waiting', attempts: 0 });
    expect((await claimOne(store)).attempts).toBe(1);
  });

  test('gives a job up at once: the former owner has it no longer', async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    const job = await claimOne(store);
    await store.release(job, { availableAt: NOW });
    await expectNotOwned(store, job);
    expect(await store.find('a')).toMatchObject({ state: 'waiting' });
  });
}

function testPrune(subject: Subject): void {
  async function pushInEveryState(): Promise<void> {
    const { store } = subject();
    await store.push(['done', 'failed', 'running'].map((id) => newJob(id)));
    const [done, failed] = await store.claim(request({ limit: 3 }));
    await complete(store, done as ClaimedJob);
    await store.fail(failed as ClaimedJob, FAILURE);
    await store.push([newJob('waiting')]);
  }

  test('forgets jobs that were done before a time', async () => {
    const { store } = subject();
    await pushInEveryState();
    expect(await store.prune(NOW)).toBe(0);
    expect(await store.find('done')).toBeDefined();
    expect(await store.prune(NOW + 1)).toBe(1);
    expect(await store.find('done')).toBeUndefined();
  });

  test('leaves jobs that are not done, however old', async () => {
    const { store } = subject();
    await pushInEveryState();
    await store.prune(NOW + 1e9);
    const states = await Promise.all(
      ['waiting', 'running', 'failed'].map(async (id) => (await store.find(id))?.state),
    );
    expect(states).toEqual(['waiting', 'running', 'failed'] satisfies JobRecord['state'][]);
  });

  test('forgets a bounded number a call, and the rest by and by', async () => {
    const { store } = subject();
    const count = 1200;
    await store.push(Array.from({ length: count }, (_, index) => newJob(`job ${index}`)));
    // A lease may be a lock of a server, which ends by its own clock: it is to outlast a slow machine
    const jobs = await store.claim(request({ limit: count, leaseMs: 1e9 }));
    const completed = await Promise.all(jobs.map((job) => complete(store, job)));
    expect(completed.filter(Boolean)).toHaveLength(count);
    const first = await store.prune(NOW + 1);
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(count);
    let forgotten = first;
    for (let more = first; more > 0; forgotten += more) more = await store.prune(NOW + 1);
    expect(forgotten).toBe(count);
  });
}

function testNextDueAt(subject: Subject): void {
  test('is the time of the waiting job that is due first, in these queues', async () => {
    const { store } = subject();
    await store.push([
      newJob('a', { availableAt: NOW + 500 }),
      newJob('b', { availableAt: NOW + 300, queue: 'mail' }),
      newJob('c', { availableAt: NOW + 100, queue: 'other' }),
    ]);
    expect(await store.nextDueAt(['default', 'mail'])).toBe(NOW + 300);
    expect(await store.nextDueAt(['default'])).toBe(NOW + 500);
    travel('1h');
    expect(await store.nextDueAt(['default'])).toBe(NOW + 500);
  });

  test('is undefined where no job waits', async () => {
    const { store } = subject();
    expect(await store.nextDueAt(['default'])).toBeUndefined();
    await store.push([newJob('a'), newJob('b')]);
    const [done] = await store.claim(request({ limit: 2 }));
    await complete(store, done as ClaimedJob);
    expect(await store.nextDueAt(['default', 'mail'])).toBeUndefined();
  });
}

function testWatch(subject: Subject): void {
  /** Lets the watch see everything that was before; then waits until it sees the change. */
  async function expectNoticed(
    where: 'store' | 'elsewhere',
    change: (by: QueueStore) => Promise<unknown>,
  ): Promise<void> {
    const { store, elsewhere } = subject();
    let noticed = gate();
    const watch = store.watch(() => noticed.open());
    // Of others it hears a moment later; of its own process at once
    const isHeardLater = elsewhere !== store;
    await elsewhere.push([newJob('before', { queue: 'before' })]);
    noticed = gate();
    if (isHeardLater) await noticed.opened;
    noticed = gate();
    await change(subject()[where]);
    await noticed.opened;
    watch.close();
  }

  test.each(['store', 'elsewhere'] as const)('notices a push by %s', async (where) => {
    await expectNoticed(where, (by) => by.push([newJob('a')]));
  });

  test.each(['store', 'elsewhere'] as const)('notices a release by %s', async (where) => {
    await subject().store.push([newJob('a')]);
    const job = await claimOne(subject().store);
    await expectNoticed(where, (by) => by.release(job, { availableAt: NOW }));
  });

  test.each(['store', 'elsewhere'] as const)('notices a retry by %s', async (where) => {
    await subject().store.push([newJob('a')]);
    await subject().store.fail(await claimOne(subject().store), FAILURE);
    await expectNoticed(where, (by) => by.retry({}));
  });

  test.each(['store', 'elsewhere'] as const)('notices a recovery by %s', async (where) => {
    await subject().store.push([newJob('a')]);
    await claimOne(subject().store);
    await expectNoticed(where, (by) => by.recover(() => true));
  });

  test('that was closed, once or twice, is silent, and others go on', async () => {
    const { store } = subject();
    const closed = jest.fn();
    const noticed = gate();
    const watch = store.watch(closed);
    const other = store.watch(() => noticed.open());
    watch.close();
    watch.close();
    await store.push([newJob('a')]);
    await noticed.opened;
    expect(closed).not.toHaveBeenCalled();
    other.close();
  });
}
