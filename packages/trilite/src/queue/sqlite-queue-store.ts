import type { Connection } from '../database/connection';
import type { Handle } from '../database/connection-handle';
import { clock } from '../support/clock';
import { JobCrashedError } from './errors';
import { describeFailure } from './failure';
import type {
  ClaimedJob,
  ClaimRequest,
  FailedJob,
  Failure,
  JobRecord,
  NewJob,
  QueueStore,
  RecoveredJob,
  Release,
  Watch,
} from './queue-store';
import { FileWatch } from './sqlite-queue-watch';

/** Jobs forgotten in one statement, so that pruning never holds the writer for long. */
const PRUNE_BATCH = 500;

const PUSH = `
  insert into jobs (id, queue, job, payload, state, priority, available_at, max_crashes, created_at)
  values (:id, :queue, :job, :payload, 'waiting', :priority, :availableAt, :maxCrashes, :now)`;

/** One statement: what it chooses is its own before anybody else can choose. */
const CLAIM = `
  update jobs
  set state = 'running', owner = :owner, lease_until = :leaseUntil, attempts = attempts + 1, started_at = :now, progress = null
  where id in (
    select id from jobs
    where state = 'waiting' and queue = :queue and available_at <= :now
    order by priority desc, available_at, id
    limit :limit)
  returning id, queue, job, payload, attempts, crashes, owner, priority, available_at as availableAt`;

/** The proof of ownership in every statement by which a worker changes a job in its hand. */
const OWNED = `id = :id and owner = :owner and state = 'running'`;

const COMPLETE = `
  update jobs set state = 'done', owner = null, lease_until = null, finished_at = :now, progress = 100, last_error = null
  where ${OWNED}`;

const RELEASE = `
  update jobs
  set state = 'waiting', owner = null, lease_until = null, available_at = :availableAt, attempts = attempts - :uncounted,
    last_error = coalesce(:error, last_error)
  where ${OWNED}`;

const RENEW = `update jobs set lease_until = :leaseUntil where ${OWNED}`;

const REPORT = `update jobs set progress = :progress where ${OWNED}`;

const COPY_TO_FAILED = `
  insert into failed_jobs (id, queue, job, payload, priority, max_crashes, attempts, message, detail, created_at, failed_at)
  select id, queue, job, payload, priority, max_crashes, attempts, :message, :detail, created_at, :now
  from jobs where ${OWNED}`;

const DELETE_OWNED = `delete from jobs where ${OWNED}`;

const HELD = `select id, queue, job, owner, crashes, max_crashes as maxCrashes, lease_until as leaseUntil from jobs where state = 'running'`;

const RECOVER = `
  update jobs
  set state = 'waiting', owner = null, lease_until = null, crashes = crashes + 1, available_at = :now, last_error = :error
  where ${OWNED}`;

const FIND = `
  select id, queue, job, payload, state, attempts, progress, last_error as lastError, created_at as createdAt,
    started_at as startedAt, finished_at as finishedAt
  from jobs where id = :id
  union all
  select id, queue, job, payload, 'failed', attempts, null, message, created_at, null, failed_at
  from failed_jobs where id = :id`;

const NEXT_DUE = `select min(available_at) as dueAt from jobs where state = 'waiting' and queue = ?`;

const FAILED = `
  select id, queue, job, payload, attempts, message, detail, failed_at as failedAt
  from failed_jobs order by failed_at desc, id desc`;

const RETRY = `
  insert into jobs (id, queue, job, payload, state, priority, available_at, max_crashes, last_error, created_at)
  select id, queue, job, payload, 'waiting', priority, :now, max_crashes, message, created_at from failed_jobs where id = :id`;

const PRUNE = `
  delete from jobs where id in (select id from jobs where state = 'done' and finished_at < ? order by finished_at limit ${PRUNE_BATCH})`;

type ClaimedRow = ClaimedJob & { readonly priority: number; readonly availableAt: number };
type HeldRow = Pick<ClaimedJob, 'id' | 'queue' | 'job' | 'owner' | 'crashes'> & {
  readonly maxCrashes: number;
  readonly leaseUntil: number;
};
type RecordRow = {
  readonly [K in keyof JobRecord]: undefined extends JobRecord[K]
    ? Exclude<JobRecord[K], undefined> | null
    : JobRecord[K];
};

/** A queue in a SQLite file: claims are one statement, and dispatches and acknowledgements asked for together share one commit. */
export class SqliteQueueStore implements QueueStore {
  readonly #connection: Connection;
  readonly #watches = new Set<FileWatch>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async push(jobs: readonly NewJob[]): Promise<void> {
    const now = clock.now();
    const insert = (handle: Handle): void => {
      for (const job of jobs) handle.statement(PUSH).run({ ...job, now });
    };
    await this.#connection.write(insert, { several: jobs.length > 1 });
    this.#notify();
  }

  claim({ queues, limit, owner, leaseMs }: ClaimRequest): Promise<ClaimedJob[]> {
    return this.#connection.write(
      (handle) => {
        const now = clock.now();
        const claimed: ClaimedJob[] = [];
        for (const queue of queues) {
          const rest = limit - claimed.length;
          if (rest <= 0) break;
          const rows = handle
            .statement(CLAIM)
            .all({ owner, leaseUntil: now + leaseMs, now, queue, limit: rest }) as ClaimedRow[];
          claimed.push(...rows.sort(inClaimOrder));
        }
        return claimed;
      },
      { several: queues.length > 1 },
    );
  }

  complete(job: ClaimedJob): Promise<boolean> {
    return this.#changeOwned(COMPLETE, job, { now: clock.now() });
  }

  async release(job: ClaimedJob, release: Release): Promise<boolean> {
    const released = await this.#changeOwned(RELEASE, job, {
      availableAt: release.availableAt,
      uncounted: release.uncounted === true ? 1 : 0,
      error: release.failure?.message ?? null,
    });
    this.#notify();
    return released;
  }

  fail(job: ClaimedJob, failure: Failure): Promise<boolean> {
    return this.#connection.write((handle) => moveToFailed(handle, job, failure), {
      several: true,
    });
  }

  renew(jobs: readonly ClaimedJob[], leaseMs: number): Promise<string[]> {
    return this.#connection.write(
      (handle) => {
        const leaseUntil = clock.now() + leaseMs;
        const isLost = ({ id, owner }: ClaimedJob): boolean =>
          handle.statement(RENEW).run({ id, owner, leaseUntil }).changes === 0;
        return jobs.filter(isLost).map(({ id }) => id);
      },
      { several: true },
    );
  }

  report(job: ClaimedJob, progress: number): Promise<boolean> {
    return this.#changeOwned(REPORT, job, { progress });
  }

  async recover(isGone: (owner: string) => boolean): Promise<RecoveredJob[]> {
    const isAbandoned = ({ owner, leaseUntil }: HeldRow): boolean =>
      leaseUntil <= clock.now() || isGone(owner);
    const held = await this.#connection.read((handle) => handle.statement(HELD).all() as HeldRow[]);
    if (!held.some(isAbandoned)) return [];
    // Judged again inside the write: between the two, an owner may have renewed.
    const recovered = await this.#connection.write(
      (handle) => {
        const abandoned = (handle.statement(HELD).all() as HeldRow[]).filter(isAbandoned);
        return abandoned.map((row) => recoverOne(handle, row));
      },
      { several: true },
    );
    this.#notify();
    return recovered;
  }

  find(id: string): Promise<JobRecord | undefined> {
    return this.#connection.read((handle) =>
      toRecord(handle.statement(FIND).get({ id }) as RecordRow | undefined),
    );
  }

  nextDueAt(queues: readonly string[]): Promise<number | undefined> {
    return this.#connection.read((handle) => {
      const times = queues.map(
        (queue) => (handle.statement(NEXT_DUE).get(queue) as { dueAt: number | null }).dueAt,
      );
      const known = times.filter((time) => time !== null);
      return known.length === 0 ? undefined : Math.min(...known);
    });
  }

  failed(): Promise<FailedJob[]> {
    return this.#connection.read((handle) => handle.statement(FAILED).all() as FailedJob[]);
  }

  async retry(ids: readonly string[] | 'all'): Promise<string[]> {
    const retried = await this.#connection.write(
      (handle) => {
        const wanted =
          ids === 'all'
            ? (handle.statement('select id from failed_jobs').all() as { id: string }[]).map(
                ({ id }) => id,
              )
            : [...new Set(ids)];
        return wanted.filter((id) => retryOne(handle, id));
      },
      { several: true },
    );
    this.#notify();
    return retried;
  }

  async prune(doneBefore: number): Promise<number> {
    const result = await this.#connection.write((handle) =>
      handle.statement(PRUNE).run(doneBefore),
    );
    return result.changes;
  }

  watch(onChange: () => void): Watch {
    const watch = new FileWatch(this.#connection, onChange, () => this.#watches.delete(watch));
    this.#watches.add(watch);
    return watch;
  }

  /** A process does not see its own commits as changes of the file: it tells its own workers itself. */
  #notify(): void {
    for (const watch of this.#watches) watch.notify();
  }

  async #changeOwned(
    sql: string,
    { id, owner }: ClaimedJob,
    values: Record<string, unknown>,
  ): Promise<boolean> {
    const result = await this.#connection.write((handle) =>
      handle.statement(sql).run({ ...values, id, owner }),
    );
    return result.changes === 1;
  }
}

function moveToFailed(
  handle: Handle,
  { id, owner }: Pick<ClaimedJob, 'id' | 'owner'>,
  { message, detail }: Failure,
): boolean {
  const { changes } = handle
    .statement(COPY_TO_FAILED)
    .run({ id, owner, message, detail, now: clock.now() });
  if (changes === 0) return false;
  handle.statement(DELETE_OWNED).run({ id, owner });
  return true;
}

function recoverOne(handle: Handle, row: HeldRow): RecoveredJob {
  const { id, job, queue, owner } = row;
  const crashes = row.crashes + 1;
  const failure = describeFailure(JobCrashedError.times(crashes, job));
  if (crashes >= row.maxCrashes) {
    moveToFailed(handle, { id, owner }, failure);
    return { id, job, queue, outcome: 'failed' };
  }
  handle.statement(RECOVER).run({ id, owner, now: clock.now(), error: failure.message });
  return { id, job, queue, outcome: 'released' };
}

function retryOne(handle: Handle, id: string): boolean {
  const { changes } = handle.statement(RETRY).run({ id, now: clock.now() });
  if (changes === 1) handle.statement('delete from failed_jobs where id = ?').run(id);
  return changes === 1;
}

/** RETURNING gives rows in no order of its own. */
function inClaimOrder(a: ClaimedRow, b: ClaimedRow): number {
  return b.priority - a.priority || a.availableAt - b.availableAt || (a.id < b.id ? -1 : 1);
}

function toRecord(row: RecordRow | undefined): JobRecord | undefined {
  if (row === undefined) return undefined;
  const { progress, lastError, startedAt, finishedAt, ...rest } = row;
  return {
    ...rest,
    progress: progress ?? undefined,
    lastError: lastError ?? undefined,
    startedAt: startedAt ?? undefined,
    finishedAt: finishedAt ?? undefined,
  };
}
