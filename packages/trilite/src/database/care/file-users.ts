import { readFileSync, readdirSync, statSync } from 'node:fs';
import { behindLinks } from './durable-files';

/*
 * Who has an SQLite file open, and who holds which of its locks: asked of /proc, where there is one.
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

/** What a lock lets its holder do: `open` is to have the file open and no more. */
export type LockKind = 'write' | 'read' | 'open';

/** A process and the strongest lock it holds on a file. */
export interface LockHolder {
  readonly pid: number;
  readonly holds: LockKind;
}

const STRENGTH: readonly LockKind[] = ['open', 'read', 'write'];

/**
 * Who holds SQLite's locks on a file, the writer first. Empty where /proc is not there, and for processes this one cannot see, such as those
 * of another container.
 *
 * A file with a rollback journal has no `open`: there, who does nothing holds no lock.
 */
export function lockHolders(path: string): LockHolder[] {
  const file = behindLinks(path);
  const held = new Map<number, LockKind>();
  const note = (pid: number, kind: LockKind): void => {
    const known = held.get(pid);
    if (known === undefined || STRENGTH.indexOf(kind) > STRENGTH.indexOf(known)) {
      held.set(pid, kind);
    }
  };
  const isWal = placeOf(`${file}-shm`) !== undefined;
  for (const lock of locksOn(`${file}-shm`)) note(lock.pid, kindInShm(lock));
  for (const lock of locksOn(file).filter((one) => overlap(one, MAIN_LOCKS))) {
    const kind = lock.isExclusive ? 'write' : 'read';
    note(lock.pid, isWal && kind === 'read' ? 'open' : kind);
  }
  return [...held]
    .map(([pid, holds]) => ({ pid, holds }))
    .sort((a, b) => STRENGTH.indexOf(b.holds) - STRENGTH.indexOf(a.holds) || a.pid - b.pid);
}

/**
 * The processes that have a file open, this one included, in order of their pids: by its locks, and by the descriptors this user may see.
 * Empty where /proc is not there.
 */
export function fileUsers(path: string): number[] {
  const file = behindLinks(path);
  const pids = new Set(lockHolders(file).map(({ pid }) => pid));
  const places = [file, `${file}-wal`, `${file}-shm`].flatMap((one) => placeOf(one) ?? []);
  if (places.length === 0) return [];
  for (const pid of processes()) {
    if (!pids.has(pid) && hasOpen(pid, places)) pids.add(pid);
  }
  return [...pids].sort((a, b) => a - b);
}

interface Lock extends Bytes {
  readonly pid: number;
  readonly isExclusive: boolean;
  readonly place: string;
}

/** `3: POSIX  ADVISORY  WRITE 15157 fe:00:2154693 120 120`; who waits for a lock is told by an arrow behind the number. */
const LOCK = /^\d+: POSIX +\S+ +(READ|WRITE) +(\d+) +([0-9a-f]+:[0-9a-f]+:\d+) +(\d+) +(\d+|EOF)$/;

function locksOn(path: string): Lock[] {
  const place = placeOf(path);
  if (place === undefined) return [];
  return textOf('/proc/locks')
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

function kindInShm(lock: Lock): LockKind {
  // The kernel joins neighbouring locks of one process into one range.
  if (lock.isExclusive && overlap(lock, WAL_WRITE)) return 'write';
  return overlap(lock, WAL_READ) ? 'read' : 'open';
}

function overlap(a: Bytes, b: Bytes): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** Device and inode of a file, as /proc/locks writes them; undefined when there is none. */
function placeOf(path: string): string | undefined {
  const facts = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (facts === undefined) return undefined;
  const major = ((facts.dev >> 8n) & 0xfffn) | ((facts.dev >> 32n) & ~0xfffn);
  const minor = (facts.dev & 0xffn) | ((facts.dev >> 12n) & ~0xffn);
  const hex = (part: bigint): string => part.toString(16).padStart(2, '0');
  return `${hex(major)}:${hex(minor)}:${facts.ino}`;
}

function processes(): number[] {
  return namesIn('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function hasOpen(pid: number, places: readonly string[]): boolean {
  return namesIn(`/proc/${pid}/fd`).some((fd) => {
    try {
      return places.includes(placeOf(`/proc/${pid}/fd/${fd}`) ?? '');
    } catch {
      return false; // closed meanwhile
    }
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // another user's process, one that has ended, or no /proc
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
