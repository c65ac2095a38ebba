import { join } from 'node:path';
import { Application, Limit, RateLimited } from 'trilite';
import {
  createTestApplication,
  travel,
  travelBack,
  travelTo,
  type TestApplication,
} from 'trilite/testing';
import { guardedJob } from '../../helpers/guarded-job';

const basePath = join(__dirname, '../../fixtures/crash-app');
const NOW = Date.UTC(2026, 0, 1);

const handle = jest.fn<void, [unknown]>();
const text = guardedJob(
  (user: number) => [new RateLimited({ max: 2, per: '1m', by: user })],
  handle,
  { name: 'SendText' },
);
const call = guardedJob(() => [new RateLimited({ max: 1, per: '1m' })], handle, { name: 'Call' });
const letter = guardedJob(() => [new RateLimited('post')], handle, { name: 'SendLetter' });
const hasty = guardedJob(
  () => [new RateLimited({ max: 0, per: '1m' }, { releaseAfter: '1s' })],
  handle,
  { name: 'Hasty' },
);
const dropped = guardedJob(
  () => [new RateLimited({ max: 0, per: '1m' }, { dontRelease: true })],
  handle,
  { name: 'Dropped' },
);

let app: TestApplication;

beforeEach(async () => {
  app = await createTestApplication({ basePath, jobs: [text, call, letter, hasty, dropped] });
  handle.mockReset();
  travelTo(NOW);
});

afterEach(async () => {
  travelBack();
  await app.close();
});

test('a job that there is no room for waits until there is, and counts no try', async () => {
  await app.queue().bulk([1, 2].map(() => ({ type: text, payload: 7, options: {} })));
  const { status } = await app.queue().dispatch(text, 7);
  travel('20s'); // the window begins with the first run, not with the dispatch
  expect(await app.runJobs()).toBe(3);
  expect(handle).toHaveBeenCalledTimes(2);
  expect(await status()).toMatchObject({
    state: 'waiting',
    attempts: 0,
    availableAt: NOW + 80_000,
  });
  travel('1m');
  await app.runJobs();
  expect(await status()).toMatchObject({ state: 'done', attempts: 1 });
});

test('keys and classes are counted apart', async () => {
  await app.queue().dispatch(text, 7);
  await app.queue().dispatch(text, 7);
  await app.queue().dispatch(text, 8);
  await app.queue().dispatch(call, undefined);
  await app.runJobs();
  expect(handle.mock.calls.map(([payload]) => payload)).toEqual([7, 7, 8, undefined]);
});

test('a named limiter is given the payload; of its limits all are counted, or none', async () => {
  app.limiter.for('post', ({ to }: { to: string }) => [
    Limit.perHour(2),
    Limit.perMinute(1).by(to),
  ]);
  await app.queue().dispatch(letter, { to: 'Ada' });
  const second = await app.queue().dispatch(letter, { to: 'Ada' }); // refused by the minute, and not counted by the hour
  const third = await app.queue().dispatch(letter, { to: 'Grace' });
  await app.runJobs();
  expect(await second.status()).toMatchObject({ state: 'waiting', availableAt: NOW + 60_000 });
  expect(await third.status()).toMatchObject({ state: 'done' });
  travel('1m');
  await app.runJobs();
  expect(await second.status()).toMatchObject({ state: 'waiting', availableAt: NOW + 3_600_000 });
});

test('a job of a limiter that nobody declared has failed', async () => {
  const { status } = await app.queue().dispatch(letter, { to: 'Ada' });
  await app.runJobs();
  expect(await status()).toMatchObject({
    state: 'failed',
    lastError: expect.stringContaining('"post"') as string,
  });
});

test('a job may look again earlier than there is room for sure', async () => {
  const { status } = await app.queue().dispatch(hasty, undefined);
  await app.runJobs();
  expect(await status()).toMatchObject({ state: 'waiting', availableAt: NOW + 1000 });
});

test('a job that is not to be released is dropped, and says so', async () => {
  const { id, status } = await app.queue().dispatch(dropped, undefined);
  await app.runJobs();
  expect(await status()).toMatchObject({ state: 'done' });
  const { lines } = await app.queues.store().history(id);
  expect(lines).toMatchObject([{ text: 'Not run: there was no room below its rate limit.' }]);
  expect(handle).not.toHaveBeenCalled();
});

test('another application on the same files shares the count', async () => {
  const elsewhere = new Application({
    basePath,
    storagePath: app.storagePath,
    env: { APP_ENV: 'testing' },
  });
  await elsewhere.limiter.take([Limit.perMinute(1).by(undefined)], 'job:Call');
  await elsewhere.close();
  const { status } = await app.queue().dispatch(call, undefined);
  await app.runJobs();
  expect(await status()).toMatchObject({ state: 'waiting', attempts: 0 });
});

test.each([
  ['less than no run', () => new RateLimited({ max: -1, per: '1m' })],
  ['a window of no time', () => new RateLimited({ max: 1, per: 0 })],
  ['a wait that is no duration', () => new RateLimited('post', { releaseAfter: 'soon' })],
])('refuses %s where it is made', (_, make) => {
  expect(make).toThrow(/Expected/);
});
