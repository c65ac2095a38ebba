import { clock, nextTurn } from '../support/clock';
import { toMilliseconds, type Duration } from '../support/duration';
import {
  nameOf,
  namesOf,
  pairsOf,
  textOf,
  type AnyKey,
  type CacheKey,
  type Key,
  type Values,
} from './cache-key';
import { CacheObserver } from './cache-observer';
import type {
  CacheRepositoryOptions,
  CacheStoreSource,
  RememberOptions,
} from './cache-repository-options';
import type { CacheEntry, CacheHit, CacheStore } from './cache-store';
import { Computations, type Computation } from './computations';
import type { Funnel } from './locks/funnel';
import type { Lock } from './locks/lock';
import { Locks, type WithoutOverlappingOptions } from './locks/locks';
import { MemoCacheStore } from './stores/memo-cache-store';
import { expiryOf, refuseDisorder, valueOf, type Ttl } from './ttl';
import { readAs, type ValueTypes } from './typed-value';

/**
 * Keeps values until they expire.
 *
 * A ttl is text with a unit (`'10m'`), a number of **seconds**, or a Date; without one an entry lives for ever, and with one of 0 or less
 * it is forgotten. `null` and `undefined` are values like any other: `has` tells an undefined one from a miss.
 *
 * Every method that takes a key throws E_CACHE_KEY_INVALID for an empty one, and for one of more than 512 characters with its prefix. Those
 * that take a value throw E_VALUE_NOT_SERIALIZABLE for class instances, functions and symbols, and E_CACHE_VALUE_TOO_LARGE beyond 64 MB.
 *
 * A store that does not answer takes no caller down: it is as if every entry were gone at once. What must not be lost, or must not happen
 * twice, does not belong in a cache: use a lock, a job, the database.
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
  readonly #tagPrefix: string;
  /** What is told of keys begins with it. */
  readonly #namespace: string;
  readonly #tags: readonly string[];
  /** The tags with their prefix. */
  readonly #tagNames: readonly string[];
  readonly #observer: CacheObserver;
  readonly #computations: Computations;
  readonly #locks: Locks;

  constructor(source: CacheStoreSource, options: CacheRepositoryOptions = {}) {
    this.#source = source;
    this.#prefix = options.prefix ?? '';
    this.#tagPrefix = options.tagPrefix ?? this.#prefix;
    this.#namespace = this.#prefix.slice(this.#tagPrefix.length);
    this.#tags = options.tags ?? [];
    this.#tagNames = this.#tags.map((tag) => nameOf(tag, this.#tagPrefix));
    this.#observer = options.observer ?? new CacheObserver('cache');
    this.#computations = options.computations ?? new Computations();
    this.#locks = options.locks ?? Locks.inMemory();
  }

  /** The value of a key; on a miss undefined, or the fallback, or what it returns when it is a function. A fallback is never stored. */
  get<T = unknown>(key: Key<T>): Promise<T | undefined>;
  get<T>(key: Key<T>, fallback: NoInfer<T> | (() => NoInfer<T> | Promise<NoInfer<T>>)): Promise<T>;
  async get(key: AnyKey, fallback?: unknown): Promise<unknown> {
    const hit = await this.#find(key);
    return hit === undefined ? valueOf(fallback) : hit.value;
  }

  /** The values of those keys that have a live entry, by key, in the order asked for. */
  many<T = unknown>(keys: readonly Key<T>[]): Promise<Map<string, T>>;
  many(keys: readonly AnyKey[]): Promise<Map<string, unknown>>;
  async many(keys: readonly AnyKey[]): Promise<Map<string, unknown>> {
    const names = keys.map((key) => this.#name(key));
    const hits = await this.#ask((store) => store.many(names), []);
    const found = new Map<string, unknown>();
    for (const [index, key] of keys.entries()) {
      const hit = hits[index];
      this.#observer.read(textOf(key, this.#namespace), hit !== undefined);
      if (hit !== undefined) found.set(textOf(key), hit.value);
    }
    return found;
  }

  /** Whether there is a live entry, whatever its value. */
  async has(key: AnyKey): Promise<boolean> {
    return (await this.#find(key)) !== undefined;
  }

  /** Whether there is no live entry. */
  async missing(key: AnyKey): Promise<boolean> {
    return !(await this.has(key));
  }

  /** The value of a key as a text. @throws E_CACHE_VALUE_TYPE */
  string(key: Key<string>): Promise<string | undefined>;
  string(key: Key<string>, fallback: string): Promise<string>;
  string(key: Key<string>, fallback?: string): Promise<string | undefined> {
    return this.#as('string', key, fallback);
  }

  /** The value of a key as a whole number, which may be kept as text. @throws E_CACHE_VALUE_TYPE */
  integer(key: Key<number>): Promise<number | undefined>;
  integer(key: Key<number>, fallback: number): Promise<number>;
  integer(key: Key<number>, fallback?: number): Promise<number | undefined> {
    return this.#as('integer', key, fallback);
  }

  /** The value of a key as a number, which may be kept as text. @throws E_CACHE_VALUE_TYPE */
  float(key: Key<number>): Promise<number | undefined>;
  float(key: Key<number>, fallback: number): Promise<number>;
  float(key: Key<number>, fallback?: number): Promise<number | undefined> {
    return this.#as('float', key, fallback);
  }

  /** The value of a key as true or false. @throws E_CACHE_VALUE_TYPE */
  boolean(key: Key<boolean>): Promise<boolean | undefined>;
  boolean(key: Key<boolean>, fallback: boolean): Promise<boolean>;
  boolean(key: Key<boolean>, fallback?: boolean): Promise<boolean | undefined> {
    return this.#as('boolean', key, fallback);
  }

  /** The value of a key as an array. @throws E_CACHE_VALUE_TYPE */
  array<T = unknown>(key: Key<T[]>): Promise<T[] | undefined>;
  array<T = unknown>(key: Key<T[]>, fallback: NoInfer<T>[]): Promise<T[]>;
  array(key: AnyKey, fallback?: unknown[]): Promise<unknown[] | undefined> {
    return this.#as('array', key, fallback);
  }

  /** Writes a value, whatever was there. */
  async put<T>(key: Key<T>, value: NoInfer<T>, ttl?: Duration): Promise<void> {
    const entry = this.#entry(this.#name(key), value, ttl);
    if (entry === undefined) {
      await this.forget(key);
      return;
    }
    try {
      await this.#source().put(entry);
      this.#observer.wrote([textOf(key, this.#namespace)]);
    } catch (error) {
      this.#observer.unavailable(error);
    }
  }

  /** Writes values by key, all or none of them. */
  async putMany(values: Values, ttl?: Duration): Promise<void> {
    const pairs = pairsOf(values);
    const keys = pairs.map(([key]) => key);
    const entries = pairs.flatMap(([key, value]) => this.#entry(this.#name(key), value, ttl) ?? []);
    if (entries.length < pairs.length) {
      await this.forgetMany(keys);
      return;
    }
    const isPut = await this.#ask((store) => store.putMany(entries).then(() => true), false);
    if (isPut) this.#observer.wrote(keys.map((key) => textOf(key, this.#namespace)));
  }

  /** Writes a value for ever. */
  forever<T>(key: Key<T>, value: NoInfer<T>): Promise<void> {
    return this.put(key, value);
  }

  /** Writes a value only if there is no live one; tells whether it did. Atomic across processes, with and without a ttl. */
  async add<T>(key: Key<T>, value: NoInfer<T>, ttl?: Duration): Promise<boolean> {
    const entry = this.#entry(this.#name(key), value, ttl);
    if (entry === undefined) return false;
    const isAdded = await this.#ask((store) => store.add(entry), true);
    if (isAdded) this.#observer.wrote([textOf(key, this.#namespace)]);
    return isAdded;
  }

  /**
   * The value of a key; on a miss what `compute` returns, which is put for the ttl.
   *
   * Of all who miss it at once, in all processes, one computes, and the others wait for it. One that dies meanwhile does not hold them up.
   * When the key is written, forgotten or its tags are cleared meanwhile, what was computed is returned, and not put.
   */
  remember<T>(
    key: CacheKey<T>,
    ttl: Ttl<NoInfer<T>>,
    compute: () => NoInfer<T> | Promise<NoInfer<T>>,
    options?: RememberOptions,
  ): Promise<T>;
  remember<T>(
    key: string,
    ttl: Ttl<NoInfer<T>>,
    compute: () => T | Promise<T>,
    options?: RememberOptions,
  ): Promise<T>;
  async remember<T>(
    key: Key<T>,
    ttl: Ttl<T>,
    compute: () => T | Promise<T>,
    options: RememberOptions = {},
  ): Promise<T> {
    const name = this.#name(key);
    if (typeof ttl !== 'function') expiryOf(ttl);
    const waitMs = toMilliseconds(options.wait ?? '10s');
    const hit = await this.#find(key, name);
    if (hit !== undefined) return hit.value as T;
    const entryOf = (value: T): CacheEntry | undefined =>
      this.#entry(name, value, typeof ttl === 'function' ? ttl(value) : ttl);
    const facts = { key: name, compute, entryOf, waitMs };
    return this.#computations.compute(this.#computation(key, facts));
  }

  /** As `remember`, for ever. */
  rememberForever<T>(key: CacheKey<T>, compute: () => NoInfer<T> | Promise<NoInfer<T>>): Promise<T>;
  rememberForever<T>(key: string, compute: () => T | Promise<T>): Promise<T>;
  rememberForever<T>(key: Key<T>, compute: () => T | Promise<T>): Promise<T> {
    return this.remember(key as string, undefined, compute);
  }

  /**
   * The value of a key, which is fresh for `fresh` and then stale until `stale`, both counted from when it was computed. A stale value is
   * returned at once, and computed anew after this turn of the event loop, by one of all who find it stale. On a miss as `remember`.
   *
   * A refresh that fails is told to `caches.events` as `refresh-failed`; the stale value stays.
   */
  flexible<T>(
    key: CacheKey<T>,
    ttls: readonly [fresh: Duration, stale: Duration],
    compute: () => NoInfer<T> | Promise<NoInfer<T>>,
  ): Promise<T>;
  flexible<T>(
    key: string,
    ttls: readonly [fresh: Duration, stale: Duration],
    compute: () => T | Promise<T>,
  ): Promise<T>;
  async flexible<T>(
    key: Key<T>,
    [fresh, stale]: readonly [fresh: Duration, stale: Duration],
    compute: () => T | Promise<T>,
  ): Promise<T> {
    const name = this.#name(key);
    refuseDisorder(fresh, stale);
    const hit = await this.#find(key, name);
    if (hit !== undefined && (hit.staleAt ?? Infinity) > clock.now()) return hit.value as T;
    const entryOf = (value: T): CacheEntry | undefined => {
      const entry = this.#entry(name, value, stale);
      return entry && { ...entry, staleAt: Math.ceil(clock.now() + toMilliseconds(fresh)) };
    };
    const facts = { key: name, compute, entryOf, waitMs: 10_000 };
    const computation = this.#computation(key, facts);
    if (hit === undefined) return this.#computations.compute(computation);
    this.#refresh(key, computation);
    return hit.value as T;
  }

  /**
   * Adds to a number and returns the sum. A missing entry starts at 0 and lives for ever; a live one keeps its ttl. Atomic across processes.
   *
   * @throws E_CACHE_VALUE_NOT_NUMERIC
   */
  async increment(key: Key<number>, by = 1): Promise<number> {
    if (!Number.isFinite(by)) {
      throw new TypeError(`Expected \`by\` to be a finite number, got \`${by}\`.`);
    }
    const name = this.#name(key);
    const sum = await this.#ask((store) => store.increment(name, by, this.#tagNames), by);
    this.#observer.wrote([textOf(key, this.#namespace)]);
    return sum;
  }

  /** Subtracts from a number and returns the difference; else as `increment`. */
  decrement(key: Key<number>, by = 1): Promise<number> {
    return this.increment(key, -by);
  }

  /** Gives a live entry another ttl, counted from now, or lets it live for ever; tells whether there was one. */
  async touch(key: AnyKey, ttl?: Duration): Promise<boolean> {
    const name = this.#name(key);
    const expiry = expiryOf(ttl);
    if (expiry === 'past') return this.forget(key);
    return this.#ask((store) => store.touch(name, expiry), false);
  }

  /** Removes an entry and returns its value; on a miss undefined, or the fallback as in `get`. Of many who pull at once, one gets it. */
  pull<T = unknown>(key: Key<T>): Promise<T | undefined>;
  pull<T>(key: Key<T>, fallback: NoInfer<T> | (() => NoInfer<T> | Promise<NoInfer<T>>)): Promise<T>;
  async pull(key: AnyKey, fallback?: unknown): Promise<unknown> {
    const name = this.#name(key);
    const hit = await this.#ask((store) => store.pull(name), undefined);
    this.#observer.read(textOf(key, this.#namespace), hit !== undefined);
    if (hit === undefined) return valueOf(fallback);
    this.#computations.outdate([name]);
    this.#observer.forgot([textOf(key, this.#namespace)]);
    return hit.value;
  }

  /** Removes an entry; tells whether there was a live one. */
  async forget(key: AnyKey): Promise<boolean> {
    return (await this.forgetMany([key])) === 1;
  }

  /** Removes entries; tells how many live ones there were. */
  async forgetMany(keys: readonly AnyKey[]): Promise<number> {
    const names = keys.map((key) => this.#name(key));
    const count = await this.#ask((store) => store.forget(names), 0);
    this.#computations.outdate(names);
    this.#observer.forgot(keys.map((key) => textOf(key, this.#namespace)));
    return count;
  }

  /**
   * Removes every entry below the prefix of this repository: all of its store, or all of a namespace. On a repository made by `tags`, every
   * entry with any of its tags, wherever it was written. Locks and rate limits stay.
   */
  async clear(): Promise<void> {
    const isTagged = this.#tags.length > 0;
    if (isTagged) await this.#ask((store) => store.forgetTags(this.#tagNames), undefined);
    else await this.#ask((store) => store.clear(this.#prefix), undefined);
    this.#computations.outdate();
    if (isTagged) this.#observer.clearedTags(this.#tags);
    else this.#observer.cleared();
  }

  /**
   * The same store, whose writes bear these tags, and whose `clear` forgets every entry with any of them, at once and however many there
   * are. Tags do not belong to the key: an entry is found with and without them.
   */
  tags(...names: readonly (string | readonly string[])[]): CacheRepository {
    const tags = [...this.#tags, ...namesOf(names)];
    return new CacheRepository(this.#source, { ...this.#parts(), tags });
  }

  /** The same store below a name of its own: keys begin with `{name}:`, and `clear` removes no others. */
  namespace(name: string): CacheRepository {
    const prefix = `${this.#name(name)}:`;
    return new CacheRepository(this.#source, { ...this.#parts(), prefix });
  }

  /** The same store, each key read once for the length of a request or a job. Writes through it are seen, those of others are not. */
  memo(): CacheRepository {
    const memo = new MemoCacheStore(this.#source);
    return new CacheRepository(() => memo, this.#parts());
  }

  /** A lock across all processes, held for a ttl at most, and not taken before `get` or `block`. `clear` leaves locks alone. */
  lock(name: string, ttl: Duration, options?: { readonly owner?: string }): Lock {
    return this.#locks.lock(name, ttl, options);
  }

  /** A lock that was taken elsewhere, by its name and its `owner`. */
  restoreLock(name: string, owner: string): Lock {
    return this.#locks.restoreLock(name, owner);
  }

  /** Runs a callback when no other one does under this name, in any process. @throws E_LOCK_TIMEOUT */
  withoutOverlapping<T>(
    name: string,
    callback: (lock: Lock) => T | Promise<T>,
    options?: WithoutOverlappingOptions,
  ): Promise<T> {
    return this.#locks.withoutOverlapping(name, callback, options);
  }

  /** Lets so many run at once under this name: `funnel('reports').limit(3).run(build)`. */
  funnel(name: string): Funnel {
    return this.#locks.funnel(name);
  }

  #name(key: AnyKey): string {
    return nameOf(key, this.#prefix);
  }

  /** What a store is asked; `lost` is what an empty store would answer, for when it does not. */
  async #ask<T>(ask: (store: CacheStore) => Promise<T>, lost: T): Promise<T> {
    try {
      return await ask(this.#source());
    } catch (error) {
      this.#observer.unavailable(error);
      return lost;
    }
  }

  async #find(key: AnyKey, name = this.#name(key)): Promise<CacheHit | undefined> {
    let hit: CacheHit | undefined;
    try {
      hit = await this.#source().get(name);
    } catch (error) {
      this.#observer.unavailable(error);
    }
    this.#observer.read(textOf(key, this.#namespace), hit !== undefined);
    return hit;
  }

  async #as<N extends keyof ValueTypes>(
    type: N,
    key: AnyKey,
    fallback: ValueTypes[N] | undefined,
  ): Promise<ValueTypes[N] | undefined> {
    const hit = await this.#find(key);
    return hit === undefined ? fallback : readAs(type, textOf(key, this.#namespace), hit.value);
  }

  /** What is written; undefined when the ttl says to forget. */
  #entry(name: string, value: unknown, ttl: Duration | undefined): CacheEntry | undefined {
    const expiresAt = expiryOf(ttl);
    return expiresAt === 'past' ? undefined : { key: name, value, expiresAt, tags: this.#tagNames };
  }

  #computation<T>(
    key: AnyKey,
    facts: Pick<Computation<T>, 'key' | 'compute' | 'entryOf' | 'waitMs'>,
  ): Computation<T> {
    return {
      ...facts,
      store: this.#source(),
      isRefresh: false,
      onWritten: () => this.#observer.wrote([textOf(key, this.#namespace)]),
      onUnavailable: (error) => this.#observer.unavailable(error),
    };
  }

  #refresh<T>(key: AnyKey, computation: Computation<T>): void {
    void nextTurn()
      .then(() => this.#computations.refresh({ ...computation, isRefresh: true }))
      .catch((error: unknown) => this.#observer.refreshFailed(textOf(key, this.#namespace), error));
  }

  /** What repositories on the same store share. */
  #parts(): CacheRepositoryOptions {
    return {
      prefix: this.#prefix,
      tagPrefix: this.#tagPrefix,
      tags: this.#tags,
      observer: this.#observer,
      computations: this.#computations,
      locks: this.#locks,
    };
  }
}
