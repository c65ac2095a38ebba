import { monotonicMs } from '../../support/clock';
import type {
  CacheClaim,
  CacheContents,
  CacheCounts,
  CacheEntry,
  CacheHit,
  CacheStore,
  ClaimAnswer,
} from '../cache-store';
import { CacheUnavailableError } from '../errors';

/** How long a store that did not answer is left alone. */
const REST_MS = 1000;

/** A store of a list, and its name. */
export interface NamedCacheStore {
  readonly name: string;
  readonly store: CacheStore;
}

/** Called when a store stops answering, once until it answers again. */
export type FailoverListener = (store: string, error: CacheUnavailableError) => void;

/**
 * The first of several stores that answers. One that does not is left alone for a second, so that not every call waits for it. What is
 * written meanwhile stays where it was written: entries of one store are not carried over to another, and a store that comes back may hold
 * entries that were forgotten or written anew elsewhere, until they expire. `pull`, `forget`, `forgetTags`, `clear` and `prune`
 * therefore go to every store that answers.
 */
export class FailoverCacheStore implements CacheStore {
  readonly #stores: readonly NamedCacheStore[];
  readonly #onFailover: FailoverListener;
  /** Who did not answer, and until when it is left alone. */
  readonly #down = new Map<string, number>();

  constructor(stores: readonly NamedCacheStore[], onFailover: FailoverListener = () => undefined) {
    this.#stores = stores;
    this.#onFailover = onFailover;
  }

  get(key: string): Promise<CacheHit | undefined> {
    return this.#first((store) => store.get(key));
  }

  many(keys: readonly string[]): Promise<(CacheHit | undefined)[]> {
    return this.#first((store) => store.many(keys));
  }

  put(entry: CacheEntry): Promise<void> {
    return this.#first((store) => store.put(entry));
  }

  putMany(entries: readonly CacheEntry[]): Promise<void> {
    return this.#first((store) => store.putMany(entries));
  }

  add(entry: CacheEntry): Promise<boolean> {
    return this.#first((store) => store.add(entry));
  }

  increment(key: string, by: number, tags?: readonly string[]): Promise<number> {
    return this.#first((store) => store.increment(key, by, tags));
  }

  touch(key: string, expiresAt: number | undefined): Promise<boolean> {
    return this.#first((store) => store.touch(key, expiresAt));
  }

  async pull(key: string): Promise<CacheHit | undefined> {
    const hits = await this.#every((store) => store.pull(key));
    return hits.find((hit) => hit !== undefined);
  }

  async forget(keys: readonly string[]): Promise<number> {
    return Math.max(...(await this.#every((store) => store.forget(keys))));
  }

  async forgetTags(tags: readonly string[]): Promise<void> {
    await this.#every((store) => store.forgetTags(tags));
  }

  async clear(prefix: string): Promise<void> {
    await this.#every((store) => store.clear(prefix));
  }

  claim(claim: CacheClaim): Promise<ClaimAnswer> {
    return this.#first((store) => store.claim(claim));
  }

  fill(entry: CacheEntry, owner: string): Promise<boolean> {
    return this.#first((store) => store.fill(entry, owner));
  }

  release(key: string, owner: string): Promise<void> {
    return this.#first((store) => store.release(key, owner));
  }

  async prune(): Promise<number> {
    const counts = await this.#every((store) => store.prune());
    return counts.reduce((sum, count) => sum + count, 0);
  }

  contents(prefix: string): Promise<CacheContents> {
    return this.#first((store) => store.contents(prefix));
  }

  count(more: CacheCounts): Promise<void> {
    return this.#first((store) => store.count(more));
  }

  counts(): Promise<CacheCounts> {
    return this.#first((store) => store.counts());
  }

  /** The stores are closed by whoever made them. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  async #first<T>(ask: (store: CacheStore) => Promise<T>): Promise<T> {
    const now = monotonicMs();
    const rested = this.#stores.filter(({ name }) => (this.#down.get(name) ?? 0) <= now);
    let failure: unknown;
    for (const { name, store } of rested.length > 0 ? rested : this.#stores) {
      try {
        const answer = await ask(store);
        this.#down.delete(name);
        return answer;
      } catch (error) {
        if (!(error instanceof CacheUnavailableError)) throw error;
        this.#leaveAlone(name, error);
        failure = error;
      }
    }
    throw failure;
  }

  #leaveAlone(name: string, error: CacheUnavailableError): void {
    if (!this.#down.has(name)) this.#onFailover(name, error);
    this.#down.set(name, monotonicMs() + REST_MS);
  }

  async #every<T>(ask: (store: CacheStore) => Promise<T>): Promise<T[]> {
    const answers = await Promise.allSettled(this.#stores.map(({ store }) => ask(store)));
    const done: T[] = [];
    let failure: unknown;
    for (const [index, answer] of answers.entries()) {
      if (answer.status === 'fulfilled') done.push(answer.value);
      else failure = this.#noteFailure(this.#stores[index]?.name ?? '', answer.reason);
    }
    if (done.length === 0) throw failure;
    return done;
  }

  /** @throws what is no outage */
  #noteFailure(name: string, error: unknown): unknown {
    if (!(error instanceof CacheUnavailableError)) throw error;
    this.#leaveAlone(name, error);
    return error;
  }
}
