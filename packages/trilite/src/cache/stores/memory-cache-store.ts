import { LRUCache } from 'lru-cache';
import { clock } from '../../support/clock';
import { decode, encode, type Stored } from '../../support/serializer';
import { COUNTS, noCounts } from '../cache-counts';
import { CacheContentsBuilder } from '../cache-contents';
import type {
  CacheClaim,
  CacheContents,
  CacheCounts,
  CacheEntry,
  CacheHit,
  CacheStore,
  ClaimAnswer,
} from '../cache-store';
import { encodeValue } from '../cache-value';
import { CacheValueNotNumericError } from '../errors';

/** Bytes an entry takes beside its key and value. */
const ENTRY_BYTES = 64;

/** Cleared tags that are remembered before it is looked which of them still matter. */
const TAGS = 1000;

interface Entry {
  readonly stored: Stored;
  readonly expiresAt: number | undefined;
  readonly staleAt: number | undefined;
  readonly tags: readonly string[];
  /** When it was tagged, by the clock that clearing tags moves on. */
  readonly stamp: number;
  readonly writtenAt: number;
}

interface Claim {
  readonly owner: string;
  readonly until: number;
  readonly stamp: number;
  /** Whether the key was written or removed since: what is computed comes too late, however often its owner claims again. */
  readonly isTooLate: boolean;
}

/** The bounds of a memory cache. */
export interface MemoryCacheLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
  /** Called with the key of an entry that made room for others. */
  readonly onEvicted?: ((keys: readonly string[]) => void) | undefined;
}

/** A cache in this process's memory; beyond its bounds the least recently used entry goes. Values are kept encoded, hence isolated. */
export class MemoryCacheStore implements CacheStore {
  readonly #entries: LRUCache<string, Entry>;
  readonly #tags = new Map<string, number>();
  readonly #claims = new Map<string, Claim>();
  readonly #counts = noCounts();
  #stamp = 0;
  #pruneTagsAt = TAGS;

  constructor({ maxBytes, maxEntries, onEvicted }: MemoryCacheLimits) {
    this.#entries = new LRUCache({
      max: maxEntries,
      maxSize: maxBytes,
      sizeCalculation: entryBytes,
      dispose: (_, key, reason) => {
        if (reason === 'evict') onEvicted?.([key]);
      },
    });
  }

  async get(key: string): Promise<CacheHit | undefined> {
    return hitOf(this.#live(key));
  }

  async many(keys: readonly string[]): Promise<(CacheHit | undefined)[]> {
    return keys.map((key) => hitOf(this.#live(key)));
  }

  async put(entry: CacheEntry): Promise<void> {
    this.#put(entry.key, this.#pack(entry));
  }

  async putMany(entries: readonly CacheEntry[]): Promise<void> {
    const packed = entries.map((entry) => [entry.key, this.#pack(entry)] as const);
    for (const [key, entry] of packed) this.#put(key, entry);
  }

  async add(entry: CacheEntry): Promise<boolean> {
    const packed = this.#pack(entry);
    if (this.#live(entry.key) !== undefined) return false;
    this.#put(entry.key, packed);
    return true;
  }

  async increment(key: string, by: number, tags?: readonly string[]): Promise<number> {
    const entry = this.#live(key);
    const current = entry === undefined ? 0 : decode(entry.stored);
    if (typeof current !== 'number' || !Number.isFinite(current)) {
      throw CacheValueNotNumericError.at(key);
    }
    const sum = current + by;
    const fresh = entry ?? this.#pack({ key, value: 0, tags });
    this.#put(key, { ...fresh, stored: encode(sum), staleAt: undefined });
    return sum;
  }

  async touch(key: string, expiresAt: number | undefined): Promise<boolean> {
    const entry = this.#live(key);
    if (entry !== undefined) this.#put(key, { ...entry, expiresAt, staleAt: undefined });
    return entry !== undefined;
  }

  async pull(key: string): Promise<CacheHit | undefined> {
    const hit = hitOf(this.#live(key));
    this.#remove(key);
    return hit;
  }

  async forget(keys: readonly string[]): Promise<number> {
    let live = 0;
    for (const key of keys) {
      if (this.#live(key) !== undefined) live += 1;
      this.#remove(key);
    }
    return live;
  }

  async forgetTags(tags: readonly string[]): Promise<void> {
    this.#stamp += 1;
    for (const tag of tags) this.#tags.set(tag, this.#stamp);
    if (this.#tags.size >= this.#pruneTagsAt) this.#pruneTags();
  }

  async clear(prefix: string): Promise<void> {
    for (const key of [...this.#entries.keys(), ...this.#claims.keys()]) {
      if (key.startsWith(prefix)) this.#remove(key);
    }
  }

  async claim(claim: CacheClaim): Promise<ClaimAnswer> {
    const { key, owner, until, refresh = false, renewal = false } = claim;
    const entry = this.#live(key);
    const hit = hitOf(entry);
    const isStale = entry?.staleAt !== undefined && entry.staleAt <= clock.now();
    if (hit !== undefined && !(refresh && isStale)) return { state: 'found', hit };
    const held = this.#claims.get(key);
    const isOwn = held?.owner === owner;
    const isInWork = held !== undefined && !held.isTooLate && held.until > clock.now();
    if (!isOwn && (isInWork || renewal)) return { state: 'taken', owner: held?.owner };
    const fresh = { owner, stamp: this.#stamp, isTooLate: false };
    this.#claims.set(key, { ...(isOwn ? held : fresh), until });
    return { state: 'claimed' };
  }

  async fill(entry: CacheEntry, owner: string): Promise<boolean> {
    const packed = this.#pack(entry);
    const claim = this.#claims.get(entry.key);
    if (claim?.owner !== owner) return false;
    this.#claims.delete(entry.key);
    const filled = { ...packed, stamp: claim.stamp };
    if (claim.isTooLate || this.#isCleared(filled)) return false;
    this.#put(entry.key, filled);
    return true;
  }

  async release(key: string, owner: string): Promise<void> {
    if (this.#claims.get(key)?.owner === owner) this.#claims.delete(key);
  }

  async prune(): Promise<number> {
    const dead = [...this.#entries.entries()].filter(([, entry]) => this.#isDead(entry));
    for (const [key] of dead) this.#remove(key);
    this.#pruneTags();
    return dead.length;
  }

  async contents(prefix: string): Promise<CacheContents> {
    const found = new CacheContentsBuilder(prefix);
    for (const [key, entry] of this.#entries.entries()) {
      const isDead = this.#isDead(entry);
      const bytes = Buffer.byteLength(entry.stored) + Buffer.byteLength(key);
      if (key.startsWith(prefix)) found.add({ key, bytes, writtenAt: entry.writtenAt, isDead });
    }
    return found.contents;
  }

  async count(more: CacheCounts): Promise<void> {
    for (const name of COUNTS) this.#counts[name] += more[name];
  }

  async counts(): Promise<CacheCounts> {
    return { ...this.#counts };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #pack({ key, value, expiresAt, staleAt, tags = [] }: CacheEntry): Entry {
    const stored = encodeValue(key, value);
    return { stored, expiresAt, staleAt, tags, stamp: this.#stamp, writtenAt: clock.now() };
  }

  #put(key: string, entry: Entry): void {
    this.#outdateClaim(key);
    this.#entries.set(key, entry);
  }

  #remove(key: string): void {
    this.#outdateClaim(key);
    this.#entries.delete(key);
  }

  #outdateClaim(key: string): void {
    const claim = this.#claims.get(key);
    if (claim === undefined) return;
    if (claim.until <= clock.now()) this.#claims.delete(key);
    else this.#claims.set(key, { ...claim, isTooLate: true });
  }

  /** Forgets when tags were cleared that nothing is left to clear of. */
  #pruneTags(): void {
    const tagged = [...this.#entries.values()].filter(({ tags }) => tags.length > 0);
    const dated = [...tagged, ...this.#claims.values()];
    const oldest = dated.reduce((stamp, one) => Math.min(stamp, one.stamp), this.#stamp);
    for (const [tag, stamp] of this.#tags) {
      if (stamp <= oldest) this.#tags.delete(tag);
    }
    this.#pruneTagsAt = Math.max(TAGS, 2 * this.#tags.size);
  }

  #live(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || !this.#isDead(entry)) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  #isDead(entry: Entry): boolean {
    const { expiresAt } = entry;
    return (expiresAt !== undefined && expiresAt <= clock.now()) || this.#isCleared(entry);
  }

  #isCleared({ tags, stamp }: Entry): boolean {
    return tags.some((tag) => (this.#tags.get(tag) ?? 0) > stamp);
  }
}

function hitOf(entry: Entry | undefined): CacheHit | undefined {
  if (entry === undefined) return undefined;
  const value = decode(entry.stored);
  return entry.staleAt === undefined ? { value } : { value, staleAt: entry.staleAt };
}

function entryBytes(entry: Entry, key: string): number {
  const valueBytes =
    typeof entry.stored === 'string' ? entry.stored.length * 2 : entry.stored.byteLength;
  return valueBytes + key.length * 2 + ENTRY_BYTES;
}
