import { ValueNotReadableError, toError } from '../support/errors';
import { noCounts } from './cache-counts';
import { CacheEvents } from './cache-events';
import type { CacheCounts, CacheStore } from './cache-store';
import { CacheUnavailableError } from './errors';

/** Counts what happens in one store, and tells who listens. */
export class CacheObserver {
  readonly store: string;
  readonly events: CacheEvents;
  #counts = noCounts();
  #hasCounted = false;

  constructor(store: string, events = new CacheEvents()) {
    this.store = store;
    this.events = events;
  }

  read(key: string, isHit: boolean): void {
    this.#count(isHit ? 'hits' : 'misses', 1);
    if (this.events.isHeard) {
      this.events.emit({ kind: isHit ? 'hit' : 'miss', store: this.store, key });
    }
  }

  wrote(keys: readonly string[]): void {
    this.#count('writes', keys.length);
    this.#tell('written', keys);
  }

  forgot(keys: readonly string[]): void {
    this.#count('forgets', keys.length);
    this.#tell('forgotten', keys);
  }

  cleared(): void {
    this.events.emit({ kind: 'cleared', store: this.store });
  }

  clearedTags(tags: readonly string[]): void {
    this.events.emit({ kind: 'tags-cleared', store: this.store, tags });
  }

  /** @param count of all that were evicted; those of other stores in the same file are not told by their keys */
  evicted(keys: readonly string[], count: number): void {
    this.#count('evictions', count);
    if (keys.length > 0) this.#tell('evicted', keys);
  }

  /** Notes that the store did not answer, or with bytes that nobody can read. Anything else is thrown again. */
  unavailable(error: unknown): void {
    const isOutage =
      error instanceof CacheUnavailableError || error instanceof ValueNotReadableError;
    if (!isOutage) throw error;
    this.#count('errors', 1);
    this.events.emit({ kind: 'unavailable', store: this.store, error });
  }

  refreshFailed(key: string, error: unknown): void {
    this.events.emit({ kind: 'refresh-failed', store: this.store, key, error: toError(error) });
  }

  /** Hands what was counted to the store, which all processes share. What it does not take is counted with the next. */
  async flush(store: CacheStore): Promise<void> {
    if (!this.#hasCounted) return;
    const counts = this.#counts;
    this.#counts = noCounts();
    this.#hasCounted = false;
    try {
      await store.count(counts);
    } catch {
      for (const [name, count] of Object.entries(counts)) {
        this.#count(name as keyof CacheCounts, count);
      }
    }
  }

  #tell(kind: 'written' | 'forgotten' | 'evicted', keys: readonly string[]): void {
    if (this.events.isHeard) this.events.emit({ kind, store: this.store, keys });
  }

  #count(name: keyof CacheCounts, by: number): void {
    this.#counts[name] += by;
    this.#hasCounted = true;
  }
}
