import type { Handle } from '../../database/connection-handle';
import { clock } from '../../support/clock';

/*
 * Whose turn it is: leases, and virtual time.
 *
 *   resting ──ready_at comes, a touch──▶ in line ──lease──▶ leased ──release: due──▶ in line
 *      ▲                                                      │
 *      ├──release: later, or empty but too early────────────────┤
 *      └──────────────── no row ◀──release: empty──────────────┘
 *
 * Invariants:
 * 1. A row that is leased is there: it is deleted only by the last of its leases.
 * 2. What a lease found is believed only while nothing happened to the row since it was given: `lease_seq = seq`. Touches, releases and
 *    leases that ran out count `seq` up.
 * 3. In line is who is due, by virtual time: each turn adds its milliseconds divided by the weight. Who comes to stand in line is put level
 *    with its head (start-time fair queueing): what it was not there to use, it is not owed.
 * 4. Virtual time is the tenant's: all its rows have the same. Else many queues would be many turns, and one queue could stay behind another.
 */

/** Rows that come to stand in line at one lease; the others do at the next. */
const STEP_INTO_LINE = 200;

/**
 * What a tenant is owed at most, in virtual milliseconds behind the end of the line. Who stood in line while nobody served it (a paused
 * tenant, a queue without a worker) would keep all others waiting for as long.
 */
const MAX_LAG_MS = 60_000;

/** No turn is free: one that took no time would be followed by the same tenant's next. */
const LEAST_CHARGE_MS = 1;

/** How long the first early read keeps a row back; each further one twice as long. */
const FIRST_BACKOFF_MS = 1;

/** Which rows a worker serves. */
export interface ServedWork {
  /** The queues it serves. Default: all. */
  readonly queues?: readonly string[] | undefined;
  /** Tenants it passes over: suspended ones, or those whose files it cannot open now. Default: none. */
  readonly except?: readonly string[] | undefined;
  /** Leases a tenant has at once in these queues, 1 or more. Default: 1. */
  readonly maxPerTenant?: number | undefined;
}

/** What a worker asks for. */
export interface LeaseRequest extends ServedWork {
  /** Who asks, as `newOwner()` names it: `recover` judges by it whether the process is gone. */
  readonly owner: string;
  /** Whole milliseconds until the lease ends unless it is renewed, 1 or more. */
  readonly leaseMs: number;
}

/** The right to drain a tenant's queue for a while. */
export interface WorkLease {
  readonly tenantId: string;
  readonly queue: string;
  readonly slot: number;
  /** Tells this lease from every other of the slot. */
  readonly id: number;
  /** How often something had happened to the row when it was given. */
  readonly seq: number;
}

/** How a turn ended. */
export type WorkRelease = TurnCost &
  (
    | {
        /** There are due jobs left. */
        readonly left: 'due';
      }
    | {
        /**
         * 'empty': no job waits and none runs. `dueAt`, in epoch milliseconds: no job is due now; the earliest of the delayed ones is then,
         * or the claim of a job that runs ends then. (A running job counts: were its worker to die, nobody else would look for it.)
         */
        readonly left: 'empty' | { readonly dueAt: number };
        /** Epoch milliseconds just *before* the read that found this. */
        readonly emptyReadAt: number;
      }
  );

interface TurnCost {
  /** Milliseconds the turn took. */
  readonly elapsedMs: number;
}

interface HintRow {
  readonly readyAt: number;
  readonly touchedAt: number;
  readonly seq: number;
  readonly earlyReads: number;
  readonly weight: number;
}

type HintKey = Pick<WorkLease, 'tenantId' | 'queue'>;

const SERVED = `
  (:queues is null or queue in (select value from json_each(:queues)))
  and tenant_id not in (select value from json_each(:except))`;

const HAS_FREE_SLOT = `
  (select count(*) from tenant_work_leases as lease
   where lease.tenant_id = work.tenant_id
     and (:queues is null or lease.queue in (select value from json_each(:queues)))) < :maxPerTenant`;

const END_LEASES = `
  delete from tenant_work_leases where leased_until <= :now returning tenant_id as tenantId, queue`;

const OWNERS = 'select distinct owner from tenant_work_leases';

const CUT_SHORT = `
  update tenant_work_leases set leased_until = min(leased_until, :now) where owner in (select value from json_each(:owners))`;

/** Due from now on: of a tenant's queues the one that has waited longest is next. */
const DISTURB = `
  update tenant_work set seq = seq + 1, ready_at = :now, early_reads = 0
  where tenant_id = :tenantId and queue = :queue`;

/** With nobody in line, virtual time is where it got to. */
const HEAD_OF_LINE = `
  select coalesce(
    (select vtime from tenant_work where in_line = 1 and ${SERVED} order by vtime limit 1),
    (select max(vtime) from tenant_work),
    0)`;

const NEWLY_DUE = `
  select tenant_id, queue from tenant_work
  where in_line = 0 and ready_at <= :now and ${SERVED} order by ready_at limit ${STEP_INTO_LINE}`;

const CATCH_UP_DUE = `
  update tenant_work set vtime = :head
  where vtime < :head and tenant_id in (select tenant_id from (${NEWLY_DUE}))`;

const STEP_IN = `update tenant_work set in_line = 1 where (tenant_id, queue) in (${NEWLY_DUE})`;

const NEXT = `
  select tenant_id as tenantId, queue, seq, vtime from tenant_work as work
  where in_line = 1 and ${SERVED} and ${HAS_FREE_SLOT}
  order by vtime, ready_at limit 1`;

const END_OF_LINE = `
  select vtime from tenant_work where in_line = 1 and ${SERVED} order by vtime desc limit 1`;

const CATCH_UP = `update tenant_work set vtime = :vtime where tenant_id = :tenantId`;

const SLOTS = `select slot from tenant_work_leases where tenant_id = :tenantId and queue = :queue`;

/** 53 random bits tell leases apart: JavaScript holds no more. */
const GIVE = `
  insert into tenant_work_leases (tenant_id, queue, slot, lease, lease_seq, owner, leased_until)
  values (:tenantId, :queue, :slot, random() >> 11, :seq, :owner, :leasedUntil) returning lease`;

const OWN_LEASE = `tenant_id = :tenantId and queue = :queue and slot = :slot and lease = :id`;

const RENEW = `update tenant_work_leases set leased_until = :leasedUntil where ${OWN_LEASE}`;

const GIVE_BACK = `delete from tenant_work_leases where ${OWN_LEASE}`;

const HINT = `
  select ready_at as readyAt, touched_at as touchedAt, seq, early_reads as earlyReads, weight
  from tenant_work where tenant_id = :tenantId and queue = :queue`;

const CHARGE = `update tenant_work set vtime = vtime + :charge where tenant_id = :tenantId`;

const LAST_END = `
  select max(leased_until) from tenant_work_leases where tenant_id = :tenantId and queue = :queue`;

const REST = `
  update tenant_work set seq = seq + 1, in_line = 0, ready_at = :readyAt, early_reads = :earlyReads
  where tenant_id = :tenantId and queue = :queue`;

const DELETE = `delete from tenant_work where tenant_id = :tenantId and queue = :queue`;

const NEXT_IN_LINE = `
  select ready_at from tenant_work as work
  where in_line = 1 and ${SERVED} and ${HAS_FREE_SLOT} order by vtime limit 1`;

const NEXT_RESTING = `
  select ready_at from tenant_work as work
  where in_line = 0 and ${SERVED} and ${HAS_FREE_SLOT} order by ready_at limit 1`;

const NEXT_END = `select min(leased_until) from tenant_work_leases`;

/** Gives the turn to the first in line who has a free slot; undefined when there is none. */
export function leaseWork(handle: Handle, request: LeaseRequest): WorkLease | undefined {
  const now = clock.now();
  const served = servedBy(request);
  endLeases(handle, now);
  stepIntoLine(handle, filterOf(served), now);
  const next = handle.statement(NEXT).get(served) as
    (HintKey & { readonly seq: number; readonly vtime: number }) | undefined;
  if (next === undefined) return undefined;
  const { tenantId, queue, seq, vtime } = next;
  const end = handle.statement(END_OF_LINE).pluck().get(filterOf(served)) as number;
  if (vtime < end - MAX_LAG_MS) {
    handle.statement(CATCH_UP).run({ tenantId, vtime: end - MAX_LAG_MS });
  }
  const slot = freeSlot(handle, { tenantId, queue });
  const leasedUntil = now + request.leaseMs;
  const values = { tenantId, queue, slot, seq, owner: request.owner, leasedUntil };
  return { tenantId, queue, slot, seq, id: handle.statement(GIVE).pluck().get(values) as number };
}

/** Puts the end of a lease off; false when it is somebody else's now. */
export function renewWork(handle: Handle, lease: WorkLease, leaseMs: number): boolean {
  const { tenantId, queue, slot, id } = lease;
  const leasedUntil = clock.now() + leaseMs;
  const { changes } = handle.statement(RENEW).run({ tenantId, queue, slot, id, leasedUntil });
  return changes > 0;
}

/** Ends a turn; false, and nothing is changed, when the lease is somebody else's now. */
export function releaseWork(
  handle: Handle,
  { lease, end, graceMs }: { lease: WorkLease; end: WorkRelease; graceMs: number },
): boolean {
  const { tenantId, queue, slot, id } = lease;
  if (handle.statement(GIVE_BACK).run({ tenantId, queue, slot, id }).changes === 0) return false;
  const key = { tenantId, queue };
  const hint = handle.statement(HINT).get(key) as HintRow; // it is there: see invariant 1
  const charge = Math.max(end.elapsedMs, LEAST_CHARGE_MS) / hint.weight;
  handle.statement(CHARGE).run({ tenantId, charge });
  const now = clock.now();
  if (end.left === 'due') handle.statement(DISTURB).run({ ...key, now });
  else if (lease.seq !== hint.seq) return true;
  else if (end.emptyReadAt - hint.touchedAt < graceMs) {
    // A job may be about to come: who touched the row before the read need not have inserted by then.
    const backOffMs = Math.min(FIRST_BACKOFF_MS * 2 ** hint.earlyReads, graceMs);
    const dueAt = end.left === 'empty' ? Infinity : end.left.dueAt;
    const readyAt = Math.min(now + backOffMs, hint.touchedAt + graceMs, dueAt);
    handle.statement(REST).run({ ...key, readyAt, earlyReads: hint.earlyReads + 1 });
  } else leave(handle, key, end.left);
  return true;
}

/** When there may be something to lease, in epoch milliseconds; undefined when nothing is known of. */
export function nextWorkAt(handle: Handle, request: ServedWork): number | undefined {
  const served = servedBy(request);
  const inLine = handle.statement(NEXT_IN_LINE).pluck().get(served) as number | undefined;
  if (inLine !== undefined) return inLine;
  const resting = handle.statement(NEXT_RESTING).pluck().get(served) as number | undefined;
  const end = handle.statement(NEXT_END).pluck().get() as number | null;
  if (resting === undefined) return end ?? undefined;
  return Math.min(resting, end ?? Infinity);
}

/** Who holds leases. */
export function ownersOfLeases(handle: Handle): string[] {
  return handle.statement(OWNERS).pluck().all() as string[];
}

/** Ends the leases of these owners, and those that ran out. @returns how many */
export function endLeasesOf(handle: Handle, owners: readonly string[]): number {
  const now = clock.now();
  handle.statement(CUT_SHORT).run({ now, owners: JSON.stringify(owners) });
  return endLeases(handle, now);
}

/** A lease that ran out counts as a touch: nobody knows what its holder left behind. @returns how many did */
function endLeases(handle: Handle, now: number): number {
  const ended = handle.statement(END_LEASES).all({ now }) as HintKey[];
  for (const { tenantId, queue } of ended) handle.statement(DISTURB).run({ tenantId, queue, now });
  return ended.length;
}

function stepIntoLine(handle: Handle, filter: ReturnType<typeof filterOf>, now: number): void {
  const head = handle.statement(HEAD_OF_LINE).pluck().get(filter) as number;
  handle.statement(CATCH_UP_DUE).run({ ...filter, head, now });
  handle.statement(STEP_IN).run({ ...filter, now });
}

function freeSlot(handle: Handle, key: HintKey): number {
  const taken = new Set(handle.statement(SLOTS).pluck().all(key));
  let slot = 1;
  while (taken.has(slot)) slot += 1;
  return slot;
}

/** What was found is true: the row goes, or rests. While others hold leases of it, it stays until theirs are over. */
function leave(handle: Handle, key: HintKey, left: 'empty' | { readonly dueAt: number }): void {
  const lastEnd = handle.statement(LAST_END).pluck().get(key) as number | null;
  const readyAt = left === 'empty' ? lastEnd : left.dueAt;
  if (readyAt === null) handle.statement(DELETE).run(key);
  else handle.statement(REST).run({ ...key, readyAt, earlyReads: 0 });
}

function servedBy({ queues, except, maxPerTenant }: ServedWork) {
  return {
    queues: queues === undefined ? null : JSON.stringify(queues),
    except: JSON.stringify(except ?? []),
    maxPerTenant: maxPerTenant ?? 1,
  };
}

/** better-sqlite3 refuses parameters that a statement does not have. */
function filterOf({ queues, except }: ReturnType<typeof servedBy>) {
  return { queues, except };
}
