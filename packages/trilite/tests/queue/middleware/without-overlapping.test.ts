import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { WithoutOverlapping, type JobContext, type QueueRegistry } from 'trilite';
import {
  createTestApplication,
  travel,
  travelBack,
  travelTo,
  type TestApplication,
} from 'trilite/testing';
import { OneAtATime } from '../../fixtures/crash-app/app/jobs/one-at-a-time';
import { gate, type Gate } from '../../helpers/gate';
import { guardedJob } from '../../helpers/guarded-job';

const basePath = join(__dirname, '../../fixtures/crash-app');
const NOW = Date.UTC(2026, 0, 1);

const handle = jest.fn<Promise<void> | void, [unknown, JobContext]>();
const byAccount = guardedJob((account: number) => [new WithoutOverlapping(account)], handle, {
  name: 'ByAccount',
  options: { tries: 2 },
});
const alone = guardedJob(() => [new WithoutOverlapping()], handle, { name: 'Alone' });
const dropped = guardedJob(() => [new WithoutOverlapping('key', { dontRelease: true })], handle, {
  name: 'Dropped',
});
const shared = ['First', 'Second'].map((name) =>
  guardedJob(() => [new WithoutOverlapping('key', { shared: true, releaseAfter: '1m' })], handle, {
    name,
  }),
);
const [first = alone, second = alone] = shared;

let app: TestApplication;
/** Opened after the test at the latest: a run that hangs would outlive it. */
let atLast: Gate;

beforeEach(async () => {
  app = await createTestApplication({ basePath, jobs: [byAccount, alone, dropped, ...shared] });
  handle.mockReset();
  atLast = gate();
});

afterEach(async () => {
  atLast.open();
  jest.useRealTimers();
  travelBack();
  await app.close();
});

/** Another run that goes on, as far as locks know. */
async function hold(name: string): Promise<{ release: () => Promise<boolean> }> {
  const lock = app.locks.lock(name, '1h');
  expect(await lock.get()).toBe(true);
  return lock;
}

test('a job that finds another one in its way waits five seconds, and counts no try', async () => {
  travelTo(NOW);
  const other = await hold('overlap:ByAccount:7');
  const { status } = await app.queue().dispatch(byAccount, 7);
  for (const at of [NOW + 5000, NOW + 10_000]) {
    expect(await app.runJobs()).toBe(1);
    expect(await status()).toMatchObject({ state: 'waiting', attempts: 0, availableAt: at });
    travel('5s');
  }
  expect(handle).not.toHaveBeenCalled();
  await other.release();
  await app.runJobs();
  expect(handle).toHaveBeenCalledTimes(1);
  expect(await status()).toMatchObject({ state: 'done', attempts: 1 });
});

test('jobs of other keys, and of other classes, are in nobody’s way', async () => {
  await hold('overlap:ByAccount:7');
  await hold('overlap:Second:');
  await app.queue().dispatch(byAccount, 8);
  await app.queue().dispatch(alone, undefined);
  await app.queue().dispatch(first, undefined);
  await app.runJobs();
  expect(handle).toHaveBeenCalledTimes(3);
});

test('a class without a key runs one at a time', async () => {
  await hold('overlap:Alone:');
  await app.queue().dispatch(alone, undefined);
  await app.runJobs();
  expect(handle).not.toHaveBeenCalled();
});

test('classes that share a key are in one another’s way', async () => {
  travelTo(NOW);
  handle.mockReturnValue(atLast.opened);
  const jobs = [
    await app.queue().dispatch(first, undefined),
    await app.queue().dispatch(second, undefined),
  ];
  const worker = workerOf(2, ({ kind }) => {
    if (kind === 'released') atLast.open();
  });
  await worker.run();
  expect(handle).toHaveBeenCalledTimes(1);
  const states = await Promise.all(jobs.map(async ({ status }) => (await status())?.state));
  expect(states.sort()).toEqual(['done', 'waiting']);
  travel('1m');
  await app.runJobs();
  expect(handle).toHaveBeenCalledTimes(2);
});

test('a job that is not to be released is dropped, and says so', async () => {
  await hold('overlap:Dropped:key');
  const { id, status } = await app.queue().dispatch(dropped, undefined);
  await app.runJobs();
  expect(handle).not.toHaveBeenCalled();
  expect(await status()).toMatchObject({ state: 'done' });
  const { lines } = await app.queues.store().history(id);
  expect(lines.map(({ text }) => text)).toEqual([
    'Not run: the lock "overlap:Dropped:key" was held.',
  ]);
});

test('the lock comes free when the job throws', async () => {
  handle.mockImplementationOnce(() => {
    throw new Error('It broke');
  });
  await app.queue().dispatch(byAccount, 7);
  await app.runJobs();
  expect(handle).toHaveBeenCalledTimes(2);
  expect(await app.locks.held()).toEqual([]);
});

test('a run that goes on after it was told to stop keeps the next one out', async () => {
  handle.mockImplementationOnce(() => {
    worker.stopNow();
    return atLast.opened;
  });
  const { status } = await app.queue().dispatch(byAccount, 7);
  const worker = workerOf(1);
  await worker.run();
  expect(await app.runJobs()).toBe(1);
  expect(handle).toHaveBeenCalledTimes(1);
  expect(await status()).toMatchObject({ state: 'waiting', attempts: 0 });
  atLast.open();
  await freed('overlap:ByAccount:7');
  travel('5s');
  await app.runJobs();
  expect(handle).toHaveBeenCalledTimes(2);
  expect(await status()).toMatchObject({ state: 'done', attempts: 1 });
});

test('a lock is renewed while its run goes on, and no longer once that was told to stop', async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'setTimeout', 'nextTick', 'queueMicrotask'] });
  const begun = gate();
  const aborted = gate();
  handle.mockImplementationOnce((_, { signal }) => {
    signal.addEventListener('abort', () => aborted.open());
    begun.open();
    return atLast.opened;
  });
  travelTo(NOW);
  const { cancel } = await app.queue().dispatch(alone, undefined);
  const running = workerOf(1, undefined, 'brisk').run();
  await begun.opened;
  const expiresAt = async (): Promise<number> => (await app.locks.held())[0]?.expiresAt ?? 0;
  expect(await expiresAt()).toBe(NOW + 90_000);
  travel('30s');
  jest.advanceTimersByTime(30_000);
  expect(await expiresAt()).toBe(NOW + 120_000);
  await cancel();
  await aborted.opened;
  travel('30s');
  jest.advanceTimersByTime(30_000);
  expect(await expiresAt()).toBe(NOW + 120_000);
  atLast.open();
  await running;
});

test.each([
  ['a shared lock without a name', () => new WithoutOverlapping('', { shared: true })],
  ['what is no duration', () => new WithoutOverlapping('key', { releaseAfter: 'soon' })],
  ['a lock of no time', () => new WithoutOverlapping('key', { expiresAfter: 'soon' })],
])('refuses %s where it is made', (_, make) => {
  expect(make).toThrow(TypeError);
});

describe('in several processes', () => {
  const processes: ChildProcess[] = [];

  afterEach(() => {
    for (const one of processes.splice(0)) one.kill('SIGKILL');
  });

  function work(): ChildProcess {
    const child = fork(
      join(basePath, 'artisan.ts'),
      ['queue:work', '--json', '--stop-when-empty'],
      {
        cwd: basePath,
        execArgv: ['-r', 'ts-node/register/transpile-only'],
        env: {
          ...process.env,
          STORAGE_PATH: app.storagePath,
          TS_NODE_PROJECT: join(__dirname, '../../../../../tsconfig.json'),
        },
        stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      },
    );
    processes.push(child);
    return child;
  }

  /** Runs a worker to its end. @returns the kinds of what it told of a job */
  async function told(child: ChildProcess, id: string): Promise<unknown[]> {
    if (child.stdout === null) throw new Error('Expected a pipe.');
    const lines = (await text(child.stdout)).trimEnd().split('\n');
    return lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .flatMap((line) => (line['id'] === id ? [line['kind']] : []));
  }

  test('one that runs keeps the others out; when it dies, its lock is the next one’s at once', async () => {
    const before = await app.queue().dispatch(OneAtATime, undefined);
    const killed = work();
    await once(killed, 'message');
    const kept = await app.queue().dispatch(OneAtATime, undefined);
    const ofKept: string[] = [];
    await workerOf(1, (event) => {
      if ('job' in event && event.job.id === kept.id) ofKept.push(event.kind);
    }).run();
    expect(ofKept).toEqual(['running', 'released']);
    expect(await kept.status()).toMatchObject({ state: 'waiting', attempts: 0 });
    killed.kill('SIGKILL');
    await once(killed, 'close');
    const next = work();
    next.once('message', () => next.send('go on'));
    expect(await told(next, before.id)).toEqual(['recovered', 'running', 'done']);
  });
});

/** A worker that stops when no job is due. */
function workerOf(
  concurrency: number,
  tell?: Parameters<QueueRegistry['worker']>[2],
  connection = 'sqlite',
) {
  const options = {
    queues: ['default'],
    concurrency,
    tries: 1,
    timeoutMs: 0,
    backoff: 0,
    sleepMs: 10,
    shutdownMs: 1000,
    once: false,
    stopWhenEmpty: true,
    isWatched: false,
  };
  return app.queues.worker(connection, options, tell);
}

/** Waits until nobody holds a lock: its run ends outside of what the queue knows. */
async function freed(name: string): Promise<void> {
  await app.locks.lock(name, '1m').block('10s', () => undefined);
}
