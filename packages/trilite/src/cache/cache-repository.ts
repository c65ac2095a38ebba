import { clock } from '../support/clock';
import { toMilliseconds, type Duration } from '../support/duration';
import type { CacheStore } from './cache-store';
import { CacheKeyInvalidError } from './errors';

/** Characters of a key, the prefix included. */
const KEY_LENGTH = 512;

/** Finds the store at the time of each call: a repository holds a name, never a handle, and follows when a fake takes the store's place. */
export type CacheStoreSource = () => CacheStore;

/** How a repository names its entries. */
export interface CacheRepositoryOptions {
  /** Text before every key. Default: ''. */
  readonly prefix?: string;
}

/**
 * Keeps values until they expire.
 *
 * A ttl is text with a unit (`'10m'`), a number of **seconds**, or a Date; without one an entry lives for ever, and with one of 0 or less
 * it is forgotten. `null` and `undefined` are values like any other: `has` tells an undefined one from a miss.
 *
 * Every method that takes a key throws E_CACHE_KEY_INVALID for an empty one, and for one of more than 512 characters with its prefix.
 *
 * @example
 * import { CacheRepository, injectable, type Request } from 'trilite';
 *
 * \@injectable()
 * export class ReportController {
 *   constructor(private readonly cache: CacheRepository) {}
 *
 *   show(request: Request) {
 *     const id = request.param('id');
 *     return this.cache.remember(`report:${id}`, '10m', async () => ({ id, builtAt: new Date() }));
 *   }
 * }
 */
export class CacheRepository {
  readonly #source: CacheStoreSource;
  readonly #prefix: string;

  constructor(source: CacheStoreSource, options: CacheRepositoryOptions = {}) {
    this.#source = source;
    this.#prefix = options.prefix ?? '';
  }

  /** The value of a key; on a miss undefined, or the fallback, or what it returns when it is a function. A fallback is never stored. */
  get<T = unknown>(key: string): Promise<T | undefined>;
  get<T>(key: string, fallback: T | (() => T | Promise<T>)): Promise<T>;
  async get(key: string, fallback?: unknown): Promise<unknown> {
    const hit = await this.#source().get(this.#name(key));
    if (hit !== undefined) return hit.value;
    return typeof fallback === 'function' ? (fallback as () => unknown)() : fallback;
  }

  /** Whether there is a live entry, whatever its value. */
  async has(key: string): Promise<boolean> {
    return (await this.#source().get(this.#name(key))) !== undefined;
  }

  /**
   * Writes a value, whatever was there.
   *
   * @throws E_VALUE_NOT_SERIALIZABLE for class instances, functions and symbols
   */
  async put(key: string, value: unknown, ttl?: Duration): Promise<void> {
    const expiry = expiryOf(ttl);
    if (expiry === 'past') await this.#source().forget(this.#name(key));
    else await this.#source().put(this.#name(key), value, expiry);
  }

  /** Writes a value only if there is no live one; tells whether it did. Atomic across processes, with and without a ttl. */
  async add(key: string, value: unknown, ttl?: Duration): Promise<boolean> {
    const expiry = expiryOf(ttl);
    return expiry === 'past' ? false : this.#source().add(this.#name(key), value, expiry);
  }

  /** The value of a key; on a miss what `compute` returns, which is put for the ttl. Of two callers that miss at once, both compute. */
  async remember<T>(
    key: string,
    ttl: Duration | undefined,
    compute: () => T | Promise<T>,
  ): Promise<T> {
    const hit = await this.#source().get(this.#name(key));
    if (hit !== undefined) return hit.value as T;
    const value = await compute();
    await this.put(key, value, ttl);
    return value;
  }

  /**
   * Adds to a number and returns the sum. A missing entry starts at 0; a live one keeps its ttl. Atomic across processes.
   *
   * @throws E_CACHE_VALUE_NOT_NUMERIC
   */
  async increment(key: string, by = 1): Promise<number> {
    if (!Number.isFinite(by)) {
      throw new TypeError(`Expected \`by\` to be a finite number, got \`${by}\`.`);
    }
    return this.#source().increment(this.#name(key), by);
  }

  /** Subtracts from a number and returns the difference; else as `increment`. */
  decrement(key: string, by = 1): Promise<number> {
    return this.increment(key, -by);
  }

  /** Removes an entry; tells whether there was a live one. */
  async forget(key: string): Promise<boolean> {
    return this.#source().forget(this.#name(key));
  }

  /** Removes every entry of the store. */
  clear(): Promise<void> {
    return this.#source().clear();
  }

  #name(key: string): string {
    if (typeof key !== 'string') {
      throw new TypeError(`Expected \`key\` to be a text, got \`${String(key)}\`.`);
    }
    const name = this.#prefix + key;
    if (key === '' || name.length > KEY_LENGTH) {
      throw CacheKeyInvalidError.for(key, KEY_LENGTH);
    }
    return name;
  }
}

function expiryOf(ttl: Duration | undefined): number | 'past' | undefined {
  if (ttl === undefined) return undefined;
  const milliseconds = toMilliseconds(ttl);
  return milliseconds > 0 ? Math.ceil(clock.now() + milliseconds) : 'past';
}
