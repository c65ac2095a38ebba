import type { Handle } from '../../database/connection-handle';
import { clock } from '../../support/clock';
import { newId } from '../../support/id';
import { JobCrashedError } from '../errors';
import { describeFailure } from '../failure';
import { toNewJob } from '../follow-up';
import type { JobAttempt } from '../job-records';
import type {
  Chain,
  ClaimedJob,
  CompletedRun,
  Failure,
  FollowUp,
  RecoveredJob,
  Release,
} from '../queue-store';
import { countForBatch } from './sqlite-batch-store';
import { insertJobs, readExtra } from './sqlite-push-store';

// How jobs end, and what their end brings with it, within the transaction of whoever calls.

/**
 * The proof of ownership in every statement by which a worker changes a job in its hand. The owner proves nothing: a worker that was silent
 * for too long may claim again the very job it has lost, while its first run still goes on.
 */
export const OWNED = `id = :id and claim = :claim and state = 'running'`;

const COMPLETE = `
  update jobs set state = 'done', lease_until = null, finished_at = :now, progress = 100, took_ms = :tookMs, last_error = null
  where ${OWNED}`;

const DELETE_OWNED = `delete from jobs where ${OWNED}`;

const LINKS = 'select batch_id as batchId, extra from jobs where id = ?';

const FREE_KEY = `delete from job_keys where key = ? and job_id = ? and until <> 'time'`;

const COPY_TO_FAILED = `
  insert into failed_jobs (id, queue, job, payload, priority, max_crashes, attempts, message, detail, created_at, failed_at, batch_id, extra,
    owner, tenant_id)
  select id, queue, job, payload, priority, max_crashes, attempts, :message, :detail, created_at, :now, batch_id, extra, owner, tenant_id
  from jobs where ${OWNED}
  returning id, queue, job, batch_id as batchId, extra`;

const RELEASE = `
  update jobs
  set state = 'waiting', lease_until = null, available_at = :availableAt, attempts = attempts - :uncounted,
    exceptions = exceptions + :threw, last_error = coalesce(:error, last_error)
  where ${OWNED}
  returning cancel_at as cancelAt`;

const RECOVER = `
  update jobs
  set state = 'waiting', lease_until = null, crashes = crashes + 1, available_at = :now, last_error = :error
  where ${OWNED}`;

const DISCARD = `
  update jobs set state = 'cancelled', lease_until = null, finished_at = :now, last_error = :reason
  where ${OWNED}
  returning batch_id as batchId, extra`;

const CANCEL_WAITING = `
  update jobs set state = 'cancelled', finished_at = :now, debounce_key = null
  where id = :id and state = 'waiting'
  returning batch_id as batchId, extra`;

const CANCEL_RUNNING = `update jobs set cancel_at = :now where id = :id and state = 'running'`;

const NOTE_ATTEMPT = `
  insert into job_attempts (job_id, attempt, outcome, message, owner, started_at, ended_at)
  select id, attempts, :outcome, :message, owner, started_at, :now from jobs where ${OWNED}`;

const COUNT = `
  insert into job_counts (queue, minute, done, failed, took_ms) values (:queue, :minute, :done, :failed, :tookMs)
  on conflict (queue, minute) do update set
    done = done + excluded.done, failed = failed + excluded.failed, took_ms = took_ms + excluded.took_ms`;

const MINUTE_MS = 60_000;

/** A job in somebody's hand. */
export interface HeldRow {
  readonly id: string;
  readonly queue: string;
  readonly job: string;
  readonly owner: string;
  readonly claim: number;
  readonly crashes: number;
  readonly maxCrashes: number;
  readonly leaseUntil: number;
  readonly cancelAt: number | null;
}

interface Links {
  readonly batchId: string | null;
  readonly extra: string | null;
}

type Owned = Pick<ClaimedJob, 'id' | 'claim'>;

/** Ends runs well. @param keepsDone whether what is done is kept for a while @returns the ids that the caller no longer owned */
export function completeRuns(
  handle: Handle,
  runs: readonly CompletedRun[],
  keepsDone: boolean,
): string[] {
  const now = clock.now();
  const lost: string[] = [];
  const counts = new Map<string, { done: number; tookMs: number }>();
  for (const { job, tookMs } of runs) {
    if (!completeOne(handle, job, { now, tookMs, keepsDone })) {
      lost.push(job.id);
      continue;
    }
    const count = counts.get(job.queue) ?? { done: 0, tookMs: 0 };
    counts.set(job.queue, { done: count.done + 1, tookMs: count.tookMs + tookMs });
  }
  for (const [queue, count] of counts) countEnds(handle, queue, { failed: 0, ...count });
  return lost;
}

/** Moves a job to the failed ones. Tells whether the caller still was the owner. */
export function failOne(
  handle: Handle,
  { id, claim }: Owned,
  failure: Failure,
  outcome: JobAttempt['outcome'] = 'failed',
): boolean {
  const { message, detail } = failure;
  noteAttempt(handle, { id, claim }, outcome, message);
  const row = handle
    .statement(COPY_TO_FAILED)
    .get({ id, claim, message, detail, now: clock.now() }) as
    (Links & { readonly queue: string; readonly job: string }) | undefined;
  if (row === undefined) return false;
  handle.statement(DELETE_OWNED).run({ id, claim });
  const cause = { jobId: id, job: row.job, message };
  const { chain } = freeKey(handle, id, row);
  if (chain?.onFailure !== undefined) {
    insertJobs(handle, [{ ...toNewJob(chain.onFailure, clock.now(), { cause }), id: newId() }]);
  }
  if (row.batchId !== null) countForBatch(handle, row.batchId, 'failed', cause);
  countEnds(handle, row.queue, { done: 0, failed: 1, tookMs: 0 });
  return true;
}

/** Ends a running job as cancelled. Tells whether the caller still was the owner. */
export function discardOne(handle: Handle, { id, claim }: Owned, reason: string): boolean {
  const row = handle.statement(DISCARD).get({ id, claim, reason, now: clock.now() });
  return endCancelled(handle, id, row as Links | undefined);
}

/** Cancels a waiting job, or notes that the owner of a running one is asked to. */
export function cancelOne(handle: Handle, id: string): 'cancelled' | 'requested' | undefined {
  const now = clock.now();
  const row = handle.statement(CANCEL_WAITING).get({ id, now }) as Links | undefined;
  if (endCancelled(handle, id, row)) return 'cancelled';
  const { changes } = handle.statement(CANCEL_RUNNING).run({ id, now });
  return changes === 1 ? 'requested' : undefined;
}

/** Puts a job back. Tells whether the caller still was the owner. */
export function releaseOne(handle: Handle, job: Owned, release: Release): boolean {
  const { id, claim } = job;
  const { availableAt, failure, uncounted = false } = release;
  if (failure !== undefined) noteAttempt(handle, job, 'released', failure.message);
  const row = handle.statement(RELEASE).get({
    id,
    claim,
    availableAt: Math.ceil(availableAt),
    uncounted: uncounted ? 1 : 0,
    threw: failure === undefined ? 0 : 1,
    error: failure?.message ?? null,
  }) as Pick<HeldRow, 'cancelAt'> | undefined;
  // Somebody was promised that the job would be told: from here on nobody would
  if (typeof row?.cancelAt === 'number') cancelOne(handle, id);
  return row !== undefined;
}

/** Takes a job back from whoever held it. */
export function recoverOne(handle: Handle, row: HeldRow): RecoveredJob {
  const { id, job, queue, claim } = row;
  const crashes = row.crashes + 1;
  const failure = describeFailure(JobCrashedError.times(crashes, job));
  if (crashes >= row.maxCrashes) {
    failOne(handle, row, failure, 'crashed');
    return { id, job, queue, outcome: 'failed' };
  }
  noteAttempt(handle, row, 'crashed', failure.message);
  const values = { id, claim, now: clock.now(), error: failure.message };
  handle.statement(RECOVER).run(values);
  if (row.cancelAt === null) return { id, job, queue, outcome: 'released' };
  cancelOne(handle, id);
  return { id, job, queue, outcome: 'cancelled' };
}

/** Frees the unique key of a job that has ended, or is gone. @returns what else it was linked to */
export function freeKey(handle: Handle, id: string, { extra }: Pick<Links, 'extra'>) {
  const read = readExtra(extra);
  if (read.unique !== undefined) handle.statement(FREE_KEY).run(read.unique.key, id);
  return read;
}

/** Keeps what a run that ended badly was like; the run must still be going on. */
export function noteAttempt(
  handle: Handle,
  { id, claim }: Owned,
  outcome: JobAttempt['outcome'],
  message: string,
): void {
  handle.statement(NOTE_ATTEMPT).run({ id, claim, outcome, message, now: clock.now() });
}

/** Forgets what is kept beside a job that is forgotten. */
export function forgetHistory(handle: Handle, id: string): void {
  handle.statement('delete from job_attempts where job_id = ?').run(id);
  handle.statement('delete from job_lines where job_id = ?').run(id);
}

function completeOne(
  handle: Handle,
  job: ClaimedJob,
  { now, tookMs, keepsDone }: { now: number; tookMs: number; keepsDone: boolean },
): boolean {
  const { id, claim } = job;
  const links = job.isLinked ? (handle.statement(LINKS).get(id) as Links | undefined) : undefined;
  const { changes } = keepsDone
    ? handle.statement(COMPLETE).run({ id, claim, now, tookMs })
    : handle.statement(DELETE_OWNED).run({ id, claim });
  if (changes === 0) return false;
  if (!keepsDone) forgetHistory(handle, id);
  if (links !== undefined) {
    goOn(handle, id, links);
    if (links.batchId !== null) countForBatch(handle, links.batchId, 'done');
  }
  return true;
}

/** Stores the next job of a chain, with the rest of it. A job that its key keeps out is there already: the chain goes on behind it. */
function goOn(handle: Handle, id: string, links: Links): void {
  const { chain } = freeKey(handle, id, links);
  let rest = chain?.rest ?? [];
  for (let [next] = rest; next !== undefined; [next] = rest) {
    rest = rest.slice(1);
    const own = chainOf(rest, chain?.onFailure);
    const [outcome] = insertJobs(handle, [toNewJob(next, clock.now(), { chain: own })]);
    if (outcome?.outcome === 'stored') return;
  }
}

function chainOf(rest: readonly FollowUp[], onFailure: FollowUp | undefined): Chain | undefined {
  if (rest.length === 0 && onFailure === undefined) return undefined;
  return onFailure === undefined ? { rest } : { rest, onFailure };
}

function endCancelled(handle: Handle, id: string, row: Links | undefined): boolean {
  if (row === undefined) return false;
  freeKey(handle, id, row);
  if (row.batchId !== null) countForBatch(handle, row.batchId, 'cancelled');
  return true;
}

function countEnds(
  handle: Handle,
  queue: string,
  count: { done: number; failed: number; tookMs: number },
): void {
  const minute = Math.floor(clock.now() / MINUTE_MS) * MINUTE_MS;
  handle.statement(COUNT).run({ queue, minute, ...count });
}
