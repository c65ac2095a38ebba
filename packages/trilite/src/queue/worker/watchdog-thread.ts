import { workerData } from 'node:worker_threads';
import { systemMs } from '../../support/clock';
import { Patience } from './patience';
import type { WatchdogFacts } from './watchdog';
import { SlotTable, type WatchedJob } from './watchdog-slots';

// The thread of the watchdog: see watchdog.ts.

/** How often it looks while jobs run. */
const LOOK_MS = 100;

/** Looks without any job before it sleeps, until there is one. */
const IDLE_LOOKS = 50;

const SLEEP_MS = 60_000;

const facts = workerData as WatchdogFacts;
const table = new SlotTable(facts.memory);

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
  try {
    // Loaded now: hardly any worker ever needs it, and it is ten times as much as the rest of this thread
    const { recordOverdue } = require('./watchdog-record') as typeof import('./watchdog-record');
    await recordOverdue(facts, table.read(), isOverdue);
  } finally {
    process.kill(process.pid, 'SIGKILL');
  }
}
