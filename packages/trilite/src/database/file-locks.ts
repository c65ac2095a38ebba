import { readFileSync, statSync } from 'node:fs';

/** Processes that hold locks on a WAL file, by pid; this one among them. */
export interface FileLocks {
  /** Who holds the write lock: one at most. */
  readonly writers: readonly number[];
  /** Who is in a read transaction: what they may still read keeps the -wal from being emptied. */
  readonly readers: readonly number[];
  /** Who has the file open. */
  readonly openers: readonly number[];
}

/** Bytes of the -shm that SQLite locks. @see https://sqlite.org/walformat.html#wal_locks */
const WRITE_LOCK = { first: 120, last: 120 };
const READ_LOCKS = { first: 123, last: 127 };
const OPEN_LOCK = { first: 128, last: 128 };

/** `1: POSIX  ADVISORY  WRITE 4711 08:02:2154741 120 120`; one who waits for a lock has an arrow before POSIX. */
const LINE =
  /^\d+: POSIX +\S+ +(?:READ|WRITE) +(\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) (\d+) (\d+|EOF)$/;

/**
 * Who holds which lock on a WAL file, as Linux tells. Processes of other containers and machines are not seen, nor is anybody where
 * there is no /proc/locks, or where it numbers devices otherwise than stat does, as on btrfs.
 */
export function fileLocks(file: string): FileLocks {
  const shared = statSync(`${file}-shm`, { bigint: true, throwIfNoEntry: false });
  const held =
    shared === undefined ? [] : readLocks().filter((lock) => lock.inode === inodeOf(shared));
  const holders = ({ first, last }: typeof WRITE_LOCK): number[] => [
    ...new Set(
      held.filter((lock) => lock.first <= last && lock.last >= first).map(({ pid }) => pid),
    ),
  ];
  return {
    writers: holders(WRITE_LOCK),
    readers: holders(READ_LOCKS),
    openers: holders(OPEN_LOCK),
  };
}

interface HeldLock {
  readonly pid: number;
  readonly inode: string;
  /** The system shows neighbouring locks of one process as one. */
  readonly first: number;
  readonly last: number;
}

function readLocks(): HeldLock[] {
  return readProc('/proc/locks')
    .split('\n')
    .flatMap((line) => {
      const [, pid, major = '', minor = '', inode, first, last] = LINE.exec(line) ?? [];
      if (pid === undefined) return [];
      const device = [major, minor].map((part) => parseInt(part, 16)).join(':');
      return [
        {
          pid: Number(pid),
          inode: `${device}:${inode}`,
          first: Number(first),
          last: last === 'EOF' ? Infinity : Number(last),
        },
      ];
    });
}

/** Device and number. @see https://man7.org/linux/man-pages/man3/makedev.3.html how a device number is made of two */
function inodeOf({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }): string {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  return `${major}:${minor}:${ino}`;
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
