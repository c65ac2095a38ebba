import { travel } from 'trilite/testing';
import type { FailedSelection } from '../../src/queue/job-records';
import type { ClaimedJob } from '../../src/queue/queue-store';
import {
  claimIds,
  claimOne,
  complete,
  FAILURE,
  failOne,
  followUp,
  newBatch,
  newJob,
  NOW,
  request,
  runOne,
  statesOf,
  type CreateUnderTest,
  type Subject,
} from './queue-store-under-test';

/** More than a store goes through in one transaction. */
const MANY = 1100;

function manyJobs(): ReturnType<typeof newJob>[] {
  return Array.from({ length: MANY }, (_, index) => newJob(`job ${index}`));
}

/** One failed job a second: "a" and "d" of the queue "mail", "b" of a batch, "c" of another class. */
async function failFour(subject: Subject): Promise<void> {
  const { store } = subject();
  await store.push([newJob('a', { queue: 'mail' })]);
  await store.push([newJob('b')], newBatch('batch'));
  await store.push([newJob('c', { job: 'OtherJob' }), newJob('d', { queue: 'mail' })]);
  const jobs = await store.claim(request({ queues: ['default', 'mail'], limit: 4 }));
  for (const id of ['a', 'b', 'c', 'd']) {
    await store.fail(jobs.find((job) => job.id === id) as ClaimedJob, FAILURE);
    travel('1s');
  }
}

/** What is meant, latest first. */
const SELECTIONS: readonly (readonly [FailedSelection, readonly string[]])[] = [
  [{}, ['d', 'c', 'b', 'a']],
  [{ ids: ['a', 'c', 'nobody'] }, ['c', 'a']],
  [{ ids: [] }, []],
  [{ queue: 'mail' }, ['d', 'a']],
  [{ job: 'OtherJob' }, ['c']],
  [{ batchId: 'batch' }, ['b']],
  [{ failedBefore: NOW + 2000 }, ['b', 'a']],
  [{ queue: 'mail', failedBefore: NOW + 2000 }, ['a']],
  [{ queue: 'mail', job: 'OtherJob' }, []],
];

export function testFailedSelection(subject: Subject): void {
  test.each(SELECTIONS)('%j means those that fit all of it', async (selection, expected) => {
    const { store } = subject();
    await failFour(subject);
    expect((await store.failed(selection)).map(({ id }) => id)).toEqual(expected);
  });

  test.each(SELECTIONS)('%j is put back, and nothing else', async (selection, expected) => {
    const { store } = subject();
    await failFour(subject);
    const { retried } = await store.retry(selection);
    expect([...retried].sort()).toEqual([...expected].sort());
    const left = ['d', 'c', 'b', 'a'].filter((id) => !expected.includes(id));
    expect((await store.failed()).map(({ id }) => id)).toEqual(left);
  });

  test.each(SELECTIONS)('%j is forgotten, and nothing else', async (selection, expected) => {
    const { store } = subject();
    await failFour(subject);
    expect(await store.forget(selection)).toBe(expected.length);
    const left = ['d', 'c', 'b', 'a'].filter((id) => !expected.includes(id));
    expect((await store.failed()).map(({ id }) => id)).toEqual(left);
    expect(await statesOf(store, ...expected)).toEqual(expected.map(() => undefined));
  });

  test('with a limit means so many at most', async () => {
    const { store } = subject();
    await failFour(subject);
    expect(await store.failed({ limit: 2 })).toHaveLength(2);
    expect((await store.retry({ queue: 'mail', limit: 1 })).retried).toHaveLength(1);
    expect(await store.forget({ limit: 2 })).toBe(2);
    expect(await store.failed({ limit: 0 })).toEqual([]);
    expect(await store.failed()).toHaveLength(1);
  });

  test('names tags and batch of each', async () => {
    const { store } = subject();
    await store.push([newJob('a', { tags: ['report:1'] })], newBatch('batch'));
    await failOne(store);
    expect(await store.failed()).toMatchObject([{ tags: ['report:1'], batchId: 'batch' }]);
    expect(await store.find('a')).toMatchObject({ tags: ['report:1'], batchId: 'batch' });
  });
}

export function testManyFailed(subject: Subject): void {
  async function failMany(): Promise<void> {
    const { store } = subject();
    await store.push(manyJobs());
    const jobs = await store.claim(request({ limit: MANY }));
    await Promise.all(jobs.map((job) => store.fail(job, FAILURE)));
  }

  test('are forgotten, all of them', async () => {
    const { store } = subject();
    await failMany();
    expect(await store.forget({})).toBe(MANY);
    expect(await store.failed()).toEqual([]);
  });

  test('are put back, all of them', async () => {
    const { store } = subject();
    await failMany();
    expect((await store.retry({})).retried).toHaveLength(MANY);
    expect(await store.status()).toMatchObject([{ ready: MANY, failed: 0 }]);
  });

  test('forgotten by two at once are counted once', async () => {
    const { store, elsewhere } = subject();
    await failMany();
    const counts = await Promise.all([store.forget({}), elsewhere.forget({})]);
    expect(counts[0] + counts[1]).toBe(MANY);
  });

  test('forgotten and put back by two at once are one or the other, and what is put back keeps its history', async () => {
    const { store, elsewhere } = subject();
    await failMany();
    const [forgotten, { retried }] = await Promise.all([store.forget({}), elsewhere.retry({})]);
    expect(forgotten + retried.length).toBe(MANY);
    for (const id of retried.slice(0, 20).concat(retried.slice(-20))) {
      expect((await store.history(id)).attempts).toHaveLength(1);
    }
  });
}

export function testClear(subject: Subject): void {
  test('removes the waiting jobs of a queue, and nothing else', async () => {
    const { store, elsewhere } = subject();
    await store.push(['done', 'failed', 'running'].map((id) => newJob(id)));
    const [done, failed] = await store.claim(request({ limit: 3 }));
    await complete(store, done as ClaimedJob);
    await store.fail(failed as ClaimedJob, FAILURE);
    await store.push([
      newJob('waiting'),
      newJob('later', { availableAt: NOW + 1e9 }),
      newJob('other', { queue: 'other' }),
    ]);
    expect(await elsewhere.clear('default')).toBe(2);
    const ids = ['done', 'failed', 'running', 'waiting', 'later', 'other'];
    expect(await statesOf(store, ...ids)).toEqual([
      'done',
      'failed',
      'running',
      undefined,
      undefined,
      'waiting',
    ]);
    expect(await store.clear('default')).toBe(0);
  });

  test('removes many, all of them', async () => {
    const { store } = subject();
    await store.push(manyJobs(), newBatch('batch'));
    expect(await store.clear('default')).toBe(MANY);
    expect(await claimIds(store)).toEqual([]);
    expect(await store.findBatch('batch')).toMatchObject({ cancelled: MANY, finishedAt: NOW });
  });
}

export function testPruneMore(subject: Subject): void {
  test('forgets jobs that were cancelled before a time', async () => {
    const { store } = subject();
    await store.push([newJob('a'), newJob('b')]);
    await store.discard(await claimOne(store), 'No more');
    await store.cancel('b');
    expect(await store.prune(NOW)).toBe(0);
    expect(await store.prune(NOW + 1)).toBe(2);
    expect(await statesOf(store, 'a', 'b')).toEqual([undefined, undefined]);
  });

  test('forgets batches that ended before a time, and no others', async () => {
    const { store } = subject();
    await store.push([newJob('a')], newBatch('ended'));
    await store.push([newJob('b')], newBatch('cancelled'));
    await store.push([newJob('c')], newBatch('going-on'));
    await runOne(store);
    await store.cancelBatch('cancelled');
    travel('1m');
    await store.prune(NOW);
    expect(await store.findBatch('ended')).toBeDefined();
    await store.prune(NOW + 1);
    expect(await store.findBatch('ended')).toBeUndefined();
    expect(await store.findBatch('cancelled')).toBeDefined();
    expect(await store.findBatch('going-on')).toBeDefined();
  });

  test('leaves a batch while a failed job of it can be put back', async () => {
    const { store } = subject();
    await store.push([newJob('a')], newBatch('batch'));
    await failOne(store);
    await store.prune(NOW + 1);
    expect(await store.findBatch('batch')).toMatchObject({ failed: 1 });
    await store.retry({});
    await runOne(store);
    expect(await store.findBatch('batch')).toMatchObject({ done: 1, failed: 0, total: 1 });
    await store.prune(NOW + 1);
    expect(await store.findBatch('batch')).toBeUndefined();
  });

  test('forgets a batch once its failed jobs are forgotten', async () => {
    const { store } = subject();
    await store.push([newJob('a')], newBatch('batch'));
    await failOne(store);
    await store.forget({});
    await store.prune(NOW + 1);
    expect(await store.findBatch('batch')).toBeUndefined();
  });
}

export function testCompleteMany(subject: Subject): void {
  test('ends all but those that the caller has lost, and names these', async () => {
    const { store, elsewhere } = subject();
    await store.push(['a', 'b', 'c', 'd'].map((id) => newJob(id)));
    const jobs = await store.claim(request({ limit: 4 }));
    const [, b, c] = jobs;
    await elsewhere.fail(b as ClaimedJob, FAILURE);
    await elsewhere.release(c as ClaimedJob, { availableAt: NOW });
    const lost = await store.complete(jobs.map((job, index) => ({ job, tookMs: index + 1 })));
    expect([...lost].sort()).toEqual(['b', 'c']);
    expect(await statesOf(store, 'a', 'b', 'c', 'd')).toEqual([
      'done',
      'failed',
      'waiting',
      'done',
    ]);
    expect(await store.find('d')).toMatchObject({ tookMs: 4 });
    expect(await store.status()).toMatchObject([{ doneLastHour: 2, failedLastHour: 1 }]);
  });

  test('of nothing is nothing', async () => {
    expect(await subject().store.complete([])).toEqual([]);
  });
}

/** A store that keeps nothing of what is done. */
export function testForgetful(create: CreateUnderTest): void {
  test('a job that is done is gone, its history and its key with it, and what follows it follows', async () => {
    const { store, close } = await create({ keepsDone: false });
    const unique = { key: 'one', until: 'done' } as const;
    const chain = { rest: [followUp('next')] };
    await store.push([newJob('a', { unique, chain })], newBatch('batch'));
    const job = await claimOne(store);
    await store.report(job, { lines: ['a line'] });
    expect(await store.complete([{ job, tookMs: 1 }])).toEqual([]);
    expect(await store.complete([{ job, tookMs: 1 }])).toEqual(['a']);
    expect(await statesOf(store, 'a', 'next')).toEqual([undefined, 'waiting']);
    expect(await store.history('a')).toEqual({ attempts: [], lines: [] });
    expect(await store.findBatch('batch')).toMatchObject({ done: 1, pending: 0 });
    expect(await store.push([newJob('b', { unique })])).toMatchObject([{ outcome: 'stored' }]);
    expect(await store.status()).toMatchObject([{ doneLastHour: 1 }]);
    await close();
  });

  test('failed and cancelled jobs stay', async () => {
    const { store, close } = await create({ keepsDone: false });
    await store.push([newJob('a'), newJob('b')]);
    await failOne(store);
    await store.cancel('b');
    expect(await statesOf(store, 'a', 'b')).toEqual(['failed', 'cancelled']);
    await close();
  });
}
