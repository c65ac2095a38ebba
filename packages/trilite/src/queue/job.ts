import type { ZodType } from 'zod';
import type { Duration } from '../support/duration';
import type { Token } from '../tenancy/token';
import type { BatchRecord } from './job-records';
import type { JobCause } from './queue-store';

/** What a running job is told, and what it can say. */
export interface JobContext {
  /** The job's id: the same in every run. */
  readonly id: string;
  /** The queue it came from. */
  readonly queue: string;
  /** 1 for the first run. */
  readonly attempt: number;
  /** Aborted on timeout, on cancel, when the lease is lost, and when the worker must stop. A run that ignores it goes on, beside the next one. */
  readonly signal: AbortSignal;
  /** The batch it counts for. */
  readonly batch: JobBatch | undefined;
  /** Of a job that answers another one: of which, and why. */
  readonly cause: JobCause | undefined;
  /** Tells how far the job is, 0 to 100. */
  readonly progress: (percent: number) => Promise<void>;
  /** Leaves a line with the job, of up to 4,000 characters: `artisan queue:show` prints it. */
  readonly log: (line: string) => Promise<void>;
  /** Says that the job is alive: prolongs its lease, and lets its timeout begin anew. */
  readonly heartbeat: () => Promise<void>;
  /**
   * Has the job run again after a delay once `handle` has ended. Counts as one of its tries; when it throws, instead of its `backoff`.
   * Default: at once.
   */
  readonly release: (delay?: Duration) => void;
  /** Has the job failed for good once `handle` returns, whatever tries are left. */
  readonly fail: (error: Error | string) => void;
}

/** Which job keeps others of its class out, and for how long. */
export interface UniqueOptions {
  /** What tells jobs apart, made of the payload. Default: nothing, one job of the class at a time. */
  readonly by?: (payload: never) => string | number;
  /** Until its first run begins, or until it is done, failed or cancelled. Default: 'done', or only `for` when that is given. */
  readonly until?: 'started' | 'done';
  /** For how long at most, from the dispatch on. Default: without a limit. */
  readonly for?: Duration;
}

/** How dispatches that come close together become one job: the last one. */
export interface DebounceOptions {
  /** What tells jobs apart, made of the payload. Default: nothing, all of the class are one. */
  readonly by?: (payload: never) => string | number;
  /** How long it waits for the next one. */
  readonly for: Duration;
  /** For how long it is put off at most, from the first one on. Default: without a limit. */
  readonly maxWait?: Duration;
}

/** Pause before the next run: one for all, one for each (the last repeats), or made of how many runs have failed. */
export type Backoff = Duration | readonly Duration[] | ((failedRuns: number) => Duration);

/** How a job is run. */
export interface JobOptions {
  /** The queue it goes to. Default: 'default'. */
  readonly queue?: string;
  /** Higher comes first within a queue. Default: 0. */
  readonly priority?: number;
  /** Runs before the job has failed; 0 is unlimited. Default: the worker's `--tries`, else 1. */
  readonly tries?: number;
  /** Until when after its dispatch a run that failed or released itself is followed by another, whatever `tries` says. Default: as `tries` says. */
  readonly retryUntil?: Duration;
  /** Runs that may throw before the job has failed, beside `tries`, which counts releases as well. Default: as `tries` says. */
  readonly maxExceptions?: number;
  /** Pause before the run that follows a failed one. Default: the worker's `--backoff`, else none. */
  readonly backoff?: Backoff;
  /** How long a run may take: text with a unit or seconds; 0 is unlimited. Default: the worker's `--timeout`, else 60 s. */
  readonly timeout?: Duration;
  /** Whether a run that takes too long is the last one. Default: false. */
  readonly failOnTimeout?: boolean;
  /** How often the job may lose its worker before it has failed. Default: 3. */
  readonly maxCrashes?: number;
  /** Refuses a dispatch while another job of the class holds its key; `true` is one at a time. Default: none. */
  readonly unique?: boolean | UniqueOptions;
  /** Has a dispatch take the place of one that still waits. Default: none. */
  readonly debounce?: DebounceOptions;
}

/**
 * Work to be done later, in another process. Made anew for each run by the container, so its constructor may ask for anything injectable.
 *
 * A job runs at least once: after a crash it runs again, so let a second run find what the first one did.
 *
 * @example
 * import { Database, injectable, type Job, type JobContext, type JobOptions } from 'trilite';
 *
 * \@injectable()
 * export class BuildReport implements Job<{ id: string }> {
 *   static readonly options: JobOptions = { tries: 3, backoff: ['1s', '10s'], timeout: '60s' };
 *
 *   constructor(private readonly db: Database) {}
 *
 *   async handle(payload: { id: string }, context: JobContext): Promise<void> {
 *     await context.progress(50);
 *   }
 * }
 */
export interface Job<P = void> {
  handle(payload: P, context: JobContext): Promise<void> | void;
  /** What stands around each run, the first one outermost. */
  middleware?(payload: P): readonly JobMiddleware[];
  /** Called on a new instance once the job has failed for good. */
  failed?(error: Error, payload: P): Promise<void> | void;
}

/** A job's class. Its stored name is `jobName`, else the class name; `aliases` are names of the past. */
export interface JobClass {
  new (...dependencies: never[]): Job<never>;
  readonly options?: JobOptions;
  readonly jobName?: string;
  readonly aliases?: readonly string[];
  /** What payloads must be like: judged when one is dispatched, and before each run, for it may have been stored by an older version. */
  readonly schema?: ZodType;
  /** Words a job can be found by, made of its payload. */
  readonly tags?: (payload: never) => readonly string[];
}

/** How one job is dispatched. */
export interface JobDispatchOptions {
  /** How long it waits before it is due, in a chain from the end of the job before it; or the Date when it is. Default: not at all. */
  readonly delay?: Duration;
  /** The queue it goes to. Default: the job's own, else 'default'. */
  readonly queue?: string;
  /** Higher comes first within a queue. Default: the job's own, else 0. */
  readonly priority?: number;
}

/** A job to be dispatched with others: one of a chain, of a batch, or of many. Made by `job`. */
export interface PendingJob {
  readonly type: JobClass;
  readonly payload: unknown;
  readonly options: JobDispatchOptions;
}

/** The batch that a job counts for. */
export interface JobBatch {
  readonly id: string;
  /** What is known of it now; undefined once it has ended and was forgotten. */
  status(): Promise<BatchRecord | undefined>;
  /** Adds jobs while it is going on: from inside one of its jobs it always is. @throws E_BATCH_ENDED */
  add(jobs: readonly PendingJob[]): Promise<void>;
  /** Cancels it: jobs that run go on, and those that wait never begin. Tells whether it was going on. */
  cancel(): Promise<boolean>;
}

/** A run as its middleware sees it. */
export interface RunningJob extends JobContext {
  readonly type: JobClass;
  readonly payload: unknown;
  /** What the container makes of a token, for whoever the job is for. */
  make<T>(token: Token<T>): T;
  /** Has the job run again after a delay, this run uncounted: it is not to blame. */
  postpone(delay: Duration): void;
}

/**
 * What stands around a run of a job: it calls `next` to go on, and does not where the job shall not run now.
 *
 * @example
 * import type { JobMiddleware, RunningJob } from 'trilite';
 *
 * export class OnlyByDay implements JobMiddleware {
 *   async handle(run: RunningJob, next: () => Promise<void>): Promise<void> {
 *     const hour = new Date().getHours();
 *     if (hour >= 8 && hour < 20) await next();
 *     else run.postpone('1h');
 *   }
 * }
 */
export interface JobMiddleware {
  handle(run: RunningJob, next: () => Promise<void>): Promise<void> | void;
}

/** The payload that a job class's `handle` takes. */
export type PayloadOf<J extends JobClass> =
  Parameters<InstanceType<J>['handle']> extends [infer P, ...unknown[]] ? P : void;

/** What a queue may be called: `--queue` takes a list separated by commas. */
export const QUEUE_NAME = /^[A-Za-z0-9][\w.:-]*$/;

/** The same in words, for messages. */
export const QUEUE_NAME_RULE = 'a name of letters, digits, ".", ":", "_" and "-"';

/** The name a job class is stored under. */
export function jobNameOf(job: JobClass): string {
  return job.jobName ?? job.name;
}
