import { dirname } from 'node:path';
import { delayMs } from '../../support/clock';
import { freeBytes, sizeOf } from '../../support/file-system';
import type { Connection } from '../connection';
import type { Handle } from '../connection-handle';
import { DiskSpaceError } from './errors';
import { fileLocks } from '../file-locks';
import { whenFree } from '../connection-wait';
import { withOwnHandle } from './own-handle';

/** What was done for a file. */
export interface OptimizeReport {
  /** Of the file and its -wal. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** Tables that were given statistics. */
  readonly analyzed: readonly string[];
  /** Free pages given back to the disk. */
  readonly freedPages: number;
  /** Free pages that stay, for the file's autoVacuum is not "incremental": rewriting it gives them back. */
  readonly freePages: number;
  /** Whether the file was rewritten. */
  readonly isRewritten: boolean;
  /** Whether the -wal could be emptied; if not, who keeps it from that, by pid as far as it is known. */
  readonly isWalEmpty: boolean;
  readonly heldBy: readonly number[];
}

/** Pages given back at a time: a write of another process waits for one such step at the most, about a millisecond. */
const BATCH_PAGES = 100;

/** Between two steps whoever waits for the write lock gets it. */
const PAUSE_MS = 2;

/**
 * Gives the query planner statistics, free pages back to the disk, and what is in the -wal to the file. Other processes may go on
 * working, and none is waited for but for the write lock; with `vacuum`, nobody else writes until the file is rewritten.
 *
 * @throws E_DISK_SPACE before a file is rewritten that may not fit twice more, E_DATABASE_BUSY after `busyTimeout`
 */
export function optimize(
  connection: Connection,
  { vacuum }: { readonly vacuum: boolean },
): Promise<OptimizeReport> {
  return withOwnHandle(connection, {}, async (handle) => {
    const bytesBefore = bytesOf(connection);
    if (vacuum) refuseFullDisk(connection, bytesBefore);
    const analyzed = await whenFree(connection, () => analyze(handle));
    const freeBefore = freePagesOf(handle);
    if (vacuum) await rewrite(connection, handle);
    else await shrink(connection, handle);
    const freePages = freePagesOf(handle);
    const isWalEmpty = await whenFree(connection, () => emptyWal(handle));
    return {
      bytesBefore,
      bytesAfter: bytesOf(connection),
      analyzed,
      freedPages: Math.max(0, freeBefore - freePages),
      freePages,
      isRewritten: vacuum,
      isWalEmpty,
      heldBy: isWalEmpty ? [] : holdersOf(connection),
    };
  });
}

function bytesOf({ file }: Connection): number {
  return sizeOf(file) + sizeOf(`${file}-wal`);
}

function freePagesOf(handle: Handle): number {
  return handle.pragma('freelist_count') as number;
}

/** Asks what PRAGMA optimize would do, then has it done: for all tables, not only those this handle has read. */
function analyze(handle: Handle): string[] {
  const steps = handle.statement('PRAGMA optimize = 0x10003').pluck().all() as string[];
  handle.exec('PRAGMA optimize = 0x10002');
  return steps.flatMap(
    (step) => /^ANALYZE "main"\."(.*)"$/.exec(step)?.[1]?.replaceAll('""', '"') ?? [],
  );
}

async function shrink(connection: Connection, handle: Handle): Promise<void> {
  if (handle.pragma('auto_vacuum') !== 2) return;
  for (let free = freePagesOf(handle); free > 0;) {
    await whenFree(connection, () => handle.exec(`PRAGMA incremental_vacuum(${BATCH_PAGES})`));
    const left = freePagesOf(handle);
    if (left >= free) return; // others free pages as fast
    free = left;
    await delayMs(PAUSE_MS);
  }
}

/** Also the one moment at which a file can be given another auto-vacuum mode. */
async function rewrite(connection: Connection, handle: Handle): Promise<void> {
  handle.exec(`PRAGMA auto_vacuum = ${connection.settings.autoVacuum}`);
  handle.exec('PRAGMA temp_store = file'); // the copy is as large as the file: not in memory
  await whenFree(connection, () => handle.exec('VACUUM'));
}

/** @returns whether it is empty; who reads or writes now keeps it from that, and is not waited for. */
function emptyWal(handle: Handle): boolean {
  return handle.pragma('wal_checkpoint(TRUNCATE)') === 0;
}

function holdersOf({ file }: Connection): number[] {
  const { writers, readers } = fileLocks(file);
  return [...new Set([...writers, ...readers])];
}

/** The copy and the -wal may each be as large as the file. */
function refuseFullDisk(connection: Connection, bytes: number): void {
  const free = freeBytes(dirname(connection.file));
  if (free < 2 * bytes) throw DiskSpaceError.forVacuum(connection, 2 * bytes, free);
}
