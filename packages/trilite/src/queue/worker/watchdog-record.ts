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
  const recordIn = async (file: string): Promise<void> => {
    const connection = new Connection(name, { ...settings, file, busyTimeout: RECORD_MS });
    const store = new SqliteQueueStore(connection);
    for (const job of jobs.filter((one) => one.file === file)) {
      if (isOverdue(job)) await recordOne(store, job);
      else await store.release(toClaimed(job), { availableAt: clock.now(), uncounted: true });
    }
    await connection.close();
  };
  const files = [...new Set(jobs.map(({ file }) => file))];
  const recorded = Promise.all(files.map((file) => recordIn(file).catch(() => undefined)));
  await Promise.race([recorded, delayMs(RECORD_MS)]);
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
