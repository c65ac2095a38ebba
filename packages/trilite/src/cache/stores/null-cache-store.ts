import { CacheContentsBuilder } from '../cache-contents';
import { noCounts } from '../cache-counts';
import type {
  CacheContents,
  CacheCounts,
  CacheEntry,
  CacheStore,
  ClaimAnswer,
} from '../cache-store';
import { encodeValue } from '../cache-value';

/** A cache that keeps nothing: every entry is gone at once. It refuses what other stores refuse. */
export class NullCacheStore implements CacheStore {
  async get(): Promise<undefined> {
    return undefined;
  }

  async many(keys: readonly string[]): Promise<undefined[]> {
    return keys.map(() => undefined);
  }

  async put({ key, value }: CacheEntry): Promise<void> {
    encodeValue(key, value);
  }

  async putMany(entries: readonly CacheEntry[]): Promise<void> {
    for (const { key, value } of entries) encodeValue(key, value);
  }

  async add({ key, value }: CacheEntry): Promise<boolean> {
    encodeValue(key, value);
    return true;
  }

  async increment(_key: string, by: number): Promise<number> {
    return by;
  }

  async touch(): Promise<boolean> {
    return false;
  }

  async pull(): Promise<undefined> {
    return undefined;
  }

  async forget(): Promise<number> {
    return 0;
  }

  async forgetTags(): Promise<void> {
    // There is nothing to forget.
  }

  async clear(): Promise<void> {
    // There is nothing to remove.
  }

  async claim(): Promise<ClaimAnswer> {
    return { state: 'claimed' };
  }

  async fill({ key, value }: CacheEntry): Promise<boolean> {
    encodeValue(key, value);
    return false;
  }

  async release(): Promise<void> {
    // Claims are not kept.
  }

  async prune(): Promise<number> {
    return 0;
  }

  async contents(): Promise<CacheContents> {
    return new CacheContentsBuilder('').contents;
  }

  async count(): Promise<void> {
    // Counts are not kept.
  }

  async counts(): Promise<CacheCounts> {
    return noCounts();
  }

  async close(): Promise<void> {
    // Nothing is open.
  }
}
