import { travel } from 'trilite/testing';
import type { Chain, NewJob } from '../../src/queue/queue-store';
import {
  claimIds,
  claimOne,
  complete,
  expectNotOwned,
  FAILURE,
  failOne,
  followUp,
  newJob,
  NOW,
  request,
  retry,
  runOne,
  statesOf,
  type Subject,
} from './queue-store-under-test';

const CHAIN: Chain = {
  rest: [followUp('b'), followUp('c')],
  onFailure: followUp('z', { job: 'Answer' }),
};

function chained(chain: Chain = CHAIN): NewJob {
  return newJob('a', { chain });
}

export function testChains(subject: Subject): void {
  test('stores the next job when one is done, and no sooner', async () => {
    const { store, elsewhere } = subject();
    await store.push([chained()]);
    const job = await claimOne(store);
    expect(job.isLinked).toBe(true);
    expect(await claimIds(store)).toEqual([]);
    expect(await store.find('b')).toBeUndefined();
    await complete(store, job);
    expect(await elsewhere.find('b')).toMatchObject({ state: 'waiting', attempts: 0 });
    expect(await store.find('c')).toBeUndefined();
  });

  test('goes on to its end', async () => {
    const { store } = subject();
    await store.push([chained()]);
    const ran = [await runOne(store), await runOne(store), await runOne(store)];
    expect(ran).toEqual(['a', 'b', 'c']);
    expect(await claimIds(store)).toEqual([]);
    expect(await statesOf(store, 'a', 'b', 'c', 'z')).toEqual(['done', 'done', 'done', undefined]);
  });

  test('stores each step as it was described, dated and due from the end of the one before', async () => {
    const { store } = subject();
    const step = followUp('b', {
      queue: 'mail',
      job: 'SendMail',
      payload: '"hello"',
      priority: 5,
      maxCrashes: 1,
      tags: ['report:1'],
      delayMs: 3000,
    });
    await store.push([chained({ rest: [step] })]);
    const job = await claimOne(store);
    travel('7s');
    await complete(store, job);
    expect(await store.find('b')).toMatchObject({
      queue: 'mail',
      job: 'SendMail',
      payload: '"hello"',
      priority: 5,
      tags: ['report:1'],
      createdAt: NOW + 7000,
      availableAt: NOW + 10_000,
    });
  });

  test('has a step that names a time be due then, however long the one before it took', async () => {
    const { store } = subject();
    const notBefore = NOW + 10_000;
    await store.push([chained({ rest: [followUp('b', { notBefore })] })]);
    const job = await claimOne(store);
    travel('7s');
    await complete(store, job);
    expect(await store.find('b')).toMatchObject({ availableAt: notBefore });
  });

  test('goes on after releases, crashes and waits', async () => {
    const { store } = subject();
    await store.push([chained()]);
    await store.release(await claimOne(store), { availableAt: NOW, failure: FAILURE });
    await claimOne(store);
    await store.recover(() => true);
    expect(await runOne(store)).toBe('a');
    expect(await runOne(store)).toBe('b');
  });

  test('does not go on for somebody who lost the job', async () => {
    const { store } = subject();
    await store.push([chained()]);
    const lost = await claimOne(store);
    await store.recover(() => true);
    await expectNotOwned(store, lost);
    expect(await statesOf(store, 'b', 'z')).toEqual([undefined, undefined]);
  });

  test('is one change with the end of the job: when the next cannot be stored, the job has not ended', async () => {
    const { store } = subject();
    await store.push([chained({ rest: [followUp('taken')] }), newJob('other')]);
    const jobs = await store.claim(request({ limit: 2 }));
    await store.push([newJob('taken')]);
    await expect(store.complete(jobs.map((job) => ({ job, tookMs: 1 })))).rejects.toThrow();
    expect(await statesOf(store, 'a', 'other')).toEqual(['running', 'running']);
  });

  test('goes on for each of many that are done at once', async () => {
    const { store } = subject();
    const ids = ['a', 'b', 'c'];
    await store.push(ids.map((id) => newJob(id, { chain: { rest: [followUp(`${id}2`)] } })));
    const jobs = await store.claim(request({ limit: 3 }));
    const [lost] = jobs;
    await store.release(lost as never, { availableAt: NOW + 1e6 });
    expect(await store.complete(jobs.map((job) => ({ job, tookMs: 1 })))).toEqual(['a']);
    expect((await claimIds(store, { limit: 9 })).sort()).toEqual(['b2', 'c2']);
  });
}

export function testChainEnds(subject: Subject): void {
  test('a failure stores what answers it, and nothing of the rest', async () => {
    const { store } = subject();
    await store.push([chained()]);
    await runOne(store);
    travel('4s');
    await failOne(store);
    const answer = await claimOne(store);
    expect(answer).toMatchObject({
      job: 'Answer',
      cause: { jobId: 'b', job: 'TestJob', message: FAILURE.message },
      createdAt: NOW + 4000,
    });
    await complete(store, answer);
    expect(await claimIds(store)).toEqual([]);
    expect(await statesOf(store, 'b', 'c')).toEqual(['failed', undefined]);
  });

  test('the last crash is a failure as well', async () => {
    const { store } = subject();
    await store.push([newJob('a', { chain: CHAIN, maxCrashes: 1 })]);
    await claimOne(store);
    await store.recover(() => true);
    expect((await claimOne(store)).cause).toMatchObject({ jobId: 'a' });
  });

  test('a failure without an answer ends it', async () => {
    const { store } = subject();
    await store.push([chained({ rest: [followUp('b')] })]);
    await failOne(store);
    expect(await claimIds(store)).toEqual([]);
  });

  test('a failure that is put back goes on with the rest', async () => {
    const { store } = subject();
    await store.push([chained({ rest: [followUp('b')] })]);
    await failOne(store);
    await retry(store);
    expect([await runOne(store), await runOne(store)]).toEqual(['a', 'b']);
  });

  test('each failure is answered anew', async () => {
    const { store } = subject();
    await store.push([chained({ rest: [], onFailure: followUp('z') })]);
    const answers: string[] = [];
    while (answers.length < 2) {
      await failOne(store);
      answers.push(await runOne(store));
      await retry(store);
    }
    expect(new Set(answers).size).toBe(2);
  });

  test.each<[string, (subject: ReturnType<Subject>) => Promise<unknown>]>([
    ['a cancelled job', ({ store }) => store.cancel('a')],
    ['a discarded job', async ({ store }) => store.discard(await claimOne(store), 'No more')],
    ['a cleared job', ({ store }) => store.clear('default')],
  ])('%s ends it, and nothing answers', async (_, end) => {
    const { store } = subject();
    await store.push([chained()]);
    await end(subject());
    expect(await claimIds(store)).toEqual([]);
    expect(await statesOf(store, 'b', 'c', 'z')).toEqual([undefined, undefined, undefined]);
  });

  test('a step that its key keeps out is passed over', async () => {
    const { store } = subject();
    const unique = { key: 'report', until: 'done' } as const;
    await store.push([
      newJob('holder', { unique, queue: 'other' }),
      chained({ rest: [followUp('b', { unique }), followUp('c'), followUp('d', { unique })] }),
    ]);
    expect([await runOne(store), await runOne(store)]).toEqual(['a', 'c']);
    expect(await claimIds(store)).toEqual([]);
    expect(await statesOf(store, 'holder', 'b', 'd')).toEqual(['waiting', undefined, undefined]);
  });

  test('a step may take the key that the one before it held', async () => {
    const { store } = subject();
    const unique = { key: 'report', until: 'done' } as const;
    const rest = [followUp('b', { unique })];
    await store.push([newJob('a', { unique, chain: { rest } })]);
    expect([await runOne(store), await runOne(store)]).toEqual(['a', 'b']);
    expect(await store.push([newJob('c', { unique })])).toMatchObject([{ outcome: 'stored' }]);
  });
}
