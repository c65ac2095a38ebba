import { LRUCache } from 'lru-cache';
import type { Handle } from '../../database/connection-handle';
import { clock } from '../../support/clock';
import type { Stored } from '../../support/serializer';
import type {
  CacheClaim,
  CacheContents,
  CacheCounts,
  CacheEntry,
  CacheHit,
  CacheStore,
  ClaimAnswer,
} from '../cache-store';
import * as sql from './schema';
import { hitOf, type SqliteCacheStore } from './sqlite-cache-store';

/*
 * A memory in front of a SQLite cache, never behind it.
 *
 * What is known is known of one state of the file, an era. `data_version` of the handle that reads says whether another process has committed
 * since; writes of this process are told by the store below. In a new era, one look at the row's version says whether a value is what it was:
 * cheaper than reading it.
 *
 * It is asked at every read, though that takes SQLite's shared lock, and so nearly as long as reading a small row: what another process did can
 * become known here at any moment, by a file, a socket or another connection. What is saved is the reading of large values.
 *
 * Invariants:
 * 1. A value is returned without a look at its row only in the era in which the row was last looked at.
 * 2. Two handles count their versions apart: a change of the handle begins a new era.
 * 3. Whether tags were cleared is not seen in the row: in a new era tagged entries are read anew.
 */

/** The bounds of the memory. */
export interface TieredCacheLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
}

interface Known {
  readonly stored: Stored;
  readonly expiresAt: number | null;
  readonly staleAt: number | null;
  readonly isTagged: boolean;
  readonly version: number;
  readonly era: number;
}

interface Row {
  readonly value: Stored;
  readonly expires_at: number | null;
  readonly stale_at: number | null;
  readonly flags: number;
  readonly version: number;
  readonly cleared: 0 | 1;
}

/** Bytes an entry takes beside its key and value. */
const ENTRY_BYTES = 100;

/** A memory in front of a SQLite cache that is coherent with every process. */
export class TieredCacheStore implements CacheStore {
  readonly #store: SqliteCacheStore;
  readonly #known: LRUCache<string, Known>;
  #era = 0;
  #handle: Handle | undefined;
  #dataVersion = -1;

  constructor(store: SqliteCacheStore, { maxBytes, maxEntries }: TieredCacheLimits) {
    this.#store = store;
    this.#known = new LRUCache({
      max: maxEntries,
      maxSize: maxBytes,
      sizeCalculation: ({ stored }, key) => 2 * (stored.length + key.length) + ENTRY_BYTES,
    });
    store.watch((keys) => this.#changed(keys));
  }

  get(key: string): Promise<CacheHit | undefined> {
    return this.#store.read((handle) => this.#find(handle, key));
  }

  async many(keys: readonly string[]): Promise<(CacheHit | undefined)[]> {
    const hits = await this.#store.read((handle) => keys.map((key) => this.#find(handle, key)));
    return Promise.all(hits.map(async (hit) => hit));
  }

  put(entry: CacheEntry): Promise<void> {
    return this.#store.put(entry);
  }

  putMany(entries: readonly CacheEntry[]): Promise<void> {
    return this.#store.putMany(entries);
  }

  add(entry: CacheEntry): Promise<boolean> {
    return this.#store.add(entry);
  }

  increment(key: string, by: number, tags?: readonly string[]): Promise<number> {
    return this.#store.increment(key, by, tags);
  }

  touch(key: string, expiresAt: number | undefined): Promise<boolean> {
    return this.#store.touch(key, expiresAt);
  }

  pull(key: string): Promise<CacheHit | undefined> {
    return this.#store.pull(key);
  }

  forget(keys: readonly string[]): Promise<number> {
    return this.#store.forget(keys);
  }

  forgetTags(tags: readonly string[]): Promise<void> {
    return this.#store.forgetTags(tags);
  }

  clear(prefix: string): Promise<void> {
    return this.#store.clear(prefix);
  }

  claim(claim: CacheClaim): Promise<ClaimAnswer> {
    return this.#store.claim(claim);
  }

  fill(entry: CacheEntry, owner: string): Promise<boolean> {
    return this.#store.fill(entry, owner);
  }

  release(key: string, owner: string): Promise<void> {
    return this.#store.release(key, owner);
  }

  prune(): Promise<number> {
    return this.#store.prune();
  }

  contents(prefix: string): Promise<CacheContents> {
    return this.#store.contents(prefix);
  }

  count(more: CacheCounts): Promise<void> {
    return this.#store.count(more);
  }

  counts(): Promise<CacheCounts> {
    return this.#store.counts();
  }

  isInTransaction(): boolean {
    return this.#store.isInTransaction();
  }

  async close(): Promise<void> {
    this.#known.clear();
  }

  #changed(keys: readonly string[] | undefined): void {
    if (keys === undefined) this.#era += 1;
    for (const key of keys ?? []) this.#known.delete(key);
  }

  #find(handle: Handle, key: string): CacheHit | Promise<CacheHit> | undefined {
    // What a transaction has written is nobody else's before its end
    if (handle.inTransaction) return this.#store.find(handle, key);
    this.#look(handle);
    const known = this.#stillKnown(handle, key) ?? this.#learn(handle, key);
    if (known === undefined) return undefined;
    if (known.expiresAt !== null && known.expiresAt <= clock.now()) return undefined;
    return hitOf(known.stored, known.staleAt);
  }

  /** Begins a new era when the file may be another than at the last look. */
  #look(handle: Handle): void {
    const { data_version: version } = handle.statement(sql.DATA_VERSION).get() as {
      data_version: number;
    };
    if (version === this.#dataVersion && handle === this.#handle) return;
    this.#era += 1;
    this.#dataVersion = version;
    this.#handle = handle;
  }

  #stillKnown(handle: Handle, key: string): Known | undefined {
    const known = this.#known.get(key);
    if (known === undefined || known.era === this.#era) return known;
    if (known.isTagged) return undefined;
    const row = handle.statement(sql.VERSION_OF).get(key) as { version: number } | undefined;
    if (row?.version !== known.version) return undefined;
    const current = { ...known, era: this.#era };
    this.#known.set(key, current);
    return current;
  }

  #learn(handle: Handle, key: string): Known | undefined {
    const row = handle.statement(sql.GET_VERSIONED).get(key) as Row | undefined;
    if (row === undefined || row.cleared === 1) {
      this.#known.delete(key);
      return undefined;
    }
    const known: Known = {
      stored: row.value,
      expiresAt: row.expires_at,
      staleAt: row.stale_at,
      isTagged: (row.flags & sql.TAGGED) !== 0,
      version: row.version,
      era: this.#era,
    };
    this.#known.set(key, known);
    return known;
  }
}
