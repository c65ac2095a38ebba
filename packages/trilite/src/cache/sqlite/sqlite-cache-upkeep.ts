import type { Handle } from '../../database/connection-handle';
import { clock, monotonicMs } from '../../support/clock';
import * as sql from './schema';

/*
 * What keeps a cache file small: expired rows go, and beyond its bounds the oldest ones.
 *
 * It is done by the writes, each so many of them, in the same transaction: a file that nobody writes to does not grow.
 *
 * Which row goes: the oldest that was neither read nor written again since it was written; one that was has a second chance, and becomes
 * the newest (FIFO with reinsertion). Its hit rate is that of "least recently used" or better, without a write for each read: a row is marked
 * as read once, and only while the file is nearly full. The oldest rows lie together, so whole pages come free.
 *
 * @see https://dl.acm.org/doi/10.1145/3593856.3595887 FIFO can be better than LRU: the power of lazy promotion and quick demotion
 */

/** Upkeep is due after so many writes, or so many bytes; of a small bound, after this part of it. */
const WRITES = 50;
const BYTES = 256 * 1024;
const PART = 0.05;

/** Upkeep ends after so long, done or not, once as many rows have gone as come; the next one goes on. */
const LONGEST_MS = 3;

/** Rows looked at in one statement. */
const BATCH = 32;

/** Of the oldest rows, how many at once are given a second chance. */
const SECOND_CHANCES = 32;

/** A bound is kept by this much: what comes until the next upkeep has room. */
const FILLED = 0.95;

/** From here on it is of interest what is read. */
const NEARLY_FILLED = 0.8;

/** Reads between two looks whether the file is nearly full; keys read until they are noted in the file. */
const READS = 1000;
const MARKS = 200;

/** Entries are counted again after so many were written, as a part of their bound: counting takes milliseconds where there are many. */
const COUNTED = 0.01;

/** What a row takes beside its key and value: its other columns, and its places in the indexes. */
const ROW_BYTES = 60;

/** Pages are given back to the file system while a quarter of them is free. */
const FREE_PAGES = 256;

/** The bounds of a file. */
export interface UpkeepOptions {
  readonly maxBytes?: number | undefined;
  readonly maxEntries?: number | undefined;
  readonly onEvicted?: ((keys: readonly string[]) => void) | undefined;
}

interface OldRow {
  readonly rowid: number;
  readonly key: string;
  readonly flags: number;
  readonly bytes: number;
  readonly dead: 0 | 1;
}

/** What a write adds, at most. */
export interface Incoming {
  readonly bytes: number;
  readonly entries: number;
}

/** What upkeep is due for: so many writes, the one that is about to be done among them. */
export interface Due {
  readonly writes: number;
  readonly incoming: Incoming;
}

const NOTHING: Due = { writes: 0, incoming: { bytes: 0, entries: 0 } };

/** How many entries there were when the newest row had this place. */
interface Count {
  entries: number;
  readonly newest: number;
}

/** What is to go. */
interface Excess {
  bytes: number;
  entries: number;
}

/** Removes what is expired or beyond the bounds, a little with every so many writes. */
export class SqliteCacheUpkeep {
  readonly #options: UpkeepOptions;
  readonly #dueWrites: number;
  readonly #dueBytes: number;
  /** Writes asked for since upkeep was due, and their bytes. */
  #writes = 0;
  #bytes = 0;
  #reads = 0;
  #pageBytes = 0;
  #count: Count | undefined;
  #isNearlyFull = false;
  readonly #marks = new Set<string>();

  constructor(options: UpkeepOptions) {
    const { maxBytes = Infinity, maxEntries = Infinity } = options;
    this.#options = options;
    this.#dueWrites = Math.min(WRITES, maxEntries * PART);
    this.#dueBytes = Math.min(BYTES, maxBytes * PART);
  }

  /** Takes note of a write that is asked for; what is due before it, if anything is. */
  dueBefore(incoming: Incoming): Due | undefined {
    this.#writes += Math.max(incoming.entries, 1);
    this.#bytes += incoming.bytes;
    if (this.#writes < this.#dueWrites && this.#bytes < this.#dueBytes) return undefined;
    const due = { writes: this.#writes, incoming };
    this.#writes = this.#bytes = 0;
    return due;
  }

  /** Takes note of a read of a row that was not read before; tells whether what was read is to be noted in the file. */
  isDueAfterRead(key: string, handle: Handle): boolean {
    if (this.#options.maxBytes === undefined && this.#options.maxEntries === undefined) {
      return false;
    }
    this.#reads += 1;
    if (this.#reads % READS === 1) {
      this.#isNearlyFull = this.#excess(handle, NEARLY_FILLED) !== undefined;
    }
    if (this.#isNearlyFull) this.#marks.add(key);
    return this.#marks.size >= MARKS;
  }

  /** Does what is due, within a few milliseconds or the time of the writes. In a write transaction, before what it makes room for. */
  run(handle: Handle, due: Due): void {
    const until = monotonicMs() + LONGEST_MS;
    this.markUsed(handle);
    handle.statement(sql.PRUNE_CLAIMS).run(clock.now());
    this.sweep(handle, Math.max(BATCH, 2 * due.writes), until);
    this.makeRoom(handle, until, due);
    this.giveBack(handle);
  }

  /** Notes in the file which rows were read. */
  markUsed(handle: Handle): void {
    for (const key of this.#marks) handle.statement(sql.MARK_USED).run(key);
    this.#marks.clear();
  }

  /** Removes expired rows. @returns how many, and whether more are due */
  sweep(
    handle: Handle,
    limit: number,
    until: number,
  ): { readonly removed: number; readonly isDone: boolean } {
    const now = clock.now();
    const due = handle.statement(sql.DUE).all(now, limit) as {
      readonly rowid: number;
      readonly expires_at: number | null;
    }[];
    let removed = 0;
    for (const [index, { rowid, expires_at }] of due.entries()) {
      if (index % BATCH === BATCH - 1 && monotonicMs() > until) return { removed, isDone: false };
      const isExpired = expires_at !== null && expires_at <= now;
      handle.statement(isExpired ? sql.REMOVE : sql.REARM).run(rowid);
      if (isExpired) removed += 1;
      if (isExpired && this.#count !== undefined) this.#count.entries -= 1;
    }
    return { removed, isDone: due.length < limit };
  }

  /** Gives free pages back to the file system, some at a time. @returns whether there may be more */
  giveBack(handle: Handle, from = FREE_PAGES): boolean {
    const { page_count: pages, freelist_count: free } = this.#pages(handle);
    if (free < from || free * 4 < pages) return false;
    handle.exec(sql.GIVE_BACK);
    return this.#pages(handle).page_count < pages; // with another `auto_vacuum` it does nothing
  }

  /** Removes the oldest rows beyond the bounds. @returns whether more are to go */
  makeRoom(handle: Handle, until: number, { writes, incoming }: Due = NOTHING): boolean {
    const excess = this.#excess(handle, FILLED, incoming);
    if (excess === undefined) return false;
    const evicted: string[] = [];
    let chances = SECOND_CHANCES;
    for (let left = writes + chances; isLeft(excess) && (left > 0 || monotonicMs() < until);) {
      const rows = handle.statement(sql.OLDEST).all(clock.now(), BATCH) as OldRow[];
      if (rows.length === 0) break;
      left -= rows.length;
      for (const row of rows) {
        if (!isLeft(excess)) break;
        const hasChance = row.dead === 0 && (row.flags & sql.USED) !== 0 && chances > 0;
        if (hasChance) chances -= 1;
        else remove(excess, row);
        if (!hasChance && row.dead === 0) evicted.push(row.key);
        handle.statement(hasChance ? sql.REQUEUE : sql.REMOVE).run(row.rowid);
        // One that is requeued is the newest, but none more
        if (this.#count !== undefined) this.#count.entries -= 1;
      }
    }
    if (evicted.length > 0) this.#options.onEvicted?.(evicted);
    return evicted.length > 0 && isLeft(excess);
  }

  /** What is beyond a part of the bounds, with what is about to be written; undefined when nothing is. */
  #excess(handle: Handle, part: number, incoming?: Incoming): Excess | undefined {
    const excess = {
      bytes: this.#excessBytes(handle, part) + (incoming?.bytes ?? 0),
      entries: this.#excessEntries(handle, part) + (incoming?.entries ?? 0),
    };
    return isLeft(excess) ? excess : undefined;
  }

  #excessBytes(handle: Handle, part: number): number {
    const { maxBytes } = this.#options;
    if (maxBytes === undefined) return -Infinity;
    const { page_count: pages, freelist_count: free } = this.#pages(handle);
    this.#pageBytes ||= (handle.statement(sql.PAGE_BYTES).get() as { page_size: number }).page_size;
    return (pages - free) * this.#pageBytes - maxBytes * part;
  }

  /**
   * By the last count, and how far the places of rows have come since, whoever wrote them: too many where others have removed some. So it is
   * counted again before any goes, unless that was done a moment ago.
   */
  #excessEntries(handle: Handle, part: number): number {
    const { maxEntries } = this.#options;
    if (maxEntries === undefined) return -Infinity;
    const most = Math.ceil(maxEntries * part);
    const { newest } = handle.statement(sql.NEWEST).get() as { newest: number };
    const counted = this.#count;
    const added = counted === undefined ? Infinity : newest - counted.newest;
    if (counted !== undefined && added >= 0) {
      const entries = counted.entries + added;
      if (entries <= most || added < maxEntries * COUNTED) return entries - most;
    }
    const { count: entries } = handle.statement(sql.COUNT_ROWS).get() as { count: number };
    this.#count = { entries, newest };
    return entries - most;
  }

  #pages(handle: Handle): { readonly page_count: number; readonly freelist_count: number } {
    return handle.statement(sql.PAGES).get() as { page_count: number; freelist_count: number };
  }
}

function isLeft({ bytes, entries }: Excess): boolean {
  return bytes > 0 || entries > 0;
}

function remove(excess: Excess, { bytes }: OldRow): void {
  excess.bytes -= bytes + ROW_BYTES;
  excess.entries -= 1;
}
