import type { Handle } from '../../database/connection-handle';
import { clock } from '../../support/clock';
import type { ClaimedJob, ClaimRequest } from '../queue-store';
import { readExtra } from './sqlite-push-store';

/*
 * Which job is next. The index of the waiting jobs is by queue, priority and due time: within one priority, what is due lies together, and
 * what is not is never read. So each priority that jobs wait at is asked for by itself, the highest first: with one index range over all of
 * them, a hundred thousand delayed jobs would be read at every claim. Who gives each job a priority of its own, a time for instance, has as
 * many priorities as jobs: beyond the first ones the rest is read as one range, for reading a row costs less than asking for a priority.
 */

/** Priorities of a queue that are asked for by themselves. */
const MANY_PRIORITIES = 100;

const FIRST_PRIORITY = `select max(priority) as priority from jobs where state = 'waiting' and queue = :queue`;

const NEXT_PRIORITY = `
  select max(priority) as priority from jobs where state = 'waiting' and queue = :queue and priority < :priority`;

export const claimWhere = (place: string, order: string): string => `
  update jobs
  set state = 'running', owner = :owner, claim = random() >> 11, lease_until = :leaseUntil, attempts = attempts + 1, started_at = :now,
    progress = null, cancel_at = null, debounce_key = null
  where rowid in (
    select rowid from jobs
    where state = 'waiting' and queue = :queue and ${place} and available_at <= :now
    order by ${order}
    limit :limit)
  returning id, job, payload, attempts, exceptions, crashes, claim, created_at as createdAt, retry_until as retryUntil,
    batch_id as batchId, extra, available_at as availableAt, priority, tenant_id as tenantId`;

/** One statement: what it chooses is its own before anybody else can choose. 53 random bits tell claims apart: JavaScript holds no more. */
const CLAIM = claimWhere('priority = :priority', 'available_at, id');

const CLAIM_REST = claimWhere('priority <= :priority', 'priority desc, available_at, id');

const START_KEY = `delete from job_keys where key = ? and job_id = ? and until = 'started'`;

const DUE = `
  select min(available_at) as dueAt from jobs where state = 'waiting' and queue = :queue and priority = :priority`;

const DUE_REST = `
  select min(available_at) as dueAt from jobs where state = 'waiting' and queue = :queue and priority <= :priority`;

const NEXT_QUEUE = `select min(queue) as queue from jobs where state = 'waiting' and queue > ?`;

const HELD_UNTIL = `select queue, min(lease_until) as leaseUntil from jobs where state = 'running' group by queue`;

const PAUSED = `select name from queue_signals where name like 'pause%' and (until is null or until > ?)`;

/** The signal that pauses every queue. */
export const PAUSE_ALL = 'pause';

/** The signal that pauses one queue. */
export const pauseOf = (queue: string): string => `pause:${queue}`;

export interface ClaimedRow {
  readonly id: string;
  readonly job: string;
  readonly payload: string;
  readonly attempts: number;
  readonly exceptions: number;
  readonly crashes: number;
  readonly claim: number;
  readonly createdAt: number;
  readonly retryUntil: number | null;
  readonly batchId: string | null;
  readonly extra: string | null;
  readonly availableAt: number;
  readonly priority: number;
  readonly tenantId: string | null;
}

/** Where jobs are looked for: at a priority, or, beyond many, at it and all below. */
export interface Place {
  readonly queue: string;
  readonly priority: number;
  readonly isRest: boolean;
}

/** Takes due jobs of a place. @param claimed how many the request has already */
export type ClaimAt = (
  handle: Handle,
  place: Place,
  request: ClaimRequest,
  claimed: number,
) => ClaimedJob[];

/** Takes due jobs within the transaction of whoever calls. @param take how those of one place are chosen; by default the one due longest first */
export function claimJobs(
  handle: Handle,
  request: ClaimRequest,
  take: ClaimAt = claimAt,
): ClaimedJob[] {
  const paused = pausedNow(handle);
  if (paused.has(PAUSE_ALL)) return [];
  const claimed: ClaimedJob[] = [];
  for (const queue of request.queues) {
    if (paused.has(pauseOf(queue))) continue;
    for (const place of placesOf(handle, queue)) {
      if (claimed.length >= request.limit) return claimed;
      claimed.push(...take(handle, place, request, claimed.length));
    }
  }
  return claimed;
}

/** When the next waiting job of these queues is due. */
export function nextDueAt(handle: Handle, queues: readonly string[]): number | undefined {
  let earliest: number | undefined;
  for (const queue of queues) {
    for (const { priority, isRest } of placesOf(handle, queue)) {
      const due = handle.statement(isRest ? DUE_REST : DUE);
      const { dueAt } = due.get({ queue, priority }) as { dueAt: number };
      earliest = Math.min(earliest ?? dueAt, dueAt);
    }
  }
  return earliest;
}

/** When each queue has to be looked at next: a job is due then, or the lease of a running one ends. */
export function nextLooks(handle: Handle): Map<string, number> {
  const looks = new Map<string, number>();
  const note = (queue: string, at: number): void => {
    looks.set(queue, Math.min(looks.get(queue) ?? Infinity, at));
  };
  for (const queue of waitingQueues(handle)) note(queue, nextDueAt(handle, [queue]) ?? Infinity);
  const held = handle.statement(HELD_UNTIL).all() as { queue: string; leaseUntil: number }[];
  for (const { queue, leaseUntil } of held) note(queue, leaseUntil);
  return looks;
}

/** By the index from one queue to the next, however many jobs wait in each. */
function waitingQueues(handle: Handle): string[] {
  const queues: string[] = [];
  for (;;) {
    const after = queues.at(-1) ?? '';
    const { queue } = handle.statement(NEXT_QUEUE).get(after) as { queue: string | null };
    if (queue === null) return queues;
    queues.push(queue);
  }
}

/** The signals of the pauses that hold now. */
export function pausedNow(handle: Handle): Set<string> {
  const rows = handle.statement(PAUSED).all(clock.now()) as { readonly name: string }[];
  return new Set(rows.map(({ name }) => name));
}

function* placesOf(handle: Handle, queue: string): Generator<Place> {
  let row = handle.statement(FIRST_PRIORITY).get({ queue }) as { priority: number | null };
  for (let count = 1; row.priority !== null; count += 1) {
    const { priority } = row;
    const isRest = count > MANY_PRIORITIES;
    yield { queue, priority, isRest };
    if (isRest) return;
    row = handle.statement(NEXT_PRIORITY).get({ queue, priority }) as typeof row;
  }
}

export function claimAt(
  handle: Handle,
  { queue, priority, isRest }: Place,
  { owner, leaseMs, limit }: ClaimRequest,
  claimed: number,
): ClaimedJob[] {
  const now = clock.now();
  const values = { queue, priority, owner, now, leaseUntil: now + leaseMs, limit: limit - claimed };
  const statement = handle.statement(isRest ? CLAIM_REST : CLAIM);
  const rows = statement.all(values) as ClaimedRow[];
  if (rows.length > 1) rows.sort(inOrder);
  return rows.map((row) => toClaimed(handle, row, { queue, owner }));
}

export function toClaimed(
  handle: Handle,
  row: ClaimedRow,
  { queue, owner }: Pick<ClaimedJob, 'queue' | 'owner'>,
): ClaimedJob {
  const { tags = [], unique, chain, cause } = readExtra(row.extra);
  if (unique?.until === 'started') handle.statement(START_KEY).run(unique.key, row.id);
  return {
    id: row.id,
    queue,
    job: row.job,
    payload: row.payload,
    attempts: row.attempts,
    exceptions: row.exceptions,
    crashes: row.crashes,
    owner,
    claim: row.claim,
    createdAt: row.createdAt,
    retryUntil: row.retryUntil ?? undefined,
    batchId: row.batchId ?? undefined,
    tags,
    cause,
    tenantId: row.tenantId ?? undefined,
    isLinked: unique !== undefined || chain !== undefined || row.batchId !== null,
  };
}

/** RETURNING gives rows in no order of its own. */
function inOrder(a: ClaimedRow, b: ClaimedRow): number {
  return b.priority - a.priority || a.availableAt - b.availableAt || (a.id < b.id ? -1 : 1);
}
