import type { Handle } from '../../database/connection-handle';
import { clock, monotonicMs, nextTurn } from '../../support/clock';
import { CacheContentsBuilder } from '../cache-contents';
import type { CacheContents } from '../cache-store';
import * as sql from './schema';
import type { SqliteCacheFile } from './sqlite-cache-file';
import type { SqliteCacheUpkeep } from './sqlite-cache-upkeep';

// What goes through many rows of a cache file: piece by piece, so that neither the event loop nor other writers wait longer than for a few milliseconds.

/** Rows of one piece, and how long one may take. */
const PIECE = 500;
const PIECE_MS = 4;

/** The end of the range of keys that begin with a prefix; null when nothing comes behind it. */
export function endOf(prefix: string): string | null {
  const points = Array.from(prefix);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = (last.codePointAt(0) ?? 0) + 1;
    const isSurrogate = point >= 0xd800 && point <= 0xdfff;
    if (point <= 0x10ffff) {
      return points.join('') + String.fromCodePoint(isSurrogate ? 0xe000 : point);
    }
  }
  return null;
}

/** Removes the rows whose keys begin with a prefix, and gives their pages back. */
export async function removeBelow(
  file: SqliteCacheFile,
  upkeep: SqliteCacheUpkeep,
  prefix: string,
): Promise<void> {
  const end = endOf(prefix);
  const range = [prefix, end, end];
  await file.write((handle) => handle.statement(sql.OUTDATE_CLAIMS).run(...range));
  await repeat(file, (handle) => {
    const rows = handle.statement(sql.KEYS_BELOW).all(...range, PIECE) as { rowid: number }[];
    return removeRows(handle, rows) || rows.length === PIECE;
  });
  await repeat(file, (handle) => upkeep.giveBack(handle, 1));
}

/** Removes what is as good as none, and what is beyond the bounds. @returns how many rows were as good as none */
export async function pruneDead(file: SqliteCacheFile, upkeep: SqliteCacheUpkeep): Promise<number> {
  const expired = await removeExpired(file, upkeep);
  const cleared = await removeCleared(file);
  await repeat(file, (handle) => upkeep.makeRoom(handle, monotonicMs() + PIECE_MS));
  await repeat(file, (handle) => upkeep.giveBack(handle, 1));
  return expired + cleared;
}

async function removeExpired(file: SqliteCacheFile, upkeep: SqliteCacheUpkeep): Promise<number> {
  let removed = 0;
  await file.write((handle) => handle.statement(sql.PRUNE_CLAIMS).run(clock.now()));
  await repeat(file, (handle) => {
    const swept = upkeep.sweep(handle, PIECE, monotonicMs() + PIECE_MS);
    removed += swept.removed;
    return !swept.isDone;
  });
  return removed;
}

/** Removes rows that one of their tags was cleared of, and then the tags that nothing is left to clear of. */
async function removeCleared(file: SqliteCacheFile): Promise<number> {
  let removed = 0;
  let oldest = await file.read(stampNow);
  for (let after: number | undefined = -Infinity; after !== undefined;) {
    const from: number = after;
    const rows = await file.read(
      (handle) => handle.statement(sql.ROWS).all(from, PIECE) as TaggedRow[],
    );
    const live = rows.filter(({ cleared }) => cleared === 0);
    oldest = Math.min(oldest, ...live.map(({ stamp }) => stamp ?? Infinity));
    removed += await removeEach(
      file,
      rows.filter(({ cleared }) => cleared === 1),
    );
    after = rows.length < PIECE ? undefined : rows.at(-1)?.rowid;
    await nextTurn();
  }
  await file.write((handle) => handle.statement(sql.PRUNE_TAGS).run(oldest, oldest));
  return removed;
}

/** Looks again: a row may have been put anew since it was read. */
async function removeEach(file: SqliteCacheFile, rows: readonly TaggedRow[]): Promise<number> {
  if (rows.length === 0) return 0;
  return file.write(
    (handle) => {
      const remove = handle.statement(sql.REMOVE_CLEARED);
      return rows.reduce((sum, { rowid }) => sum + remove.run(rowid).changes, 0);
    },
    { several: true },
  );
}

/** The clock that clearing tags moves on. */
export function stampNow(handle: Handle): number {
  const row = handle.statement(sql.STAMP_NOW).get() as { stamp: number } | undefined;
  return row?.stamp ?? 0;
}

/** What lies below a prefix. */
export async function contentsBelow(file: SqliteCacheFile, prefix: string): Promise<CacheContents> {
  const found = new CacheContentsBuilder(prefix);
  const end = endOf(prefix);
  for (let after: string | undefined = prefix; after !== undefined;) {
    const from: string = after;
    const rows = await file.read(
      (handle) =>
        handle.statement(sql.BY_KEY).all(clock.now(), from, end, end, PIECE) as EntryRow[],
    );
    for (const { key, bytes, written_at: writtenAt, dead } of rows) {
      found.add({ key, bytes, writtenAt, isDead: dead === 1 });
    }
    after = rows.length < PIECE ? undefined : rows.at(-1)?.key;
    await nextTurn();
  }
  return found.contents;
}

interface TaggedRow {
  readonly rowid: number;
  /** Of a row with tags. */
  readonly stamp: number | null;
  readonly cleared: 0 | 1;
}

interface EntryRow {
  readonly key: string;
  readonly bytes: number;
  readonly written_at: number;
  readonly dead: 0 | 1;
}

async function repeat(file: SqliteCacheFile, step: (handle: Handle) => boolean): Promise<void> {
  while (await file.write(step, { several: true }));
}

/** @returns whether some are left, for it took too long */
function removeRows(handle: Handle, rows: readonly { readonly rowid: number }[]): boolean {
  const until = monotonicMs() + PIECE_MS;
  for (const { rowid } of rows) {
    if (monotonicMs() > until) return true;
    handle.statement(sql.REMOVE).run(rowid);
  }
  return false;
}
