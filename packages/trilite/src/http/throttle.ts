import { Limit } from '../cache/limits/limit';
import { RateLimiter, type RateLimitDecision } from '../cache/limits/rate-limiter';
import type { Duration } from '../support/duration';
import { injectable } from '../tenancy/injection';
import { TooManyRequestsError } from './errors';
import type { Middleware, MiddlewareClass } from './middleware';
import type { Next, Request, Response } from './request';

/**
 * A middleware that lets so many requests through: `throttle('api')` by what the named limiter says of the request, `throttle(60, '1m')` so
 * many in a span, by default a minute, from each address.
 *
 * It sets `X-RateLimit-Limit` and `X-RateLimit-Remaining`; what is refused is answered with 429 and `Retry-After`, and is not counted. Routes
 * with equal numbers share the count of an address; a named limiter is counted by itself.
 *
 * @throws E_TOO_MANY_REQUESTS (429); E_RATE_LIMITER_UNKNOWN at the first request
 * @throws RangeError for a maximum below 0, or a span of 0 or less
 * @example
 * import { defineRoutes, throttle } from 'trilite';
 *
 * export default defineRoutes((route) => {
 *   route.post('/login', () => 'Welcome').middleware(throttle(5, '1m'));
 * });
 */
export function throttle(name: string): MiddlewareClass;
export function throttle(max: number, per?: Duration): MiddlewareClass;
export function throttle(limiterOrMax: string | number, per?: Duration): MiddlewareClass {
  const take =
    typeof limiterOrMax === 'string' ? byName(limiterOrMax) : byAddress(limiterOrMax, per);

  @injectable()
  class Throttle implements Middleware {
    readonly #limiter: RateLimiter;

    constructor(limiter: RateLimiter) {
      this.#limiter = limiter;
    }

    async handle(request: Request, response: Response, next: Next): Promise<void> {
      const decision = await take(this.#limiter, request);
      tellLimits(response, decision);
      if (!decision.allowed) throw TooManyRequestsError.retryAfter(decision.retryAfterSeconds);
      next();
    }
  }
  return Throttle;
}

type Take = (limiter: RateLimiter, request: Request) => Promise<RateLimitDecision>;

function byName(name: string): Take {
  return (limiter, request) => limiter.takeFor(name, request);
}

function byAddress(max: number, per: Duration = '1m'): Take {
  const limit = Limit.per(per, max);
  return (limiter, request) => limiter.take([limit.by(request.ip)], 'throttle');
}

function tellLimits(
  response: Response,
  { allowed, limit, remaining, retryAfterSeconds }: RateLimitDecision,
): void {
  if (limit === Infinity) return;
  response.setHeader('X-RateLimit-Limit', String(limit));
  response.setHeader('X-RateLimit-Remaining', String(remaining));
  if (!allowed) response.setHeader('Retry-After', String(retryAfterSeconds));
}
