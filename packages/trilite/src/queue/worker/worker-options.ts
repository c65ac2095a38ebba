import type { RunDefaults } from '../job-runner';

/** How a worker works. */
export interface WorkerOptions extends RunDefaults {
  /** Queues in order of priority. */
  readonly queues: readonly string[];
  /** Jobs at a time, 1 or more. */
  readonly concurrency: number;
  /** Longest wait before looking again when nothing is due. */
  readonly sleepMs: number;
  /** Pause after each job. Default: 0. */
  readonly restMs?: number;
  /** How long the lease is, from the connection's config. */
  readonly leaseMs: number;
  /** How long jobs that have ended are kept, from the connection's config. */
  readonly keepFinishedMs: number;
  /** How long a stop waits for running jobs. */
  readonly shutdownMs: number;
  /** Stops after one job, or at once when none is due. */
  readonly once: boolean;
  /** Stops when no job is due and none is running. */
  readonly stopWhenEmpty: boolean;
  /** Stops after so many jobs. Default: never. */
  readonly maxJobs?: number;
  /** Stops after so long. Default: never. */
  readonly maxTimeMs?: number;
  /** Stops once the process takes more memory, looked at between jobs. Default: never. */
  readonly maxMemoryBytes?: number;
  /** Gives up when the queue has not answered for so long. Default: 30 s. */
  readonly unreachableMs?: number;
  /** Whether a thread ends the process when a job blocks the event loop beyond its timeout. Default: true, of a queue in a file. */
  readonly isWatched?: boolean;
  /** Whether it notices what other processes dispatch. Default: true. One that stops when the queue is empty can do without. */
  readonly isListening?: boolean;
  /** What it is called where its jobs are shown. Default: nothing. */
  readonly name?: string;
}

/** Why a worker stopped by itself, or that it was told to. */
export type StopReason =
  'asked' | 'once' | 'empty' | 'max-jobs' | 'max-time' | 'memory' | 'restart';

/** What a worker has done. */
export interface WorkResult {
  readonly reason: StopReason;
  /** Runs it has begun. */
  readonly jobs: number;
}
