import type { Handle } from '../../database/connection-handle';
import { clock } from '../../support/clock';
import type { ClaimedJob } from '../queue-store';
import { releaseOne } from './sqlite-end-store';

const HAS_JOBS = `select 1 from sqlite_schema where type = 'table' and name = 'jobs'`;

const RUNNING = `select id, claim from jobs where state = 'running'`;

/**
 * Makes the jobs in hand of a copied queue wait again, within the transaction of whoever calls: whoever has them has them in the original. The runs
 * count for nothing, as those that a stopping worker gives back. Harmless in a file without jobs.
 */
export function releaseRunning(handle: Handle): void {
  if (handle.statement(HAS_JOBS).get() === undefined) return;
  const running = handle.statement(RUNNING).all() as Pick<ClaimedJob, 'id' | 'claim'>[];
  for (const job of running) {
    releaseOne(handle, job, { availableAt: clock.now(), uncounted: true });
  }
}
