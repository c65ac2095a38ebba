import type { Config } from '../../config/load-config';
import type { QueueConnectionSettings } from '../../config/schema';
import type { QueueStatus } from '../../queue/job-records';
import type { WaitingDispatches } from '../../queue/outbox/outbox';
import { clock } from '../../support/clock';
import { humanDuration } from '../../support/duration';
import type { ConsoleApplication } from '../console-application';
import { ok, warn, type ApplicationChecks, type Check, type Finding } from './check';

/** Beyond this, the jobs of a machine that has gone are missed. */
const LONG_LEASE_MS = 600_000;

/** Beyond this, a job that is due is late, and so is a dispatch that is committed: workers relay each second. */
const LATE_MS = 300_000;

type KeepingQueue = Extract<QueueConnectionSettings, { driver: 'sqlite' }>;

/** Whether leases suit the locks they are renewed under, and whether somebody works what is there. */
export const queueChecks: ApplicationChecks = (app) => {
  const queues = Object.entries(app.config.queue.connections).flatMap(([name, settings]) =>
    settings.driver === 'sqlite' ? [{ name, settings }] : [],
  );
  return [
    ...queues.flatMap(({ name, settings }) => checksOf(app, name, settings)),
    ...(queues.length === 0 ? [] : [{ name: 'Outboxes', run: () => checkOutboxes(app) }]),
  ];
};

function checksOf(app: ConsoleApplication, name: string, settings: KeepingQueue): Check[] {
  const status = (): Promise<QueueStatus[]> => app.queues.store(name).status();
  return [
    { name: `Lease of ${name}`, run: () => checkLease(app.config, name, settings) },
    { name: `Waiting jobs of ${name}`, run: async () => judgeWaiting(await status()) },
    { name: `Failed jobs of ${name}`, run: async () => judgeFailed(await status()) },
  ];
}

/** Judges whether jobs that are due are worked. */
export function judgeWaiting(all: readonly QueueStatus[]): Finding {
  const late = all.filter(({ oldestAgeMs = 0 }) => oldestAgeMs > LATE_MS);
  if (late.length === 0) return ok('None has been due for more than 5 minutes.');
  const named = late.map(({ queue, ready, oldestAgeMs = 0, running, isPaused }) => {
    const why = isPaused ? ', and it is paused' : running > 0 ? ', and others run' : '';
    return `"${queue}" has ${ready} due, the oldest for ${humanDuration(oldestAgeMs)}${why}`;
  });
  const mend = late.every(({ isPaused }) => isPaused)
    ? 'Run "artisan queue:resume".'
    : 'See that a worker runs ("artisan queue:work"), that its --queue names the queue, and that it keeps up: "artisan queue:status", --workers, --concurrency.';
  return warn(`${named.join('; ')}.`, mend);
}

/** Judges whether somebody looks after failed jobs. */
export function judgeFailed(all: readonly QueueStatus[]): Finding {
  const failed = all.reduce((sum, status) => sum + status.failed, 0);
  if (failed === 0) return ok('There is none.');
  return warn(
    `${failed} job${failed === 1 ? ' has' : 's have'} failed for good.`,
    'See them with "artisan queue:failed"; put them back with "artisan queue:retry", or forget them with "artisan queue:forget" and "queue:prune-failed".',
  );
}

async function checkOutboxes({ queues }: ConsoleApplication): Promise<Finding> {
  return judgeOutboxes(await queues.outbox.waiting(), clock.now());
}

/** Judges whether what transactions dispatched comes to its queue. */
export function judgeOutboxes(all: readonly WaitingDispatches[], now: number): Finding {
  const stray = all.filter(({ isDeclared }) => !isDeclared);
  if (stray.length > 0) {
    return warn(
      `${stray.map(describeBacklog).join('; ')}, a queue connection that is not declared: they never run.`,
      'Declare it under "connections" in config/queue.ts until they are relayed; a worker does that.',
    );
  }
  const late = all.filter(({ since }) => now - since > LATE_MS);
  if (late.length === 0) return ok('Nothing has waited there for more than 5 minutes.');
  return warn(
    `${late.map((one) => `${describeBacklog(one)} since ${new Date(one.since).toISOString()}`).join('; ')}.`,
    'Run "artisan queue:work": a worker relays them. If one runs, see what it says of its queue\'s file.',
  );
}

function describeBacklog({ source, target, dispatches }: WaitingDispatches): string {
  const them = dispatches === 1 ? 'dispatch waits' : 'dispatches wait';
  return `${dispatches} ${them} in the outbox of "${source}" for "${target}"`;
}

function checkLease(config: Config, name: string, { lease, connection }: KeepingQueue): Finding {
  const busyTimeout = config.database.connections[connection]?.busyTimeout ?? 0;
  return judgeLease(lease, busyTimeout, `"connections.${name}.lease" in config/queue.ts`);
}

/**
 * Judges a lease in milliseconds. It is renewed each third of its length however long a job takes, and each renewal may wait for the
 * write lock: two that do not get it must not end it.
 */
export function judgeLease(lease: number, busyTimeout: number, key: string): Finding {
  const text = humanDuration(lease);
  if (lease < 2 * busyTimeout) {
    return warn(
      `A lease is ${text}, and its renewal may wait ${humanDuration(busyTimeout)} for the write lock: a job may be run twice.`,
      `Raise ${key} to at least "${Math.ceil((2 * busyTimeout) / 1000)}s".`,
    );
  }
  if (lease > LONG_LEASE_MS) {
    return warn(
      `A lease is ${text}: for so long the jobs of a machine that has gone are not run again.`,
      `Lower ${key}; it is renewed while a job runs, so that it need not be as long as a job's timeout.`,
    );
  }
  return ok(`A lease is ${text}, renewed each third of it while a job runs.`);
}
