import { travel } from 'trilite/testing';
import type { QueueStatus } from '../../src/queue/job-records';
import type { QueueStore } from '../../src/queue/queue-store';
import {
  claimOne,
  complete,
  expectNotOwned,
  FAILURE,
  failOne,
  newJob,
  NOW,
  request,
  retry,
  runOne,
  type Subject,
  LEASE_MS,
} from './queue-store-under-test';

const IDLE: QueueStatus = {
  queue: 'default',
  ready: 0,
  delayed: 0,
  running: 0,
  failed: 0,
  oldestAgeMs: undefined,
  doneLastHour: 0,
  failedLastHour: 0,
  runtimeP50Ms: undefined,
  runtimeP95Ms: undefined,
  isPaused: false,
};

async function runFor(store: QueueStore, tookMs: number): Promise<void> {
  await store.complete([{ job: await claimOne(store), tookMs }]);
}

export function testStatus(subject: Subject): void {
  test('says when each queue has to be looked at next: a job is due, or a lease ends', async () => {
    const { store } = subject();
    await store.push([newJob('a'), newJob('b', { availableAt: NOW + 300, queue: 'mail' })]);
    await claimOne(store);
    expect(await store.nextLooks()).toEqual(
      new Map([
        ['default', NOW + LEASE_MS],
        ['mail', NOW + 300],
      ]),
    );
  });

  test('of a store that nothing was asked of is empty', async () => {
    expect(await subject().store.status()).toEqual([]);
  });

  test('tells how each queue stands, by name', async () => {
    const { store, elsewhere } = subject();
    await store.push([
      newJob('a'),
      newJob('b'),
      newJob('c', { availableAt: NOW + 60_000 }),
      newJob('d', { queue: 'alpha', availableAt: NOW + 1 }),
    ]);
    await claimOne(store);
    travel('3s');
    expect(await elsewhere.status()).toEqual([
      { ...IDLE, queue: 'alpha', ready: 1, oldestAgeMs: 2999 },
      { ...IDLE, ready: 1, delayed: 1, running: 1, oldestAgeMs: 3000 },
    ]);
  });

  test('a job is ready from the moment it is due', async () => {
    const { store } = subject();
    await store.push([newJob('a', { availableAt: NOW + 1000 })]);
    travel('0.999s');
    expect(await store.status()).toMatchObject([{ ready: 0, delayed: 1, oldestAgeMs: undefined }]);
    travel('1ms');
    expect(await store.status()).toMatchObject([{ ready: 1, delayed: 0, oldestAgeMs: 0 }]);
  });

  test('counts what ended in the last hour, whether or not it is still there', async () => {
    const { store } = subject();
    await store.push(['a', 'b', 'c'].map((id) => newJob(id)));
    await runOne(store);
    await runOne(store);
    await failOne(store);
    await store.prune(NOW + 1);
    await store.forget({});
    travel('59m');
    expect(await store.status()).toMatchObject([
      { doneLastHour: 2, failedLastHour: 1, failed: 0, runtimeP50Ms: undefined },
    ]);
    travel('2m');
    expect(await store.status()).toMatchObject([{ doneLastHour: 0, failedLastHour: 0 }]);
  });

  test('counts the last crash as failed, and cancelled jobs as neither', async () => {
    const { store } = subject();
    await store.push([newJob('a', { maxCrashes: 1 }), newJob('b'), newJob('c')]);
    await claimOne(store);
    await store.recover(() => true);
    await store.discard(await claimOne(store), 'No more');
    await store.cancel('c');
    expect(await store.status()).toMatchObject([{ doneLastHour: 0, failedLastHour: 1, failed: 1 }]);
  });

  test('knows how long jobs take: the nearest rank of those that are kept', async () => {
    const { store } = subject();
    await store.push(Array.from({ length: 20 }, (_, index) => newJob(`job ${index}`)));
    for (let tookMs = 20; tookMs >= 1; tookMs -= 1) await runFor(store, tookMs);
    expect(await store.status()).toMatchObject([{ runtimeP50Ms: 10, runtimeP95Ms: 19 }]);
    await store.push([newJob('other', { queue: 'other' })]);
    await store.complete([{ job: await claimOne(store, { queues: ['other'] }), tookMs: 0.5 }]);
    expect(await store.status()).toMatchObject([
      { runtimeP50Ms: 10 },
      { queue: 'other', runtimeP50Ms: 0.5, runtimeP95Ms: 0.5 },
    ]);
  });

  test('names a queue that is paused, although no job was ever in it', async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    await store.pause('mail');
    expect(await store.status()).toMatchObject([
      { queue: 'default', isPaused: false },
      { ...IDLE, queue: 'mail', isPaused: true },
    ]);
    await store.pause(undefined);
    expect(await store.status()).toMatchObject([{ isPaused: true }, { isPaused: true }]);
  });

  test('of a job tells tags, owner and how long it took', async () => {
    const { store } = subject();
    await store.push([newJob('a', { tags: ['report:1', 'mail'] })]);
    const job = await claimOne(store, { owner: 'me' });
    expect(job.tags).toEqual(['report:1', 'mail']);
    await store.complete([{ job, tookMs: 12.5 }]);
    expect(await store.find('a')).toMatchObject({
      tags: ['report:1', 'mail'],
      owner: 'me',
      tookMs: 12.5,
      lastError: undefined,
    });
  });
}

export function testHistory(subject: Subject): void {
  test('of a job that never ran, or is not there, is empty', async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    expect(await store.history('a')).toEqual({ attempts: [], lines: [] });
    expect(await store.history('nobody')).toEqual({ attempts: [], lines: [] });
  });

  test('keeps every run that ended badly, oldest first, over releases, crashes and retries', async () => {
    const { store, elsewhere } = subject();
    await store.push([newJob('a')]);
    const first = await claimOne(store, { owner: 'one' });
    travel('1s');
    await store.release(first, { availableAt: NOW, failure: { message: 'First', detail: '' } });
    travel('1s');
    await claimOne(store, { owner: 'two' });
    travel('1s');
    await store.recover(() => true);
    await store.fail(await claimOne(store, { owner: 'three' }), FAILURE);
    await retry(store);
    await runOne(store);
    const { attempts } = await elsewhere.history('a');
    expect(attempts).toEqual([
      {
        attempt: 1,
        outcome: 'released',
        message: 'First',
        owner: 'one',
        startedAt: NOW,
        endedAt: NOW + 1000,
      },
      {
        attempt: 2,
        outcome: 'crashed',
        message: expect.stringContaining('lost its worker'),
        owner: 'two',
        startedAt: NOW + 2000,
        endedAt: NOW + 3000,
      },
      {
        attempt: 3,
        outcome: 'failed',
        message: FAILURE.message,
        owner: 'three',
        startedAt: NOW + 3000,
        endedAt: NOW + 3000,
      },
    ]);
  });

  test('says of the last crash that it was one', async () => {
    const { store } = subject();
    await store.push([newJob('a', { maxCrashes: 1 })]);
    await claimOne(store);
    await store.recover(() => true);
    expect((await store.history('a')).attempts).toMatchObject([{ attempt: 1, outcome: 'crashed' }]);
  });

  test('has no run that went back without a failure, or ended well', async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    await store.release(await claimOne(store), { availableAt: NOW });
    await runOne(store);
    expect((await store.history('a')).attempts).toEqual([]);
  });

  test('keeps the lines of a job in their order, over its runs', async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    const job = await claimOne(store);
    await store.report(job, { lines: ['one', 'two'] });
    travel('1s');
    expect(await store.report(job, { progress: 30, lines: ['three'] })).toBe(true);
    await store.release(job, { availableAt: NOW });
    await store.report(await claimOne(store), { lines: ['four'] });
    expect((await store.history('a')).lines).toEqual([
      { at: NOW, text: 'one' },
      { at: NOW, text: 'two' },
      { at: NOW + 1000, text: 'three' },
      { at: NOW + 1000, text: 'four' },
    ]);
  });

  test('takes nothing from who lost the job', async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    const job = await claimOne(store);
    await complete(store, job);
    await expectNotOwned(store, job);
    expect(await store.report(job, { lines: ['late'] })).toBe(false);
    expect(await store.history('a')).toEqual({ attempts: [], lines: [] });
  });

  test.each<[string, (store: QueueStore) => Promise<unknown>]>([
    [
      'pruned',
      async (store) => {
        await runOne(store);
        await store.prune(NOW + 1);
      },
    ],
    [
      'forgotten',
      async (store) => {
        await failOne(store);
        await store.forget({});
      },
    ],
    ['cleared', (store) => store.clear('default')],
  ])('goes with a job that is %s, and with that alone', async (_, end) => {
    const { store } = subject();
    await store.push([newJob('other', { priority: 1 }), newJob('a')]);
    for (const job of await store.claim(request({ limit: 2 }))) {
      await store.report(job, { lines: ['a line'] });
      const availableAt = job.id === 'a' ? NOW : NOW + 1e9;
      await store.release(job, { availableAt, failure: FAILURE });
    }
    if (_ === 'cleared') await store.release(await claimOne(store), { availableAt: NOW });
    await end(store);
    expect(await store.history('a')).toEqual({ attempts: [], lines: [] });
    const left = _ === 'cleared' ? 0 : 1;
    expect((await store.history('other')).lines).toHaveLength(left);
  });
}
