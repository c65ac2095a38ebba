/** What a store found: the entry's value, which may itself be null or undefined. */
export interface CacheHit {
  readonly value: unknown;
}

/**
 * What a cache driver does. Times are epoch milliseconds; `undefined` means for ever. An entry is expired from `expiresAt` on, and an
 * expired entry is as good as none in every method.
 *
 * Each method is atomic across processes that share the store. Values come back equal to what was put, and never shared: changing one
 * changes nothing in the store.
 */
export interface CacheStore {
  /** The live entry of a key, or undefined. */
  get(key: string): Promise<CacheHit | undefined>;

  /** Writes an entry, whatever was there. @throws E_VALUE_NOT_SERIALIZABLE */
  put(key: string, value: unknown, expiresAt: number | undefined): Promise<void>;

  /** Writes an entry if there is no live one; tells whether it did. @throws E_VALUE_NOT_SERIALIZABLE */
  add(key: string, value: unknown, expiresAt: number | undefined): Promise<boolean>;

  /**
   * Adds to a number and returns the sum. A missing entry starts at 0 and lives for ever; a live one keeps its expiry.
   *
   * @throws E_CACHE_VALUE_NOT_NUMERIC
   */
  increment(key: string, by: number): Promise<number>;

  /** Removes an entry; tells whether there was a live one. */
  forget(key: string): Promise<boolean>;

  /** Removes every entry. */
  clear(): Promise<void>;
}
