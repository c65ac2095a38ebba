import { readFileSync, realpathSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { DatabaseFileReplacedError, type ConnectionFacts } from './errors';

/*
 * Who holds which of SQLite's locks on a file: asked of /proc/locks, where there is one.
 *
 * SQLite's locks are bytes, each with a meaning. Of a file in WAL mode they lie in the -shm; the main file then carries a shared lock of
 * every opener. Of a file with a rollback journal all of them lie in the main file, and who is idle holds none.
 *
 * @see https://sqlite.org/walformat.html#wal_locks
 */

interface Bytes {
  readonly first: bigint;
  readonly last: bigint;
}

const WAL_WRITE: Bytes = { first: 120n, last: 120n };
const WAL_READ: Bytes = { first: 123n, last: 127n };
/** PENDING, RESERVED and the 510 bytes of SHARED, from the first byte of the second gigabyte. */
const MAIN_LOCKS: Bytes = { first: 0x40000000n, last: 0x400001ffn };

/** Processes that hold locks on a file, by pid; this one among them. */
export interface FileLocks {
  /** Who holds the write lock: one at most. */
  readonly writers: readonly number[];
  /** Who is in a read transaction: what they may still read keeps the -wal from being emptied. */
  readonly readers: readonly number[];
  /** Who has the file open; with a rollback journal, who does something with it. */
  readonly openers: readonly number[];
}

/**
 * Who holds which lock on a file. Processes of other containers and machines are not seen, nor is anybody where there is no /proc/locks, or
 * where the file system gives files other device numbers than their locks, as btrfs does.
 */
export function fileLocks(path: string): FileLocks {
  return locksIn(textOf('/proc/locks'), path);
}

/** `fileLocks` without holding the event loop up: the kernel takes some milliseconds for its list. */
export async function readFileLocks(path: string): Promise<FileLocks> {
  return locksIn(await readFile('/proc/locks', 'utf8').catch(() => ''), path);
}

function locksIn(list: string, path: string): FileLocks {
  const file = realPath(path);
  const isWal = placeOf(`${file}-shm`) !== undefined;
  const shared = locksOn(list, `${file}-shm`);
  const main = locksOn(list, file).filter((lock) => overlap(lock, MAIN_LOCKS));
  return {
    writers: pids([
      ...shared.filter((lock) => lock.isExclusive && overlap(lock, WAL_WRITE)),
      ...main.filter((lock) => lock.isExclusive),
    ]),
    readers: pids([
      ...shared.filter((lock) => overlap(lock, WAL_READ)),
      ...main.filter((lock) => !isWal && !lock.isExclusive),
    ]),
    openers: pids([...shared, ...main]),
  };
}

/** Device and inode of a file, as /proc/locks writes them; undefined when there is none. */
export function placeOf(path: string): string | undefined {
  const facts = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (facts === undefined) return undefined;
  const major = ((facts.dev >> 8n) & 0xfffn) | ((facts.dev >> 32n) & ~0xfffn);
  const minor = (facts.dev & 0xffn) | ((facts.dev >> 12n) & ~0xffn);
  const hex = (part: bigint): string => part.toString(16).padStart(2, '0');
  return `${hex(major)}:${hex(minor)}:${facts.ino}`;
}

/**
 * Refuses another file than the one that was seen to be right. @param place as `placeOf`; undefined where any file is taken for what lies there
 *
 * @throws E_DATABASE_FILE_REPLACED
 */
export function refuseReplaced(facts: ConnectionFacts, place: string | undefined): void {
  if (place === undefined || placeOf(facts.file) === place) return;
  throw DatabaseFileReplacedError.unseen(facts);
}

/** The path behind symbolic links: beside that lie -wal and -shm. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // not there
  }
}

interface Lock extends Bytes {
  readonly pid: number;
  readonly isExclusive: boolean;
  readonly place: string;
}

/** `3: POSIX  ADVISORY  WRITE 15157 fe:00:2154693 120 120`; who waits for a lock is told by an arrow behind the number. */
const LOCK = /^\d+: POSIX +\S+ +(READ|WRITE) +(\d+) +([0-9a-f]+:[0-9a-f]+:\d+) +(\d+) +(\d+|EOF)$/;

function locksOn(list: string, path: string): Lock[] {
  const place = placeOf(path);
  if (place === undefined) return [];
  return list
    .split('\n')
    .flatMap((line) => parseLock(line) ?? [])
    .filter((lock) => lock.place === place && lock.pid > 0); // of another pid namespace the kernel says 0
}

function parseLock(line: string): Lock | undefined {
  const [, mode, pid, place, first, last] = LOCK.exec(line) ?? [];
  if (place === undefined || first === undefined || last === undefined) return undefined;
  return {
    pid: Number(pid),
    isExclusive: mode === 'WRITE',
    place,
    first: BigInt(first),
    last: last === 'EOF' ? 2n ** 63n : BigInt(last),
  };
}

/** The kernel joins neighbouring locks of one process into one range. */
function overlap(a: Bytes, b: Bytes): boolean {
  return a.first <= b.last && b.first <= a.last;
}

function pids(locks: readonly Lock[]): number[] {
  return [...new Set(locks.map(({ pid }) => pid))].sort((a, b) => a - b);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
