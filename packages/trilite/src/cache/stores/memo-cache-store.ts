import { currentMemory } from '../../support/scope-holder';
import { decode, encode, type Stored } from '../../support/serializer';
import type {
  CacheClaim,
  CacheContents,
  CacheCounts,
  CacheEntry,
  CacheHit,
  CacheStore,
  ClaimAnswer,
} from '../cache-store';

/** What was read: kept encoded, so that nobody changes what others are given. Undefined is a miss. */
type Known = { readonly stored: Stored; readonly staleAt: number | undefined } | undefined;

/** What one request or job has read. */
interface Memo {
  readonly known: Map<string, Known>;
  /** Changes so far: what is read while one happens is not kept. */
  changes: number;
}

/**
 * Reads each key once for the length of a request or a job; what is written through it is read anew. Outside of any it keeps nothing. What
 * other requests and processes write meanwhile is not seen, and an entry that expires meanwhile stays.
 */
export class MemoCacheStore implements CacheStore {
  readonly #source: () => CacheStore;

  constructor(source: () => CacheStore) {
    this.#source = source;
  }

  /** The store that is read. */
  get below(): CacheStore {
    return this.#source();
  }

  async get(key: string): Promise<CacheHit | undefined> {
    const memo = this.#memo();
    if (memo === undefined) return this.#source().get(key);
    if (memo.known.has(key)) return hitOf(memo.known.get(key));
    const { changes } = memo;
    const known = knownOf(await this.#source().get(key));
    if (memo.changes === changes) memo.known.set(key, known);
    return hitOf(known);
  }

  async many(keys: readonly string[]): Promise<(CacheHit | undefined)[]> {
    const memo = this.#memo();
    if (memo === undefined) return this.#source().many(keys);
    const found = new Map(
      keys.flatMap((key) => (memo.known.has(key) ? [[key, memo.known.get(key)]] : [])),
    );
    const unknown = keys.filter((key) => !found.has(key));
    const { changes } = memo;
    const hits = unknown.length === 0 ? [] : await this.#source().many(unknown);
    for (const [index, key] of unknown.entries()) found.set(key, knownOf(hits[index]));
    if (memo.changes === changes) for (const key of unknown) memo.known.set(key, found.get(key));
    return keys.map((key) => hitOf(found.get(key)));
  }

  put(entry: CacheEntry): Promise<void> {
    return this.#changing([entry.key], (store) => store.put(entry));
  }

  putMany(entries: readonly CacheEntry[]): Promise<void> {
    const keys = entries.map(({ key }) => key);
    return this.#changing(keys, (store) => store.putMany(entries));
  }

  add(entry: CacheEntry): Promise<boolean> {
    return this.#changing([entry.key], (store) => store.add(entry));
  }

  increment(key: string, by: number, tags?: readonly string[]): Promise<number> {
    return this.#changing([key], (store) => store.increment(key, by, tags));
  }

  touch(key: string, expiresAt: number | undefined): Promise<boolean> {
    return this.#changing([key], (store) => store.touch(key, expiresAt));
  }

  pull(key: string): Promise<CacheHit | undefined> {
    return this.#changing([key], (store) => store.pull(key));
  }

  forget(keys: readonly string[]): Promise<number> {
    return this.#changing(keys, (store) => store.forget(keys));
  }

  forgetTags(tags: readonly string[]): Promise<void> {
    return this.#changing(undefined, (store) => store.forgetTags(tags));
  }

  clear(prefix: string): Promise<void> {
    return this.#changing(undefined, (store) => store.clear(prefix));
  }

  claim(claim: CacheClaim): Promise<ClaimAnswer> {
    return this.#source().claim(claim);
  }

  fill(entry: CacheEntry, owner: string): Promise<boolean> {
    return this.#changing([entry.key], (store) => store.fill(entry, owner));
  }

  release(key: string, owner: string): Promise<void> {
    return this.#source().release(key, owner);
  }

  prune(): Promise<number> {
    return this.#source().prune();
  }

  contents(prefix: string): Promise<CacheContents> {
    return this.#source().contents(prefix);
  }

  count(more: CacheCounts): Promise<void> {
    return this.#source().count(more);
  }

  counts(): Promise<CacheCounts> {
    return this.#source().counts();
  }

  isInTransaction(): boolean {
    return this.#source().isInTransaction?.() === true;
  }

  /** Forgets what was read of a key. */
  readAnew(key: string): void {
    drop(this.#memo(), [key]);
  }

  /** The store below is closed by whoever made it. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  #memo(): Memo | undefined {
    const memory = currentMemory();
    const store = this.#source();
    if (memory !== undefined && !memory.has(store)) {
      memory.set(store, { known: new Map(), changes: 0 } satisfies Memo);
    }
    return memory?.get(store) as Memo | undefined;
  }

  /** Forgets what was read of keys, or everything: before the change, and what was read while it was on its way. */
  async #changing<T>(
    keys: readonly string[] | undefined,
    change: (store: CacheStore) => Promise<T>,
  ): Promise<T> {
    const memo = this.#memo();
    drop(memo, keys);
    try {
      return await change(this.#source());
    } finally {
      drop(memo, keys);
    }
  }
}

function knownOf(hit: CacheHit | undefined): Known {
  return hit && { stored: encode(hit.value), staleAt: hit.staleAt };
}

function hitOf(known: Known): CacheHit | undefined {
  return known && { value: decode(known.stored), staleAt: known.staleAt };
}

function drop(memo: Memo | undefined, keys: readonly string[] | undefined): void {
  if (memo === undefined) return;
  memo.changes += 1;
  if (keys === undefined) memo.known.clear();
  for (const key of keys ?? []) memo.known.delete(key);
}
