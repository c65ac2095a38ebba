import { JobRunner } from '../../src/queue/job-runner';
import type { ClaimedJob } from '../../src/queue/queue-store';
import { Worker } from '../../src/queue/worker/worker';
import { gate } from '../helpers/gate';
import { jobOf } from '../helpers/jobs';
import {
  dispatch,
  jobs,
  kinds,
  makeInstance,
  MAX_PAYLOAD,
  next,
  start,
  store,
  useWorkers,
  WORKER_OPTIONS,
} from '../helpers/workers';

/*
 * A worker that was silent beyond its lease, as after SIGSTOP, and that claims the job it has lost before its renewal could tell.
 */

useWorkers();

/** A job that stays in each of its runs until the test lets it go. */
function jobOfRuns() {
  const newRun = () => ({ begun: gate(), ends: gate(), signal: undefined as unknown });
  const runs = [newRun(), newRun()] as const;
  const job = jobOf(async (_, { attempt, signal }) => {
    const run = runs[attempt - 1];
    if (run === undefined) return;
    run.signal = signal;
    run.begun.open();
    await run.ends.opened;
  });
  return { job, runs };
}

/** As another worker would that takes this one for gone. By its lease it would race with the renewal. */
async function takeBack(): Promise<void> {
  await store.recover(() => true);
}

test('a job that its worker has lost and claimed again is done when the second run is', async () => {
  const { job, runs } = jobOfRuns();
  const [first, second] = runs;
  const { status } = await dispatch(job);
  start({ concurrency: 2 });
  await first.begun.opened;
  const lost = next('lost');
  await takeBack();
  await second.begun.opened;
  await lost;
  expect(first.signal).toMatchObject({ aborted: true, reason: { code: 'E_JOB_LEASE_LOST' } });
  first.ends.open();
  expect(await status()).toMatchObject({ state: 'running', attempts: 2 });
  const done = next('done');
  second.ends.open();
  await done;
  expect(await status()).toMatchObject({ state: 'done', attempts: 2 });
  // Which of the two comes first, the news of the loss or of the next run, is the machine's to say.
  expect(kinds().slice(0, -1).sort()).toEqual(['lost', 'running', 'running']);
});

test('the watchdog is told of both runs by the claim that each belongs to', async () => {
  const watched = new Set<ClaimedJob>();
  const { job, runs } = jobOfRuns();
  const [first, second] = runs;
  await dispatch(job);
  const ended = gate();
  const worker = new Worker({
    store,
    runner: new JobRunner({ jobs, maxPayload: MAX_PAYLOAD, make: makeInstance }),
    options: { ...WORKER_OPTIONS, concurrency: 2 },
    watchdog: {
      begin: (claimed) => void watched.add(claimed),
      renew: () => undefined,
      end: (claimed) => {
        watched.delete(claimed);
        ended.open();
      },
      close: () => undefined,
    },
  });
  const finished = worker.run();
  await first.begun.opened;
  await takeBack();
  await second.begun.opened;
  await ended.opened;
  expect([...watched]).toMatchObject([{ attempts: 2 }]);
  first.ends.open();
  second.ends.open();
  worker.stop();
  await finished;
  expect(watched.size).toBe(0);
});
