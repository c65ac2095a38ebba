import { join } from 'node:path';
import { CacheRepository, Skip, type SkipCondition } from 'trilite';
import { createTestApplication } from 'trilite/testing';
import { guardedJob } from '../../helpers/guarded-job';

const basePath = join(__dirname, '../../fixtures/crash-app');

const isOn: SkipCondition = (run) => run.make(CacheRepository).boolean('on', false);

test.each([
  { of: 'when(true)', skip: Skip.when(true), runs: false },
  { of: 'when(false)', skip: Skip.when(false), runs: true },
  { of: 'unless(true)', skip: Skip.unless(true), runs: true },
  { of: 'unless(false)', skip: Skip.unless(false), runs: false },
  { of: 'when(what is found out to hold)', skip: Skip.when(isOn), runs: false },
  { of: 'unless(what is found out to hold)', skip: Skip.unless(isOn), runs: true },
  {
    of: 'when(what the payload denies)',
    skip: Skip.when(({ payload }) => payload === 7),
    runs: true,
  },
])('Skip.$of: the job runs: $runs', async ({ skip, runs }) => {
  const handle = jest.fn();
  const job = guardedJob(() => [skip], handle);
  const app = await createTestApplication({ basePath, jobs: [job] });
  await app.cache().put('on', true);
  const { id, status } = await app.queue().dispatch(job, 8);
  expect(await app.runJobs()).toBe(1);
  expect(handle).toHaveBeenCalledTimes(runs ? 1 : 0);
  expect(await status()).toMatchObject({ state: 'done' });
  const { lines } = await app.queues.store().history(id);
  expect(lines.map(({ text }) => text)).toEqual(runs ? [] : ['Not run: it was skipped.']);
  await app.close();
});

test('a condition that throws is the job’s error', async () => {
  const fails = (): never => {
    throw new Error('No answer');
  };
  const job = guardedJob(() => [Skip.when(fails)], jest.fn());
  const app = await createTestApplication({ basePath, jobs: [job] });
  const { status } = await app.queue().dispatch(job, undefined);
  await app.runJobs();
  expect(await status()).toMatchObject({ state: 'failed', lastError: 'No answer' });
  await app.close();
});
