import { spanToMs } from '../../cache/limits/limit';
import { RateLimiter, type AttemptOptions } from '../../cache/limits/rate-limiter';
import { requireWholeNumber } from '../../support/argument';
import { toMilliseconds, type Duration } from '../../support/duration';
import { toError } from '../../support/errors';
import { JobCancelledError, JobLeaseLostError, WorkerStoppingError } from '../errors';
import { jobNameOf, type JobMiddleware, type RunningJob } from '../job';

/** When a job class is left alone, and for how long. */
export interface ThrottlesExceptionsOptions extends Partial<AttemptOptions> {
  /** Exceptions from which on jobs wait, 1 or more. Default: 10. */
  readonly max?: number;
  /** How long exceptions are counted for, from the first one on; jobs wait until its end. Default: '10m'. */
  readonly per?: Duration;
  /** How long a job waits after it threw, as long as there were fewer. Default: as its own `backoff` says. */
  readonly backoff?: Duration;
  /** What is counted together, whatever the class: a name for the service that its jobs call. Default: the job class. */
  readonly by?: string | number;
  /** Which exceptions count. Default: every one. */
  readonly when?: (error: Error) => boolean;
}

/**
 * Leaves alone what keeps failing: after so many exceptions without a run that went well between them, in all processes, jobs wait until the
 * window ends, and count no try.
 *
 * What a job throws is judged as ever, by its `tries`, `retryUntil` and `backoff`; a run that went well forgets the exceptions. A run that
 * ends because it was cancelled, or its worker stops, counts as neither.
 *
 * @example
 * import { ThrottlesExceptions, type Job, type JobMiddleware, type JobOptions } from 'trilite';
 *
 * export class ChargeCard implements Job<{ orderId: number }> {
 *   static readonly options: JobOptions = { retryUntil: '1d', backoff: '1m' };
 *
 *   middleware(): readonly JobMiddleware[] {
 *     return [new ThrottlesExceptions({ max: 5, per: '10m', by: 'payment-gateway' })];
 *   }
 *
 *   async handle(): Promise<void> {}
 * }
 */
export class ThrottlesExceptions implements JobMiddleware {
  readonly #max: number;
  readonly #per: Duration;
  readonly #options: ThrottlesExceptionsOptions;

  /** @throws RangeError, TypeError for numbers and spans that make no sense */
  constructor(options: ThrottlesExceptionsOptions = {}) {
    const { max = 10, per = '10m', backoff } = options;
    requireWholeNumber('max', max, 1);
    spanToMs(per);
    if (backoff !== undefined) toMilliseconds(backoff);
    this.#max = max;
    this.#per = per;
    this.#options = options;
  }

  async handle(run: RunningJob, next: () => Promise<void>): Promise<void> {
    const limiter = run.make(RateLimiter);
    const key = this.#keyOf(run);
    const exceptions = await limiter.attempts(key);
    if (exceptions >= this.#max) return run.postpone(await limiter.availableIn(key));
    try {
      await next();
    } catch (thrown) {
      await this.#note(run, toError(thrown), limiter);
      throw thrown;
    }
    // Most runs go well after one that did: they write nothing
    if (exceptions > 0) await limiter.clear(key);
  }

  async #note(run: RunningJob, error: Error, limiter: RateLimiter): Promise<void> {
    const { when = () => true, backoff } = this.#options;
    if (isInterrupted(run) || !when(error)) return;
    await limiter.hit(this.#keyOf(run), this.#per);
    if (backoff !== undefined) run.release(backoff);
  }

  #keyOf({ type }: RunningJob): string {
    const { by } = this.#options;
    return by === undefined ? `exceptions:of:${jobNameOf(type)}` : `exceptions:by:${by}`;
  }
}

/** Whether a run was told to stop for a reason that says nothing of what it does; a timeout does say something. */
function isInterrupted({ signal }: RunningJob): boolean {
  const reason: unknown = signal.reason;
  return [WorkerStoppingError, JobCancelledError, JobLeaseLostError].some(
    (type) => reason instanceof type,
  );
}
