import { writeSync } from 'node:fs';
import { Connection } from '../../database/connection';
import { clock, delayMs } from '../../support/clock';
import { JobTimeoutError } from '../errors';
import { describeFailure } from '../failure';
import type { ClaimedJob } from '../queue-store';
import { SqliteQueueStore } from '../sqlite/sqlite-queue-store';
import type { WatchdogFacts } from './watchdog';
import type { WatchedJob } from './watchdog-slots';

/** How long recording may take: the main thread may hold the file's lock. */
const RECORD_MS = 2000;

/** Records which jobs took too long, and puts the others back, their run uncounted. What cannot be recorded counts as a crash. */
export async function recordOverdue(
  { name, settings }: WatchdogFacts,
  jobs: readonly WatchedJob[],
  isOverdue: (job: WatchedJob) => boolean,
): Promise<void> {
  const connection = new Connection(name, { ...settings, busyTimeout: RECORD_MS });
  const store = new SqliteQueueStore(connection);
  const record = async (): Promise<void> => {
    for (const job of jobs) {
      if (isOverdue(job)) await recordOne(store, job);
      else await store.release(toClaimed(job), { availableAt: clock.now(), uncounted: true });
    }
    await connection.close();
  };
  await Promise.race([record().catch(() => undefined), delayMs(RECORD_MS)]);
}

async function recordOne(store: SqliteQueueStore, job: WatchedJob): Promise<void> {
  const error = JobTimeoutError.blocking(job.timeoutMs, job.job);
  writeSync(2, `\n  ERROR  ${error.message} The worker is killed.\n  ${error.help}\n\n`);
  const failure = describeFailure(error);
  if (job.isFinal) await store.fail(toClaimed(job), failure);
  else await store.release(toClaimed(job), { availableAt: clock.now() + job.delayMs, failure });
}

function toClaimed({ id, claim }: WatchedJob): ClaimedJob {
  return { id, claim } as ClaimedJob;
}
