import { join } from 'node:path';
import { Application, ThrottlesExceptions, type JobContext } from 'trilite';
import {
  createTestApplication,
  travel,
  travelBack,
  travelTo,
  type TestApplication,
} from 'trilite/testing';
import { gate } from '../../helpers/gate';
import { guardedJob } from '../../helpers/guarded-job';
import { abortOf } from '../../helpers/jobs';

const basePath = join(__dirname, '../../fixtures/crash-app');
const NOW = Date.UTC(2026, 0, 1);

const handle = jest.fn<Promise<void> | void, [unknown, JobContext]>();
const patient = { tries: 0, backoff: '1s' } as const;
const charge = guardedJob(() => [new ThrottlesExceptions({ max: 2, per: '10m' })], handle, {
  name: 'Charge',
  options: patient,
});
const byService = ['Refund', 'Invoice'].map((name) =>
  guardedJob(() => [new ThrottlesExceptions({ max: 1, by: 'bank' })], handle, {
    name,
    options: patient,
  }),
);
const [refund = charge, invoice = charge] = byService;
const choosy = guardedJob(
  () => [
    new ThrottlesExceptions({ max: 1, backoff: '5m', when: ({ message }) => message === 'Busy' }),
  ],
  handle,
  { name: 'Choosy', options: patient },
);
const hanging = guardedJob(() => [new ThrottlesExceptions({ max: 1 })], handle, {
  name: 'Hanging',
  options: { ...patient, timeout: '1m' },
});

let app: TestApplication;

beforeEach(async () => {
  app = await createTestApplication({
    basePath,
    jobs: [charge, choosy, hanging, ...byService],
  });
  handle.mockReset();
  travelTo(NOW);
});

afterEach(async () => {
  jest.useRealTimers();
  travelBack();
  await app.close();
});

function fails(message = 'The service is down'): void {
  handle.mockImplementation(() => {
    throw new Error(message);
  });
}

test('after so many exceptions jobs wait until the window ends, and count no try', async () => {
  fails();
  const { status } = await app.queue().dispatch(charge, undefined);
  await app.runJobs();
  travel('1s');
  await app.runJobs();
  expect(handle).toHaveBeenCalledTimes(2);
  const other = await app.queue().dispatch(charge, undefined);
  travel('1s');
  await app.runJobs();
  expect(handle).toHaveBeenCalledTimes(2);
  const waiting = { state: 'waiting', availableAt: NOW + 600_000 };
  expect(await status()).toMatchObject({ ...waiting, attempts: 2 });
  expect(await other.status()).toMatchObject({ ...waiting, attempts: 0 });
  handle.mockReset();
  travelTo(NOW + 600_000);
  await app.runJobs();
  expect(await status()).toMatchObject({ state: 'done', attempts: 3 });
  expect(await other.status()).toMatchObject({ state: 'done', attempts: 1 });
});

test('what a job throws is kept and judged as ever', async () => {
  fails();
  const { id, status } = await app.queue().dispatch(charge, undefined);
  await app.runJobs();
  expect(await status()).toMatchObject({
    attempts: 1,
    lastError: 'The service is down',
    availableAt: NOW + 1000,
  });
  const { attempts } = await app.queues.store().history(id);
  expect(attempts).toMatchObject([{ outcome: 'released', message: 'The service is down' }]);
});

test('a run that goes well forgets the exceptions before it', async () => {
  const { status } = await app.queue().dispatch(charge, undefined);
  fails();
  await app.runJobs();
  handle.mockReset();
  await app.queue().dispatch(charge, undefined);
  await app.runJobs();
  expect(await app.limiter.attempts('exceptions:of:Charge')).toBe(0);
  fails();
  travel('1s');
  await app.runJobs();
  expect(await status()).toMatchObject({ state: 'waiting', attempts: 2, availableAt: NOW + 2000 });
});

test('classes that call one service are counted together by its name', async () => {
  fails();
  await app.queue().dispatch(refund, undefined);
  const other = await app.queue().dispatch(invoice, undefined);
  await app.queue().dispatch(charge, undefined);
  await app.runJobs();
  expect(handle).toHaveBeenCalledTimes(2); // refund and charge
  expect(await other.status()).toMatchObject({ state: 'waiting', attempts: 0 });
});

test('only exceptions that count do, and only after them the job waits longer', async () => {
  fails('A bug');
  const { status } = await app.queue().dispatch(choosy, undefined);
  await app.runJobs();
  expect(await app.limiter.attempts('exceptions:of:Choosy')).toBe(0);
  expect(await status()).toMatchObject({ availableAt: NOW + 1000 });
  fails('Busy');
  travel('1s');
  await app.runJobs();
  expect(await app.limiter.attempts('exceptions:of:Choosy')).toBe(1);
  expect(await status()).toMatchObject({ attempts: 2, availableAt: NOW + 301_000 });
});

test('a run that stops at its timeout counts', async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'setInterval', 'nextTick', 'queueMicrotask'] });
  handle.mockImplementation((_, { signal }) => {
    const stopped = abortOf(signal).then(() => Promise.reject(new Error('Stopped')));
    jest.advanceTimersByTime(60_000);
    return stopped;
  });
  await app.queue().dispatch(hanging, undefined);
  await app.runJobs();
  expect(await app.limiter.attempts('exceptions:of:Hanging')).toBe(1);
});

test('a run that is cancelled does not', async () => {
  const begun = gate();
  const ended = gate();
  handle.mockImplementation(async (_, { signal }) => {
    begun.open();
    await abortOf(signal);
    ended.open();
    throw new Error('Stopped');
  });
  const { cancel } = await app.queue().dispatch(charge, undefined);
  const running = app.runJobs();
  await begun.opened;
  expect(await cancel()).toBe('requested');
  await running;
  await ended.opened;
  await new Promise(setImmediate);
  expect(await app.limiter.attempts('exceptions:of:Charge')).toBe(0);
});

test('another application on the same files shares the count', async () => {
  const elsewhere = new Application({
    basePath,
    storagePath: app.storagePath,
    env: { APP_ENV: 'testing' },
  });
  await elsewhere.limiter.hit('exceptions:of:Charge', '10m', 2);
  await elsewhere.close();
  const { status } = await app.queue().dispatch(charge, undefined);
  await app.runJobs();
  expect(handle).not.toHaveBeenCalled();
  expect(await status()).toMatchObject({ state: 'waiting', availableAt: NOW + 600_000 });
});

test.each([
  ['less than one exception', () => new ThrottlesExceptions({ max: 0 })],
  ['a window of no time', () => new ThrottlesExceptions({ per: 0 })],
  ['a wait that is no duration', () => new ThrottlesExceptions({ backoff: 'soon' })],
])('refuses %s where it is made', (_, make) => {
  expect(make).toThrow(/Expected/);
});
