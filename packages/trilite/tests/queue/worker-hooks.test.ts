import { gate } from '../helpers/gate';
import { jobOf } from '../helpers/jobs';
import {
  dispatch,
  next,
  noted,
  runAll,
  start,
  store,
  storeWith,
  useWorkers,
} from '../helpers/workers';

useWorkers();

/** A job that throws, whose "failed" says that it was called and goes on until the test lets it end. */
function jobThatIsMourned(name = 'Mourned') {
  const called = gate();
  const ends = gate();
  const job = jobOf(() => Promise.reject(new Error('It broke')), {
    name,
    options: { maxCrashes: 1 },
    failed: async () => {
      called.open();
      await ends.opened;
    },
  });
  return { job, called, ends };
}

test('a "failed" that never returns holds up a stop until its deadline alone', async () => {
  const { job, called } = jobThatIsMourned();
  await dispatch(job);
  const { worker, finished } = start({ shutdownMs: 0 });
  await called.opened;
  worker.stop();
  expect(await finished).toEqual({ reason: 'asked', jobs: 1 });
});

test('a "failed" that never returns is left when the worker is to stop now', async () => {
  const { job, called } = jobThatIsMourned();
  await dispatch(job);
  const { worker, finished } = start();
  await called.opened;
  worker.stop();
  worker.stopNow();
  await finished;
});

test('a worker that stops when it is empty waits for what "failed" does, and runs what it dispatches', async () => {
  const notes: unknown[] = [];
  const child = jobOf(noted(notes), { name: 'Child' });
  const job = jobOf(() => Promise.reject(new Error('It broke')), {
    failed: async () => {
      await dispatch(child, 'child');
    },
  });
  await dispatch(job);
  await runAll({ shutdownMs: 0 });
  expect(notes).toEqual(['child']);
});

test('leases are renewed while "failed" of a crashed job never returns', async () => {
  const { job, called } = jobThatIsMourned();
  await dispatch(job);
  await store.claim({ queues: ['default'], limit: 1, owner: 'dead', leaseMs: 0 });
  const long = gate();
  await dispatch(jobOf(() => long.opened, { name: 'Long' }));
  const renewed = gate();
  const renew: typeof store.renew = async (held, leaseMs) => {
    const lost = await store.renew(held, leaseMs);
    if (hasBeenCalled) renewed.open();
    return lost;
  };
  let hasBeenCalled = false;
  const { worker, finished } = start({ leaseMs: 60, shutdownMs: 0 }, storeWith({ renew }));
  await called.opened;
  hasBeenCalled = true;
  await renewed.opened;
  const done = next('done');
  long.open();
  await done;
  worker.stop();
  await finished;
});
