import { Limit } from '../../cache/limits/limit';
import {
  RateLimiter,
  type AttemptOptions,
  type RateLimitDecision,
} from '../../cache/limits/rate-limiter';
import { toMilliseconds, type Duration } from '../../support/duration';
import { jobNameOf, type JobMiddleware, type RunningJob } from '../job';
import { drop } from './drop';

/** So many runs of a job class in so long. */
export interface JobRateLimit extends AttemptOptions {
  /** What is counted apart. Default: nothing, all jobs of the class are counted together. */
  readonly by?: string | number;
}

/** What becomes of a job that there is no room for. */
export interface RateLimitedOptions {
  /** How long it waits before it looks again. Default: until every limit has room. */
  readonly releaseAfter?: Duration;
  /** Whether it is dropped instead: it ends as done. Default: false. */
  readonly dontRelease?: boolean;
}

/**
 * Lets so many runs begin in a span of time, in all processes. A job that there is no room for waits, and counts no try. Each run that begins is
 * counted, a repeated one too.
 *
 * A name is that of a limiter declared with `RateLimiter.for`, which is given the payload; of several limits all are counted, or none.
 *
 * @example
 * import { RateLimited, type Job, type JobMiddleware } from 'trilite';
 *
 * export class SendText implements Job<{ userId: number }> {
 *   middleware({ userId }: { userId: number }): readonly JobMiddleware[] {
 *     return [new RateLimited('text-gateway'), new RateLimited({ max: 5, per: '1h', by: userId })];
 *   }
 *
 *   async handle(): Promise<void> {}
 * }
 */
export class RateLimited implements JobMiddleware {
  readonly #limit: string | Limit;
  readonly #options: RateLimitedOptions;

  /** @throws RangeError, TypeError for numbers and spans that make no sense */
  constructor(limit: string | JobRateLimit, options: RateLimitedOptions = {}) {
    const { releaseAfter } = options;
    if (releaseAfter !== undefined) toMilliseconds(releaseAfter);
    this.#limit = typeof limit === 'string' ? limit : Limit.per(limit.per, limit.max).by(limit.by);
    this.#options = options;
  }

  /** @throws E_RATE_LIMITER_UNKNOWN */
  async handle(run: RunningJob, next: () => Promise<void>): Promise<void> {
    const { allowed, retryAfterSeconds } = await this.#take(run);
    if (allowed) return next();
    const { releaseAfter = retryAfterSeconds, dontRelease = false } = this.#options;
    if (dontRelease) return drop(run, 'there was no room below its rate limit');
    run.postpone(releaseAfter);
  }

  #take(run: RunningJob): Promise<RateLimitDecision> {
    const limiter = run.make(RateLimiter);
    if (typeof this.#limit === 'string') return limiter.takeFor(this.#limit, run.payload);
    return limiter.take([this.#limit], `job:${jobNameOf(run.type)}`);
  }
}
