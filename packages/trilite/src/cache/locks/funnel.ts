import { requireWholeNumber } from '../../support/argument';
import { toMilliseconds, type Duration } from '../../support/duration';
import { newOwner, thisProcess } from '../../support/owner';
import { LockTimeoutError } from '../errors';
import { Lock, storedName, ttlToMs, whileHeld, type LockContext } from './lock';
import { takeInLine } from './lock-line';
import type { LockRequest } from './lock-store';

/** How a funnel lets through. */
interface FunnelOptions {
  readonly limit: number;
  readonly ttl: Duration;
  readonly wait: Duration;
}

const DEFAULTS: FunnelOptions = { limit: 1, ttl: '60s', wait: '3s' };

/**
 * Lets so many through at once, in all processes that share the store. Made by `Locks`; each method returns another funnel, `run` begins.
 *
 * A place is a lock named after the funnel and its number, `reports#1`.
 */
export class Funnel {
  readonly #context: LockContext;
  readonly #name: string;
  readonly #options: FunnelOptions;

  /** @throws E_LOCK_NAME_INVALID */
  constructor(context: LockContext, name: string, options: FunnelOptions = DEFAULTS) {
    storedName(context, name);
    this.#context = context;
    this.#name = name;
    this.#options = options;
  }

  /** How many at once, 1 or more. Default: 1. */
  limit(limit: number): Funnel {
    requireWholeNumber('limit', limit, 1);
    return this.#with({ limit });
  }

  /** How long a place is held at most. Default: '60s'. */
  releaseAfter(ttl: Duration): Funnel {
    ttlToMs(ttl);
    return this.#with({ ttl });
  }

  /** How long to wait for a place; 0 tries once. Default: '3s'. */
  block(wait: Duration): Funnel {
    toMilliseconds(wait);
    return this.#with({ wait });
  }

  /**
   * Runs the callback when there is a place, and returns what it returns; else what `onFull` returns. The callback is given its place, to
   * refresh it. Not named `then`, as in Laravel: to JavaScript what has a `then` is a promise.
   *
   * @throws E_LOCK_TIMEOUT when there was no place in time, and no `onFull`
   */
  async run<T, U = never>(
    callback: (place: Lock) => T | Promise<T>,
    onFull?: () => U | Promise<U>,
  ): Promise<T | U> {
    const waitMs = Math.max(0, toMilliseconds(this.#options.wait));
    const owner = newOwner();
    const names = this.#places().map((name) => storedName(this.#context, name));
    const place = await this.#take(names, owner, waitMs);
    if (place !== undefined) return whileHeld(place, callback);
    this.#context.onEvent?.({ kind: 'lock-missed', name: this.#name, owner });
    if (onFull !== undefined) return onFull();
    throw LockTimeoutError.after(waitMs, this.#name, await this.#context.source().held(names));
  }

  async #take(names: readonly string[], owner: string, waitMs: number): Promise<Lock | undefined> {
    const { ttl } = this.#options;
    const line = storedName(this.#context, this.#name);
    const request = (): LockRequest => ({
      names,
      owner,
      ttlMs: ttlToMs(ttl),
      boundTo: thisProcess(),
    });
    const given = await takeInLine(this.#context.source(), { request, line, waitMs });
    if (given === undefined) return undefined;
    const name = given.slice(this.#context.prefix.length);
    this.#context.onEvent?.({ kind: 'lock-acquired', name, owner });
    return new Lock(this.#context, { name, owner, ttl, line });
  }

  #places(): string[] {
    return Array.from({ length: this.#options.limit }, (_, index) => `${this.#name}#${index + 1}`);
  }

  #with(changes: Partial<FunnelOptions>): Funnel {
    return new Funnel(this.#context, this.#name, { ...this.#options, ...changes });
  }
}
