import { clock } from 'trilite';
import { travel, travelTo } from 'trilite/testing';
import type { JobClass } from '../../src/queue/job';
import { SqliteQueueStore } from '../../src/queue/sqlite/sqlite-queue-store';
import { gate } from '../helpers/gate';
import { abortOf, jobOf } from '../helpers/jobs';
import {
  dispatch,
  events,
  file,
  jobs,
  kinds,
  noted,
  runAll,
  start,
  store,
  useWorkers,
} from '../helpers/workers';

useWorkers();

describe('a job that returns', () => {
  test('is done, and has been told', async () => {
    const payloads: unknown[] = [];
    const { id, status } = await dispatch(jobOf(noted(payloads)), { at: new Date(5) });
    await runAll();
    expect(payloads).toEqual([{ at: new Date(5) }]);
    expect(await status()).toMatchObject({ state: 'done', attempts: 1, progress: 100 });
    expect(kinds()).toEqual(['running', 'done']);
    expect(events[1]).toMatchObject({ kind: 'done', job: { id }, tookMs: expect.any(Number) });
  });

  test('says how far it is, between 0 and 100', async () => {
    const seen: unknown[] = [];
    const job = jobOf(async (_, { id, progress }) => {
      for (const percent of [-5, 40.5, 999]) {
        await progress(percent);
        seen.push((await store.find(id))?.progress);
      }
    });
    await dispatch(job);
    await runAll();
    expect(seen).toEqual([0, 40.5, 100]);
  });
});

describe('a job that fails', () => {
  test('runs again after each backoff, and has failed when its tries are used up', async () => {
    travelTo(Date.UTC(2026, 0, 1));
    const attempts: number[] = [];
    const job = jobOf(
      (_, { attempt }) => {
        attempts.push(attempt);
        throw new Error(`Failure ${attempt}`);
      },
      { options: { tries: 4, backoff: ['1s', '10s'] } },
    );
    const { id, status } = await dispatch(job);
    for (const pause of [1000, 10_000, 10_000]) {
      await runAll();
      expect(await status()).toMatchObject({
        state: 'waiting',
        lastError: `Failure ${attempts.length}`,
      });
      expect(await store.nextDueAt(['default'])).toBe(clock.now() + pause);
      await runAll();
      travel(pause / 1000);
    }
    await runAll();
    expect(attempts).toEqual([1, 2, 3, 4]);
    expect(kinds().filter((kind) => kind !== 'running')).toEqual([
      'retry',
      'retry',
      'retry',
      'failed',
    ]);
    expect(await store.failed()).toMatchObject([
      {
        id,
        attempts: 4,
        message: 'Failure 4',
        detail: expect.stringContaining('worker.test.ts'),
      },
    ]);
  });

  test('is told so on a new instance, once it is among the failed ones', async () => {
    const instances: object[] = [];
    const calls: unknown[] = [];
    const job = jobOf(
      (_payload, _context, instance) => {
        instances.push(instance);
        throw new Error('It broke');
      },
      {
        options: { tries: 2 },
        failed: async (error, payload, instance) => {
          instances.push(instance);
          calls.push([error.message, payload, (await store.failed()).length]);
        },
      },
    );
    await dispatch(job, { n: 1n });
    await runAll();
    expect(calls).toEqual([['It broke', { n: 1n }, 1]]);
    expect(new Set(instances).size).toBe(3);
  });

  test('and fails at being told, leaves the worker alive', async () => {
    const notes: unknown[] = [];
    const fails = (): never => {
      throw new Error('It broke');
    };
    await dispatch(jobOf(fails, { name: 'Fails', failed: fails }));
    await dispatch(jobOf(noted(notes), { name: 'Next' }), 'next');
    await runAll();
    expect(notes).toEqual(['next']);
    expect(kinds().sort()).toEqual(['done', 'error', 'failed', 'running', 'running']);
  });

  test('runs again after "retry", with all its tries', async () => {
    const attempts: number[] = [];
    const job = jobOf((_, { attempt }) => {
      attempts.push(attempt);
      throw new Error('It broke');
    });
    const { id } = await dispatch(job);
    await runAll({ tries: 2 });
    await store.retry({ ids: [id] });
    await runAll({ tries: 2 });
    expect(attempts).toEqual([1, 2, 1, 2]);
  });
});

describe('a job that cannot be run', () => {
  test.each([
    ['is unknown', 'Unheard', '{}', 'The job "Unheard" is not known'],
    ['has a payload that cannot be read', 'Known', '{broken', 'cannot be read back'],
  ])('because it %s, has failed, and the worker lives', async (_, job, payload, message) => {
    const notes: unknown[] = [];
    jobs.add(jobOf(noted(notes), { name: 'Known' }));
    const facts = { queue: 'default', priority: 0, availableAt: 0, maxCrashes: 3 };
    await store.push([
      { ...facts, id: '1', job, payload },
      { ...facts, id: '2', job: 'Known', payload: '"readable"' },
    ]);
    await runAll();
    expect(notes).toEqual(['readable']);
    expect(await store.failed()).toMatchObject([
      { id: '1', message: expect.stringContaining(message) },
    ]);
  });
});

describe('a timeout', () => {
  test('aborts the signal, fails the run, and leaves the worker alive', async () => {
    const reasons: unknown[] = [];
    const notes: unknown[] = [];
    const hangs = jobOf(async (_, { signal }) => void reasons.push(await abortOf(signal)), {
      name: 'Hangs',
      options: { timeout: '20ms' },
    });
    const { status } = await dispatch(hangs);
    await dispatch(jobOf(noted(notes), { name: 'Next' }), 'next');
    await runAll();
    expect(reasons).toMatchObject([{ code: 'E_JOB_TIMEOUT' }]);
    expect(await status()).toMatchObject({
      state: 'failed',
      lastError: 'The job "Hangs" ran longer than its timeout of 20 ms.',
    });
    expect(notes).toEqual(['next']);
  });

  test('of the worker is for jobs that have none, and makes them run again while they have tries', async () => {
    const attempts: number[] = [];
    const { opened } = gate();
    const job = jobOf((_, { attempt }) => {
      attempts.push(attempt);
      return attempt === 1 ? opened : undefined;
    });
    const { status } = await dispatch(job);
    await runAll({ timeoutMs: 20, tries: 2 });
    expect(attempts).toEqual([1, 2]);
    expect(await status()).toMatchObject({ state: 'done' });
  });
});

describe('concurrency', () => {
  test.each([1, 3])('of %p is reached and never exceeded', async (concurrency) => {
    const full = gate();
    let active = 0;
    let most = 0;
    const job = jobOf(async () => {
      active += 1;
      most = Math.max(most, active);
      if (active === concurrency) full.open();
      await full.opened;
      await store.nextDueAt([]);
      active -= 1;
    });
    await Promise.all(Array.from({ length: 10 }, () => dispatch(job)));
    await runAll({ concurrency });
    expect(most).toBe(concurrency);
    expect(kinds().filter((kind) => kind === 'done')).toHaveLength(10);
  });

  test('takes a free slot again while other jobs run', async () => {
    const first = gate();
    const last = gate();
    await dispatch(jobOf(() => first.opened, { name: 'First' }));
    await dispatch(jobOf(() => undefined, { name: 'Second' }));
    await dispatch(jobOf(() => last.open(), { name: 'Last' }));
    const { finished } = start({ concurrency: 2, stopWhenEmpty: true });
    await last.opened;
    first.open();
    await finished;
  });
});

describe('the order of jobs', () => {
  test('is that of the queues, then of priority, then of age; other queues are left alone', async () => {
    const notes: unknown[] = [];
    const job = jobOf(noted(notes));
    await dispatch(job, 'low', { queue: 'low' });
    await dispatch(job, 'other', { queue: 'other' });
    await dispatch(job, 'first', { queue: 'high' });
    await dispatch(job, 'second', { queue: 'high' });
    await dispatch(job, 'urgent', { queue: 'high', priority: 1 });
    await runAll({ queues: ['high', 'low'] });
    expect(notes).toEqual(['urgent', 'first', 'second', 'low']);
    expect(await store.nextDueAt(['other'])).toBeDefined();
  });

  test('is judged anew after every job', async () => {
    const notes: unknown[] = [];
    const job = jobOf(noted(notes), { name: 'Note' });
    const dispatches = jobOf(() => dispatch(job, 'high', { queue: 'high' }).then(() => undefined), {
      name: 'Dispatches',
    });
    await dispatch(dispatches, undefined, { queue: 'low' });
    await dispatch(job, 'low', { queue: 'low' });
    await runAll({ queues: ['high', 'low'] });
    expect(notes).toEqual(['high', 'low']);
  });
});

test('two workers run each job once', async () => {
  const notes: unknown[] = [];
  const job: JobClass & ReturnType<typeof jobOf> = jobOf(noted(notes));
  await Promise.all(Array.from({ length: 100 }, (_, index) => dispatch(job, index)));
  await Promise.all([
    runAll({ concurrency: 3 }),
    start({ stopWhenEmpty: true }, new SqliteQueueStore(file.elsewhere)).finished,
  ]);
  expect([...notes].sort((a, b) => Number(a) - Number(b))).toEqual(
    Array.from({ length: 100 }, (_, index) => index),
  );
});
