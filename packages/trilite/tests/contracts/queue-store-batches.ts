import { travel } from 'trilite/testing';
import type { BatchRecord } from '../../src/queue/job-records';
import type { NewBatch, NewJob, QueueStore } from '../../src/queue/queue-store';
import {
  claimIds,
  claimOne,
  complete,
  expectNotOwned,
  FAILURE,
  failOne,
  followUp,
  newBatch,
  newJob,
  NOW,
  request,
  retry,
  runOne,
  statesOf,
  type Subject,
} from './queue-store-under-test';

/** What follows a batch goes to a queue of its own, so that its jobs can be claimed apart. */
const FOLLOWING = {
  onDone: followUp('done', { queue: 'after', job: 'Then' }),
  onFailure: followUp('failure', { queue: 'after', job: 'Catch' }),
  onEnd: followUp('end', { queue: 'after', job: 'Finally' }),
} as const;

async function pushBatch(
  store: QueueStore,
  ids: readonly string[],
  differences: Partial<NewBatch> = {},
  jobs: Partial<NewJob> = {},
): Promise<void> {
  await store.push(
    ids.map((id) => newJob(id, jobs)),
    newBatch('batch', { ...FOLLOWING, ...differences }),
  );
}

async function batchOf(store: QueueStore): Promise<BatchRecord> {
  const record = await store.findBatch('batch');
  if (record === undefined) throw new Error('Expected the batch to be there.');
  return record;
}

/** What was stored to follow the batch and was not claimed before, by name. */
async function claimFollowing(store: QueueStore): Promise<string[]> {
  const claimed = await store.claim(request({ queues: ['after'], limit: 9 }));
  return claimed.map(({ job }) => job).sort();
}

export function testBatches(subject: Subject): void {
  test('counts its jobs, and says how far it is', async () => {
    const { store, elsewhere } = subject();
    await pushBatch(store, ['a', 'b', 'c'], { name: 'import' });
    expect(await elsewhere.findBatch('batch')).toEqual({
      id: 'batch',
      name: 'import',
      total: 3,
      done: 0,
      failed: 0,
      cancelled: 0,
      pending: 3,
      progress: 0,
      allowsFailures: false,
      createdAt: NOW,
      cancelledAt: undefined,
      finishedAt: undefined,
    });
    await runOne(store);
    expect(await batchOf(store)).toMatchObject({ done: 1, pending: 2, progress: 33 });
    await runOne(store);
    travel('5s');
    await runOne(store);
    expect(await batchOf(store)).toMatchObject({
      done: 3,
      pending: 0,
      progress: 100,
      finishedAt: NOW + 5000,
      cancelledAt: undefined,
    });
  });

  test('marks its jobs', async () => {
    const { store } = subject();
    await pushBatch(store, ['a']);
    expect(await store.find('a')).toMatchObject({ batchId: 'batch' });
    expect(await claimOne(store)).toMatchObject({ batchId: 'batch', isLinked: true });
    expect(await store.findBatch('nobody')).toBeUndefined();
  });

  test('is there with all of its jobs, or not at all', async () => {
    const { store } = subject();
    await expect(pushBatch(store, ['a', 'a'])).rejects.toThrow();
    expect(await store.findBatch('batch')).toBeUndefined();
    expect(await claimIds(store)).toEqual([]);
  });

  test('stores what follows it well when its last job is done, once', async () => {
    const { store } = subject();
    await pushBatch(store, ['a', 'b']);
    await runOne(store);
    expect(await claimFollowing(store)).toEqual([]);
    await runOne(store);
    const following = await store.claim(request({ queues: ['after'], limit: 9 }));
    expect(following.map(({ job, cause }) => [job, cause?.batchId]).sort()).toEqual([
      ['Finally', 'batch'],
      ['Then', 'batch'],
    ]);
  });

  test('counts each of many that are done at once, but for those that were lost', async () => {
    const { store } = subject();
    await pushBatch(store, ['a', 'b', 'c']);
    const jobs = await store.claim(request({ limit: 3 }));
    await store.release(jobs[0] as never, { availableAt: NOW });
    expect(await store.complete(jobs.map((job) => ({ job, tookMs: 1 })))).toEqual(['a']);
    expect(await batchOf(store)).toMatchObject({ done: 2, pending: 1 });
  });

  test('does not count releases and crashes that are not the last', async () => {
    const { store } = subject();
    await pushBatch(store, ['a']);
    const job = await claimOne(store);
    await store.release(job, { availableAt: NOW, failure: FAILURE });
    await expectNotOwned(store, job);
    await claimOne(store);
    await store.recover(() => true);
    expect(await batchOf(store)).toMatchObject({ failed: 0, done: 0, pending: 1 });
  });

  test('without jobs has ended at once, well', async () => {
    const { store } = subject();
    expect(await store.push([], newBatch('batch', FOLLOWING))).toEqual([]);
    expect(await batchOf(store)).toMatchObject({ total: 0, progress: 100, finishedAt: NOW });
    expect(await claimFollowing(store)).toEqual(['Finally', 'Then']);
  });

  test('does not count jobs that their keys keep out', async () => {
    const { store } = subject();
    await pushBatch(store, ['a', 'b'], {}, { unique: { key: 'one', until: 'done' } });
    expect(await batchOf(store)).toMatchObject({ total: 1, pending: 1 });
    await runOne(store);
    expect(await claimFollowing(store)).toEqual(['Finally', 'Then']);
  });

  test('goes on with the chain of each job, which is none of its own', async () => {
    const { store } = subject();
    await pushBatch(store, ['a'], {}, { chain: { rest: [followUp('b')] } });
    await runOne(store);
    expect(await batchOf(store)).toMatchObject({ total: 1, done: 1, finishedAt: NOW });
    expect(await claimOne(store)).toMatchObject({ id: 'b', batchId: undefined });
  });
}

export function testBatchFailures(subject: Subject): void {
  test('cancels it at the first failure, and answers that once', async () => {
    const { store } = subject();
    await pushBatch(store, ['a', 'b', 'c']);
    const [a, b, c] = await store.claim(request({ limit: 3 }));
    await store.fail(a as never, FAILURE);
    expect(await batchOf(store)).toMatchObject({ failed: 1, cancelledAt: NOW, pending: 2 });
    const [answer] = await store.claim(request({ queues: ['after'] }));
    expect(answer).toMatchObject({
      job: 'Catch',
      cause: { batchId: 'batch', jobId: 'a', job: 'TestJob', message: FAILURE.message },
    });
    await store.fail(b as never, FAILURE);
    expect(await claimFollowing(store)).toEqual([]);
    await store.discard(c as never, 'The batch was cancelled');
    expect(await batchOf(store)).toMatchObject({ failed: 2, cancelled: 1, finishedAt: NOW });
    expect(await claimFollowing(store)).toEqual(['Finally']);
  });

  test('goes on where failures are allowed; it has not ended well then', async () => {
    const { store } = subject();
    await pushBatch(store, ['a', 'b'], { allowFailures: true });
    await failOne(store);
    expect(await batchOf(store)).toMatchObject({ cancelledAt: undefined, allowsFailures: true });
    await runOne(store);
    expect(await batchOf(store)).toMatchObject({ done: 1, failed: 1, finishedAt: NOW });
    expect(await claimFollowing(store)).toEqual(['Catch', 'Finally']);
  });

  test('counts a job that crashed too often as failed', async () => {
    const { store } = subject();
    await pushBatch(store, ['a'], {}, { maxCrashes: 1 });
    await claimOne(store);
    await store.recover(() => true);
    expect(await batchOf(store)).toMatchObject({ failed: 1, finishedAt: NOW });
    expect(await claimFollowing(store)).toEqual(['Catch', 'Finally']);
  });

  test('goes on again when a failed job is put back, and what followed it does not follow twice', async () => {
    const { store } = subject();
    await pushBatch(store, ['a', 'b']);
    await failOne(store);
    await store.discard(await claimOne(store), 'The batch was cancelled');
    expect(await claimFollowing(store)).toEqual(['Catch', 'Finally']);
    await retry(store);
    expect(await batchOf(store)).toMatchObject({
      failed: 0,
      cancelled: 1,
      pending: 1,
      cancelledAt: undefined,
      finishedAt: undefined,
    });
    await failOne(store);
    expect(await batchOf(store)).toMatchObject({ failed: 1, pending: 0, finishedAt: NOW });
    expect(await claimFollowing(store)).toEqual([]);
  });

  test('has ended well once every failed job was put back and is done', async () => {
    const { store } = subject();
    await pushBatch(store, ['a', 'b'], { allowFailures: true });
    await failOne(store);
    await runOne(store);
    expect(await claimFollowing(store)).toEqual(['Catch', 'Finally']);
    await retry(store);
    await runOne(store);
    expect(await batchOf(store)).toMatchObject({ done: 2, failed: 0, progress: 100 });
    expect(await claimFollowing(store)).toEqual(['Then']);
  });
}

export function testBatchCalls(subject: Subject): void {
  test('cancel stops it once', async () => {
    const { store, elsewhere } = subject();
    await pushBatch(store, ['a', 'b']);
    travel('2s');
    expect(await elsewhere.cancelBatch('batch')).toBe(true);
    expect(await store.cancelBatch('batch')).toBe(false);
    expect(await batchOf(store)).toMatchObject({ cancelledAt: NOW + 2000, pending: 2 });
    expect(await store.cancelBatch('nobody')).toBe(false);
  });

  test('cancel of one that has ended is none', async () => {
    const { store } = subject();
    await pushBatch(store, ['a']);
    await runOne(store);
    expect(await store.cancelBatch('batch')).toBe(false);
    expect(await batchOf(store)).toMatchObject({ cancelledAt: undefined });
  });

  test.each<[string, (store: QueueStore) => Promise<unknown>]>([
    ['cancelled', (store) => store.cancel('a')],
    ['discarded', async (store) => store.discard(await claimOne(store), 'No more')],
    ['cleared', (store) => store.clear('default')],
  ])('a job that is %s counts as cancelled', async (_, end) => {
    const { store } = subject();
    await pushBatch(store, ['a']);
    await end(store);
    expect(await batchOf(store)).toMatchObject({ cancelled: 1, failed: 0, finishedAt: NOW });
    expect(await claimFollowing(store)).toEqual(['Finally']);
  });

  test('add from inside one of its jobs prolongs it', async () => {
    const { store } = subject();
    await pushBatch(store, ['a']);
    const job = await claimOne(store);
    const added = await store.addToBatch('batch', [newJob('b'), newJob('c')]);
    expect(added).toEqual([
      { id: 'b', outcome: 'stored' },
      { id: 'c', outcome: 'stored' },
    ]);
    await complete(store, job);
    expect(await batchOf(store)).toMatchObject({ total: 3, done: 1, finishedAt: undefined });
    expect(await store.find('c')).toMatchObject({ batchId: 'batch' });
    await runOne(store);
    await runOne(store);
    expect(await claimFollowing(store)).toEqual(['Finally', 'Then']);
  });

  test('add is all or none, and counts only what is stored', async () => {
    const { store } = subject();
    await pushBatch(store, ['a']);
    const unique = { key: 'one', until: 'done' } as const;
    await store.addToBatch('batch', [newJob('b', { unique }), newJob('c', { unique })]);
    await expect(store.addToBatch('batch', [newJob('d'), newJob('a')])).rejects.toThrow();
    expect(await batchOf(store)).toMatchObject({ total: 2, pending: 2 });
    expect(await store.find('d')).toBeUndefined();
  });

  test.each<[string, (store: QueueStore) => Promise<unknown>]>([
    ['has ended', (store) => runOne(store)],
    ['was cancelled', (store) => store.cancelBatch('batch')],
    ['was cancelled by a failure', (store) => failOne(store)],
  ])('add to one that %s stores nothing', async (_, end) => {
    const { store } = subject();
    await pushBatch(store, ['a']);
    await end(store);
    expect(await store.addToBatch('batch', [newJob('b')])).toBeUndefined();
    expect(await statesOf(store, 'b')).toEqual([undefined]);
  });

  test('add to one that is not there stores nothing', async () => {
    const { store } = subject();
    expect(await store.addToBatch('nobody', [newJob('b')])).toBeUndefined();
    expect(await claimIds(store)).toEqual([]);
  });

  test('the last two jobs done by two processes at once end it once', async () => {
    const { store, elsewhere } = subject();
    await pushBatch(store, ['a', 'b']);
    const [a, b] = await store.claim(request({ limit: 2 }));
    await Promise.all([complete(store, a as never), complete(elsewhere, b as never)]);
    expect(await batchOf(store)).toMatchObject({ done: 2, finishedAt: NOW });
    expect(await claimFollowing(store)).toEqual(['Finally', 'Then']);
  });
}
