import { currentSession, type Session } from '../../src/database/connection-session';
import { generationMigrations } from '../../src/database/generation';
import { JobRunner } from '../../src/queue/job-runner';
import { Outbox } from '../../src/queue/outbox/outbox';
import { outboxMigrations } from '../../src/queue/outbox/schema';
import { Worker } from '../../src/queue/worker/worker';
import { claimIds, newJob } from '../contracts/queue-store-under-test';
import { gate } from '../helpers/gate';
import { jobOf } from '../helpers/jobs';
import { createTemporaryFile } from '../helpers/temporary-file';
import {
  dispatch,
  jobs,
  makeInstance,
  MAX_PAYLOAD,
  store,
  storeWith,
  useWorkers,
  WORKER_OPTIONS,
} from '../helpers/workers';

useWorkers();

test("a queue that does not answer keeps back its own jobs, and no other queue's", async () => {
  const source = await createTemporaryFile([...generationMigrations, ...outboxMigrations]);
  const broken = storeWith({ relayed: () => Promise.reject(new Error('disk I/O error')) });
  const outbox = new Outbox({
    sources: () => [source.connection],
    targets: () => [
      { name: 'broken', store: () => broken },
      { name: 'sound', store: () => store },
    ],
    onError: () => undefined,
  });
  await source.connection.transaction(async () => {
    const session = currentSession() as Session;
    await outbox.add(session, 'broken', [newJob('a')], undefined);
    await outbox.add(session, 'sound', [newJob('b')], undefined);
  });
  await expect(outbox.relay()).rejects.toThrow('disk I/O error');
  await outbox.flush();
  expect(await claimIds(store, { limit: 9 })).toEqual(['b']);
  await source.close();
});

test('a worker takes jobs back from the dead, and forgets what is done, while relaying errs', async () => {
  const pruned = gate();
  const prune: typeof store.prune = (before) => {
    pruned.open();
    return store.prune(before);
  };
  const done = gate();
  await dispatch(jobOf(() => done.open()));
  await store.claim({ queues: ['default'], limit: 1, owner: 'dead', leaseMs: 0 });
  const worker = new Worker({
    store: storeWith({ prune }),
    runner: new JobRunner({ jobs, maxPayload: MAX_PAYLOAD, make: makeInstance }),
    options: WORKER_OPTIONS,
    relay: () => Promise.reject(new Error('disk I/O error')),
  });
  const finished = worker.run();
  await done.opened;
  await pruned.opened;
  worker.stop();
  await finished;
});
