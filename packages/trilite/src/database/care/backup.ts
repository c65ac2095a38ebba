import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { requireWholeNumber } from '../../support/argument';
import { clock } from '../../support/clock';
import { FrameworkError } from '../../support/errors';
import type { Connection } from '../connection';
import { Handle } from '../connection-handle';
import { whenFree } from '../connection-wait';
import { refuseReplaced } from '../file-locks';
import { freeBackupPath, describe, removeOldBackups, type BackupFile } from './backup-files';
import {
  copyPermissions,
  partialOf,
  release,
  removeAbandonedPartials,
  removeFile,
  syncFile,
  syncFolder,
} from './durable-files';
import {
  BackupDamagedError,
  BackupFailedError,
  BackupFullError,
  ConnectionInMemoryError,
  isFull,
} from './backup-errors';
import type { ForeignKeyViolation } from './integrity';
import { verifyCopy } from './integrity-thread';

/*
 * A backup: one file, whole, of one moment, while everybody goes on reading and writing.
 *
 *   snapshot   A handle of its own, which only reads, begins a read transaction: whatever others commit, it sees that moment. Without it
 *              each commit of another process makes the copy begin anew, and beside a busy worker it would never end.
 *   copy       into .{name}.{pid}.partial, some pages a turn of the event loop. Until it ends the -wal cannot be reset, and grows.
 *   verify     A thread, of a small copy this one, opens it alone, makes one file of it, and reads every page.
 *   publish    fsync, rename, fsync of the folder: what has a backup's name is whole, and on the disk.
 *   prune      Only now are older ones removed.
 *
 * Killed before it is published, it leaves a partial, which the next backup removes.
 */

/** What is backed up: a connection, of which no handle is used. */
export type BackupSource = Pick<Connection, 'name' | 'file' | 'settings'> & {
  /** As of a connection: whose file it is, is looked at before a copy is made. Default: any file is taken for what lies there. */
  readonly verifiedPlace?: Connection['verifiedPlace'];
};

/** Where a backup goes. */
export interface BackupOptions {
  /** The folder of the backups; made when it is missing. */
  readonly folder: string;
  /** How many backups of this connection stay, this one included: 1 or more. Default: all. */
  readonly keep?: number | undefined;
  /** Told now and then how many pages are copied, of how many. What it throws ends the backup. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A backup that was made. */
export interface Backup extends BackupFile {
  /** Rows that refer to rows which are not there: they were so in the data. */
  readonly violations: readonly ForeignKeyViolation[];
  /** The names of older backups that were removed for it. */
  readonly removed: readonly string[];
}

/**
 * Backs up a connection's file while it is in use: what was committed before one moment, and nothing of what came after it.
 *
 * The copy runs beside other work, some pages a turn; a thread reads every page of it at the end. The event loop
 * stays free but for the moment in which the disk takes the copy.
 *
 * @throws E_DATABASE_FILE_MISSING, E_DATABASE_BUSY after `busyTimeout`, E_CONNECTION_IN_MEMORY
 * @throws E_BACKUP_DAMAGED, E_BACKUP_FULL, E_BACKUP_FAILED; no partial stays then, and no older backup was removed
 */
export async function backupConnection(
  source: BackupSource,
  options: BackupOptions,
): Promise<Backup> {
  if (source.file === ':memory:') throw ConnectionInMemoryError.for(source);
  if (options.keep !== undefined) requireWholeNumber('keep', options.keep, 1);
  const place = await source.verifiedPlace?.();
  const snapshot = await whenFree(source, () => beginSnapshot(source));
  try {
    refuseReplaced(source, place);
  } catch (error) {
    snapshot.close();
    throw error;
  }
  return backupSnapshot(source, snapshot, options);
}

/** Backs up what a snapshot sees, which is closed then, whatever comes of it. @throws as `backupConnection` */
export async function backupSnapshot(
  source: BackupSource,
  snapshot: Handle,
  { folder, keep, onProgress = () => undefined }: BackupOptions,
): Promise<Backup> {
  const madeAt = clock.now();
  let path = folder;
  try {
    mkdirSync(folder, { recursive: true });
    removeAbandonedPartials(folder);
    path = freeBackupPath(folder, source.name, madeAt);
    const violations = await writeBackup(source, snapshot, { path, onProgress });
    return finish(path, { folder, keep, violations });
  } catch (error) {
    throw explain(error, source, path);
  } finally {
    snapshot.close();
  }
}

/**
 * A handle that sees a file as it is now, whatever others commit, until it is closed. Several files are of one moment when they are begun while
 * all of them are locked for writing.
 *
 * @throws SQLITE_BUSY while the file is being recovered
 */
export function beginSnapshot(source: BackupSource): Handle {
  const handle = new Handle(source, source.settings, { readOnly: true });
  try {
    handle.exec('BEGIN'); // it begins with its first read
    handle.statement('select count(*) from sqlite_schema').get();
    return handle;
  } catch (error) {
    handle.close();
    throw error;
  }
}

async function writeBackup(
  source: BackupSource,
  snapshot: Handle,
  { path, onProgress }: { readonly path: string } & Required<Pick<BackupOptions, 'onProgress'>>,
): Promise<readonly ForeignKeyViolation[]> {
  const partial = partialOf(path);
  try {
    writeFileSync(partial, '', { mode: 0o600 }); // never more readable than what it is a copy of
    await snapshot.backup(partial, onProgress);
    snapshot.close(); // from here on the -wal may be reset
    const violations = await verify(source, partial);
    copyPermissions(source.file, partial);
    syncFile(partial);
    renameSync(partial, path);
    syncFolder(dirname(path));
    return violations;
  } finally {
    removeFile(partial);
    release(partial);
  }
}

async function verify(
  source: BackupSource,
  partial: string,
): Promise<readonly ForeignKeyViolation[]> {
  const copy = { ...source, file: partial };
  const { problems, violations } = await verifyCopy(copy, source.settings);
  if (problems.length > 0) throw BackupDamagedError.copy(source, problems);
  return violations;
}

function finish(
  path: string,
  { folder, keep, violations }: Pick<BackupOptions, 'folder' | 'keep'> & Pick<Backup, 'violations'>,
): Backup {
  const made = describe(path);
  if (made === undefined) throw new Error(`"${path}" was removed as soon as it was made`);
  const removed = keep === undefined ? [] : removeOldBackups(made, folder, keep);
  return { ...made, violations, removed: removed.map(({ name }) => name) };
}

function explain(error: unknown, source: BackupSource, path: string): unknown {
  if (error instanceof FrameworkError) return error;
  return isFull(error)
    ? BackupFullError.at(path, source, error)
    : BackupFailedError.writing(path, source, error);
}
