import { existsSync, renameSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FrameworkError } from '../../support/errors';
import { Handle, isBusy } from '../connection-handle';
import type { BackupSource } from './backup';
import {
  copyPermissions,
  isSameFile,
  partialOf,
  release,
  removeAbandonedPartials,
  removeFile,
  syncFile,
  syncFolder,
} from './durable-files';
import {
  BackupDamagedError,
  BackupFullError,
  ConnectionInMemoryError,
  FileInUseError,
  RestoreFailedError,
  isFull,
} from './backup-errors';
import { realPath } from '../file-locks';
import { fileUsers } from './file-users';
import { openAlone, verifyFile, type ForeignKeyViolation } from './integrity';
import { ReplacedFile, replacedBeside } from './replaced-file';

/*
 * A restore: a verified copy of a backup takes the place of a connection's file.
 *
 * States, of the file and of "aside", where the replaced one is kept; a kill leaves one of them:
 *
 *   1 old        The backup is copied beside the file, as .{file}.{pid}.partial, verified there, and given a new generation. The next restore
 *                removes the partial.
 *   2 old        locked: SQLite has folded the -wal into the file and removed it. Nobody else can read it until we close.
 *   3 old=aside  Both names are the same file. The next restore goes on from here, with the same name aside.
 *   4 old=aside  The -wal and -shm that SQLite could not fold in, for the file is damaged, are moved aside one by one. The next restore goes on.
 *   5 new, aside One rename has replaced the file. The disk has taken "aside" before.
 *
 * Invariants:
 * 1. The file's name is never without a file: "aside" is a second name for it, and the rename that replaces it is one step. Only where the
 *    file system has no second names is it renamed, and between states 3 and 5 it lies aside alone, where the next restore finds it.
 * 2. No -wal or -shm of the old file lies beside the new one: SQLite would read it as the new one's.
 * 3. What is replaced is kept, whole or damaged, with all that lay beside it.
 * 4. Nobody has the file open while it is replaced: they would go on with the old one. SQLite's lock says so of a sound file in WAL mode; of a
 *    damaged one, and of who is idle on one with a rollback journal, /proc alone can.
 * 5. What is put in place has a generation that no file had before: whoever keeps a number about the file can tell that it went back.
 */

/** What is restored, and where what it replaces is kept. */
export interface RestoreOptions {
  /** The path of the backup; what SQLite left beside it (`-wal`) belongs to it. */
  readonly backup: string;
  /** The folder of the backups; the replaced file goes into its subfolder `replaced`. */
  readonly folder: string;
  /** Looks at the copy, before anything is replaced; throws when it is not to be put there. */
  readonly verify?: ((handle: Handle) => void) | undefined;
}

/** What a restore did. */
export interface Restored {
  readonly connection: string;
  readonly file: string;
  readonly backup: string;
  /** Where the replaced file is kept; undefined when there was none. */
  readonly replaced: string | undefined;
  /** When the file was missing: one that a restore before this left beside its place. */
  readonly left: string | undefined;
  /** Rows of the backup that refer to rows which are not there. */
  readonly violations: readonly ForeignKeyViolation[];
}

/**
 * Puts a backup in the place of a connection's file, which must be open nowhere. The replaced file is kept.
 *
 * Whatever ends it early, a kill included, the file is the old or the new one, whole. Verifying blocks the event loop.
 *
 * @throws E_BACKUP_DAMAGED, E_DATABASE_IN_USE, E_BACKUP_FULL, E_RESTORE_FAILED, E_CONNECTION_IN_MEMORY; nothing was replaced then
 */
export async function restoreConnection(
  connection: BackupSource,
  options: RestoreOptions,
): Promise<Restored> {
  if (connection.file === ':memory:') throw ConnectionInMemoryError.for(connection);
  const target = { ...connection, file: realPath(connection.file) };
  const backup = realPath(options.backup);
  refuseUnusable(target, backup);
  const left = existsSync(target.file) ? undefined : replacedBeside(target.file, target.name)[0];
  removeAbandonedPartials(dirname(target.file), target.file);
  const copy = partialOf(target.file);
  try {
    const violations = await copyVerified(target, { backup, copy, verify: options.verify });
    const replaced = replace(target, { copy, folder: options.folder });
    const { name, file } = connection;
    return { connection: name, file, backup: options.backup, replaced, left, violations };
  } catch (error) {
    throw explain(error, target, copy);
  } finally {
    removeFile(copy);
    release(copy);
  }
}

function refuseUnusable(target: BackupSource, backup: string): void {
  if (isSameFile(target.file, backup)) throw FileInUseError.itself(target);
  refuseUsed(target);
  const users = fileUsers(backup);
  if (users.length > 0) throw FileInUseError.backup(backup, users);
}

function refuseUsed(target: BackupSource): void {
  const users = fileUsers(target.file);
  if (users.length > 0) throw FileInUseError.by(users, target);
}

/** Makes a verified copy of a backup, of a generation of its own. */
async function copyVerified(
  target: BackupSource,
  { backup, copy, verify }: Pick<RestoreOptions, 'backup' | 'verify'> & { readonly copy: string },
): Promise<readonly ForeignKeyViolation[]> {
  await copyFile(backup, copy);
  if (existsSync(`${backup}-wal`)) await copyFile(`${backup}-wal`, `${copy}-wal`);
  copyPermissions(target.file, copy);
  const { problems, violations } = verifyFile({ ...target, file: copy }, target.settings);
  if (problems.length > 0) throw BackupDamagedError.file(backup, problems);
  beginGeneration({ ...target, file: copy }, verify);
  syncFile(copy);
  return violations;
}

function beginGeneration(copy: BackupSource, verify: RestoreOptions['verify']): void {
  // It loads Kysely: not for who only lists the commands
  const { renewGeneration } = require('../generation') as typeof import('../generation');
  const handle = openAlone(copy, copy.settings);
  try {
    verify?.(handle);
    renewGeneration(handle);
  } finally {
    handle.close();
  }
}

/** @returns where the replaced file is kept */
function replace(
  target: BackupSource,
  { copy, folder }: { readonly copy: string; readonly folder: string },
): string | undefined {
  refuseUsed(target); // verifying took its time
  const isThere = existsSync(target.file);
  const lock = isThere ? lockAlone(target) : undefined;
  const replaced = new ReplacedFile(target, folder);
  try {
    replaced.keep();
    renameSync(copy, target.file);
  } catch (error) {
    putBack(replaced, target, error);
    throw error;
  } finally {
    lock?.close();
  }
  syncFolder(dirname(target.file));
  return isThere ? replaced.path : undefined;
}

/** Holds SQLite's exclusive lock on a file that is now one whole; nothing where SQLite cannot make it so, for it is damaged. */
function lockAlone(target: BackupSource): Handle | undefined {
  let handle: Handle | undefined;
  try {
    // By a handle that only reads: one that writes would, at its close, change a damaged file by what lies in its -wal.
    handle = new Handle(target, target.settings, { readOnly: true });
    handle.statement('select count(*) from sqlite_schema').get();
    handle.close();
    handle = openAlone(target, target.settings);
    handle.exec('BEGIN EXCLUSIVE');
    return handle;
  } catch (error) {
    handle?.close();
    if (isBusy(error)) throw FileInUseError.by([], target);
    return undefined;
  }
}

function putBack(replaced: ReplacedFile, target: BackupSource, cause: unknown): void {
  const { path } = replaced;
  try {
    replaced.putBack();
  } catch {
    throw RestoreFailedError.halfway(target, path ?? target.file, cause);
  }
}

function explain(error: unknown, target: BackupSource, copy: string): unknown {
  if (error instanceof FrameworkError) return error;
  return isFull(error)
    ? BackupFullError.at(copy, target, error)
    : RestoreFailedError.replacing(target, error);
}
