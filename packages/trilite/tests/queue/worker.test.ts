import { clock } from 'trilite';
import { travel, travelBack, travelTo } from 'trilite/testing';
import { JobRegistry } from '../../src/queue/job-registry';
import { JobRunner } from '../../src/queue/job-runner';
import type { JobClass } from '../../src/queue/job';
import { newOwner } from '../../src/queue/owner';
import { QueueDispatcher, type DispatchOptions } from '../../src/queue/queue-dispatcher';
import type { QueueStore } from '../../src/queue/queue-store';
import { queueMigrations } from '../../src/queue/schema';
import { SqliteQueueStore } from '../../src/queue/sqlite-queue-store';
import {
  runningWorkers,
  Worker,
  type WorkerEvent,
  type WorkerOptions,
} from '../../src/queue/worker';
import { gate } from '../helpers/gate';
import { abortOf, jobOf } from '../helpers/jobs';
import { createTemporaryFile, type TemporaryFile } from '../helpers/temporary-file';

const OPTIONS: WorkerOptions = {
  queues: ['default'],
  concurrency: 1,
  tries: 1,
  timeoutMs: 0,
  sleepMs: 600_000,
  leaseMs: 60_000,
  keepFinishedMs: 3_600_000,
  shutdownMs: 600_000,
  once: false,
  stopWhenEmpty: false,
};

let file: TemporaryFile;
let store: SqliteQueueStore;
let jobs: JobRegistry;
let events: WorkerEvent[];
let listeners: ((event: WorkerEvent) => void)[];
let started: { worker: Worker; finished: Promise<void> }[];

beforeEach(async () => {
  file = await createTemporaryFile(queueMigrations);
  store = new SqliteQueueStore(file.connection);
  jobs = new JobRegistry();
  events = [];
  listeners = [];
  started = [];
});

afterEach(async () => {
  travelBack();
  for (const { worker } of started) worker.stopNow();
  await Promise.all(started.map(({ finished }) => finished));
  await file.close();
});

/** Starts a worker; it is stopped after the test. */
function start(differences: Partial<WorkerOptions> = {}, on: QueueStore = store) {
  const runner = new JobRunner(jobs, (type) => new type());
  const worker = new Worker(on, runner, { ...OPTIONS, ...differences }, (event) => {
    events.push(event);
    for (const listener of listeners) listener(event);
  });
  const work = { worker, finished: worker.run() };
  started.push(work);
  return work;
}

/** Runs everything that is due. */
function runAll(differences: Partial<WorkerOptions> = {}): Promise<void> {
  return start({ stopWhenEmpty: true, ...differences }).finished;
}

/** The next event of a kind. */
function next<K extends WorkerEvent['kind']>(kind: K): Promise<Extract<WorkerEvent, { kind: K }>> {
  return new Promise((resolve) => {
    const listener = (event: WorkerEvent): void => {
      if (event.kind !== kind) return;
      listeners = listeners.filter((other) => other !== listener);
      resolve(event as Extract<WorkerEvent, { kind: K }>);
    };
    listeners.push(listener);
  });
}

function dispatch(
  job: ReturnType<typeof jobOf>,
  payload: unknown = undefined,
  options: DispatchOptions = {},
  on: QueueStore = store,
) {
  jobs.add(job);
  return new QueueDispatcher(on, jobs).dispatch(job, payload, options);
}

/** The store, with some of its methods replaced. */
function storeWith(methods: Partial<QueueStore>): QueueStore {
  return new Proxy<QueueStore>(store, {
    get(target, name: keyof QueueStore) {
      return methods[name] ?? target[name].bind(target);
    },
  });
}

function kinds(): string[] {
  return events.map(({ kind }) => kind);
}

function noted(notes: unknown[]): (payload: unknown) => void {
  return (payload) => void notes.push(payload);
}

/** Gives a running job to another owner, as a recovery and another claim would. */
function steal(id: string): Promise<unknown> {
  return file.elsewhere.write((handle) =>
    handle.statement("update jobs set owner = 'thief' where id = ?").run(id),
  );
}

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
    expect(kinds()).toEqual(['running', 'failed', 'error', 'running', 'done']);
  });

  test('runs again after "retry", with all its tries', async () => {
    const attempts: number[] = [];
    const job = jobOf((_, { attempt }) => {
      attempts.push(attempt);
      throw new Error('It broke');
    });
    const { id } = await dispatch(job);
    await runAll({ tries: 2 });
    await store.retry([id]);
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

describe('once', () => {
  test('runs one job and stops, whatever the concurrency', async () => {
    const notes: unknown[] = [];
    await Promise.all([1, 2, 3].map((n) => dispatch(jobOf(noted(notes), { name: `J${n}` }), n)));
    await start({ once: true, concurrency: 3 }).finished;
    expect(notes).toEqual([1]);
  });

  test('waits for its job', async () => {
    const { opened, open } = gate();
    const { status } = await dispatch(jobOf(() => opened));
    const running = next('running');
    const { finished } = start({ once: true });
    await running;
    open();
    await finished;
    expect(await status()).toMatchObject({ state: 'done' });
  });

  test('stops at once when no job is due', async () => {
    const { status } = await dispatch(
      jobOf(() => undefined),
      undefined,
      { delay: '1h' },
    );
    await start({ once: true }).finished;
    expect(await status()).toMatchObject({ state: 'waiting' });
  });
});

describe('stopWhenEmpty', () => {
  test('runs what is due and what that dispatches, and leaves what is due later', async () => {
    const notes: unknown[] = [];
    const child = jobOf(noted(notes), { name: 'Child' });
    const parent = jobOf(() => dispatch(child, 'child').then(() => undefined), { name: 'Parent' });
    await dispatch(parent);
    const later = await dispatch(child, 'later', { delay: '1h' });
    await runAll();
    expect(notes).toEqual(['child']);
    expect(await later.status()).toMatchObject({ state: 'waiting' });
  });

  test('does not stop while a job runs that may dispatch more', async () => {
    const notes: unknown[] = [];
    const child = jobOf(noted(notes), { name: 'Child' });
    const { opened, open } = gate();
    const parent = jobOf(() => opened.then(() => dispatch(child, 'child')).then(() => undefined), {
      name: 'Parent',
    });
    await dispatch(parent);
    const looked = gate();
    const { finished } = start(
      { stopWhenEmpty: true, concurrency: 2 },
      storeWith({
        nextDueAt: (queues) => {
          looked.open();
          return store.nextDueAt(queues);
        },
      }),
    );
    await looked.opened;
    open();
    await finished;
    expect(notes).toEqual(['child']);
  });
});

describe('a waiting worker', () => {
  test.each(['this process', 'another process'])('wakes for a job from %s', async (where) => {
    const idle = gate();
    const on = where === 'this process' ? store : new SqliteQueueStore(file.elsewhere);
    start(
      {},
      storeWith({
        nextDueAt: async (queues) => {
          const dueAt = await store.nextDueAt(queues);
          idle.open();
          return dueAt;
        },
      }),
    );
    await idle.opened;
    const done = next('done');
    await dispatch(
      jobOf(() => undefined),
      undefined,
      {},
      on,
    );
    await done;
  });

  test('wakes when the next job becomes due', async () => {
    const { status } = await dispatch(
      jobOf(() => undefined),
      undefined,
      { delay: '30ms' },
    );
    const done = next('done');
    start();
    await done;
    expect(await status()).toMatchObject({ state: 'done' });
  });

  test('stops at once', async () => {
    const { worker, finished } = start();
    expect(runningWorkers()).toEqual([worker]);
    worker.stop();
    worker.stop();
    await finished;
    expect(runningWorkers()).toEqual([]);
  });
});

describe('stop', () => {
  test('waits for the running job, and begins no other', async () => {
    const { opened, open } = gate();
    const aborted = jest.fn();
    const job = jobOf((_, { signal }) => {
      signal.addEventListener('abort', aborted);
      return opened;
    });
    const running = next('running');
    const { worker, finished } = start();
    const first = await dispatch(job);
    await running;
    const second = await dispatch(job);
    worker.stop();
    open();
    await finished;
    expect(await first.status()).toMatchObject({ state: 'done' });
    expect(await second.status()).toMatchObject({ state: 'waiting', attempts: 0 });
    expect(aborted).not.toHaveBeenCalled();
  });

  test('finishes the jobs that were claimed in the same moment', async () => {
    const { status } = await dispatch(jobOf(() => undefined));
    const claiming = gate();
    const stopped = gate();
    const { worker, finished } = start(
      {},
      storeWith({
        claim: async (request) => {
          const claimed = await store.claim(request);
          claiming.open();
          await stopped.opened;
          return claimed;
        },
      }),
    );
    await claiming.opened;
    worker.stop();
    stopped.open();
    await finished;
    expect(await status()).toMatchObject({ state: 'done' });
  });

  test.each([
    ['at the deadline', { shutdownMs: 10 }, (worker: Worker) => worker.stop()],
    ['by stopNow', {}, (worker: Worker) => worker.stopNow()],
    ['by stopNow after a stop', {}, (worker: Worker) => (worker.stop(), worker.stopNow())],
  ])('puts the running job back %s, its run uncounted', async (_, options, stop) => {
    const reasons: unknown[] = [];
    const job = jobOf(async (_payload, { signal }) => void reasons.push(await abortOf(signal)));
    const running = next('running');
    const { worker, finished } = start(options);
    const { status } = await dispatch(job);
    await running;
    stop(worker);
    await finished;
    expect(reasons).toMatchObject([{ code: 'E_WORKER_STOPPING' }]);
    expect(await status()).toMatchObject({ state: 'waiting', attempts: 0, lastError: undefined });
    expect(kinds()).toEqual(['running', 'released']);
  });

  test('gives back, on "now", what was claimed in the same moment', async () => {
    const { status } = await dispatch(jobOf(() => gate().opened));
    const claiming = gate();
    const stopped = gate();
    const { worker, finished } = start(
      {},
      storeWith({
        claim: async (request) => {
          const claimed = await store.claim(request);
          claiming.open();
          await stopped.opened;
          return claimed;
        },
      }),
    );
    await claiming.opened;
    worker.stopNow();
    stopped.open();
    await finished;
    expect(await status()).toMatchObject({ state: 'waiting', attempts: 0 });
  });
});

describe('a lease', () => {
  test('is renewed while the job runs', async () => {
    travelTo(Date.UTC(2026, 0, 1));
    const { opened, open } = gate();
    const renewed = gate<string[]>();
    const { status } = await dispatch(jobOf(() => opened));
    const running = next('running');
    start(
      { leaseMs: 30 },
      storeWith({
        renew: async (held, leaseMs) => {
          const lost = await store.renew(held, leaseMs);
          if (clock.now() > Date.UTC(2026, 0, 1)) renewed.open(lost);
          return lost;
        },
      }),
    );
    await running;
    travel('20ms');
    expect(await renewed.opened).toEqual([]);
    travel('20ms');
    expect(await new SqliteQueueStore(file.elsewhere).recover(() => false)).toEqual([]);
    const done = next('done');
    open();
    await done;
    expect(await status()).toMatchObject({ state: 'done', attempts: 1 });
  });

  test('that is lost aborts the signal, and the job is not acknowledged', async () => {
    const reason = gate<unknown>();
    const job = jobOf(async (_, { id, signal }) => {
      await steal(id);
      reason.open(await abortOf(signal));
    });
    const { id, status } = await dispatch(job);
    const lost = next('lost');
    start({ leaseMs: 30 });
    expect(await reason.opened).toMatchObject({ code: 'E_JOB_LEASE_LOST' });
    expect(await lost).toMatchObject({ job: { id } });
    expect(await status()).toMatchObject({ state: 'running', lastError: undefined });
  });

  test.each([
    ['done', () => undefined],
    [
      'failed',
      () => {
        throw new Error('It broke');
      },
    ],
  ])('that was lost unnoticed leaves the job to its new owner when it is %s', async (_, end) => {
    const failed = jest.fn();
    const job = jobOf(
      async (_payload, { id }) => {
        await steal(id);
        end();
      },
      { failed },
    );
    const { status } = await dispatch(job);
    await runAll();
    expect(kinds()).toEqual(['running', 'lost']);
    expect(await status()).toMatchObject({ state: 'running' });
    expect(await store.failed()).toEqual([]);
    expect(failed).not.toHaveBeenCalled();
  });
});

describe('upkeep', () => {
  test('takes back at once what a gone owner holds, and runs it', async () => {
    const attempts: number[] = [];
    const { id } = await dispatch(jobOf((_, { attempt }) => void attempts.push(attempt)));
    const [bootId, namespace, pid] = newOwner().split('/');
    const gone = [bootId, namespace, pid, 'another start', 'worker'].join('/');
    await store.claim({ queues: ['default'], limit: 1, owner: gone, leaseMs: 600_000 });
    const recovered = next('recovered');
    const done = next('done');
    start();
    expect(await recovered).toMatchObject({ recovered: { id, outcome: 'released' } });
    await done;
    expect(attempts).toEqual([2]);
  });

  test('leaves what another worker of this process holds', async () => {
    const { status } = await dispatch(jobOf(() => undefined));
    await store.claim({ queues: ['default'], limit: 1, owner: newOwner(), leaseMs: 600_000 });
    await runAll();
    expect(await status()).toMatchObject({ state: 'running' });
  });

  test('forgets jobs that were done longer ago than they are kept', async () => {
    travelTo(Date.UTC(2026, 0, 1));
    const job = jobOf(() => undefined);
    const old = await dispatch(job);
    await runAll();
    travel('1h');
    const recent = await dispatch(job);
    await runAll();
    travel('1ms');
    await runAll();
    expect(await old.status()).toBeUndefined();
    expect(await recent.status()).toMatchObject({ state: 'done' });
  });
});

describe('an error of the store', () => {
  const refuseOnce = <A extends unknown[], R>(method: (...given: A) => Promise<R>) => {
    const once = jest.fn(method);
    return once.mockRejectedValueOnce(new Error('The file does not answer')) as typeof method;
  };

  test.each(['claim', 'nextDueAt', 'recover', 'prune', 'renew'] as const)(
    'at %s is told, and the worker goes on',
    async (method) => {
      const { opened, open } = gate();
      const error = next('error');
      const done = next('done');
      const refusing = storeWith({ [method]: refuseOnce(store[method].bind(store) as never) });
      start({ leaseMs: 60 }, refusing);
      if (method !== 'renew') open();
      await dispatch(jobOf(() => opened));
      expect(await error).toMatchObject({ error: { message: 'The file does not answer' } });
      open();
      await done;
    },
  );

  test('at an acknowledgement leaves the job to its lease, and the worker goes on', async () => {
    const first = await dispatch(jobOf(() => undefined, { name: 'First' }));
    const second = await dispatch(jobOf(() => undefined, { name: 'Second' }));
    const done = next('done');
    start({}, storeWith({ complete: refuseOnce(store.complete.bind(store)) }));
    await done;
    expect(kinds()).toEqual(['running', 'error', 'running', 'done']);
    expect(await first.status()).toMatchObject({ state: 'running' });
    expect(await second.status()).toMatchObject({ state: 'done' });
  });

  test('at progress is an error of the job', async () => {
    const { status } = await dispatch(jobOf((_, { progress }) => progress(5)));
    await start(
      { stopWhenEmpty: true },
      storeWith({ report: refuseOnce(store.report.bind(store)) }),
    ).finished;
    expect(await status()).toMatchObject({
      state: 'failed',
      lastError: 'The file does not answer',
    });
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
