import type { JobClass, JobContext } from 'trilite';
import { travelBack, travelTo } from 'trilite/testing';
import { JobRegistry } from '../../src/queue/job-registry';
import { JobRunner, type RunDefaults } from '../../src/queue/job-runner';
import type { ClaimedJob } from '../../src/queue/queue-store';
import { NullQueueStore } from '../../src/queue/stores/null-queue-store';
import { gate } from '../helpers/gate';
import { abortOf, jobOf } from '../helpers/jobs';
import { MAX_PAYLOAD, makeInstance } from '../helpers/workers';

const NOW = Date.UTC(2026, 0, 1);
const CLAIMED: ClaimedJob = {
  id: 'id',
  queue: 'mail',
  job: 'TestJob',
  payload: '{"at":{"$":"date","v":5}}',
  attempts: 1,
  exceptions: 0,
  crashes: 0,
  owner: 'owner',
  claim: 1,
  createdAt: NOW,
  retryUntil: undefined,
  batchId: undefined,
  tags: [],
  cause: undefined,
  isLinked: false,
};
const DEFAULTS: RunDefaults = { tries: 1, timeoutMs: 60_000, backoff: 0 };
const store = new NullQueueStore();
const fails = (): never => {
  throw new Error('It broke');
};

function runnerOf(...types: JobClass[]): JobRunner {
  const jobs = new JobRegistry();
  for (const type of types) jobs.add(type);
  return new JobRunner({ jobs, maxPayload: MAX_PAYLOAD, make: makeInstance });
}

function run(
  type: JobClass,
  differences: Partial<ClaimedJob & RunDefaults> = {},
  controller = new AbortController(),
) {
  const { tries = 1, timeoutMs = 60_000, ...job } = differences;
  const { abort, outcome } = runnerOf(type).start(
    { ...CLAIMED, ...job },
    { store, defaults: { tries, timeoutMs, backoff: 0 } },
  );
  controller.signal.addEventListener('abort', () => abort(controller.signal.reason as Error));
  return outcome;
}

beforeEach(() => travelTo(NOW));

afterEach(() => {
  jest.useRealTimers();
  travelBack();
});

describe('a run', () => {
  test('is done when the job returns', async () => {
    expect(await run(jobOf(() => undefined))).toEqual({ kind: 'done' });
    expect(await run(jobOf(async () => undefined))).toEqual({ kind: 'done' });
  });

  test('is done only when what the job promised is', async () => {
    const { opened, open } = gate();
    const settled = jest.fn();
    const running = run(jobOf(() => opened)).then(settled);
    await new Promise(setImmediate);
    expect(settled).not.toHaveBeenCalled();
    open();
    await running;
    expect(settled).toHaveBeenCalledWith({ kind: 'done' });
  });

  test('gives the job its payload and what it may know', async () => {
    const handle = jest.fn<undefined, [unknown, JobContext]>();
    await run(jobOf(handle), { attempts: 4 });
    const [payload, context] = handle.mock.calls[0] ?? [];
    expect(payload).toEqual({ at: new Date(5) });
    expect(context).toMatchObject({ id: 'id', queue: 'mail', attempt: 4 });
    expect(context?.signal.aborted).toBe(false);
  });

  test('makes an instance for each run', async () => {
    const instances = new Set<object>();
    const type = jobOf((_payload, _context, instance) => void instances.add(instance));
    await run(type);
    await run(type);
    expect(instances.size).toBe(2);
  });

  test.each([
    ['throws', fails],
    ['rejects', () => Promise.reject(new Error('It broke'))],
  ])('has failed when the job %s', async (_, handle) => {
    expect(await run(jobOf(handle))).toEqual({ kind: 'failed', error: new Error('It broke') });
  });

  test('has failed when the job throws what is no error', async () => {
    const outcome = await run(
      jobOf(() => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error
        throw 'a text';
      }),
    );
    expect(outcome).toEqual({ kind: 'failed', error: new Error('a text') });
  });

  test('has failed when the job cannot be made', async () => {
    class Unmakeable {
      constructor() {
        throw new Error('No such service');
      }
      handle(): void {}
    }
    expect(await run(Unmakeable, { job: 'Unmakeable' })).toMatchObject({
      kind: 'failed',
      error: { message: 'No such service' },
    });
  });

  test('has failed for good when nobody knows the job, whatever the tries', async () => {
    const outcome = await run(jobOf(fails), { job: 'Gone', tries: 0 });
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: { code: 'E_JOB_UNKNOWN', message: expect.stringContaining('"Gone"') },
    });
  });

  test('has failed when the payload cannot be read, and the job is not called', async () => {
    const handle = jest.fn();
    expect(await run(jobOf(handle), { payload: '{broken' })).toMatchObject({
      kind: 'failed',
      error: { code: 'E_VALUE_NOT_READABLE' },
    });
    expect(handle).not.toHaveBeenCalled();
  });
});

describe('after a failure', () => {
  test.each([
    { tries: 3, attempts: 1, crashes: 0, kind: 'retry' },
    { tries: 3, attempts: 2, crashes: 0, kind: 'retry' },
    { tries: 3, attempts: 3, crashes: 0, kind: 'failed' },
    { tries: 3, attempts: 4, crashes: 0, kind: 'failed' },
    { tries: 0, attempts: 999, crashes: 0, kind: 'retry' },
    { tries: 2, attempts: 3, crashes: 2, kind: 'retry' },
    { tries: 2, attempts: 4, crashes: 2, kind: 'failed' },
  ])('%j', async ({ kind, ...job }) => {
    expect((await run(jobOf(fails), job)).kind).toBe(kind);
  });

  test("the job's own tries win over the worker's", async () => {
    const patient = jobOf(fails, { options: { tries: 2 } });
    expect((await run(patient, { tries: 1 })).kind).toBe('retry');
    const hasty = jobOf(fails, { options: { tries: 1 } });
    expect((await run(hasty, { tries: 5 })).kind).toBe('failed');
  });

  test('the next run waits for the backoff of this many failures, crashes not counted', async () => {
    const type = jobOf(fails, { options: { tries: 0, backoff: ['1s', '10s'] } });
    const pauses = [
      await run(type, { attempts: 1 }),
      await run(type, { attempts: 2, exceptions: 1 }),
      await run(type, { attempts: 3, exceptions: 2 }),
      await run(type, { attempts: 3, crashes: 2 }),
    ].map((outcome) => 'availableAt' in outcome && outcome.availableAt - NOW);
    expect(pauses).toEqual([1000, 10_000, 10_000, 1000]);
  });

  test('the next run waits for as long as the job said before it threw', async () => {
    const type = jobOf(
      (_, { release }) => {
        release('30s');
        throw new Error('Come back in 30 seconds');
      },
      { options: { tries: 2, backoff: '1s' } },
    );
    expect(await run(type)).toEqual({
      kind: 'retry',
      error: new Error('Come back in 30 seconds'),
      availableAt: NOW + 30_000,
    });
    expect(await run(type, { attempts: 2 })).toMatchObject({ kind: 'failed' });
  });
});

describe('with retryUntil', () => {
  const until = { retryUntil: NOW + 60_000, attempts: 9 };

  test('a run that fails is followed by another until then, whatever its tries', async () => {
    expect(await run(jobOf(fails), until)).toMatchObject({ kind: 'retry' });
    travelTo(NOW + 60_000);
    expect(await run(jobOf(fails), until)).toMatchObject({ kind: 'failed' });
  });

  test('a run that releases itself is followed by another that is due before then', async () => {
    const patient = jobOf((_, { release }) => release('59s'));
    expect(await run(patient, until)).toMatchObject({
      kind: 'released',
      availableAt: NOW + 59_000,
    });
    travelTo(NOW + 2000);
    expect(await run(patient, until)).toMatchObject({
      kind: 'failed',
      error: { code: 'E_JOB_RELEASED_TOO_OFTEN', message: expect.stringContaining('00:01:00') },
    });
  });
});

describe('a timeout', () => {
  async function timedOutAfter(type: JobClass, milliseconds: number, timeoutMs = 60_000) {
    jest.useFakeTimers();
    const running = run(type, { timeoutMs });
    jest.advanceTimersByTime(milliseconds);
    return { running };
  }

  test('aborts the signal and fails the run, though the job goes on', async () => {
    const signals: AbortSignal[] = [];
    const { running } = await timedOutAfter(
      jobOf((_, { signal }) => {
        signals.push(signal);
        return gate().opened;
      }),
      60_000,
    );
    expect(signals[0]?.reason).toMatchObject({ code: 'E_JOB_TIMEOUT' });
    expect(await running).toMatchObject({
      kind: 'failed',
      error: {
        code: 'E_JOB_TIMEOUT',
        message: 'The job "TestJob" ran longer than its timeout of 60000 ms.',
      },
    });
  });

  test('is the error of a run whose job stops with an error of its own', async () => {
    const stops = jobOf(async (_, { signal }) => {
      await abortOf(signal);
      throw new Error('Stopped');
    });
    const { running } = await timedOutAfter(stops, 60_000);
    expect(await running).toMatchObject({ error: { code: 'E_JOB_TIMEOUT' } });
  });

  test('is the error of a run whose job is the first to hear of it', async () => {
    const stops = jobOf(
      (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('Stopped')));
        }),
    );
    const { running } = await timedOutAfter(stops, 60_000);
    expect(await running).toMatchObject({ error: { code: 'E_JOB_TIMEOUT' } });
  });

  test("of the job wins over the worker's", async () => {
    const type = jobOf(() => gate().opened, { options: { timeout: '2s' } });
    const { running } = await timedOutAfter(type, 2000);
    expect(await running).toMatchObject({ error: { code: 'E_JOB_TIMEOUT' } });
  });

  test.each([
    ['not over', {}, 59_999, 60_000],
    ["0 for the worker's", {}, 1e9, 0],
    ["0 for the job's", { timeout: 0 }, 1e9, 60_000],
  ])('that is %s changes nothing', async (_, options, passedMs, timeoutMs) => {
    const { opened, open } = gate();
    const signals: AbortSignal[] = [];
    const type = jobOf(
      (_, { signal }) => {
        signals.push(signal);
        return opened;
      },
      { options },
    );
    const { running } = await timedOutAfter(type, passedMs, timeoutMs);
    expect(signals[0]?.aborted).toBe(false);
    open();
    expect(await running).toEqual({ kind: 'done' });
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('a heartbeat', () => {
  function startBeating() {
    jest.useFakeTimers();
    const { opened, open } = gate();
    const beat = gate<JobContext>();
    const onHeartbeat = jest.fn();
    const type = jobOf((_, context) => {
      beat.open(context);
      return opened;
    });
    const { outcome } = runnerOf(type).start(CLAIMED, { store, defaults: DEFAULTS, onHeartbeat });
    return { context: beat.opened, end: open, onHeartbeat, outcome };
  }

  test('has the timeout begin anew, for whoever else watches it too', async () => {
    const { context, onHeartbeat, outcome } = startBeating();
    const { heartbeat, signal } = await context;
    jest.advanceTimersByTime(50_000);
    await heartbeat();
    expect(onHeartbeat).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(59_999);
    expect(signal.aborted).toBe(false);
    jest.advanceTimersByTime(1);
    expect(await outcome).toMatchObject({ error: { code: 'E_JOB_TIMEOUT' } });
  });

  test('of a run that has ended changes nothing', async () => {
    const { context, end, onHeartbeat, outcome } = startBeating();
    end();
    expect(await outcome).toEqual({ kind: 'done' });
    const { heartbeat } = await context;
    await heartbeat();
    expect(onHeartbeat).not.toHaveBeenCalled();
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('a signal', () => {
  test('that is aborted from outside ends the run with its reason', async () => {
    const controller = new AbortController();
    const running = run(
      jobOf(() => gate().opened),
      {},
      controller,
    );
    controller.abort(new Error('From outside'));
    expect(await running).toEqual({ kind: 'failed', error: new Error('From outside') });
  });

  test('that is aborted after the end changes nothing', async () => {
    const controller = new AbortController();
    const outcome = await run(
      jobOf(() => undefined),
      {},
      controller,
    );
    controller.abort(new Error('Too late'));
    expect(outcome).toEqual({ kind: 'done' });
  });
});

describe('callFailed', () => {
  test('calls "failed" of an instance with the error and the payload', async () => {
    const failed = jest.fn();
    const error = new Error('It broke');
    await runnerOf(jobOf(fails, { failed })).callFailed(CLAIMED, error);
    expect(failed).toHaveBeenCalledWith(error, { at: new Date(5) }, expect.anything());
  });

  test('does nothing for a job without "failed"', async () => {
    class TestJob {
      handle(): void {}
    }
    const call = runnerOf(TestJob).callFailed(CLAIMED, new Error('It broke'));
    await expect(call).resolves.toBeUndefined();
  });

  test('throws what "failed" throws', async () => {
    await expect(
      runnerOf(jobOf(fails, { failed: fails })).callFailed(CLAIMED, new Error('first')),
    ).rejects.toThrow('It broke');
  });
});

test('runs and "failed" happen inside the scope of whoever the job is for', async () => {
  const jobs = new JobRegistry();
  const inside: boolean[] = [];
  let isInside = false;
  const note = (): void => void inside.push(isInside);
  jobs.add(jobOf(note, { failed: note }));
  const enter = <T>(work: () => T): T => {
    isInside = true;
    try {
      return work();
    } finally {
      isInside = false;
    }
  };
  const runner = new JobRunner({ jobs, maxPayload: MAX_PAYLOAD, make: makeInstance, enter });
  await runner.start(CLAIMED, { store, defaults: DEFAULTS }).outcome;
  await runner.callFailed(CLAIMED, new Error('It broke'));
  expect(inside).toEqual([true, true]);
});
