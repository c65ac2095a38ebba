import { travel } from 'trilite/testing';
import type { NewJob, PushOutcome, QueueStore, UniqueKey } from '../../src/queue/queue-store';
import {
  claimIds,
  claimOne,
  claimThe,
  complete,
  FAILURE,
  failOne,
  LEASE_MS,
  newJob,
  NOW,
  retry,
  statesOf,
  strange,
  type Subject,
} from './queue-store-under-test';

const STORED = 'stored';

async function push(
  store: QueueStore,
  id: string,
  differences: Partial<NewJob>,
): Promise<PushOutcome> {
  const [outcome] = await store.push([newJob(id, differences)]);
  return outcome as PushOutcome;
}

function unique(differences: Partial<UniqueKey> = {}): { readonly unique: UniqueKey } {
  return { unique: { key: 'report', until: 'done', ...differences } };
}

/** Asserts that the key is free, and takes it. */
async function expectFree(store: QueueStore, key = unique()): Promise<void> {
  expect(await push(store, 'next', key)).toEqual({ id: 'next', outcome: STORED });
}

async function expectKeptOut(store: QueueStore, by: string, key = unique()): Promise<void> {
  expect(await push(store, 'kept-out', key)).toEqual({ id: by, outcome: 'duplicate' });
  expect(await store.find('kept-out')).toBeUndefined();
}

export function testUnique(subject: Subject): void {
  describe('a unique key', () => {
    testHolding(subject);
    testComingFree(subject);
  });
  describe('a unique key until the first run', () => testUntilStarted(subject));
  describe('a unique key with an end', () => testForATime(subject));
  describe('a unique key and retry', () => testKeyOfRetried(subject));
}

function testHolding(subject: Subject): void {
  test('keeps a second job out, and names the one in the way', async () => {
    const { store, elsewhere } = subject();
    expect(await push(store, 'a', unique())).toEqual({ id: 'a', outcome: STORED });
    await expectKeptOut(store, 'a');
    await expectKeptOut(elsewhere, 'a');
    expect(await claimIds(store, { limit: 9 })).toEqual(['a']);
  });

  test('keeps nobody out who has another one, or none', async () => {
    const { store } = subject();
    await push(store, 'a', unique());
    expect(await push(store, 'b', unique({ key: 'other' }))).toMatchObject({ outcome: STORED });
    expect(await push(store, 'c', {})).toMatchObject({ outcome: STORED });
  });

  test('keeps out only its own kind of a push of many', async () => {
    const { store } = subject();
    const jobs = [newJob('a', unique()), newJob('b', unique()), newJob('c')];
    expect(await store.push(jobs)).toEqual([
      { id: 'a', outcome: STORED },
      { id: 'a', outcome: 'duplicate' },
      { id: 'c', outcome: STORED },
    ]);
  });

  test('asked for by two processes at once is given once', async () => {
    const { store, elsewhere } = subject();
    const outcomes = await Promise.all([
      push(store, 'a', unique()),
      push(elsewhere, 'b', unique()),
    ]);
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['duplicate', STORED]);
    expect(new Set(outcomes.map(({ id }) => id)).size).toBe(1);
  });

  test('is held while the job runs, is put back, and is taken back from the dead', async () => {
    const { store } = subject();
    await push(store, 'a', unique());
    const job = await claimOne(store);
    await expectKeptOut(store, 'a');
    await store.release(job, { availableAt: NOW, failure: FAILURE });
    await expectKeptOut(store, 'a');
    await claimOne(store);
    await store.recover(() => true);
    await expectKeptOut(store, 'a');
  });

  test('is not taken by a push that fails', async () => {
    const { store } = subject();
    await push(store, 'taken', {});
    await expect(store.push([newJob('a', unique()), newJob('taken')])).rejects.toThrow();
    await expectFree(store);
  });

  test('is not given up by a former owner', async () => {
    const { store } = subject();
    await push(store, 'a', unique());
    const job = await claimOne(store);
    await complete(store, strange(job));
    await store.fail(strange(job), FAILURE);
    await store.discard(strange(job), 'Not mine');
    await expectKeptOut(store, 'a');
  });
}

/** Each way a job ends, or goes. */
const ENDS: Readonly<Record<string, (store: QueueStore) => Promise<unknown>>> = {
  complete: async (store) => complete(store, await claimOne(store)),
  fail: async (store) => store.fail(await claimOne(store), FAILURE),
  discard: async (store) => store.discard(await claimOne(store), 'No more'),
  cancel: (store) => store.cancel('a'),
  clear: (store) => store.clear('default'),
  'the last crash': async (store) => {
    await claimOne(store);
    await store.recover(() => true);
  },
  'fail and forget': async (store) => {
    await failOne(store);
    await store.forget({});
  },
  'complete and prune': async (store) => {
    await complete(store, await claimOne(store));
    await store.prune(NOW + 1);
  },
};

function testComingFree(subject: Subject): void {
  test.each(Object.keys(ENDS))('comes free with %s', async (how) => {
    const { store } = subject();
    await push(store, 'a', { ...unique(), maxCrashes: 1 });
    await ENDS[how]?.(store);
    await expectFree(store);
    await expectKeptOut(store, 'next');
  });

  test('comes free with a completion among many', async () => {
    const { store } = subject();
    await push(store, 'a', unique());
    await push(store, 'b', unique({ key: 'other' }));
    const jobs = await store.claim({
      queues: ['default'],
      limit: 2,
      owner: 'me',
      leaseMs: LEASE_MS,
    });
    await store.complete(jobs.map((job) => ({ job, tookMs: 1 })));
    expect(await push(store, 'c', unique())).toMatchObject({ outcome: STORED });
    expect(await push(store, 'd', unique({ key: 'other' }))).toMatchObject({ outcome: STORED });
  });
}

function testUntilStarted(subject: Subject): void {
  const key = unique({ until: 'started' });

  test('is held until then', async () => {
    const { store } = subject();
    await push(store, 'a', { ...key, availableAt: NOW + 5000 });
    expect(await claimIds(store)).toEqual([]);
    await expectKeptOut(store, 'a', key);
  });

  test('comes free with the claim, and stays so when the job is put back', async () => {
    const { store } = subject();
    await push(store, 'a', key);
    const job = await claimOne(store);
    expect(await push(store, 'b', key)).toMatchObject({ outcome: STORED });
    await store.release(job, { availableAt: NOW });
    await expectKeptOut(store, 'b', key);
  });

  test('of the next job is not given up by the one before it', async () => {
    const { store } = subject();
    await push(store, 'a', key);
    const job = await claimOne(store);
    await push(store, 'b', { ...key, availableAt: NOW + 5000 });
    await store.release(job, { availableAt: NOW });
    await complete(store, await claimThe(store, 'a'));
    await expectKeptOut(store, 'b', key);
  });

  test('comes free when the job is cancelled before', async () => {
    const { store } = subject();
    await push(store, 'a', key);
    await store.cancel('a');
    await expectFree(store, key);
  });
}

function testForATime(subject: Subject): void {
  const forATime = unique({ until: 'time', expiresAt: NOW + 60_000 });
  const atTheLatest = unique({ until: 'done', expiresAt: NOW + 60_000 });

  test.each(Object.keys(ENDS).filter((how) => how !== 'clear'))(
    'taken for a time is held until then, whatever becomes of the job: %s',
    async (how) => {
      const { store } = subject();
      await push(store, 'a', { ...forATime, maxCrashes: 1 });
      await ENDS[how]?.(store);
      travel('59.999s');
      await expectKeptOut(store, 'a', forATime);
      travel('1ms');
      await expectFree(store, unique({ until: 'time', expiresAt: NOW + 120_000 }));
    },
  );

  test('taken for a time outlives the pruning of keys', async () => {
    const { store } = subject();
    await push(store, 'a', forATime);
    await complete(store, await claimOne(store));
    travel('59s');
    await store.prune(NOW + 99_000);
    await expectKeptOut(store, 'a', forATime);
  });

  test('until the job is done is free at the latest then, although the job still runs', async () => {
    const { store } = subject();
    await push(store, 'a', atTheLatest);
    const job = await claimOne(store, { leaseMs: 1e9 });
    travel('59.999s');
    await expectKeptOut(store, 'a', atTheLatest);
    travel('1ms');
    await expectFree(store);
    await complete(store, job);
    await expectKeptOut(store, 'next');
  });

  test('until the job is done comes free before that, when the job is done', async () => {
    const { store } = subject();
    await push(store, 'a', atTheLatest);
    await complete(store, await claimOne(store));
    await expectFree(store);
  });
}

function testKeyOfRetried(subject: Subject): void {
  test('is taken again by a job that is put back', async () => {
    const { store } = subject();
    await push(store, 'a', unique());
    await failOne(store);
    expect(await retry(store)).toEqual(['a']);
    await expectKeptOut(store, 'a');
    await complete(store, await claimOne(store));
    await expectFree(store);
  });

  test('leaves a failed job where it is while another one holds the key', async () => {
    const { store } = subject();
    await push(store, 'a', unique());
    await failOne(store);
    await push(store, 'b', unique());
    expect(await store.retry({})).toEqual({ retried: [], duplicates: ['a'] });
    expect(await statesOf(store, 'a', 'b')).toEqual(['failed', 'waiting']);
    await complete(store, await claimOne(store));
    expect(await store.retry({})).toEqual({ retried: ['a'], duplicates: [] });
  });

  test('puts one of several failed jobs of a key back', async () => {
    const { store } = subject();
    for (const id of ['a', 'b']) {
      await push(store, id, unique());
      await failOne(store);
      travel('1s');
    }
    const { retried, duplicates } = await store.retry({});
    expect([retried, duplicates]).toEqual([['a'], ['b']]);
  });

  test('is held no longer than the first dispatch said', async () => {
    const { store } = subject();
    const key = unique({ expiresAt: NOW + 60_000 });
    await push(store, 'a', key);
    await failOne(store);
    await retry(store);
    travel('59s');
    await expectKeptOut(store, 'a', key);
    travel('1s');
    await expectFree(store);
  });

  test('taken for a time by another job meanwhile leaves the failed one where it is', async () => {
    const { store } = subject();
    await push(store, 'a', unique({ until: 'time', expiresAt: NOW + 60_000 }));
    await failOne(store);
    travel('1m');
    await push(store, 'b', unique({ until: 'time', expiresAt: NOW + 120_000 }));
    expect(await store.retry({})).toEqual({ retried: [], duplicates: ['a'] });
  });
}

export function testDebounce(subject: Subject): void {
  const later = (ms: number, latestAt?: number): Partial<NewJob> => ({
    availableAt: NOW + ms,
    debounce: { key: 'index', ...(latestAt !== undefined && { latestAt }) },
  });

  test('puts what was asked for last in the place of what waits', async () => {
    const { store } = subject();
    await push(store, 'a', { ...later(1000), tags: ['first'] });
    travel('0.5s');
    const last = {
      ...later(1500),
      payload: '"last"',
      queue: 'mail',
      priority: 4,
      tags: ['last'],
    };
    expect(await push(store, 'b', last)).toEqual({ id: 'a', outcome: 'debounced' });
    expect(await store.find('b')).toBeUndefined();
    expect(await store.find('a')).toMatchObject({
      payload: '"last"',
      queue: 'mail',
      priority: 4,
      tags: ['last'],
      availableAt: NOW + 1500,
      createdAt: NOW,
      attempts: 0,
    });
  });

  test('puts off from one time to the next, and runs once', async () => {
    const { store, elsewhere } = subject();
    await push(store, 'a', later(1000));
    await push(elsewhere, 'b', later(1700));
    travel('1.699s');
    expect(await claimIds(store)).toEqual([]);
    travel('1ms');
    expect(await claimIds(store, { limit: 9 })).toEqual(['a']);
  });

  test('puts off no further than the first one allowed', async () => {
    const { store } = subject();
    await push(store, 'a', later(1000, NOW + 1200));
    await push(store, 'b', later(1100, NOW + 9000));
    expect(await store.find('a')).toMatchObject({ availableAt: NOW + 1100 });
    await push(store, 'c', later(1300, NOW + 9000));
    expect(await store.find('a')).toMatchObject({ availableAt: NOW + 1200 });
  });

  test('of several in one push leaves one job', async () => {
    const { store } = subject();
    const jobs = ['a', 'b', 'c'].map((id) => newJob(id, later(0)));
    expect((await store.push(jobs)).map(({ id, outcome }) => `${id} ${outcome}`)).toEqual([
      'a stored',
      'a debounced',
      'a debounced',
    ]);
    expect(await claimIds(store, { limit: 9 })).toEqual(['a']);
    expect(await store.find('a')).toMatchObject({ payload: '{"of":"c"}' });
  });

  test('leaves what has another key alone', async () => {
    const { store } = subject();
    await push(store, 'a', later(0));
    const other = { availableAt: NOW, debounce: { key: 'other' } };
    expect(await push(store, 'b', other)).toMatchObject({ outcome: STORED });
  });

  test('does not touch a job that was claimed, not even when it waits again', async () => {
    const { store } = subject();
    await push(store, 'a', later(0));
    const job = await claimOne(store);
    expect(await push(store, 'b', later(0))).toEqual({ id: 'b', outcome: STORED });
    await store.release(job, { availableAt: NOW });
    expect(await push(store, 'c', later(0))).toEqual({ id: 'b', outcome: 'debounced' });
    expect(await store.find('a')).toMatchObject({ payload: '{"of":"a"}', state: 'waiting' });
  });

  test.each<[string, (store: QueueStore) => Promise<unknown>]>([
    ['was cancelled', (store) => store.cancel('a')],
    ['was cleared', (store) => store.clear('default')],
    ['has failed, and was put back', async (store) => retry(store, [await failOne(store)])],
    ['is done', async (store) => complete(store, await claimOne(store))],
  ])('begins anew after a job that %s', async (_, end) => {
    const { store } = subject();
    await push(store, 'a', later(0));
    await end(store);
    expect(await push(store, 'b', later(0))).toEqual({ id: 'b', outcome: STORED });
  });
}
