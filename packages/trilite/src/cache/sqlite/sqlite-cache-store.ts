import type { Handle } from '../../database/connection-handle';
import type { Work } from '../../database/connection-session';
import { clock } from '../../support/clock';
import { toError } from '../../support/errors';
import { isOwnerGone } from '../../support/owner';
import { decode, type Stored } from '../../support/serializer';
import { noCounts } from '../cache-counts';
import type {
  CacheClaim,
  CacheContents,
  CacheCounts,
  CacheEntry,
  CacheHit,
  CacheStore,
  ClaimAnswer,
} from '../cache-store';
import { encodeValue, storedBytes } from '../cache-value';
import { compress, decompress, isCompressed } from '../compression';
import { CacheValueNotNumericError } from '../errors';
import * as sql from './schema';
import type { SqliteCacheFile } from './sqlite-cache-file';
import { contentsBelow, pruneDead, removeBelow, stampNow } from './sqlite-cache-scan';
import { SqliteCacheUpkeep, type UpkeepOptions } from './sqlite-cache-upkeep';

/*
 * Invariants of the rows:
 * 1. `version` changes with every write of a row, and begins with a random one: whoever knows a version knows whether a row is what it was.
 * 2. A tagged row bears the time (`stamp`) of the clock that `forgetTags` moves on. Cleared since then, it is dead. Untagged rows cost nothing.
 * 3. A claim bears the version of its key's row, and the stamp, of when it was made. `fill` writes only where both still hold. `forget` and
 *    `clear` outdate claims: deleted, their owners' next claim would make them anew.
 * 4. A value that is being compressed is written before what is asked for after it.
 */

/** How a SQLite cache is kept. */
export interface SqliteStoreOptions extends UpkeepOptions {
  /** The name its counts are kept under: several stores may share a file. */
  readonly name: string;
  /** Bytes from which on values are stored compressed. Default: none are. */
  readonly compressFrom?: number | undefined;
}

interface Row {
  readonly value: Stored;
  readonly expires_at: number | null;
  readonly flags: number;
}

/** What is known of a write before it is done. */
interface WriteFacts {
  readonly keys: readonly string[] | undefined;
  readonly bytes: number;
  readonly several: boolean;
}

/** An entry as it is written. */
interface Packed extends Omit<CacheEntry, 'value'> {
  readonly stored: Stored;
}

/** A cache in a SQLite file; writes asked for together share one commit. */
export class SqliteCacheStore implements CacheStore {
  /** Where it lies. */
  readonly file: SqliteCacheFile;
  readonly #options: SqliteStoreOptions;
  readonly #upkeep: SqliteCacheUpkeep;
  readonly #watchers: ((keys: readonly string[] | undefined) => void)[] = [];
  /** Settles when the values that are being compressed are on their way. */
  #compressing: Promise<unknown> | undefined;

  constructor(file: SqliteCacheFile, options: SqliteStoreOptions) {
    this.file = file;
    this.#options = options;
    this.#upkeep = new SqliteCacheUpkeep(options);
  }

  get(key: string): Promise<CacheHit | undefined> {
    return this.read((handle) => this.find(handle, key));
  }

  async many(keys: readonly string[]): Promise<(CacheHit | undefined)[]> {
    const hits = await this.read((handle) => keys.map((key) => this.find(handle, key)));
    return Promise.all(hits.map(async (hit) => hit));
  }

  put(entry: CacheEntry): Promise<void> {
    return this.#writeEntry(entry, put);
  }

  async putMany(entries: readonly CacheEntry[]): Promise<void> {
    const packed = entries.map((entry) => this.#pack(entry));
    const keys = entries.map(({ key }) => key);
    const bytes = packed.reduce((sum, { stored }) => sum + storedBytes(stored), 0);
    const write = (ready: readonly Packed[]): Promise<void> =>
      this.#writeNow({ keys, bytes, several: true }, (handle) => {
        for (const one of ready) put(handle, one);
      });
    const isLarge = packed.some((one) => this.#isLarge(one));
    await (isLarge ? this.#compress(packed).then(write) : this.#inOrder(() => write(packed)));
  }

  add(entry: CacheEntry): Promise<boolean> {
    return this.#writeEntry(entry, (handle, packed) => {
      const values = wholeRow(packed, stampFor(handle, packed));
      return handle.statement(sql.ADD).run(...values, clock.now()).changes === 1;
    });
  }

  async increment(key: string, by: number, tags: readonly string[] = []): Promise<number> {
    const row = await this.#write([key], (handle) => {
      const now = clock.now();
      const created = [key, String(by), now, newVersion(), ...tagColumns(handle, tags)];
      // The driver binds a large number as a fraction, which has 15 digits as text
      const exact = Number.isSafeInteger(by) ? BigInt(by) : by;
      return handle
        .statement(sql.INCREMENT)
        .get(...created, now, exact, now, now, now, now, now) as { value: string } | undefined;
    });
    if (row === undefined) throw CacheValueNotNumericError.at(key);
    return Number(row.value);
  }

  touch(key: string, expiresAt: number | undefined): Promise<boolean> {
    const expiry = expiresAt ?? null;
    return this.#write([key], (handle) => {
      const result = handle.statement(sql.TOUCH).run(expiry, expiry, key, clock.now());
      return result.changes === 1;
    });
  }

  async pull(key: string): Promise<CacheHit | undefined> {
    const row = await this.#write(
      [key],
      (handle) => {
        handle.statement(sql.OUTDATE_CLAIM).run(key);
        return handle.statement(sql.PULL).get(key, clock.now()) as
          { value: Stored; stale_at: number | null; dead: 0 | 1 } | undefined;
      },
      true,
    );
    return row === undefined || row.dead === 1 ? undefined : hitOf(row.value, row.stale_at);
  }

  forget(keys: readonly string[]): Promise<number> {
    return this.#write(
      keys,
      (handle) => {
        let live = 0;
        for (const key of keys) {
          handle.statement(sql.OUTDATE_CLAIM).run(key);
          const row = handle.statement(sql.FORGET).get(key, clock.now()) as
            { dead: 0 | 1 } | undefined;
          if (row?.dead === 0) live += 1;
        }
        return live;
      },
      true,
    );
  }

  forgetTags(tags: readonly string[]): Promise<void> {
    return this.#write(
      undefined,
      (handle) => {
        const stamp = stampNow(handle) + 1;
        for (const tag of ['', ...tags]) handle.statement(sql.STAMP_TAG).run(tag, stamp);
      },
      true,
    );
  }

  clear(prefix: string): Promise<void> {
    const tell = (): void => this.#tell(undefined);
    return this.#inOrder(() => removeBelow(this.file, this.#upkeep, prefix)).finally(tell);
  }

  async claim(claim: CacheClaim): Promise<ClaimAnswer> {
    const answer = await this.#write([], (handle) => claimKey(handle, claim), true);
    return answer.state === 'found' ? { ...answer, hit: await answer.hit } : answer;
  }

  fill(entry: CacheEntry, owner: string): Promise<boolean> {
    return this.#writeEntry(entry, (handle, packed) => fill(handle, packed, owner), true);
  }

  async release(key: string, owner: string): Promise<void> {
    await this.#write([], (handle) => handle.statement(sql.END_CLAIM).get(key, owner));
  }

  prune(): Promise<number> {
    return this.#inOrder(() => pruneDead(this.file, this.#upkeep));
  }

  contents(prefix: string): Promise<CacheContents> {
    return this.#inOrder(() => contentsBelow(this.file, prefix));
  }

  async count(more: CacheCounts): Promise<void> {
    const { name } = this.#options;
    await this.file.write(
      (handle) => {
        for (const [count, by] of Object.entries(more) as [string, number][]) {
          if (by !== 0) handle.statement(sql.COUNT).run(name, count, by);
        }
      },
      { several: true },
    );
  }

  async counts(): Promise<CacheCounts> {
    const rows = await this.file.read(
      (handle) =>
        handle.statement(sql.COUNTS_OF).all(this.#options.name) as {
          name: string;
          count: number;
        }[],
    );
    const counted = Object.fromEntries(rows.map(({ name, count }) => [name, count]));
    return { ...noCounts(), ...counted };
  }

  isInTransaction(): boolean {
    return this.file.connection.isInTransaction;
  }

  /** The connection is closed by whoever made it. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Reads after every write that was asked for before. */
  read<T>(work: Work<T>): Promise<Awaited<T>> {
    return this.#inOrder(() => this.file.read(work)) as Promise<Awaited<T>>;
  }

  /** The live entry of a key, on a handle that is given. */
  find(handle: Handle, key: string): CacheHit | Promise<CacheHit> | undefined {
    const row = handle.statement(sql.GET).get(key) as Row | undefined;
    if (row === undefined || (row.expires_at !== null && row.expires_at <= clock.now())) {
      return undefined;
    }
    if ((row.flags & sql.USED) === 0) this.#noteRead(handle, key);
    return row.flags <= sql.USED ? hitOf(row.value, null) : findMore(handle, key, row);
  }

  /** Tells of what this process writes, before anybody can read it: which keys, or undefined when it may be any. */
  watch(watcher: (keys: readonly string[] | undefined) => void): void {
    this.#watchers.push(watcher);
  }

  /** Packs an entry and writes it; asked for at once, unless its value is to be compressed before. */
  #writeEntry<T>(
    entry: CacheEntry,
    work: (handle: Handle, packed: Packed) => T,
    several = false,
  ): Promise<T> {
    try {
      const packed = this.#pack(entry);
      const facts = { keys: [entry.key], bytes: storedBytes(packed.stored), several };
      const write = (ready: Packed): Promise<T> =>
        this.#writeNow(facts, (handle) => work(handle, ready));
      if (!this.#isLarge(packed)) return this.#inOrder(() => write(packed));
      return this.#compress([packed]).then(([ready = packed]) => write(ready));
    } catch (error) {
      return Promise.reject(toError(error));
    }
  }

  /** @param keys what it changes, or undefined when it may be any */
  #write<T>(keys: readonly string[] | undefined, work: Work<T>, several = false): Promise<T> {
    return this.#inOrder(() => this.#writeNow({ keys, bytes: 0, several }, work));
  }

  /** Writes, and does the upkeep that is due before. */
  #writeNow<T>({ keys, bytes, several }: WriteFacts, work: Work<T>): Promise<T> {
    const entries = bytes === 0 ? 0 : (keys?.length ?? 0);
    const due = this.#upkeep.dueBefore({ bytes, entries });
    const all = (handle: Handle): T => {
      if (due !== undefined) this.#upkeep.run(handle, due);
      const result = work(handle);
      this.#tell(keys);
      return result;
    };
    return this.file.write(all, { several: several || due !== undefined });
  }

  #tell(keys: readonly string[] | undefined): void {
    for (const watcher of this.#watchers) watcher(keys);
  }

  #inOrder<T>(ask: () => Promise<T>): Promise<T> {
    return this.#compressing === undefined ? ask() : this.#compressing.then(ask);
  }

  #noteRead(handle: Handle, key: string): void {
    if (!this.#upkeep.isDueAfterRead(key, handle)) return;
    // A courtesy to the one who evicts: no read fails by it
    const mark = (writer: Handle): void => this.#upkeep.markUsed(writer);
    void this.file.write(mark, { several: true }).catch(() => undefined);
  }

  #pack({ key, value, expiresAt, staleAt, tags }: CacheEntry): Packed {
    const stored = encodeValue(key, value);
    const { maxBytes = Infinity } = this.#options;
    // All the others would go for it: it goes itself, at once
    const isTooLarge = storedBytes(stored) > maxBytes / 2;
    return isTooLarge
      ? { key, stored: 'null', expiresAt: 0, staleAt, tags }
      : { key, stored, expiresAt, staleAt, tags };
  }

  #isLarge({ stored }: Packed): boolean {
    return stored.length >= (this.#options.compressFrom ?? Infinity);
  }

  #compress(entries: readonly Packed[]): Promise<Packed[]> {
    const compressed = Promise.all(
      entries.map(async (entry) =>
        this.#isLarge(entry) ? { ...entry, stored: await compress(entry.stored) } : entry,
      ),
    );
    // What was asked for before may take longer
    const inTurn = Promise.all([compressed, this.#compressing]).then(([ready]) => ready);
    const end = (): void => {
      if (this.#compressing === all) this.#compressing = undefined;
    };
    const all = inTurn.then(end, end);
    this.#compressing = all;
    return inTurn;
  }
}

/** A stored value as it was put. */
export function hitOf(stored: Stored, staleAt: number | null): CacheHit | Promise<CacheHit> {
  if (isCompressed(stored)) return decompress(stored).then((whole) => hitOf(whole, staleAt));
  const value = decode(stored);
  return staleAt === null ? { value } : { value, staleAt };
}

function findMore(
  handle: Handle,
  key: string,
  { value }: Row,
): CacheHit | Promise<CacheHit> | undefined {
  const more = handle.statement(sql.GET_MORE).get(key) as {
    stale_at: number | null;
    cleared: 0 | 1;
  };
  return more.cleared === 1 ? undefined : hitOf(value, more.stale_at);
}

/** @param stamp what its tags are dated with: by default now */
function put(handle: Handle, entry: Packed, stamp = stampFor(handle, entry)): void {
  const isPlain = stamp === null && entry.staleAt === undefined;
  if (isPlain && putPlain(handle, entry)) return;
  handle.statement(sql.PUT_WHOLE).run(...wholeRow(entry, stamp));
}

function putPlain(handle: Handle, { key, stored, expiresAt }: Packed): boolean {
  const expiry = expiresAt ?? null;
  const row = [key, stored, expiry, expiry, clock.now(), newVersion()];
  return handle.statement(sql.PUT).run(...row).changes === 1;
}

function wholeRow(entry: Packed, stamp: number | null): unknown[] {
  const { key, stored, staleAt } = entry;
  const expiry = entry.expiresAt ?? null;
  const flags = (stamp === null ? 0 : sql.TAGGED) | (staleAt === undefined ? 0 : sql.STALE);
  const tags = stamp === null ? null : JSON.stringify(entry.tags);
  const plain = [key, stored, expiry, expiry, clock.now(), newVersion()];
  return [...plain, flags, staleAt ?? null, tags, stamp];
}

function newVersion(): number {
  return Math.floor(Math.random() * 2 ** 52);
}

/** What an entry's tags are dated with; null when it has none. */
function stampFor(handle: Handle, { tags = [] }: Packed): number | null {
  return tags.length === 0 ? null : stampNow(handle);
}

/** What a row that is made without a value of its own says of tags: flags, tags, stamp. */
function tagColumns(handle: Handle, tags: readonly string[]): unknown[] {
  return tags.length === 0 ? [0, null, null] : [sql.TAGGED, JSON.stringify(tags), stampNow(handle)];
}

type Claimed =
  | Exclude<ClaimAnswer, { readonly state: 'found' }>
  | { readonly state: 'found'; readonly hit: CacheHit | Promise<CacheHit> };

function claimKey(handle: Handle, claim: CacheClaim): Claimed {
  const { key, owner, until, refresh = false, renewal = false } = claim;
  const now = clock.now();
  const row = handle.statement(sql.CLAIMABLE).get(now, key) as
    { value: Stored; stale_at: number | null; version: number; dead: 0 | 1 } | undefined;
  const isStale = row !== undefined && row.stale_at !== null && row.stale_at <= now;
  if (row?.dead === 0 && !(refresh && isStale)) {
    return { state: 'found', hit: hitOf(row.value, row.stale_at) };
  }
  const held = handle.statement(sql.CLAIM_OF).get(key) as
    { owner: string; until: number; stamp: number } | undefined;
  if (held?.owner === owner) {
    handle.statement(sql.RENEW).run(until, key); // one that came too late stays so
    return { state: 'claimed' };
  }
  if (renewal) return { state: 'taken', owner: held?.owner };
  const isInWork = held !== undefined && held.stamp !== sql.TOO_LATE && held.until > now;
  if (isInWork && !isOwnerGone(held.owner)) return { state: 'taken', owner: held.owner };
  handle.statement(sql.CLAIM).run(key, owner, until, row?.version ?? null, stampNow(handle));
  return { state: 'claimed' };
}

function fill(handle: Handle, entry: Packed, owner: string): boolean {
  const { key, tags = [] } = entry;
  const claim = handle.statement(sql.END_CLAIM).get(key, owner) as
    { version: number | null; stamp: number } | undefined;
  if (claim === undefined || claim.stamp === sql.TOO_LATE) return false;
  const isTagged = tags.length > 0;
  if (isTagged && handle.statement(sql.CLEARED_SINCE).get(claim.stamp, JSON.stringify(tags))) {
    return false;
  }
  const row = handle.statement(sql.CLAIMABLE).get(clock.now(), key) as
    { version: number } | undefined;
  // Dead or alive: what was written meanwhile may have expired already
  if (row !== undefined && row.version !== claim.version) return false;
  put(handle, entry, isTagged ? claim.stamp : null);
  return true;
}
