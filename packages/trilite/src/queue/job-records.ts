/** Where a job stands. Pending are those whose transaction is committed, and which the queue has not been told of yet. */
export type JobState = 'pending' | 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';

/** What is known of a job. Times are epoch milliseconds. */
export interface JobRecord {
  readonly id: string;
  readonly queue: string;
  readonly job: string;
  readonly payload: string;
  readonly state: JobState;
  readonly attempts: number;
  readonly crashes: number;
  readonly priority: number;
  /** When it is due, or was; undefined once it has failed. */
  readonly availableAt: number | undefined;
  /** 0 to 100, or undefined when the job never said. */
  readonly progress: number | undefined;
  readonly lastError: string | undefined;
  readonly tags: readonly string[];
  readonly batchId: string | undefined;
  /** What keeps, or kept, others of its kind out. */
  readonly uniqueKey?: string;
  /** Whose work it is, in a queue that tenants share. */
  readonly tenantId?: string | undefined;
  /** Who runs it, or ran it last. */
  readonly owner: string | undefined;
  readonly createdAt: number;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  /** How long its last run took, in milliseconds; undefined until it is done. */
  readonly tookMs: number | undefined;
}

/** A run of a job that did not end well. */
export interface JobAttempt {
  readonly attempt: number;
  readonly outcome: 'released' | 'failed' | 'crashed';
  readonly message: string;
  readonly owner: string;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** A line that a job left. */
export interface JobLine {
  readonly at: number;
  readonly text: string;
}

/** What happened to a job, oldest first. */
export interface JobHistory {
  readonly attempts: readonly JobAttempt[];
  readonly lines: readonly JobLine[];
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
  readonly tags: readonly string[];
  readonly batchId: string | undefined;
  /** Whose work it is, in a queue that tenants share. */
  readonly tenantId?: string | undefined;
  readonly createdAt: number;
  readonly failedAt: number;
}

/** Which failed jobs are meant: those that fit all of it; all of them when it says nothing. */
export interface FailedSelection {
  readonly ids?: readonly string[];
  readonly queue?: string;
  /** The stored name. */
  readonly job?: string;
  readonly batchId?: string;
  /** In a queue that tenants share. */
  readonly tenantId?: string;
  readonly failedBefore?: number;
  /** So many at most. Default: all. */
  readonly limit?: number;
}

/** What became of failed jobs that were to be put back. */
export interface RetryOutcome {
  /** Ids of those that wait again. */
  readonly retried: readonly string[];
  /** Ids of those whose unique key another job holds. */
  readonly duplicates: readonly string[];
}

/** What is known of a batch. */
export interface BatchRecord {
  readonly id: string;
  readonly name: string;
  /** Jobs it has. */
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Jobs that have not ended. */
  readonly pending: number;
  /** Whole percents of the jobs that have ended. */
  readonly progress: number;
  readonly allowsFailures: boolean;
  /** Whose it is, in a queue that tenants share. */
  readonly tenantId?: string | undefined;
  readonly createdAt: number;
  readonly cancelledAt: number | undefined;
  readonly finishedAt: number | undefined;
}

/** How a queue stands. */
export interface QueueStatus {
  readonly queue: string;
  /** Waiting and due. */
  readonly ready: number;
  /** Waiting until later. */
  readonly delayed: number;
  readonly running: number;
  readonly failed: number;
  /** For how long the job that is due longest has been, in milliseconds; undefined when none is. */
  readonly oldestAgeMs: number | undefined;
  /** Jobs done, and failed, in the last hour. */
  readonly doneLastHour: number;
  readonly failedLastHour: number;
  /** Of the jobs that are done and still kept, at most the last thousand; undefined without any. */
  readonly runtimeP50Ms: number | undefined;
  readonly runtimeP95Ms: number | undefined;
  readonly isPaused: boolean;
}
