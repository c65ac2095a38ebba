import type { Handle } from '../../database/connection-handle';
import { clock } from '../../support/clock';
import type { ClaimedJob, ClaimRequest } from '../queue-store';
import { TURNS } from './schema';
import {
  claimAt,
  claimJobs,
  claimWhere,
  toClaimed,
  type ClaimedRow,
  type Place,
} from './sqlite-claim-store';

/*
 * Which job is next where tenants share a queue: within a priority, one of each tenant that has one due, then the next of each. Ten thousand jobs of
 * one tenant do not keep the single job of another waiting. The application's own jobs take turns as those of one more tenant do.
 *
 * By the index, tenants are gone through from one to the next, however many jobs each has. A tenant whose jobs are all delayed costs a look.
 */

/** Tenants looked at for one claim; beyond it, the jobs that are due longest are taken. */
const MOST_LOOKS = 200;

/** Less than any text: before the first tenant, who is the application itself, ''. */
const START = -1;

const HAS_TURNS = `select 1 from sqlite_schema where type = 'index' and name = '${TURNS}'`;

const NEXT = `
  select coalesce(tenant_id, '') as tenantId, available_at as dueAt from jobs
  where state = 'waiting' and queue = :queue and priority = :priority and coalesce(tenant_id, '') > :after
  order by coalesce(tenant_id, ''), available_at limit 1`;

const CLAIM = claimWhere(
  `priority = :priority and coalesce(tenant_id, '') = :tenantId`,
  'available_at, id',
);

interface Next {
  readonly tenantId: string;
  readonly dueAt: number;
}

/** Claims jobs so that tenants take turns, where the file is one that tenants share; else as they are due. */
export class SqliteTurnStore {
  /** Who had the last turn, by queue and priority. Of this process: each goes its own round. */
  readonly #last = new Map<string, string>();
  #hasTurns: boolean | undefined;

  /** Takes due jobs within the transaction of whoever calls. */
  claim(handle: Handle, request: ClaimRequest): ClaimedJob[] {
    this.#hasTurns ??= handle.statement(HAS_TURNS).get() !== undefined;
    return claimJobs(handle, request, this.#hasTurns ? this.#claimAt : claimAt);
  }

  readonly #claimAt = (
    handle: Handle,
    place: Place,
    request: ClaimRequest,
    before: number,
  ): ClaimedJob[] => {
    // Beyond many priorities, they are hardly those of jobs alike
    if (place.isRest) return claimAt(handle, place, request, before);
    const { queue, priority } = place;
    const { owner, leaseMs, limit } = request;
    const key = `${priority} ${queue}`;
    const now = clock.now();
    const claimed: ClaimedJob[] = [];
    let after: string | typeof START = this.#last.get(key) ?? START;
    // Passed over since the last that had a job due: all of them once, and there is none
    let isSecondRound = false;
    for (let looks = 0; before + claimed.length < limit; looks += 1) {
      if (looks >= MOST_LOOKS) {
        return [...claimed, ...claimAt(handle, place, request, before + claimed.length)];
      }
      const next = handle.statement(NEXT).get({ queue, priority, after }) as Next | undefined;
      if (next === undefined) {
        if (isSecondRound || after === START) return claimed;
        isSecondRound = true;
        after = START;
        continue;
      }
      after = next.tenantId;
      if (next.dueAt > now) continue;
      const values = { queue, priority, owner, now, leaseUntil: now + leaseMs, limit: 1 };
      const row = handle.statement(CLAIM).get({ ...values, tenantId: after }) as ClaimedRow;
      claimed.push(toClaimed(handle, row, { queue, owner }));
      this.#last.set(key, after);
      isSecondRound = false;
    }
    return claimed;
  };
}
