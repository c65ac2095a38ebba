import type {
  BatchRecord,
  FailedJob,
  FailedSelection,
  JobHistory,
  JobRecord,
  QueueStatus,
  RetryOutcome,
} from './job-records';

/** A job to be stored. Times are epoch milliseconds. */
export interface NewJob {
  readonly id: string;
  readonly queue: string;
  /** The job's stored name. */
  readonly job: string;
  /** Text that a person can read; `decodeReadable` turns it back. */
  readonly payload: string;
  /** Higher comes first. Default: 0. */
  readonly priority: number;
  readonly availableAt: number;
  readonly maxCrashes: number;
  /** When it was dispatched. Default: now. */
  readonly createdAt?: number | undefined;
  /** Until when a failed run is followed by another one, however many there were. Default: as `tries` says. */
  readonly retryUntil?: number | undefined;
  /** Words it can be found by. */
  readonly tags?: readonly string[] | undefined;
  /** Refuses the job while another one holds the key. */
  readonly unique?: UniqueKey | undefined;
  /** Takes the place of a waiting job with the key. */
  readonly debounce?: DebounceKey | undefined;
  /** What follows it. */
  readonly chain?: Chain | undefined;
  /** The batch it counts for. */
  readonly batchId?: string | undefined;
  /** What it is the answer to. */
  readonly cause?: JobCause | undefined;
  /** Whose work it is, in a queue that tenants share. Default: the application's own, or that of whom the whole queue belongs to. */
  readonly tenantId?: string | undefined;
}

/** How long a job keeps others of its kind out. */
export interface UniqueKey {
  readonly key: string;
  /** Until its first run begins; until it is done, failed or cancelled; until `expiresAt`, whatever becomes of it. */
  readonly until: 'started' | 'done' | 'time';
  /** When the key is free at the latest. Default: never. */
  readonly expiresAt?: number;
}

/** Which job a dispatch takes the place of while it waits. */
export interface DebounceKey {
  readonly key: string;
  /** The time it is not put off beyond. Default: none. */
  readonly latestAt?: number;
}

/** A job that is stored when another one has ended: its times count from then on. */
export type FollowUp = Pick<
  NewJob,
  'id' | 'queue' | 'job' | 'payload' | 'priority' | 'maxCrashes' | 'tags' | 'tenantId'
> & {
  /** How long it waits. */
  readonly delayMs: number;
  /** The time it waits for, whenever it is stored. Default: none. */
  readonly notBefore?: number | undefined;
  /** For how long its failed runs are followed by others. Default: as `tries` says. */
  readonly retryForMs?: number | undefined;
  /** Its unique key, and for how long that is held. Default: none. */
  readonly unique?: (Omit<UniqueKey, 'expiresAt'> & { readonly forMs?: number }) | undefined;
};

/** What follows a job: the rest of its chain when it is done, else what answers its failure. */
export interface Chain {
  readonly rest: readonly FollowUp[];
  readonly onFailure?: FollowUp;
}

/** What a follow-up is told: which job, or batch, it answers. */
export interface JobCause {
  readonly batchId?: string;
  readonly jobId?: string;
  /** The stored name of that job. */
  readonly job?: string;
  /** The message it failed with. */
  readonly message?: string;
}

/** A batch to be stored with its first jobs. */
export interface NewBatch {
  readonly id: string;
  readonly name: string;
  /** Whether jobs run on after one has failed; otherwise the batch is cancelled then. */
  readonly allowFailures: boolean;
  readonly createdAt: number;
  /** As of `NewJob`. */
  readonly tenantId?: string | undefined;
  /** Stored once every job is done. */
  readonly onDone?: FollowUp;
  /** Stored when the first job fails. */
  readonly onFailure?: FollowUp;
  /** Stored once every job has ended, whichever way. */
  readonly onEnd?: FollowUp;
}

/** What became of a job that was pushed; `id` is that of the job which is there now: its own, or of the one in its way. */
export interface PushOutcome {
  readonly id: string;
  readonly outcome: 'stored' | 'duplicate' | 'debounced';
}

/** A job in the hand of a worker, for as long as the worker renews its lease. */
export interface ClaimedJob {
  readonly id: string;
  readonly queue: string;
  readonly job: string;
  readonly payload: string;
  /** Runs begun, this one included; those that were taken back from the count are not. */
  readonly attempts: number;
  /** Runs that threw, or took too long. */
  readonly exceptions: number;
  /** Runs that ended with the worker's death or silence. */
  readonly crashes: number;
  /** Who holds it. */
  readonly owner: string;
  /** Which claim of it this is, unlike any other one: every later call proves by it that the hold still counts. */
  readonly claim: number;
  readonly createdAt: number;
  readonly retryUntil: number | undefined;
  readonly batchId: string | undefined;
  readonly tags: readonly string[];
  readonly cause: JobCause | undefined;
  /** As of `NewJob`. */
  readonly tenantId?: string | undefined;
  /** Whether something has to happen when it ends: a key comes free, a chain goes on, a batch counts. */
  readonly isLinked: boolean;
}

/** What a claim asks for. */
export interface ClaimRequest {
  /** Queues in order of priority: a job of the second is taken when the first has none. */
  readonly queues: readonly string[];
  /** Jobs at most. */
  readonly limit: number;
  readonly owner: string;
  readonly leaseMs: number;
}

/** How many jobs may wait. */
export interface PushBounds {
  /** Whose are counted; default: all of the file. */
  readonly tenantId?: string;
  readonly maxWaiting: number;
}

/** A run that ended well. */
export interface CompletedRun {
  readonly job: ClaimedJob;
  readonly tookMs: number;
}

/** Why a run ended badly. */
export interface Failure {
  readonly message: string;
  /** The error whole, stack and causes included. */
  readonly detail: string;
}

/** How a job goes back to its queue. */
export interface Release {
  readonly availableAt: number;
  /** The failure that caused it, if one did. */
  readonly failure?: Failure;
  /** Whether the run is taken back from the count: the job is not to blame. Default: false. */
  readonly uncounted?: boolean;
}

/** What a running job says of itself. */
export interface Report {
  /** 0 to 100. */
  readonly progress?: number;
  readonly lines?: readonly string[];
}

/** A job taken back from a dead or silent worker. */
export interface RecoveredJob {
  readonly id: string;
  readonly job: string;
  readonly queue: string;
  readonly outcome: 'released' | 'failed' | 'cancelled';
}

/** What workers are told through the store. */
export interface WorkerSignals {
  /** When workers were last asked to stop after their jobs. */
  readonly restartAt: number | undefined;
  /** Whether every queue is paused. */
  readonly isPaused: boolean;
  readonly pausedQueues: readonly string[];
  /** Ids of the owner's jobs that somebody asked to cancel. */
  readonly cancelled: readonly string[];
}

/** What becomes of a job somebody wants cancelled: it never runs; or it runs, and is told. Undefined: it is not there, or has ended. */
export type CancelOutcome = 'cancelled' | 'requested' | undefined;

/** What was dispatched within a transaction of another file, in the order of its commits. */
export interface RelayRequest {
  /** The file, and how often it was put back from a backup: sequence numbers count within it. */
  readonly generation: string;
  readonly rows: readonly RelayedPush[];
}

/** One dispatch of an outbox: its jobs, and their batch if they are one. */
export interface RelayedPush {
  readonly seq: number;
  readonly jobs: readonly NewJob[];
  readonly batch: NewBatch | undefined;
}

/** A subscription to changes; closing it twice does no harm. */
export interface Watch {
  close(): void;
}

/**
 * What a queue driver does: keep jobs until they are done, each in one hand at a time.
 *
 *     push ──▶ waiting ──claim──▶ running ──complete──▶ done
 *                │ ▲                 │──fail──────────▶ failed ──retry──▶ waiting
 *                │ └─release,recover─┤
 *                └──────cancel───────┴──discard───────▶ cancelled
 *
 * Guarantees:
 * 1. Each method is atomic across processes, but for those that say they work in pieces.
 * 2. A job has one owner at most. `complete`, `release`, `fail`, `discard`, `renew` and `report` change nothing, and say so, unless the owner
 *    still is who calls.
 * 3. A job leaves `running` by its owner, or by `recover` when its lease ended or its owner is gone. None is ever lost.
 * 4. What a job's end brings with it is one change with that end: the record of its failure, the next job of its chain, the count of its
 *    batch and what the batch calls for, its unique key coming free.
 * 5. A job keeps its id, its age and its history over every release and retry.
 * 6. A unique key is held by one job at most, and never by one that has ended, unless it was taken for a time.
 */
export interface QueueStore {
  /** Whether what it keeps outlives the process. What a transaction of another file dispatches then lies in that file until it is relayed. */
  readonly isDurable: boolean;

  /** Whether a job that is done stays for a while: one that is not there was not done then. */
  readonly keepsDone: boolean;

  /** Whether the innermost transaction that a call made now would run in is one of the store's own file. */
  readonly isInTransaction: boolean;

  /**
   * Stores jobs, and the batch they are the first of: all or none, but for those that their keys keep out. Settled means durable.
   *
   * @throws E_QUEUE_FULL for more than `bounds` allow, where the store knows of them
   */
  push(jobs: readonly NewJob[], batch?: NewBatch, bounds?: PushBounds): Promise<PushOutcome[]>;

  /**
   * Stores what was not relayed before, and remembers how far it came: one change. Returns the last sequence number that is stored. A dispatch
   * of which anything is there already, from another generation, is not stored again.
   */
  relay(request: RelayRequest): Promise<number>;

  /** The last sequence number of a generation that is stored; 0 when there is none. */
  relayed(generation: string): Promise<number>;

  /** Has what is stored survive a power cut, as far as that is possible now. Tells whether it does. */
  secure(): Promise<boolean>;

  /** Takes due jobs by queue order, then priority, then due time, then age. */
  claim(request: ClaimRequest): Promise<ClaimedJob[]>;

  /** Ends runs well. Returns the ids of those that the caller no longer owned. */
  complete(runs: readonly CompletedRun[]): Promise<string[]>;

  /** Puts a job back. Tells whether the caller still was the owner. */
  release(job: ClaimedJob, release: Release): Promise<boolean>;

  /** Moves a job to the failed ones. Tells whether the caller still was the owner. */
  fail(job: ClaimedJob, failure: Failure): Promise<boolean>;

  /** Ends a job as cancelled. Tells whether the caller still was the owner. */
  discard(job: ClaimedJob, reason: string): Promise<boolean>;

  /** Prolongs leases; returns the ids that the owner has lost. */
  renew(jobs: readonly ClaimedJob[], leaseMs: number): Promise<string[]>;

  /** Notes how far a job is, and what it says. Tells whether the caller still was the owner. */
  report(job: ClaimedJob, report: Report): Promise<boolean>;

  /** Takes back what dead or silent owners hold: waiting again, failed when it crashed too often, or cancelled when somebody asked for that. */
  recover(isGone: (owner: string) => boolean): Promise<RecoveredJob[]>;

  /** Cancels a waiting job, or asks the worker of a running one to. One that goes back to waiting before that is cancelled then. */
  cancel(id: string): Promise<CancelOutcome>;

  /** What is known of a job, or undefined. */
  find(id: string): Promise<JobRecord | undefined>;

  /** The runs of a job that ended badly, and the lines it left. */
  history(id: string): Promise<JobHistory>;

  /** When the next waiting job of these queues is due, or undefined. May be in the past. */
  nextDueAt(queues: readonly string[]): Promise<number | undefined>;

  /** When each queue has to be looked at next: a job is due then, or the lease of a running one ends. May be in the past. */
  nextLooks(): Promise<ReadonlyMap<string, number>>;

  /** What a worker has to know beside its jobs. Rejects when nobody else sees the queue any more that this store works on: its file was moved. */
  signals(owner: string): Promise<WorkerSignals>;

  /** Asks every worker that began before now to stop after its jobs. */
  restart(): Promise<void>;

  /** Has no job of a queue claimed, or of any, until `resume` or until a time. */
  pause(queue: string | undefined, until?: number): Promise<void>;

  /** Ends the pause of a queue, or every pause. Tells whether there was one. */
  resume(queue: string | undefined): Promise<boolean>;

  /** Stores further jobs of a batch. Undefined when there is no such batch, or it has ended or was cancelled. */
  addToBatch(id: string, jobs: readonly NewJob[]): Promise<PushOutcome[] | undefined>;

  /** Cancels a batch: its waiting jobs are discarded when their turn comes. Tells whether it was going on. */
  cancelBatch(id: string): Promise<boolean>;

  /** What is known of a batch, or undefined. */
  findBatch(id: string): Promise<BatchRecord | undefined>;

  /** The failed jobs, latest first. */
  failed(selection?: FailedSelection): Promise<FailedJob[]>;

  /** Puts failed jobs back with their runs uncounted. One whose unique key another job holds stays where it is. */
  retry(selection: FailedSelection): Promise<RetryOutcome>;

  /** Forgets failed jobs for good, in pieces; returns how many. */
  forget(selection: FailedSelection): Promise<number>;

  /** Forgets all that is a tenant's, in pieces: jobs in whatever state, their history, its batches and the keys it holds. */
  forgetTenant(tenantId: string): Promise<void>;

  /** Removes the waiting jobs of a queue, in pieces; returns how many. Their unique keys come free, their batches count them as cancelled. */
  clear(queue: string): Promise<number>;

  /** How every queue stands that is known of. */
  status(): Promise<QueueStatus[]>;

  /** Forgets jobs that ended well, or were cancelled, before a time, a bounded number a call; returns how many. */
  prune(endedBefore: number): Promise<number>;

  /** Calls back when there may be new work, or a job has ended, whoever did it. */
  watch(onChange: () => void): Watch;
}
