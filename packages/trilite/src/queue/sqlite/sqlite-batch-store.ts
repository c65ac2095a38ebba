import type { Connection } from '../../database/connection';
import type { Handle } from '../../database/connection-handle';
import { clock } from '../../support/clock';
import type { BatchRecord } from '../job-records';
import type { FollowUp, JobCause, NewJob, PushOutcome } from '../queue-store';
import { toNewJob } from '../follow-up';
import { addToBatch, insertJobs } from './sqlite-push-store';

/*
 * A batch counts how its jobs end, in the transaction in which each does.
 *
 *   going on ──last job has ended──▶ finished      (on_end is stored; on_done as well when every job is done)
 *      │  ▲                             │
 *      │  └──── a failed job is retried ┘
 *      └──a job fails, unless that is allowed; cancelBatch──▶ cancelled ──last job has ended──▶ finished
 *
 * Invariants:
 * 1. total = done + failed + cancelled + jobs that wait or run.
 * 2. Each of on_done, on_failure and on_end is stored once: its column is emptied in the same statement's transaction.
 */

/** How one of its jobs ended. */
export type BatchEnding = 'done' | 'failed' | 'cancelled';

const COUNT = {
  done: 'update job_batches set done = done + 1 where id = ? returning *',
  failed: 'update job_batches set failed = failed + 1 where id = ? returning *',
  cancelled: 'update job_batches set cancelled = cancelled + 1 where id = ? returning *',
} as const;

const FIND = 'select * from job_batches where id = ?';

const CANCEL = `
  update job_batches set cancelled_at = ? where id = ? and cancelled_at is null and finished_at is null`;

const FINISH = 'update job_batches set finished_at = ? where id = ? and finished_at is null';

const REOPEN = `
  update job_batches set failed = failed - 1, finished_at = null, cancelled_at = null where id = ?`;

const EMPTY = {
  on_done: 'update job_batches set on_done = null where id = ?',
  on_failure: 'update job_batches set on_failure = null where id = ?',
  on_end: 'update job_batches set on_end = null where id = ?',
} as const;

interface BatchRow {
  readonly id: string;
  readonly name: string;
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly allow_failures: number;
  readonly on_done: string | null;
  readonly on_failure: string | null;
  readonly on_end: string | null;
  readonly created_at: number;
  readonly cancelled_at: number | null;
  readonly finished_at: number | null;
  readonly tenant_id: string | null;
}

/** The batches of a queue's file. */
export class SqliteBatchStore {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  add(id: string, jobs: readonly NewJob[]): Promise<PushOutcome[] | undefined> {
    return this.#connection.write((handle) => addToBatch(handle, id, jobs), { several: true });
  }

  async cancel(id: string): Promise<boolean> {
    const { changes } = await this.#connection.write((handle) =>
      handle.statement(CANCEL).run(clock.now(), id),
    );
    return changes === 1;
  }

  find(id: string): Promise<BatchRecord | undefined> {
    return this.#connection.read((handle) =>
      toRecord(handle.statement(FIND).get(id) as BatchRow | undefined),
    );
  }
}

/** Counts the end of a job for its batch, and stores what the batch calls for then. */
export function countForBatch(
  handle: Handle,
  batchId: string,
  ending: BatchEnding,
  cause: JobCause = {},
): void {
  const row = handle.statement(COUNT[ending]).get(batchId) as BatchRow | undefined;
  if (row === undefined) return; // pruned
  if (ending === 'failed') {
    follow(handle, row, 'on_failure', { ...cause, batchId });
    if (row.allow_failures === 0) handle.statement(CANCEL).run(clock.now(), batchId);
  }
  finishIfEnded(handle, row);
}

/** Ends a batch that has no job left to wait for: also one that never had any. */
export function finishEmptyBatch(handle: Handle, batchId: string): void {
  const row = handle.statement(FIND).get(batchId) as BatchRow | undefined;
  if (row !== undefined) finishIfEnded(handle, row);
}

/** Has a batch wait again for a job of it that failed and is put back. */
export function reopenBatch(handle: Handle, batchId: string): void {
  handle.statement(REOPEN).run(batchId);
}

function finishIfEnded(handle: Handle, row: BatchRow): void {
  if (pendingOf(row) > 0) return;
  handle.statement(FINISH).run(clock.now(), row.id);
  if (row.done === row.total) follow(handle, row, 'on_done', { batchId: row.id });
  follow(handle, row, 'on_end', { batchId: row.id });
}

function follow(handle: Handle, row: BatchRow, column: keyof typeof EMPTY, cause: JobCause): void {
  const followUp = row[column];
  if (followUp === null) return;
  handle.statement(EMPTY[column]).run(row.id);
  insertJobs(handle, [toNewJob(JSON.parse(followUp) as FollowUp, clock.now(), { cause })]);
}

function pendingOf({ total, done, failed, cancelled }: BatchRow): number {
  return total - done - failed - cancelled;
}

function toRecord(row: BatchRow | undefined): BatchRecord | undefined {
  if (row === undefined) return undefined;
  const { id, name, total, done, failed, cancelled } = row;
  const pending = pendingOf(row);
  return {
    id,
    name,
    total,
    done,
    failed,
    cancelled,
    pending,
    progress: total === 0 ? 100 : Math.floor(((total - pending) / total) * 100),
    allowsFailures: row.allow_failures === 1,
    ...(row.tenant_id !== null && { tenantId: row.tenant_id }),
    createdAt: row.created_at,
    cancelledAt: row.cancelled_at ?? undefined,
    finishedAt: row.finished_at ?? undefined,
  };
}
