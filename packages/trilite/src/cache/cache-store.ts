/** What a store found: the entry's value, which may itself be null or undefined. */
export interface CacheHit {
  readonly value: unknown;
  /** From when on the value is stale, though alive; undefined means never. */
  readonly staleAt?: number | undefined;
}

/** What is written. Times are epoch milliseconds. */
export interface CacheEntry {
  readonly key: string;
  readonly value: unknown;
  /** From when on the entry is as good as none; undefined means never. */
  readonly expiresAt?: number | undefined;
  /** From when on the value is stale, though alive; undefined means never. */
  readonly staleAt?: number | undefined;
  /** What the entry can be forgotten by, with others. Default: nothing. */
  readonly tags?: readonly string[] | undefined;
}

/** Who asks to compute the value of a key. */
export interface CacheClaim {
  readonly key: string;
  /** Names the asking computation: `newOwner()`. */
  readonly owner: string;
  /** Until when the right lasts, unless it is claimed again by its owner. */
  readonly until: number;
  /** Whether a live value that is stale is as good as none. Default: false. */
  readonly refresh?: boolean;
  /** Whether it only keeps a claim that its owner has: one that was lost is not taken again. Default: false. */
  readonly renewal?: boolean;
}

/**
 * What a claim is answered with: the right to compute; that another has it, by whose name, or that a renewal came too late, whoever has it or
 * nobody; or that there is a value meanwhile.
 */
export type ClaimAnswer =
  | { readonly state: 'claimed' }
  | { readonly state: 'taken'; readonly owner: string | undefined }
  | { readonly state: 'found'; readonly hit: CacheHit };

/** What happened to the entries of a store. */
export interface CacheCounts {
  readonly hits: number;
  readonly misses: number;
  readonly writes: number;
  readonly forgets: number;
  /** Entries that made room for others. */
  readonly evictions: number;
  /** Operations that became misses, for the store did not answer. */
  readonly errors: number;
}

/** Entries whose keys begin alike, up to the first ":"; those without one are together below ''. */
export interface CachePrefix {
  readonly prefix: string;
  readonly entries: number;
  readonly bytes: number;
}

/** What lies in a store. */
export interface CacheContents {
  /** Live entries. */
  readonly entries: number;
  /** Bytes of their keys and values as they are stored. */
  readonly bytes: number;
  /** Entries that are expired, or whose tags were cleared, and not yet removed. */
  readonly dead: number;
  /** When the oldest live entry was written. */
  readonly oldest: number | undefined;
  /** The largest first. */
  readonly prefixes: readonly CachePrefix[];
}

/**
 * What a cache driver does. An expired entry, and one of whose tags was cleared since it was written, is as good as none in every method.
 *
 * Each method is atomic across processes that share the store, but for `clear`, `prune` and `contents`, which go through the entries
 * piece by piece. Values come back equal to what was put, and never shared: changing one changes nothing in the store.
 *
 * Any method may reject with E_CACHE_UNAVAILABLE when the store does not answer; nothing is then promised of what it was to write.
 */
export interface CacheStore {
  /** The live entry of a key, or undefined. */
  get(key: string): Promise<CacheHit | undefined>;

  /** The live entries of keys, each at its key's place. */
  many(keys: readonly string[]): Promise<(CacheHit | undefined)[]>;

  /** Writes an entry, whatever was there. @throws E_VALUE_NOT_SERIALIZABLE, E_CACHE_VALUE_TOO_LARGE */
  put(entry: CacheEntry): Promise<void>;

  /** Writes entries, all or none. @throws E_VALUE_NOT_SERIALIZABLE, E_CACHE_VALUE_TOO_LARGE */
  putMany(entries: readonly CacheEntry[]): Promise<void>;

  /** Writes an entry if there is no live one; tells whether it did. @throws E_VALUE_NOT_SERIALIZABLE, E_CACHE_VALUE_TOO_LARGE */
  add(entry: CacheEntry): Promise<boolean>;

  /**
   * Adds to a number and returns the sum. A missing entry starts at 0, lives for ever and bears the tags that are given; a live one keeps its
   * expiry and its own tags.
   *
   * @throws E_CACHE_VALUE_NOT_NUMERIC
   */
  increment(key: string, by: number, tags?: readonly string[]): Promise<number>;

  /** Gives a live entry another expiry, and lets its value be fresh; tells whether there was one. */
  touch(key: string, expiresAt: number | undefined): Promise<boolean>;

  /** Removes the live entry of a key, and returns what it was. */
  pull(key: string): Promise<CacheHit | undefined>;

  /** Removes entries; tells how many live ones there were. */
  forget(keys: readonly string[]): Promise<number>;

  /** Makes every entry with any of these tags as good as none. */
  forgetTags(tags: readonly string[]): Promise<void>;

  /** Removes every entry whose key begins with a prefix. One written meanwhile may stay, or go. */
  clear(prefix: string): Promise<void>;

  /**
   * Asks for the right to compute the value of a key, so that of many who miss it one computes. Whose process is known to be gone has lost it.
   * Its owner claims again to keep it longer, as a renewal when it has begun to compute: meanwhile another may have had the claim and ended it.
   */
  claim(claim: CacheClaim): Promise<ClaimAnswer>;

  /**
   * Writes what the owner of a claim computed, and ends the claim; tells whether it did. It does not when the claim is another's by now, or
   * when the key was written, forgotten or its tags cleared since it was claimed: the value was computed from what was before. Who has waited
   * too long for the owner, and computed as well, fills in the owner's name.
   *
   * @throws E_VALUE_NOT_SERIALIZABLE, E_CACHE_VALUE_TOO_LARGE
   */
  fill(entry: CacheEntry, owner: string): Promise<boolean>;

  /** Ends a claim, if it still is its owner's. */
  release(key: string, owner: string): Promise<void>;

  /** Removes what is as good as none; tells how many entries. */
  prune(): Promise<number>;

  /** What lies below a prefix. Goes through all of it. */
  contents(prefix: string): Promise<CacheContents>;

  /** Adds to the counts of the store, which all of its processes share. */
  count(more: CacheCounts): Promise<void>;

  /** The counts of the store since it was made. */
  counts(): Promise<CacheCounts>;

  /** Whether the current work holds what others need to write to the store, and so must not wait for them. By default it never does. */
  isInTransaction?(): boolean;

  /** Lets go of what the store has open by itself; twice without harm. */
  close(): Promise<void>;
}
