import { mkdirSync, renameSync } from 'node:fs';
import { clock } from 'trilite';
import { travel, travelTo } from 'trilite/testing';
import { newOwner } from '../../src/support/owner';
import { SqliteQueueStore } from '../../src/queue/sqlite/sqlite-queue-store';
import { runningWorkers, type Worker } from '../../src/queue/worker/worker';
import { gate } from '../helpers/gate';
import { abortOf, jobOf } from '../helpers/jobs';
import {
  dispatch,
  file,
  kinds,
  next,
  noted,
  runAll,
  start,
  steal,
  store,
  storeWith,
  useWorkers,
} from '../helpers/workers';

useWorkers();

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

  test.each([{ once: true }, { maxJobs: 1 }])(
    'with %p, lets its job run for longer than a stop would wait',
    async (end) => {
      const { opened, open } = gate();
      const { status } = await dispatch(jobOf(() => opened));
      // Renewed while it runs, so later than it began
      const renewing = storeWith({
        renew: (jobs, leaseMs) => {
          if (jobs.length > 0) open();
          return store.renew(jobs, leaseMs);
        },
      });
      await start({ ...end, shutdownMs: 0, leaseMs: 60 }, renewing).finished;
      expect(await status()).toMatchObject({ state: 'done' });
    },
  );

  test('puts its job back when it is told to stop meanwhile', async () => {
    const { status } = await dispatch(jobOf(() => new Promise(() => undefined)));
    const running = next('running');
    const { worker, finished } = start({ once: true, shutdownMs: 0 });
    await running;
    worker.stop();
    await finished;
    expect(await status()).toMatchObject({ state: 'waiting', attempts: 0 });
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

  /** Stops a worker between its claim and the start of what it claimed. */
  async function stopWhileClaiming(stop: (worker: Worker) => void): Promise<void> {
    const claiming = gate();
    const stopped = gate();
    const claim: typeof store.claim = async (request) => {
      const claimed = await store.claim(request);
      claiming.open();
      await stopped.opened;
      return claimed;
    };
    const { worker, finished } = start({}, storeWith({ claim }));
    await claiming.opened;
    stop(worker);
    stopped.open();
    await finished;
  }

  test('finishes the jobs that were claimed in the same moment', async () => {
    const { status } = await dispatch(jobOf(() => undefined));
    await stopWhileClaiming((worker) => worker.stop());
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
    await stopWhileClaiming((worker) => worker.stopNow());
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

  afterEach(() => jest.useRealTimers());

  /** Lets the pause after an error be over as soon as that is told of. */
  function skipPause(): void {
    jest.useFakeTimers({
      doNotFake: [
        'setImmediate',
        'setInterval',
        'nextTick',
        'queueMicrotask',
        'Date',
        'performance',
        'hrtime',
      ],
    });
    void next('error').then(() => {
      jest.advanceTimersByTime(1000);
      jest.useRealTimers();
    });
  }

  test.each(['claim', 'nextDueAt', 'recover', 'prune', 'renew'] as const)(
    'at %s is told, and the worker goes on',
    async (method) => {
      if (method === 'claim' || method === 'nextDueAt') skipPause();
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

  test('at an acknowledgement is told, and the acknowledgement tried again', async () => {
    const { status } = await dispatch(jobOf(() => undefined));
    const done = next('done');
    skipPause();
    start({}, storeWith({ complete: refuseOnce(store.complete.bind(store)) }));
    await done;
    expect(kinds()).toEqual(['running', 'error', 'done']);
    expect(await status()).toMatchObject({ state: 'done', attempts: 1 });
  });

  test('ends a worker that waits for the queue to be empty', async () => {
    const refusing = storeWith({ claim: refuseOnce(store.claim.bind(store)) });
    await expect(start({ stopWhenEmpty: true }, refusing).finished).rejects.toThrow(
      'does not answer',
    );
  });

  test.each(['is missing', 'is a folder'])(
    'ends a worker whose file %s for too long, though it can still claim from the one it has open',
    async (what) => {
      const done = next('done');
      const { finished } = start({ unreachableMs: 1, leaseMs: 30 });
      await dispatch(jobOf(() => undefined));
      await done;
      const path = file.connection.file;
      renameSync(path, `${path}.away`);
      if (what === 'is a folder') mkdirSync(path);
      await expect(finished).rejects.toMatchObject({ code: 'E_QUEUE_UNREACHABLE' });
    },
  );

  test('of the upkeep is forgotten once the queue has answered', async () => {
    let calls = 0;
    const looked = gate();
    const answering = storeWith({
      recover: (isGone) => {
        calls += 1;
        if (calls === 5) looked.open();
        return calls < 5 ? Promise.reject(new Error('Not now')) : store.recover(isGone);
      },
    });
    const { worker, finished } = start({ unreachableMs: 1, leaseMs: 30 }, answering);
    await looked.opened;
    worker.stop();
    await expect(finished).resolves.toMatchObject({ reason: 'asked' });
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
