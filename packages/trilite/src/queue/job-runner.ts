import { MAX_TIMER_MS, clock } from '../support/clock';
import { toMilliseconds } from '../support/duration';
import { toError } from '../support/errors';
import { decodeReadable } from '../support/serializer';
import { JobTimeoutError } from './errors';
import type { Job, JobClass, JobContext } from './job';
import { backoffMs, type JobRegistry } from './job-registry';
import type { ClaimedJob } from './queue-store';

/** Makes an instance of an injectable class for whoever the job is for. */
export type MakeInstance = <T>(type: new (...dependencies: never[]) => T) => T;

/** Runs work for whoever the job is for. */
export type EnterScope = <T>(work: () => T) => T;

/** What a worker says of jobs that do not say it themselves. */
export interface RunDefaults {
  /** Runs that may fail; 0 is unlimited. */
  readonly tries: number;
  /** 0 is unlimited. */
  readonly timeoutMs: number;
}

/** How a run ended, and what follows from it. */
export type RunOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'retry'; readonly error: Error; readonly availableAt: number }
  | { readonly kind: 'failed'; readonly error: Error };

/** Runs one claimed job: resolve its class, read its payload, handle it in time, judge the result. */
export class JobRunner {
  readonly #jobs: JobRegistry;
  readonly #make: MakeInstance;
  readonly #enter: EnterScope;

  constructor(jobs: JobRegistry, make: MakeInstance, enter: EnterScope = (work) => work()) {
    this.#jobs = jobs;
    this.#make = make;
    this.#enter = enter;
  }

  /** Runs a job once. Never throws: what went wrong is the outcome. */
  async run(
    job: ClaimedJob,
    defaults: RunDefaults,
    controller: AbortController,
    report: JobContext['progress'],
  ): Promise<RunOutcome> {
    let type: JobClass | undefined;
    try {
      type = this.#jobs.find(job.job);
      await this.#handle(job, type, defaults, controller, report);
      return { kind: 'done' };
    } catch (thrown) {
      // A job that stops where its signal says so throws an error of its own; the signal knows the real reason.
      const error: unknown = controller.signal.aborted ? controller.signal.reason : thrown;
      return judge(job, type, toError(error), defaults);
    }
  }

  /** Calls the job's `failed` on a new instance. */
  async callFailed(job: ClaimedJob, error: Error): Promise<void> {
    const type = this.#jobs.find(job.job);
    await this.#enter(() => this.#instance(type).failed?.(error, decodeReadable(job.payload)));
  }

  async #handle(
    job: ClaimedJob,
    type: JobClass,
    defaults: RunDefaults,
    controller: AbortController,
    report: JobContext['progress'],
  ): Promise<void> {
    const { signal } = controller;
    const timeoutMs =
      type.options?.timeout === undefined
        ? defaults.timeoutMs
        : toMilliseconds(type.options.timeout);
    const timer = startTimeout(timeoutMs, () =>
      controller.abort(JobTimeoutError.after(timeoutMs, job.job)),
    );
    const context: JobContext = {
      id: job.id,
      queue: job.queue,
      attempt: job.attempts,
      signal,
      progress: report,
    };
    try {
      const handled = this.#enter(() =>
        this.#instance(type).handle(decodeReadable(job.payload), context),
      );
      await Promise.race([handled, rejectionOf(signal)]);
    } finally {
      clearTimeout(timer);
    }
  }

  #instance(type: JobClass): Job<unknown> {
    return this.#make(type);
  }
}

/** An unknown job fails at once: trying again in this process cannot make its class appear. */
function judge(
  job: ClaimedJob,
  type: JobClass | undefined,
  error: Error,
  defaults: RunDefaults,
): RunOutcome {
  const failedRuns = job.attempts - job.crashes;
  const tries = type?.options?.tries ?? defaults.tries;
  if (type === undefined || (tries > 0 && failedRuns >= tries)) return { kind: 'failed', error };
  return {
    kind: 'retry',
    error,
    availableAt: clock.now() + backoffMs(type.options?.backoff, failedRuns),
  };
}

function startTimeout(timeoutMs: number, onTimeout: () => void): NodeJS.Timeout | undefined {
  return timeoutMs === 0 ? undefined : setTimeout(onTimeout, Math.min(timeoutMs, MAX_TIMER_MS));
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const refuse = (): void => reject(toError(signal.reason));
    if (signal.aborted) refuse();
    else signal.addEventListener('abort', refuse, { once: true });
  });
}
