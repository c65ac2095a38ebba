import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { Connection } from '../../database/connection';
import { clock, delayMs, systemMs } from '../../support/clock';
import { JobTimeoutError } from '../errors';
import { describeFailure } from '../failure';
import type { ClaimedJob } from '../queue-store';
import { SqliteQueueStore } from '../sqlite/sqlite-queue-store';
import { Patience } from './patience';
import type { WatchdogFacts } from './watchdog';
import { SlotTable, type WatchedJob } from './watchdog-slots';

// The thread of the watchdog: see watchdog.ts.

/** How often it looks while jobs run. */
const LOOK_MS = 100;

/** Looks without any job before it sleeps, until there is one. */
const IDLE_LOOKS = 50;

const SLEEP_MS = 60_000;

/** How long recording may take: the main thread may hold the file's lock. */
const RECORD_MS = 2000;

const { name, settings, memory } = workerData as WatchdogFacts;
const table = new SlotTable(memory);

const patience = new Patience();
let idleLooks = 0;
for (let jobs = table.read(); !jobs.some(isOverdue); jobs = table.read()) {
  idleLooks = jobs.length === 0 ? idleLooks + 1 : 0;
  if (idleLooks < IDLE_LOOKS) pause();
  else table.sleep(SLEEP_MS);
}
void endProcess();

function pause(): void {
  const beganAt = systemMs();
  table.pause(LOOK_MS);
  patience.notePause(LOOK_MS, beganAt, systemMs());
}

function isOverdue({ deadline }: WatchedJob): boolean {
  return patience.isOverFor(deadline, systemMs());
}

async function endProcess(): Promise<void> {
  const connection = new Connection(name, { ...settings, busyTimeout: RECORD_MS });
  const store = new SqliteQueueStore(connection);
  const record = async (): Promise<void> => {
    for (const job of table.read()) await recordOne(store, job);
    await connection.close();
  };
  // What cannot be recorded counts as a crash
  await Promise.race([record().catch(() => undefined), delayMs(RECORD_MS)]);
  process.kill(process.pid, 'SIGKILL');
}

async function recordOne(store: SqliteQueueStore, job: WatchedJob): Promise<void> {
  const claimed = { id: job.id, owner: job.owner, attempts: job.attempts } as ClaimedJob;
  if (!isOverdue(job)) {
    await store.release(claimed, { availableAt: clock.now(), uncounted: true });
    return;
  }
  const error = JobTimeoutError.blocking(job.timeoutMs, job.job);
  writeSync(2, `\n  ERROR  ${error.message} The worker is killed.\n  ${error.help}\n\n`);
  const failure = describeFailure(error);
  if (job.isFinal) await store.fail(claimed, failure);
  else await store.release(claimed, { availableAt: clock.now() + job.delayMs, failure });
}
