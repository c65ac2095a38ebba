import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../../config/load-config';
import { humanBytes } from '../../support/bytes';
import { freeBytes, sizeOf } from '../../support/file-system';
import { fail, ok, warn, type ApplicationChecks, type Finding } from './check';

const MB = 1024 ** 2;
const LITTLE_BYTES = 1024 * MB;
const TOO_LITTLE_BYTES = 100 * MB;

/** The kinds of file systems that matter, as statfs(2) numbers them. @see https://man7.org/linux/man-pages/man2/statfs.2.html */
const KINDS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0x01021997, '9p'],
  [0x786f4256, 'vboxsf'],
  [0x00c36400, 'Ceph'],
  [0x65735546, 'FUSE'],
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
  [0x794c7630, 'overlay'],
]);

const LOCAL_MEND =
  'Put STORAGE_PATH on a disk of this machine, or on a volume that is one; copy the files there while nothing runs.';

/** Whether the folders of the files are a place for SQLite. */
export const storageChecks: ApplicationChecks = ({ config }) =>
  foldersOf(config).flatMap((folder) => [
    { name: `File system of ${folder}`, run: () => judgeKind(kindOf(folder)) },
    { name: `Writing to ${folder}`, run: () => checkWritable(folder) },
    {
      name: `Free disk of ${folder}`,
      run: () => judgeFreeBytes(freeBytes(folder), largestFile(config, folder)),
    },
  ]);

/** Judges a kind of file system; undefined is one of no account. */
export function judgeKind(kind: string | undefined): Finding {
  switch (kind) {
    case undefined:
      return ok(
        process.platform === 'linux'
          ? 'It is none of those that SQLite is in danger on.'
          : `Its kind cannot be told on ${process.platform}; it must be a disk of this machine.`,
      );
    case 'tmpfs':
    case 'ramfs':
      return warn(
        `It is ${kind}, in memory: all files are gone when the machine stops.`,
        LOCAL_MEND,
      );
    case 'overlay':
      return warn(
        'It is an overlay, a layer of a container: all files are gone with the container.',
        'Mount a volume there.',
      );
    case 'FUSE':
      return warn(
        'It is FUSE: behind it may be a network, or the host of a virtual machine, where memory is not shared and files are corrupted.',
        LOCAL_MEND,
      );
    default:
      return fail(
        `It is ${kind}: processes share no memory over it, which WAL needs, and locks are not sure. Files will be corrupted.`,
        LOCAL_MEND,
      );
  }
}

/** Judges the room on a disk by the largest file on it. */
export function judgeFreeBytes(free: number, largest: number): Finding {
  const message = `${humanBytes(free)} are free; the largest file has ${humanBytes(largest)}.`;
  const mend =
    'Free disk space, or move the files to a larger disk; "db:show" tells what takes room.';
  if (free < TOO_LITTLE_BYTES) return fail(message, mend);
  return free < Math.max(LITTLE_BYTES, 2 * largest) ? warn(message, mend) : ok(message);
}

function kindOf(folder: string): string | undefined {
  return process.platform === 'linux' ? KINDS.get(statfsSync(folder).type >>> 0) : undefined;
}

/** Permissions alone do not tell: of a read-only mount, a quota, a full disk. */
function checkWritable(folder: string): Finding {
  try {
    const temporary = mkdtempSync(join(folder, '.doctor-'));
    try {
      writeFileSync(join(temporary, 'file'), 'written', { flush: true });
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
    return ok('A file was written there, and removed.');
  } catch (error) {
    const { message } = error as Error;
    return fail(
      `No file can be written there: ${message}.`,
      'Give this process’s user write permission on the folder, and see that its disk is neither full nor mounted read-only.',
    );
  }
}

function foldersOf({ storagePath, database }: Config): string[] {
  const files = Object.values(database.connections).map(({ file }) => file);
  const folders = files.filter((file) => file !== ':memory:').map((file) => dirname(file));
  return [...new Set([storagePath, ...folders])];
}

function largestFile({ database }: Config, folder: string): number {
  const files = Object.values(database.connections).map(({ file }) => file);
  return Math.max(0, ...files.filter((file) => dirname(file) === folder).map(sizeOf));
}
