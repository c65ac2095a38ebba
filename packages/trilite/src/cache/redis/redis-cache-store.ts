import { clock } from '../../support/clock';
import { isOwnerGone } from '../../support/owner';
import { decode, encode } from '../../support/serializer';
import { COUNTS, noCounts } from '../cache-counts';
import type {
  CacheClaim,
  CacheContents,
  CacheCounts,
  CacheEntry,
  CacheHit,
  CacheStore,
  ClaimAnswer,
} from '../cache-store';
import { CacheValueNotNumericError } from '../errors';
import {
  hitOf,
  packEntry,
  readEntry,
  serverTtl,
  tagTextOf,
  type RedisCacheEntry,
} from './redis-cache-entry';
import { contentsBelow, pruneDead, removeBelow, type RedisCachePlace } from './redis-cache-scan';
import * as scripts from './redis-cache-scripts';
import type { RedisConnection, RedisScript, RedisValue } from './redis-connection';
import type { RedisKeys } from './redis-keys';

type ClaimReply =
  | readonly ['claimed']
  | readonly ['taken', owner: string | undefined]
  | readonly ['found', packed: Buffer];

/** A cache on a Redis server. The server's `maxmemory` bounds it, and evicts without telling. */
export class RedisCacheStore implements CacheStore {
  readonly #connection: RedisConnection;
  readonly #keys: RedisKeys;
  readonly #place: RedisCachePlace;

  constructor(connection: RedisConnection, keys: RedisKeys) {
    this.#connection = connection;
    this.#keys = keys;
    this.#place = { connection, keys };
  }

  async get(key: string): Promise<CacheHit | undefined> {
    const packed = (await this.#connection.send('GET', this.#keys.entry(key))) as Buffer | null;
    if (packed === null) return undefined;
    const entry = readEntry(packed);
    if (entry.expiresAt <= clock.now()) return undefined;
    return (await this.#isCleared(entry)) ? undefined : hitOf(entry);
  }

  async many(keys: readonly string[]): Promise<(CacheHit | undefined)[]> {
    if (keys.length === 0) return [];
    const names = keys.map((key) => this.#keys.entry(key));
    const found = await this.#run(scripts.READ, names, []);
    return (found as (Buffer | null)[]).map((packed) =>
      packed === null ? undefined : hitOf(readEntry(packed)),
    );
  }

  put(entry: CacheEntry): Promise<void> {
    return this.putMany([entry]);
  }

  async putMany(entries: readonly CacheEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const keys = entries.flatMap(({ key }) => this.#pair(key));
    const values = entries.flatMap((entry) => [packEntry(entry), serverTtl(entry.expiresAt)]);
    await this.#run(scripts.PUT, keys, values);
  }

  async add(entry: CacheEntry): Promise<boolean> {
    const values = [packEntry(entry), serverTtl(entry.expiresAt)];
    return (await this.#run(scripts.ADD, this.#pair(entry.key), values)) === 1;
  }

  async increment(key: string, by: number, tags: readonly string[] = []): Promise<number> {
    const values = [encode(by), encode(Infinity), encode(-Infinity), tagTextOf(tags)];
    const sum = await this.#run(scripts.INCREMENT, this.#pair(key), values);
    if (sum === null) throw CacheValueNotNumericError.at(key);
    const [kind, value] = sum as [Buffer, Buffer];
    return decode(kind.toString() === 't' ? value.toString() : value) as number;
  }

  async touch(key: string, expiresAt: number | undefined): Promise<boolean> {
    const values = [expiresAt ?? 'inf', serverTtl(expiresAt)];
    return (await this.#run(scripts.TOUCH, this.#pair(key), values)) === 1;
  }

  async pull(key: string): Promise<CacheHit | undefined> {
    const packed = (await this.#run(scripts.PULL, this.#pair(key), [])) as Buffer | null;
    return packed === null ? undefined : hitOf(readEntry(packed));
  }

  async forget(keys: readonly string[]): Promise<number> {
    if (keys.length === 0) return 0;
    const pairs = keys.flatMap((key) => this.#pair(key));
    return (await this.#run(scripts.FORGET, pairs, [])) as number;
  }

  async forgetTags(tags: readonly string[]): Promise<void> {
    await this.#run(scripts.FORGET_TAGS, [], tags);
  }

  clear(prefix: string): Promise<void> {
    return removeBelow(this.#place, prefix);
  }

  async claim(claim: CacheClaim): Promise<ClaimAnswer> {
    const reply = await this.#claim(claim, '');
    const [state, owner] = reply;
    if (state !== 'taken' || owner === undefined || !isOwnerGone(owner)) return answerOf(reply);
    // Whether a process is gone only its own system knows. It does not come back: if the claim is still its, it may be taken over
    return answerOf(await this.#claim(claim, owner));
  }

  async fill(entry: CacheEntry, owner: string): Promise<boolean> {
    const values = [owner, packEntry(entry), serverTtl(entry.expiresAt)];
    return (await this.#run(scripts.FILL, this.#pair(entry.key), values)) === 1;
  }

  async release(key: string, owner: string): Promise<void> {
    await this.#run(scripts.RELEASE, this.#pair(key), [owner]);
  }

  prune(): Promise<number> {
    return pruneDead(this.#place);
  }

  contents(prefix: string): Promise<CacheContents> {
    return contentsBelow(this.#place, prefix);
  }

  async count(more: CacheCounts): Promise<void> {
    const counted = COUNTS.filter((name) => more[name] !== 0);
    const values = counted.flatMap((name) => [name, more[name]]);
    if (counted.length === 0) return;
    await this.#connection.run(scripts.COUNT, [this.#keys.counts], [clock.now(), ...values]);
  }

  async counts(): Promise<CacheCounts> {
    const counted = noCounts();
    const reply = await this.#connection.send('HMGET', this.#keys.counts, ...COUNTS);
    for (const [index, name] of COUNTS.entries()) {
      counted[name] = Number((reply as (Buffer | null)[])[index] ?? 0);
    }
    return counted;
  }

  /** Ends the connection, with which whatever else uses it. */
  close(): Promise<void> {
    return this.#connection.close();
  }

  /** Asked after the entry was read: when a tag was cleared in between, the entry was as good as none at that moment. */
  async #isCleared({ tags, stamp }: RedisCacheEntry): Promise<boolean> {
    if (tags.length === 0) return false;
    const fields = ['birth', ...tags.map((tag) => `t:${tag}`)];
    const reply = await this.#connection.send('HMGET', this.#keys.tags, ...fields);
    const [birth, ...cleared] = reply as (Buffer | null)[];
    const isOlder = stamp < Number(birth ?? Infinity);
    return isOlder || cleared.some((at) => Number(at ?? 0) > stamp);
  }

  async #claim(claim: CacheClaim, gone: string): Promise<ClaimReply> {
    const { key, owner, until, refresh = false, renewal = false } = claim;
    const values = [owner, until, Number(refresh), gone, serverTtl(until), Number(renewal)];
    const reply = await this.#run(scripts.CLAIM, this.#pair(key), values);
    const [state, what] = reply as [Buffer, Buffer | null];
    if (state.toString() === 'claimed') return ['claimed'];
    if (state.toString() === 'found' && what !== null) return ['found', what];
    return ['taken', what?.toString()];
  }

  #pair(key: string): [entry: string, claim: string] {
    return [this.#keys.entry(key), this.#keys.claim(key)];
  }

  #run(
    script: RedisScript,
    keys: readonly RedisValue[],
    values: readonly RedisValue[],
  ): Promise<unknown> {
    return this.#connection.run(script, [this.#keys.tags, ...keys], [clock.now(), ...values]);
  }
}

function answerOf(reply: ClaimReply): ClaimAnswer {
  if (reply[0] === 'found') return { state: 'found', hit: hitOf(readEntry(reply[1])) };
  return reply[0] === 'taken' ? { state: 'taken', owner: reply[1] } : { state: 'claimed' };
}
