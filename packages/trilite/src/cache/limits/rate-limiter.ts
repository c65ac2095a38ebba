import { createHash } from 'node:crypto';
import { requireWholeNumber } from '../../support/argument';
import { clock } from '../../support/clock';
import type { Duration } from '../../support/duration';
import { RateLimiterUnknownError } from '../errors';
import { spanToMs, type Limit } from './limit';
import type { RateClaim, RateLimitStore, RateVerdict } from './rate-limit-store';

/** Characters a key is stored with as it is; a longer one is stored as its hash. */
const KEY_LENGTH = 512;

/** Finds the store at the time of each call: a limiter holds no driver, and follows when a fake takes the store's place. */
export type RateLimitStoreSource = () => RateLimitStore;

/** How a limiter names its windows. */
export interface RateLimiterOptions {
  /** Text before every key. Default: ''. */
  readonly prefix?: string;
  /** Whose named limiters are known here as well: that of the application, to those of its tenants. Default: nobody's. */
  readonly base?: RateLimiter | undefined;
}

/** So many hits in so long. */
export interface AttemptOptions {
  /** Hits a window has room for. */
  readonly max: number;
  /** How long a window lasts, from its first hit. */
  readonly per: Duration;
}

/** What a named limiter allows to somebody: one limit, or several that must all have room. */
export type LimitResolver<Subject> = (
  subject: Subject,
) => Limit | readonly Limit[] | Promise<Limit | readonly Limit[]>;

/** Whether somebody may, and what is left. With several limits the numbers are those of the tightest one. */
export interface RateLimitDecision {
  readonly allowed: boolean;
  /** Hits its window has room for; Infinity without a limit. */
  readonly limit: number;
  /** Hits it still has room for, after this one. */
  readonly remaining: number;
  /** Whole seconds until every limit has room again; 0 when allowed. */
  readonly retryAfterSeconds: number;
}

/**
 * Counts hits in fixed windows, across all processes that share its file, and says when there were too many.
 *
 * A window begins with the first hit of its key and ends after its span; the next hit begins another. At the seam of two windows there can be
 * twice the limit within one span.
 *
 * @example
 * import { injectable, RateLimiter } from 'trilite';
 *
 * \@injectable()
 * export class InvitationSender {
 *   constructor(private readonly limiter: RateLimiter) {}
 *
 *   async send(userId: string) {
 *     const sent = await this.limiter.attempt(`invite:${userId}`, { max: 5, per: '1h' }, () => 'sent');
 *     return sent === false ? `in ${await this.limiter.availableIn(`invite:${userId}`)} s` : sent;
 *   }
 * }
 */
export class RateLimiter {
  readonly #source: RateLimitStoreSource;
  readonly #prefix: string;
  readonly #resolvers = new Map<string, LimitResolver<never>>();
  /** Its own first: a name that it declares itself hides that of its base. */
  readonly #known: readonly ReadonlyMap<string, LimitResolver<never>>[];

  constructor(source: RateLimitStoreSource, { prefix = '', base }: RateLimiterOptions = {}) {
    this.#source = source;
    this.#prefix = prefix;
    this.#known = [this.#resolvers, ...(base === undefined ? [] : base.#known)];
  }

  /**
   * Counts a hit if there is room for it; tells whether there was. With a callback runs that, and returns what it returns, or false when
   * there was no room. What is refused is not counted; a callback that throws is.
   */
  attempt(key: string, options: AttemptOptions): Promise<boolean>;
  attempt<T>(
    key: string,
    options: AttemptOptions,
    callback: () => T | Promise<T>,
  ): Promise<T | false>;
  async attempt<T>(
    key: string,
    { max, per }: AttemptOptions,
    callback?: () => T | Promise<T>,
  ): Promise<T | boolean> {
    requireWholeNumber('max', max, 0);
    const claim = { key: this.#keyOf(key), max, windowMs: spanToMs(per) };
    const { isAllowed } = await this.#source().take([claim]);
    return isAllowed && callback !== undefined ? callback() : isAllowed;
  }

  /** Counts hits, whatever the limit; returns how many the window holds. */
  async hit(key: string, per: Duration, by = 1): Promise<number> {
    requireWholeNumber('by', by, 1);
    const { hits } = await this.#source().hit(this.#keyOf(key), spanToMs(per), by);
    return hits;
  }

  /** How many hits the key's open window holds; 0 when there is none. */
  async attempts(key: string): Promise<number> {
    const window = await this.#source().find(this.#keyOf(key));
    return window?.hits ?? 0;
  }

  /** How many hits there is room for. */
  async remaining(key: string, max: number): Promise<number> {
    return Math.max(0, max - (await this.attempts(key)));
  }

  /** Whether there is room for none. */
  async tooManyAttempts(key: string, max: number): Promise<boolean> {
    return (await this.remaining(key, max)) === 0;
  }

  /** Whole seconds, rounded up, until the key's window ends; 0 when none is open. */
  async availableIn(key: string): Promise<number> {
    const window = await this.#source().find(this.#keyOf(key));
    return window === undefined ? 0 : secondsUntil(window.resetsAt);
  }

  /** Forgets the hits of a key; tells whether there were any. */
  async clear(key: string): Promise<boolean> {
    return this.#source().clear(this.#keyOf(key));
  }

  /**
   * Declares a named limiter: what it allows to whom. One declared before under this name is replaced. What the application declares, in the `boot` of
   * a provider, stands for each tenant, whose hits are counted apart.
   */
  for<Subject>(name: string, resolver: LimitResolver<Subject>): void {
    this.#resolvers.set(name, resolver);
  }

  /**
   * What a named limiter was declared with.
   *
   * @throws E_RATE_LIMITER_UNKNOWN
   */
  limiter(name: string): LimitResolver<never> {
    const resolver = this.#known.find((resolvers) => resolvers.has(name))?.get(name);
    if (resolver === undefined) {
      const names = this.#known.flatMap((resolvers) => [...resolvers.keys()]);
      throw RateLimiterUnknownError.named(name, names);
    }
    return resolver;
  }

  /**
   * Counts a hit in every window that a named limiter has for somebody, if each has room for it; otherwise in none.
   *
   * @throws E_RATE_LIMITER_UNKNOWN
   */
  async takeFor(name: string, subject: unknown): Promise<RateLimitDecision> {
    const resolve: LimitResolver<never> = this.limiter(name);
    const limits = await resolve(subject as never);
    return this.take(
      Array.isArray(limits) ? (limits as readonly Limit[]) : [limits as Limit],
      name,
    );
  }

  /**
   * Counts a hit in the window of every limit, if each has room for it; otherwise in none.
   *
   * @param name keeps these windows apart from those of the same keys under other names
   */
  async take(limits: readonly Limit[], name = ''): Promise<RateLimitDecision> {
    const claims = limits
      .filter(({ max }) => max !== Infinity)
      .map(({ key, max, windowMs }) => ({
        key: this.#stored(`limit:${JSON.stringify([name, key, max, windowMs])}`),
        max,
        windowMs,
      }));
    // Two limits that are the same in all are one
    const different = [...new Map(claims.map((claim) => [claim.key, claim])).values()];
    if (different.length === 0) return UNLIMITED;
    return decide(different, await this.#source().take(different));
  }

  #keyOf(key: string): string {
    if (typeof key === 'string') return this.#stored(`key:${key}`);
    throw new TypeError(`Expected \`key\` to be a text, got \`${String(key)}\`.`);
  }

  /** Keys hold what people send: a long one is no reason to fail. */
  #stored(key: string): string {
    const stored = this.#prefix + key;
    if (stored.length <= KEY_LENGTH) return stored;
    return `${this.#prefix}sha256:${createHash('sha256').update(stored).digest('hex')}`;
  }
}

const UNLIMITED: RateLimitDecision = Object.freeze({
  allowed: true,
  limit: Infinity,
  remaining: Infinity,
  retryAfterSeconds: 0,
});

function decide(
  claims: readonly RateClaim[],
  { isAllowed, windows }: RateVerdict,
): RateLimitDecision {
  const decisions = claims.map(({ key, max, windowMs }): RateLimitDecision => {
    const window = windows.find((one) => one.key === key);
    const wait = secondsUntil(window?.resetsAt ?? clock.now() + windowMs);
    return {
      allowed: isAllowed,
      limit: max,
      remaining: Math.max(0, max - (window?.hits ?? 0)),
      retryAfterSeconds: isAllowed ? 0 : wait,
    };
  });
  const [tightest = UNLIMITED] = decisions.sort(byRoom);
  return tightest;
}

/** Those without room come first, and of them the one that has none for longest. */
function byRoom(a: RateLimitDecision, b: RateLimitDecision): number {
  return a.remaining - b.remaining || b.retryAfterSeconds - a.retryAfterSeconds;
}

/** At least 1: who comes back at once would be refused again. */
function secondsUntil(time: number): number {
  return Math.max(1, Math.ceil((time - clock.now()) / 1000));
}
