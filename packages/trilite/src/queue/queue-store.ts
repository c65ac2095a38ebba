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
}

/** A job in the hand of a worker, for as long as the worker renews its lease. */
export interface ClaimedJob {
  readonly id: string;
  readonly queue: string;
  readonly job: string;
  readonly payload: string;
  /** Runs begun, this one included. */
  readonly attempts: number;
  /** Runs that ended with the worker's death or silence. */
  readonly crashes: number;
  /** Who holds it; every later call proves it by this. */
  readonly owner: string;
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

/** Where a job stands. */
export type JobState = 'waiting' | 'running' | 'done' | 'failed';

/** What is known of a job. */
export interface JobRecord {
  readonly id: string;
  readonly queue: string;
  readonly job: string;
  readonly payload: string;
  readonly state: JobState;
  readonly attempts: number;
  /** 0 to 100, or undefined when the job never said. */
  readonly progress: number | undefined;
  readonly lastError: string | undefined;
  readonly createdAt: number;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
}

/** A job that has failed for good. */
export interface FailedJob {
  readonly id: string;
  readonly queue: string;
  readonly job: string;
  readonly payload: string;
  readonly attempts: number;
  readonly message: string;
  readonly detail: string;
  readonly failedAt: number;
}

/** A job taken back from a dead or silent worker. */
export interface RecoveredJob {
  readonly id: string;
  readonly job: string;
  readonly queue: string;
  readonly outcome: 'released' | 'failed';
}

/** A subscription to changes; closing it twice does no harm. */
export interface Watch {
  close(): void;
}

/**
 * What a queue driver does: keep jobs until they are done, each in one hand at a time.
 *
 *     push ──▶ waiting ──claim──▶ running ──complete──▶ done
 *                ▲                   │──fail──────────▶ failed ──retry──▶ waiting
 *                └─release, recover──┘
 *
 * Guarantees:
 * 1. Each method is atomic across processes.
 * 2. A job has one owner at most. `complete`, `release`, `fail`, `renew` and `report` change nothing, and say so, unless the owner still is
 *    who calls.
 * 3. A job leaves `running` by its owner, or by `recover` when its lease ended or its owner is gone. None is ever lost.
 * 4. A job that failed, and the record of its failure, change in one transaction.
 * 5. A job keeps its id, its age and its history over every release and retry.
 */
export interface QueueStore {
  /** Stores jobs: all or none. Settled means durable. */
  push(jobs: readonly NewJob[]): Promise<void>;

  /** Takes due jobs by queue order, then priority, then due time, then age. */
  claim(request: ClaimRequest): Promise<ClaimedJob[]>;

  /** Ends a run well. Tells whether the caller still was the owner. */
  complete(job: ClaimedJob): Promise<boolean>;

  /** Puts a job back. Tells whether the caller still was the owner. */
  release(job: ClaimedJob, release: Release): Promise<boolean>;

  /** Moves a job to the failed ones. Tells whether the caller still was the owner. */
  fail(job: ClaimedJob, failure: Failure): Promise<boolean>;

  /** Prolongs leases; returns the ids that the owner has lost. */
  renew(jobs: readonly ClaimedJob[], leaseMs: number): Promise<string[]>;

  /** Notes how far a job is, 0 to 100. Tells whether the caller still was the owner. */
  report(job: ClaimedJob, progress: number): Promise<boolean>;

  /** Takes back what dead or silent owners hold: waiting again, or failed when it crashed too often. */
  recover(isGone: (owner: string) => boolean): Promise<RecoveredJob[]>;

  /** What is known of a job, or undefined. */
  find(id: string): Promise<JobRecord | undefined>;

  /** When the next waiting job of these queues is due, or undefined. May be in the past. */
  nextDueAt(queues: readonly string[]): Promise<number | undefined>;

  /** The failed jobs, latest first. */
  failed(): Promise<FailedJob[]>;

  /** Puts failed jobs back with their runs uncounted; `all` or by id. Returns the ids that were there. */
  retry(ids: readonly string[] | 'all'): Promise<string[]>;

  /** Forgets jobs that were done before a time, a bounded number a call; returns how many. */
  prune(doneBefore: number): Promise<number>;

  /** Calls back when there may be new work, whoever made it. */
  watch(onChange: () => void): Watch;
}
