import type { Duration } from '../support/duration';

/** What a running job is told, and what it can say. */
export interface JobContext {
  /** The job's id. */
  readonly id: string;
  /** The queue it came from. */
  readonly queue: string;
  /** 1 for the first run. */
  readonly attempt: number;
  /** Aborted on timeout, when the lease is lost, and when the worker must stop. A run that ignores it goes on, beside the next one. */
  readonly signal: AbortSignal;
  /** Tells how far the job is, 0 to 100. */
  readonly progress: (percent: number) => Promise<void>;
}

/** How a job is run. */
export interface JobOptions {
  /** The queue it goes to. Default: 'default'. */
  readonly queue?: string;
  /** Runs that may fail before the job has failed; 0 is unlimited. Default: the worker's `--tries`, else 1. */
  readonly tries?: number;
  /** Pause before the next run: text with a unit or seconds; one for all, or one for each (the last repeats). Default: none. */
  readonly backoff?: Duration | readonly Duration[];
  /** How long a run may take: text with a unit or seconds; 0 is unlimited. Default: the worker's `--timeout`, else 60 s. */
  readonly timeout?: Duration;
  /** How often the job may lose its worker before it has failed. Default: 3. */
  readonly maxCrashes?: number;
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
  /** Called on a new instance once the job has failed for good. */
  failed?(error: Error, payload: P): Promise<void> | void;
}

/** A job's class. Its stored name is `jobName`, else the class name; `aliases` are names of the past. */
export interface JobClass {
  new (...dependencies: never[]): Job<never>;
  readonly options?: JobOptions;
  readonly jobName?: string;
  readonly aliases?: readonly string[];
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
