import { LRUCache } from 'lru-cache';
import { clock } from '../support/clock';
import { decode, encode, type Stored } from '../support/serializer';
import type { CacheHit, CacheStore } from './cache-store';
import { CacheValueNotNumericError } from './errors';

/** Bytes an entry takes beside its key and value. */
const ENTRY_BYTES = 64;

interface Entry {
  readonly stored: Stored;
  readonly expiresAt: number | undefined;
}

/** The bounds of a memory cache. */
export interface MemoryCacheLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
}

/** A cache in this process's memory; beyond its bounds the least recently used entry goes. Values are kept encoded, hence isolated. */
export class MemoryCacheStore implements CacheStore {
  readonly #entries: LRUCache<string, Entry>;

  constructor({ maxBytes, maxEntries }: MemoryCacheLimits) {
    this.#entries = new LRUCache({
      max: maxEntries,
      maxSize: maxBytes,
      sizeCalculation: entryBytes,
    });
  }

  async get(key: string): Promise<CacheHit | undefined> {
    const entry = this.#live(key);
    return entry === undefined ? undefined : { value: decode(entry.stored) };
  }

  async put(key: string, value: unknown, expiresAt: number | undefined): Promise<void> {
    this.#entries.set(key, { stored: encode(value), expiresAt });
  }

  async add(key: string, value: unknown, expiresAt: number | undefined): Promise<boolean> {
    const stored = encode(value);
    if (this.#live(key) !== undefined) return false;
    this.#entries.set(key, { stored, expiresAt });
    return true;
  }

  async increment(key: string, by: number): Promise<number> {
    const entry = this.#live(key);
    const current = entry === undefined ? 0 : decode(entry.stored);
    if (typeof current !== 'number' || !Number.isFinite(current)) {
      throw CacheValueNotNumericError.at(key);
    }
    this.#entries.set(key, { stored: encode(current + by), expiresAt: entry?.expiresAt });
    return current + by;
  }

  async forget(key: string): Promise<boolean> {
    const wasLive = this.#live(key) !== undefined;
    this.#entries.delete(key);
    return wasLive;
  }

  async clear(): Promise<void> {
    this.#entries.clear();
  }

  #live(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry?.expiresAt === undefined || entry.expiresAt > clock.now()) return entry;
    this.#entries.delete(key);
    return undefined;
  }
}

function entryBytes(entry: Entry, key: string): number {
  const valueBytes =
    typeof entry.stored === 'string' ? entry.stored.length * 2 : entry.stored.byteLength;
  return valueBytes + key.length * 2 + ENTRY_BYTES;
}
