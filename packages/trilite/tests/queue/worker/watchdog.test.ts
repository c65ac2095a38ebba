import { JobRunner } from '../../../src/queue/job-runner';
import type { ClaimedJob } from '../../../src/queue/queue-store';
import { Worker, type Watchdog } from '../../../src/queue/worker/worker';
import { jobOf } from '../../helpers/jobs';
import {
  dispatch,
  jobs,
  makeInstance,
  MAX_PAYLOAD,
  store,
  useWorkers,
  WORKER_OPTIONS,
} from '../../helpers/workers';

useWorkers();

test('the watchdog is told when a run begins, at each heartbeat, and when it ends', async () => {
  const told: string[] = [];
  const note =
    (what: string) =>
    ({ job }: ClaimedJob): void =>
      void told.push(`${job} ${what}`);
  const watchdog: Watchdog = {
    begin: note('begins'),
    renew: note('renews'),
    end: note('ends'),
    close: () => told.push('closed'),
  };
  await dispatch(jobOf(async (_, { heartbeat }) => heartbeat()));
  await new Worker({
    store,
    runner: new JobRunner({ jobs, maxPayload: MAX_PAYLOAD, make: makeInstance }),
    options: { ...WORKER_OPTIONS, stopWhenEmpty: true },
    watchdog,
  }).run();
  expect(told).toEqual(['TestJob begins', 'TestJob renews', 'TestJob ends', 'closed']);
});
