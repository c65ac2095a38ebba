import type { Connection } from '../../database/connection';
import type { Handle } from '../../database/connection-handle';
import { clock } from '../../support/clock';
import type { FailedJob, FailedSelection, RetryOutcome } from '../job-records';
import { reopenBatch } from './sqlite-batch-store';
import { forgetHistory } from './sqlite-end-store';
import { readExtra, takeKey } from './sqlite-push-store';

/** Jobs put back or forgotten in one transaction, so that nobody waits long for the writer. */
const PIECE = 500;

const WHERE = `
  (:ids is null or id in (select value from json_each(:ids)))
  and (:queue is null or queue = :queue)
  and (:job is null or job = :job)
  and (:batchId is null or batch_id = :batchId)
  and (:tenantId is null or tenant_id = :tenantId)
  and (:failedBefore is null or failed_at < :failedBefore)`;

const FAILED = `
  select id, queue, job, payload, attempts, message, detail, batch_id as batchId, tenant_id as tenantId, extra, created_at as createdAt,
    failed_at as failedAt
  from failed_jobs where ${WHERE} order by failed_at desc, rowid desc limit :limit`;

const IDS = `select id from failed_jobs where ${WHERE} order by failed_at, rowid limit :limit`;

const FIND = 'select batch_id as batchId, extra from failed_jobs where id = ?';

const RETRY = `
  insert into jobs (id, queue, job, payload, state, priority, available_at, max_crashes, last_error, created_at, batch_id, extra,
    tenant_id)
  select id, queue, job, payload, 'waiting', priority, :now, max_crashes, message, created_at, batch_id, extra, tenant_id
  from failed_jobs where id = :id`;

const FORGET = 'delete from failed_jobs where id = ?';

type FailedRow = Omit<FailedJob, 'tags' | 'batchId' | 'tenantId'> & {
  readonly batchId: string | null;
  readonly tenantId: string | null;
  readonly extra: string | null;
};

/** The failed jobs of a queue's file. */
export class SqliteFailedJobStore {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  list(selection: FailedSelection = {}): Promise<FailedJob[]> {
    return this.#connection.read((handle) =>
      (handle.statement(FAILED).all(valuesOf(selection)) as FailedRow[]).map(toFailedJob),
    );
  }

  /** Chosen once, put back in pieces: a job that fails again meanwhile is not put back twice. */
  async retry(selection: FailedSelection): Promise<RetryOutcome> {
    const retried: string[] = [];
    const duplicates: string[] = [];
    for (const ids of piecesOf(await this.#ids(selection))) {
      const put = await this.#connection.write(
        (handle) => ids.map((id) => ({ id, outcome: retryOne(handle, id) })),
        { several: true },
      );
      for (const { id, outcome } of put) {
        if (outcome === 'retried') retried.push(id);
        if (outcome === 'duplicate') duplicates.push(id);
      }
    }
    return { retried, duplicates };
  }

  async forget(selection: FailedSelection): Promise<number> {
    let forgotten = 0;
    for (const ids of piecesOf(await this.#ids(selection))) {
      const forget = (handle: Handle): number => ids.filter((id) => forgetOne(handle, id)).length;
      forgotten += await this.#connection.write(forget, { several: true });
    }
    return forgotten;
  }

  #ids(selection: FailedSelection): Promise<string[]> {
    return this.#connection.read((handle) =>
      (handle.statement(IDS).all(valuesOf(selection)) as { id: string }[]).map(({ id }) => id),
    );
  }
}

function retryOne(handle: Handle, id: string): 'retried' | 'duplicate' | 'gone' {
  const row = handle.statement(FIND).get(id) as
    { readonly batchId: string | null; readonly extra: string | null } | undefined;
  if (row === undefined) return 'gone';
  const { unique } = readExtra(row.extra);
  if (unique !== undefined && takeKey(handle, unique, id) !== undefined) return 'duplicate';
  handle.statement(RETRY).run({ id, now: clock.now() });
  handle.statement(FORGET).run(id);
  if (row.batchId !== null) reopenBatch(handle, row.batchId);
  return 'retried';
}

function forgetOne(handle: Handle, id: string): boolean {
  const isForgotten = handle.statement(FORGET).run(id).changes === 1;
  if (isForgotten) forgetHistory(handle, id); // else it was put back meanwhile, and keeps it
  return isForgotten;
}

function* piecesOf(ids: readonly string[]): Generator<readonly string[]> {
  for (let from = 0; from < ids.length; from += PIECE) yield ids.slice(from, from + PIECE);
}

function valuesOf({ ids, queue, job, batchId, tenantId, failedBefore, limit }: FailedSelection) {
  return {
    ids: ids === undefined ? null : JSON.stringify(ids),
    queue: queue ?? null,
    job: job ?? null,
    batchId: batchId ?? null,
    tenantId: tenantId ?? null,
    failedBefore: failedBefore ?? null,
    limit: limit ?? -1,
  };
}

function toFailedJob({ batchId, tenantId, extra, ...rest }: FailedRow): FailedJob {
  return {
    ...rest,
    batchId: batchId ?? undefined,
    ...(tenantId !== null && { tenantId }),
    tags: readExtra(extra).tags ?? [],
  };
}
