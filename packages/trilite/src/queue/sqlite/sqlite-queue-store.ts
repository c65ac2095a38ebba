import { ChangeWatch } from '../../database/change-watch';
import type { Connection } from '../../database/connection';
import type { Handle } from '../../database/connection-handle';
import { currentSession } from '../../database/connection-session';
import { clock } from '../../support/clock';
import { readyNow, readyOf, type Announce, type ReadyQueues } from '../announce';
import type {
  BatchRecord,
  FailedJob,
  FailedSelection,
  JobHistory,
  JobRecord,
  QueueStatus,
  RetryOutcome,
} from '../job-records';
import type {
  CancelOutcome,
  ClaimedJob,
  ClaimRequest,
  CompletedRun,
  Failure,
  NewBatch,
  NewJob,
  PushBounds,
  PushOutcome,
  QueueStore,
  RecoveredJob,
  RelayedPush,
  RelayRequest,
  Release,
  Report,
  Watch,
  WorkerSignals,
} from '../queue-store';
import { SqliteBatchStore, countForBatch, finishEmptyBatch } from './sqlite-batch-store';
import { nextDueAt, nextLooks } from './sqlite-claim-store';
import {
  OWNED,
  cancelOne,
  completeRuns,
  discardOne,
  failOne,
  forgetHistory,
  freeKey,
  recoverOne,
  releaseOne,
  type HeldRow,
} from './sqlite-end-store';
import { SqliteFailedJobStore } from './sqlite-failed-job-store';
import { hasToPrune, pruneSome } from './sqlite-prune-store';
import { insertBatch, insertJobs, refuseFull, refuseFullFile } from './sqlite-push-store';
import { forgetSomeOfTenant } from './sqlite-tenant-jobs-store';
import { SqliteTurnStore } from './sqlite-turn-store';
import { SqliteQueueSignalStore } from './sqlite-queue-signal-store';
import { SqliteQueueStatusStore } from './sqlite-queue-status-store';

/** Jobs forgotten in one transaction, so that nobody waits long for the writer. */
const PIECE = 500;

const RENEW = `update jobs set lease_until = :leaseUntil where ${OWNED}`;

const REPORT = `update jobs set progress = coalesce(:progress, progress) where ${OWNED}`;

const ADD_LINE = 'insert into job_lines (job_id, at, text) values (?, ?, ?)';

const HELD = `
  select id, queue, job, owner, claim, crashes, max_crashes as maxCrashes, lease_until as leaseUntil, cancel_at as cancelAt
  from jobs where state = 'running'`;

const RELAYED = 'select seq from relayed where generation = ?';

const SET_RELAYED = `
  insert into relayed (generation, seq, relayed_at) values (:generation, :seq, :now)
  on conflict (generation) do update set seq = excluded.seq, relayed_at = excluded.relayed_at`;

const JOB_IS_KNOWN = `
  select 1 from jobs where id = :id union all select 1 from failed_jobs where id = :id`;

const BATCH_IS_KNOWN = 'select 1 from job_batches where id = ?';

const WAITING_IN = `select id, batch_id as batchId, extra from jobs where state = 'waiting' and queue = ? limit ${PIECE}`;

/** How a store keeps jobs. */
export interface SqliteQueueStoreOptions {
  /** Whether jobs that are done are kept until they are pruned; else they are deleted at once. Default: true. */
  readonly keepsDone?: boolean;
  /** Moves the -wal into the file, and syncs it; tells whether all of it is. Default: it is said not to be. */
  readonly checkpoint?: (connection: Connection) => Promise<boolean>;
  /** Jobs that may wait; beyond that none is stored. Default: any number. */
  readonly maxWaiting?: number | undefined;
  /** Told before jobs are stored that workers have to find. Default: nobody, for workers watch the file. */
  readonly announce?: Announce | undefined;
}

/** A queue in a SQLite file: claims are one statement a priority, and what is asked for together shares one commit. */
export class SqliteQueueStore implements QueueStore {
  readonly keepsDone: boolean;
  readonly #connection: Connection;
  readonly #checkpoint: (connection: Connection) => Promise<boolean>;
  readonly #announce: Announce | undefined;
  /** What holds for those who do not say. */
  readonly #bounds: PushBounds | undefined;
  readonly #turns = new SqliteTurnStore();
  readonly #batches: SqliteBatchStore;
  readonly #failedJobs: SqliteFailedJobStore;
  readonly #status: SqliteQueueStatusStore;
  readonly #signals: SqliteQueueSignalStore;
  readonly #watchers = new Set<() => void>();

  constructor(connection: Connection, options: SqliteQueueStoreOptions = {}) {
    const { keepsDone = true, checkpoint = () => Promise.resolve(false) } = options;
    this.#connection = connection;
    this.keepsDone = keepsDone;
    this.#checkpoint = checkpoint;
    this.#announce = options.announce;
    const { maxWaiting } = options;
    this.#bounds = maxWaiting === undefined ? undefined : { maxWaiting };
    this.#batches = new SqliteBatchStore(connection);
    this.#failedJobs = new SqliteFailedJobStore(connection);
    this.#status = new SqliteQueueStatusStore(connection);
    this.#signals = new SqliteQueueSignalStore(connection);
  }

  get isDurable(): boolean {
    return this.#connection.file !== ':memory:';
  }

  get isInTransaction(): boolean {
    return currentSession()?.connection === this.#connection;
  }

  push(
    jobs: readonly NewJob[],
    batch?: NewBatch,
    bounds: PushBounds | undefined = this.#bounds,
  ): Promise<PushOutcome[]> {
    const connection = this.#connection;
    const maxPages = connection.settings.pragmas['max_page_count'];
    const isSeveral = jobs.length > 1 || batch !== undefined || isKeyed(jobs[0]);
    const isBounded = bounds !== undefined || typeof maxPages === 'number';
    const write = (): Promise<PushOutcome[]> =>
      connection.write(
        (handle) => {
          if (bounds !== undefined) refuseFull(handle, jobs.length, bounds);
          if (typeof maxPages === 'number') {
            refuseFullFile(handle, jobs, { connection, maxPages });
          }
          return store(handle, jobs, batch);
        },
        { several: isSeveral || isBounded },
      );
    return this.#tell(this.#announced(() => readyOf(jobs), write));
  }

  relay({ generation, rows }: RelayRequest): Promise<number> {
    const relay = (handle: Handle): number => {
      const before = relayedOf(handle, generation);
      const fresh = rows.filter((row) => row.seq > before);
      const seq = fresh.at(-1)?.seq ?? before;
      for (const row of fresh) if (!wasStored(handle, row)) store(handle, row.jobs, row.batch);
      handle.statement(SET_RELAYED).run({ generation, seq, now: clock.now() });
      return seq;
    };
    const ready = (): ReadyQueues => readyOf(rows.flatMap(({ jobs }) => jobs));
    const write = (): Promise<number> => this.#connection.write(relay, { several: true });
    return this.#tell(this.#announced(ready, write));
  }

  relayed(generation: string): Promise<number> {
    return this.#connection.read((handle) => relayedOf(handle, generation));
  }

  async secure(): Promise<boolean> {
    const { synchronous, journalMode } = this.#connection.settings;
    // With `full`, a commit is on the disk when it settles; a rollback journal syncs with `normal` as well
    if (synchronous === 'full' || synchronous === 'extra') return true;
    if (journalMode !== 'wal') return synchronous === 'normal';
    return this.#checkpoint(this.#connection);
  }

  claim(request: ClaimRequest): Promise<ClaimedJob[]> {
    return this.#connection.write((handle) => this.#turns.claim(handle, request), {
      several: true,
    });
  }

  complete(runs: readonly CompletedRun[]): Promise<string[]> {
    const complete = (handle: Handle): string[] => completeRuns(handle, runs, this.keepsDone);
    return this.#tell(this.#connection.write(complete, { several: true }));
  }

  release(job: ClaimedJob, release: Release): Promise<boolean> {
    return this.#announced(
      () => readyOf([{ queue: job.queue, availableAt: release.availableAt }]),
      () => this.#change((handle) => releaseOne(handle, job, release)),
    );
  }

  fail(job: ClaimedJob, failure: Failure): Promise<boolean> {
    return this.#change((handle) => failOne(handle, job, failure));
  }

  discard(job: ClaimedJob, reason: string): Promise<boolean> {
    return this.#change((handle) => discardOne(handle, job, reason));
  }

  renew(jobs: readonly ClaimedJob[], leaseMs: number): Promise<string[]> {
    return this.#connection.write(
      (handle) => {
        const leaseUntil = clock.now() + leaseMs;
        const isLost = ({ id, claim }: ClaimedJob): boolean =>
          handle.statement(RENEW).run({ id, claim, leaseUntil }).changes === 0;
        return jobs.filter(isLost).map(({ id }) => id);
      },
      { several: true },
    );
  }

  report(job: ClaimedJob, { progress, lines = [] }: Report): Promise<boolean> {
    const { id, claim } = job;
    const now = clock.now();
    const report = (handle: Handle): boolean => {
      const values = { id, claim, progress: progress ?? null };
      const { changes } = handle.statement(REPORT).run(values);
      if (changes === 1) {
        for (const line of lines) handle.statement(ADD_LINE).run(id, now, line);
      }
      return changes === 1;
    };
    return this.#connection.write(report, { several: lines.length > 0 });
  }

  async recover(isGone: (owner: string) => boolean): Promise<RecoveredJob[]> {
    const isAbandoned = ({ owner, leaseUntil }: HeldRow): boolean =>
      leaseUntil <= clock.now() || isGone(owner);
    const held = await this.#connection.read((handle) => handle.statement(HELD).all() as HeldRow[]);
    if (!held.some(isAbandoned)) return [];
    // Judged again inside the write: between the two, an owner may have renewed.
    return this.#change((handle) => {
      const abandoned = (handle.statement(HELD).all() as HeldRow[]).filter(isAbandoned);
      return abandoned.map((row) => recoverOne(handle, row));
    });
  }

  async cancel(id: string): Promise<CancelOutcome> {
    const outcome = await this.#change((handle) => cancelOne(handle, id));
    await this.#announceAll();
    return outcome;
  }

  find(id: string): Promise<JobRecord | undefined> {
    return this.#status.find(id);
  }

  history(id: string): Promise<JobHistory> {
    return this.#status.history(id);
  }

  nextDueAt(queues: readonly string[]): Promise<number | undefined> {
    return this.#connection.read((handle) => nextDueAt(handle, queues));
  }

  nextLooks(): Promise<ReadonlyMap<string, number>> {
    return this.#connection.read(nextLooks);
  }

  async signals(owner: string): Promise<WorkerSignals> {
    await this.#connection.check();
    return this.#signals.read(owner);
  }

  restart(): Promise<void> {
    return this.#tell(this.#signals.restart());
  }

  pause(queue: string | undefined, until?: number): Promise<void> {
    return this.#tell(this.#signals.pause(queue, until));
  }

  resume(queue: string | undefined): Promise<boolean> {
    const ready = async (): Promise<ReadyQueues> => {
      const all = queue === undefined ? (await this.nextLooks()).keys() : [queue];
      return readyNow([...all]);
    };
    return this.#tell(this.#announced(ready, () => this.#signals.resume(queue)));
  }

  addToBatch(id: string, jobs: readonly NewJob[]): Promise<PushOutcome[] | undefined> {
    return this.#tell(
      this.#announced(
        () => readyOf(jobs),
        () => this.#batches.add(id, jobs),
      ),
    );
  }

  async cancelBatch(id: string): Promise<boolean> {
    const wasOpen = await this.#tell(this.#batches.cancel(id));
    await this.#announceAll();
    return wasOpen;
  }

  findBatch(id: string): Promise<BatchRecord | undefined> {
    return this.#batches.find(id);
  }

  failed(selection?: FailedSelection): Promise<FailedJob[]> {
    return this.#failedJobs.list(selection);
  }

  retry(selection: FailedSelection): Promise<RetryOutcome> {
    const ready = async (): Promise<ReadyQueues> => {
      const failed = await this.#failedJobs.list(selection);
      return readyNow(failed.map(({ queue }) => queue));
    };
    return this.#tell(this.#announced(ready, () => this.#failedJobs.retry(selection)));
  }

  forget(selection: FailedSelection): Promise<number> {
    return this.#failedJobs.forget(selection);
  }

  async forgetTenant(tenantId: string): Promise<void> {
    for (let some = PIECE; some > 0;) {
      some = await this.#change((handle) => forgetSomeOfTenant(handle, tenantId));
    }
  }

  async clear(queue: string): Promise<number> {
    let cleared = 0;
    for (let some = PIECE; some > 0; cleared += some) {
      some = await this.#change((handle) => clearSome(handle, queue));
    }
    await this.#announceAll();
    return cleared;
  }

  status(): Promise<QueueStatus[]> {
    return this.#status.status();
  }

  async prune(endedBefore: number): Promise<number> {
    const isAny = await this.#connection.read((handle) => hasToPrune(handle, endedBefore));
    if (!isAny) return 0;
    return this.#connection.write((handle) => pruneSome(handle, endedBefore), { several: true });
  }

  watch(onChange: () => void): Watch {
    const watch = new ChangeWatch(this.#connection, onChange);
    const watcher = (): void => onChange();
    this.#watchers.add(watcher);
    return {
      close: () => {
        watch.close();
        this.#watchers.delete(watcher);
      },
    };
  }

  /** What ends by a cancel may call for jobs of other queues: which ones is known only by then. */
  async #announceAll(): Promise<void> {
    await this.#announced(
      () => this.nextLooks(),
      () => Promise.resolve(),
    );
  }

  async #announced<T>(
    ready: () => ReadyQueues | Promise<ReadyQueues>,
    work: () => Promise<T>,
  ): Promise<T> {
    return this.#announce === undefined ? work() : this.#announce(await ready(), work);
  }

  #change<T>(work: (handle: Handle) => T): Promise<T> {
    return this.#tell(this.#connection.write(work, { several: true }));
  }

  /** A process does not see its own commits as changes of the file: it tells its own watchers itself. */
  async #tell<T>(written: Promise<T>): Promise<T> {
    const value = await written;
    for (const watcher of this.#watchers) watcher();
    return value;
  }
}

function store(
  handle: Handle,
  jobs: readonly NewJob[],
  batch: NewBatch | undefined,
): PushOutcome[] {
  if (batch === undefined) return insertJobs(handle, jobs);
  const outcomes = insertBatch(handle, batch, jobs);
  finishEmptyBatch(handle, batch.id);
  return outcomes;
}

/** A file that was put back from a backup begins a new generation, with what lay in its outbox then: relayed before, some of it. */
function wasStored(handle: Handle, { jobs, batch }: RelayedPush): boolean {
  if (batch !== undefined && handle.statement(BATCH_IS_KNOWN).get(batch.id) !== undefined) {
    return true;
  }
  return jobs.some(({ id }) => handle.statement(JOB_IS_KNOWN).get({ id }) !== undefined);
}

function isKeyed(job: NewJob | undefined): boolean {
  return job?.unique !== undefined || job?.debounce !== undefined;
}

function relayedOf(handle: Handle, generation: string): number {
  const row = handle.statement(RELAYED).get(generation) as { readonly seq: number } | undefined;
  return row?.seq ?? 0;
}

function clearSome(handle: Handle, queue: string): number {
  const rows = handle.statement(WAITING_IN).all(queue) as {
    readonly id: string;
    readonly batchId: string | null;
    readonly extra: string | null;
  }[];
  for (const row of rows) {
    handle.statement('delete from jobs where id = ?').run(row.id);
    forgetHistory(handle, row.id);
    freeKey(handle, row.id, row);
    if (row.batchId !== null) countForBatch(handle, row.batchId, 'cancelled');
  }
  return rows.length;
}
