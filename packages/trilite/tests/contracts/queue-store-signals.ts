import { travel } from 'trilite/testing';
import {
  claimIds,
  claimOne,
  complete,
  expectNotOwned,
  FAILURE,
  newBatch,
  newJob,
  NOW,
  request,
  retry,
  statesOf,
  type Subject,
} from './queue-store-under-test';

const QUIET = { restartAt: undefined, isPaused: false, pausedQueues: [], cancelled: [] };

export function testCancel(subject: Subject): void {
  test('of a waiting job has it never run', async () => {
    const { store, elsewhere } = subject();
    await store.push([newJob('a')]);
    travel('2s');
    expect(await elsewhere.cancel('a')).toBe('cancelled');
    expect(await store.find('a')).toMatchObject({ state: 'cancelled', finishedAt: NOW + 2000 });
    travel('1h');
    expect(await claimIds(store)).toEqual([]);
    expect(await store.nextDueAt(['default'])).toBeUndefined();
  });

  test('of a running job asks its owner, who goes on until it hears of it', async () => {
    const { store, elsewhere } = subject();
    await store.push([newJob('a'), newJob('b')]);
    const [a] = await store.claim(request({ limit: 2, owner: 'me' }));
    expect(await elsewhere.cancel('a')).toBe('requested');
    expect(await store.signals('me')).toEqual({ ...QUIET, cancelled: ['a'] });
    expect(await store.signals('other')).toEqual(QUIET);
    expect(await statesOf(store, 'a')).toEqual(['running']);
    expect(await complete(store, a as never)).toBe(true);
    expect(await store.signals('me')).toEqual(QUIET);
    expect(await statesOf(store, 'a')).toEqual(['done']);
  });

  test.each<[string, (subject: ReturnType<Subject>) => Promise<unknown>]>([
    [
      'released',
      async ({ store }) => {
        const job = await claimOne(store);
        await store.cancel('a');
        expect(await store.release(job, { availableAt: NOW, failure: FAILURE })).toBe(true);
      },
    ],
    [
      'taken back from the dead',
      async ({ store }) => {
        await claimOne(store);
        await store.cancel('a');
        await store.recover(() => true);
      },
    ],
  ])('of a job that is %s before its owner heard of it holds', async (_, goBack) => {
    const { store } = subject();
    const unique = { key: 'one', until: 'done' } as const;
    await store.push([newJob('a', { unique })], newBatch('batch'));
    await goBack(subject());
    expect(await statesOf(store, 'a')).toEqual(['cancelled']);
    expect(await claimIds(store)).toEqual([]);
    expect(await store.findBatch('batch')).toMatchObject({ cancelled: 1, pending: 0 });
    expect(await store.push([newJob('b', { unique })])).toMatchObject([{ outcome: 'stored' }]);
  });

  test('of a job that failed before its owner heard of it is over with the failure', async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    const job = await claimOne(store, { owner: 'me' });
    await store.cancel('a');
    await store.fail(job, FAILURE);
    await retry(store);
    await claimOne(store, { owner: 'me' });
    expect(await store.signals('me')).toEqual(QUIET);
  });

  test('of a job that has ended, or is not there, is none', async () => {
    const { store } = subject();
    await store.push(['done', 'failed', 'cancelled'].map((id) => newJob(id)));
    await store.cancel('cancelled');
    const [done, failed] = await store.claim(request({ limit: 2 }));
    await complete(store, done as never);
    await store.fail(failed as never, FAILURE);
    for (const id of ['done', 'failed', 'cancelled', 'nobody']) {
      expect(await store.cancel(id)).toBeUndefined();
    }
    expect(await statesOf(store, 'done', 'failed', 'cancelled')).toEqual([
      'done',
      'failed',
      'cancelled',
    ]);
  });

  test('against a claim of the same moment leaves the job to one of them', async () => {
    const { store, elsewhere } = subject();
    await store.push([newJob('a')]);
    const [claimed, outcome] = await Promise.all([claimIds(store), elsewhere.cancel('a')]);
    expect([claimed, outcome]).toEqual(
      claimed.length === 1 ? [['a'], 'requested'] : [[], 'cancelled'],
    );
  });
}

export function testDiscard(subject: Subject): void {
  test('ends a job as cancelled, and says why', async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    const job = await claimOne(store, { owner: 'me' });
    travel('2s');
    expect(await store.discard(job, 'Nobody wants it')).toBe(true);
    expect(await store.find('a')).toMatchObject({
      state: 'cancelled',
      lastError: 'Nobody wants it',
      startedAt: NOW,
      finishedAt: NOW + 2000,
      owner: 'me',
    });
    expect(await store.failed()).toEqual([]);
  });

  test('leaves nothing to claim, to recover or to discard again', async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    const job = await claimOne(store);
    await store.discard(job, 'No more');
    travel('1d');
    expect(await claimIds(store)).toEqual([]);
    expect(await store.recover(() => true)).toEqual([]);
    await expectNotOwned(store, job);
  });
}

export function testSignals(subject: Subject): void {
  test('are none at first', async () => {
    expect(await subject().store.signals('me')).toEqual(QUIET);
  });

  test('restart tells every worker when it was asked for', async () => {
    const { store, elsewhere } = subject();
    travel('5s');
    await store.restart();
    expect(await elsewhere.signals('me')).toEqual({ ...QUIET, restartAt: NOW + 5000 });
    travel('5s');
    await elsewhere.restart();
    expect(await store.signals('you')).toMatchObject({ restartAt: NOW + 10_000 });
  });

  test('a restart is another one, although it comes in the same millisecond', async () => {
    const { store } = subject();
    await store.restart();
    const { restartAt } = await store.signals('me');
    await store.restart();
    expect((await store.signals('me')).restartAt).toBeGreaterThanOrEqual(restartAt as number);
  });
}

export function testPause(subject: Subject): void {
  async function pushBoth(): Promise<void> {
    await subject().store.push([newJob('a', { queue: 'mail' }), newJob('b')]);
  }
  const queues = ['mail', 'default'];

  test('of a queue has none of its jobs claimed, and others go on', async () => {
    const { store, elsewhere } = subject();
    await pushBoth();
    await elsewhere.pause('mail');
    expect(await store.signals('me')).toEqual({ ...QUIET, pausedQueues: ['mail'] });
    expect(await claimIds(store, { queues, limit: 9 })).toEqual(['b']);
    expect(await elsewhere.resume('mail')).toBe(true);
    expect(await claimIds(store, { queues, limit: 9 })).toEqual(['a']);
    expect(await store.signals('me')).toEqual(QUIET);
  });

  test('of all has no job claimed', async () => {
    const { store } = subject();
    await pushBoth();
    await store.pause(undefined);
    expect(await store.signals('me')).toEqual({ ...QUIET, isPaused: true });
    expect(await claimIds(store, { queues, limit: 9 })).toEqual([]);
    expect(await store.resume(undefined)).toBe(true);
    expect(await claimIds(store, { queues, limit: 9 })).toEqual(['a', 'b']);
  });

  test('until a time ends then by itself', async () => {
    const { store } = subject();
    await pushBoth();
    await store.pause('mail', NOW + 5000);
    await store.pause(undefined, NOW + 3000);
    travel('2.999s');
    expect(await claimIds(store, { queues })).toEqual([]);
    travel('1ms');
    expect(await store.signals('me')).toEqual({ ...QUIET, pausedQueues: ['mail'] });
    expect(await claimIds(store, { queues })).toEqual(['b']);
    travel('2s');
    expect(await claimIds(store, { queues })).toEqual(['a']);
  });

  test('asked for again takes the new end', async () => {
    const { store } = subject();
    await pushBoth();
    await store.pause('mail', NOW + 1000);
    await store.pause('mail');
    travel('1h');
    expect(await claimIds(store, { queues: ['mail'] })).toEqual([]);
    await store.pause('mail', NOW + 3_601_000);
    travel('1s');
    expect(await claimIds(store, { queues: ['mail'] })).toEqual(['a']);
  });

  test('of all is not ended by the resume of a queue, but every pause is by that of all', async () => {
    const { store } = subject();
    await pushBoth();
    await store.pause(undefined);
    await store.pause('mail');
    expect(await store.resume('mail')).toBe(true);
    expect(await claimIds(store, { queues, limit: 9 })).toEqual([]);
    await store.pause('mail');
    await store.resume(undefined);
    expect(await store.signals('me')).toEqual(QUIET);
  });

  test('that is none, or is over, is not ended', async () => {
    const { store } = subject();
    expect(await store.resume('mail')).toBe(false);
    expect(await store.resume(undefined)).toBe(false);
    await store.restart();
    expect(await store.resume(undefined)).toBe(false);
    await store.pause('mail', NOW + 1000);
    await store.pause(undefined, NOW + 1000);
    travel('1s');
    expect(await store.resume('mail')).toBe(false);
    expect(await store.resume(undefined)).toBe(false);
  });

  test('leaves running jobs to their owner', async () => {
    const { store } = subject();
    await pushBoth();
    const job = await claimOne(store, { queues: ['mail'] });
    await store.pause('mail');
    expect(await complete(store, job)).toBe(true);
  });
}
