import { travel } from 'trilite/testing';
import type { ClaimedJob } from '../../src/queue/queue-store';
import {
  claimIds,
  claimOne,
  complete,
  expectNotOwned,
  FAILURE,
  LEASE_MS,
  newJob,
  NOW,
  request,
  retry,
  strange,
  type Subject,
} from './queue-store-under-test';

export function testFail(subject: Subject): void {
  test('moves a job to the failed ones, with the failure whole', async () => {
    const { store } = subject();
    await store.push([newJob('a', { queue: 'mail' })]);
    const job = await claimOne(store, { queues: ['mail'] });
    travel('2s');
    expect(await store.fail(job, FAILURE)).toBe(true);
    expect(await store.failed()).toEqual([
      {
        id: 'a',
        queue: 'mail',
        job: 'TestJob',
        payload: '{"of":"a"}',
        attempts: 1,
        message: FAILURE.message,
        detail: FAILURE.detail,
        tags: [],
        batchId: undefined,
        createdAt: NOW,
        failedAt: NOW + 2000,
      },
    ]);
  });

  test('leaves the job to be found, failed', async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    const job = await claimOne(store);
    travel('2s');
    await store.fail(job, FAILURE);
    expect(await store.find('a')).toMatchObject({
      id: 'a',
      state: 'failed',
      attempts: 1,
      lastError: 'It broke',
      createdAt: NOW,
      finishedAt: NOW + 2000,
    });
  });

  test('leaves nothing to claim, to recover or to fail again', async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    const job = await claimOne(store);
    await store.fail(job, FAILURE);
    travel('1d');
    expect(await claimIds(store)).toEqual([]);
    expect(await store.recover(() => true)).toEqual([]);
    expect(await store.fail(job, FAILURE)).toBe(false);
    expect(await store.failed()).toHaveLength(1);
  });

  test('lists the latest first', async () => {
    const { store } = subject();
    await store.push(['a', 'b', 'c'].map((id) => newJob(id)));
    const jobs = await store.claim(request({ limit: 3 }));
    for (const id of ['b', 'a', 'c']) {
      await store.fail(jobs.find((job) => job.id === id) as ClaimedJob, FAILURE);
      travel('1s');
    }
    expect((await store.failed()).map(({ id }) => id)).toEqual(['c', 'a', 'b']);
  });
}

export function testRetry(subject: Subject): void {
  async function failJobs(...ids: string[]): Promise<void> {
    const { store } = subject();
    await store.push(ids.map((id) => newJob(id, { priority: 3 })));
    for (const job of await store.claim(request({ limit: ids.length }))) {
      await store.fail(job, FAILURE);
    }
  }

  test('puts a failed job back, due now, its runs uncounted, with id, age and history', async () => {
    const { store } = subject();
    await failJobs('a');
    travel('1h');
    expect(await retry(store, ['a'])).toEqual(['a']);
    expect(await store.failed()).toEqual([]);
    expect(await store.find('a')).toMatchObject({
      state: 'waiting',
      attempts: 0,
      lastError: 'It broke',
      createdAt: NOW,
      finishedAt: undefined,
    });
    expect(await claimOne(store)).toMatchObject({
      id: 'a',
      attempts: 1,
      crashes: 0,
      payload: '{"of":"a"}',
    });
  });

  test('keeps the priority', async () => {
    const { store } = subject();
    await failJobs('z');
    await store.push([newJob('a', { priority: 2 }), newJob('b', { priority: 4 })]);
    await retry(store, ['z']);
    expect(await claimIds(store, { limit: 9 })).toEqual(['b', 'z', 'a']);
  });

  test('leaves those it was not asked for', async () => {
    const { store } = subject();
    await failJobs('a', 'b', 'c');
    expect((await retry(store, ['c', 'a', 'nobody', 'a'])).sort()).toEqual(['a', 'c']);
    expect((await store.failed()).map(({ id }) => id)).toEqual(['b']);
    expect((await claimIds(store, { limit: 9 })).sort()).toEqual(['a', 'c']);
  });

  test('of all puts every failed job back', async () => {
    const { store } = subject();
    await failJobs('a', 'b', 'c');
    expect((await retry(store)).sort()).toEqual(['a', 'b', 'c']);
    expect(await store.failed()).toEqual([]);
    expect(await retry(store)).toEqual([]);
    expect((await claimIds(store, { limit: 9 })).sort()).toEqual(['a', 'b', 'c']);
  });

  test('lets a job fail again', async () => {
    const { store } = subject();
    await failJobs('a');
    await retry(store);
    await store.fail(await claimOne(store), { message: 'Again', detail: 'Again' });
    expect(await store.failed()).toMatchObject([{ id: 'a', message: 'Again', attempts: 1 }]);
  });

  test('asked for twice at once puts a job back once', async () => {
    const { store, elsewhere } = subject();
    await failJobs('a');
    const retried = await Promise.all([retry(store, ['a']), retry(elsewhere)]);
    expect(retried.flat()).toEqual(['a']);
    expect(await claimIds(store, { limit: 9 })).toEqual(['a']);
  });
}

export function testRenewAndReport(subject: Subject): void {
  test('a lease that is renewed lasts from then on', async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    const job = await claimOne(store);
    travel('9s');
    expect(await store.renew([job], LEASE_MS)).toEqual([]);
    travel('9.999s');
    expect(await store.recover(() => false)).toEqual([]);
    travel('1ms');
    expect(await store.recover(() => false)).toHaveLength(1);
  });

  test('renew names the jobs that are lost, and prolongs the others', async () => {
    const { store } = subject();
    await store.push(['a', 'b', 'c'].map((id) => newJob(id)));
    const jobs = await store.claim(request({ limit: 3 }));
    await complete(store, jobs[1] as ClaimedJob);
    travel('9s');
    expect(await store.renew(jobs, LEASE_MS)).toEqual(['b']);
    travel('9s');
    expect(await store.recover(() => false)).toEqual([]);
  });

  test('renew of nothing is nothing', async () => {
    expect(await subject().store.renew([], LEASE_MS)).toEqual([]);
  });

  test('what a job reports is there to be read, until its next run', async () => {
    const { store, elsewhere } = subject();
    await store.push([newJob('a')]);
    const job = await claimOne(store);
    expect(await store.report(job, { progress: 12.5 })).toBe(true);
    expect(await elsewhere.find('a')).toMatchObject({ progress: 12.5 });
    await store.release(job, { availableAt: NOW });
    await claimOne(store);
    expect(await store.find('a')).toMatchObject({ progress: undefined });
  });

  test("a job that its owner has lost and claimed again is not the first run's", async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    const first = await claimOne(store);
    travel('10s');
    await store.recover(() => false);
    const second = await claimOne(store);
    expect(second.owner).toBe(first.owner);
    await expectNotOwned(store, first);
    expect(await complete(store, second)).toBe(true);
  });

  test('a job that is tried again after its failure is not that of a run before it', async () => {
    const { store } = subject();
    await store.push([newJob('a', { maxCrashes: 1 })]);
    const first = await claimOne(store);
    travel('10s');
    await store.recover(() => false);
    await store.retry({ ids: ['a'] });
    const second = await claimOne(store);
    expect(second).toMatchObject({ owner: first.owner, attempts: first.attempts });
    await expectNotOwned(store, first);
    expect(await complete(store, second)).toBe(true);
  });
}

export function testRecover(subject: Subject): void {
  async function crash(owner = 'crashed'): Promise<ClaimedJob> {
    const job = await claimOne(subject().store, { owner });
    await subject().elsewhere.recover((candidate) => candidate === owner);
    return job;
  }

  test('leaves what a living owner holds within its lease', async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    const job = await claimOne(store);
    travel('9.999s');
    expect(await store.recover(() => false)).toEqual([]);
    expect(await complete(store, job)).toBe(true);
  });

  test('takes back a job whose lease has ended', async () => {
    const { store } = subject();
    await store.push([newJob('a', { queue: 'mail' })]);
    await claimOne(store, { queues: ['mail'] });
    travel('10s');
    expect(await store.recover(() => false)).toEqual([
      { id: 'a', job: 'TestJob', queue: 'mail', outcome: 'released' },
    ]);
    expect(await claimIds(store, { queues: ['mail'] })).toEqual(['a']);
  });

  test('takes back at once what a gone owner holds, and only that', async () => {
    const { store } = subject();
    await store.push([newJob('a'), newJob('b')]);
    await claimOne(store, { owner: 'gone' });
    const held = await claimOne(store, { owner: 'alive' });
    expect(await store.recover((owner) => owner === 'gone')).toMatchObject([{ id: 'a' }]);
    expect(await complete(store, held)).toBe(true);
  });

  test('keeps id, age and count, and says what happened', async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    await crash();
    expect(await store.find('a')).toMatchObject({
      state: 'waiting',
      attempts: 1,
      createdAt: NOW,
      lastError: expect.stringContaining('lost its worker 1 times'),
    });
    expect(await claimOne(store)).toMatchObject({ id: 'a', attempts: 2, crashes: 1 });
  });

  test('takes the job from its former owner for good', async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    const lost = await crash();
    await expectNotOwned(store, lost);
    const held = await claimOne(store, { owner: 'next' });
    await expectNotOwned(store, lost);
    expect(await complete(store, held)).toBe(true);
  });

  test('fails a job that lost its worker as often as it may', async () => {
    const { store } = subject();
    await store.push([newJob('a', { maxCrashes: 2 })]);
    await crash();
    await claimOne(store, { owner: 'next' });
    expect(await store.recover(() => true)).toEqual([
      { id: 'a', job: 'TestJob', queue: 'default', outcome: 'failed' },
    ]);
    expect(await store.find('a')).toMatchObject({ state: 'failed', attempts: 2 });
    expect(await store.failed()).toMatchObject([
      { id: 'a', attempts: 2, message: 'The job "TestJob" lost its worker 2 times.' },
    ]);
    expect(await claimIds(store)).toEqual([]);
  });

  test('counts crashes anew after a retry', async () => {
    const { store } = subject();
    await store.push([newJob('a', { maxCrashes: 2 })]);
    await crash();
    await crash();
    await retry(store);
    await claimOne(store, { owner: 'next' });
    expect(await store.recover(() => true)).toMatchObject([{ outcome: 'released' }]);
  });

  test('asked for by many at once takes each job back once', async () => {
    const { store, elsewhere } = subject();
    await store.push([newJob('a'), newJob('b')]);
    await store.claim(request({ limit: 2 }));
    const recovered = await Promise.all(
      [store, elsewhere, store, elsewhere].map((one) => one.recover(() => true)),
    );
    expect(
      recovered
        .flat()
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['a', 'b']);
    expect(await store.find('a')).toMatchObject({ attempts: 1 });
  });
}

export function testStranger(subject: Subject): void {
  test('changes nothing of a job in another hand, and is told so', async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    const job = await claimOne(store);
    const before = await store.find('a');
    await expectNotOwned(subject().elsewhere, strange(job));
    expect(await store.find('a')).toEqual(before);
    expect(await store.failed()).toEqual([]);
    travel('10s');
    expect(await store.recover(() => false)).toHaveLength(1);
  });

  test('finds no job that is not there', async () => {
    const { store } = subject();
    await store.push([newJob('a')]);
    await expectNotOwned(store, { ...(await claimOne(store)), id: 'nobody' });
    expect(await store.find('nobody')).toBeUndefined();
  });
}
