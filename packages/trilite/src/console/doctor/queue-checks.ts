import type { Config } from '../../config/load-config';
import type { QueueConnectionSettings } from '../../config/schema';
import { humanDuration } from '../../support/duration';
import { ok, warn, type ApplicationChecks, type Finding } from './check';

/** Beyond this, the jobs of a machine that has gone are missed. */
const LONG_LEASE_MS = 600_000;

type KeepingQueue = Extract<QueueConnectionSettings, { driver: 'sqlite' }>;

/** Whether the leases of jobs suit the locks they are renewed under. */
export const queueChecks: ApplicationChecks = ({ config }) =>
  Object.entries(config.queue.connections).flatMap(([name, settings]) =>
    settings.driver === 'sqlite'
      ? [{ name: `Lease of ${name}`, run: () => checkLease(config, name, settings) }]
      : [],
  );

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
