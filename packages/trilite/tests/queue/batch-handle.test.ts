import { job } from 'trilite';
import { errorWith } from '../helpers/errors';
import { jobOf } from '../helpers/jobs';
import { dispatcher, jobs, runAll, store, useWorkers } from '../helpers/workers';

useWorkers();

const Nothing = jobOf(() => undefined, { name: 'Nothing' });
const Fails = jobOf(
  () => {
    throw new Error('It broke');
  },
  { name: 'Fails' },
);

beforeEach(() => {
  jobs.add(Nothing);
  jobs.add(Fails);
});

test('who waits for a batch is told how it ended, well or not', async () => {
  const well = await dispatcher().batch([job(Nothing, 1), job(Nothing, 2)]);
  const badly = await dispatcher().batch([job(Fails, 1)], { allowFailures: true });
  const waited = Promise.all([well.wait(), badly.wait()]);
  await runAll();
  expect(await waited).toMatchObject([
    { total: 2, done: 2, pending: 0 },
    { total: 1, failed: 1, pending: 0 },
  ]);
});

test('a batch that has ended is not waited for', async () => {
  const batch = await dispatcher().batch([]);
  expect(await batch.wait()).toMatchObject({ total: 0, progress: 100 });
});

test('waiting for a batch ends after its timeout, and at once when it is not known', async () => {
  const batch = await dispatcher().batch([job(Nothing, 1)]);
  await expect(batch.wait({ timeout: '1ms' })).rejects.toThrow(
    errorWith('E_JOB_WAIT', 'The batch'),
  );
  await expect(dispatcher().batchOf('nobody').wait()).rejects.toThrow(errorWith('E_JOB_WAIT'));
  expect((await store.status())[0]?.ready).toBe(1);
});

test('an instance in place of a job class is refused, and the message shows how it is meant', async () => {
  const instance = new Nothing() as never;
  await expect(dispatcher().dispatch(instance, undefined as never)).rejects.toMatchObject({
    code: 'E_JOB_INVALID',
    help: expect.stringContaining('dispatch(SendMail, { to })'),
  });
});
