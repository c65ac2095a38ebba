import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, join, resolve, sep } from 'node:path';
import { freePath } from './durable-files';
import { BackupFailedError, BackupUnknownError } from './backup-errors';

/** A backup that lies in a folder. */
export interface BackupFile {
  readonly connection: string;
  /** `{connection}-{UTC yyyymmddThhmmssSSSZ}.sqlite` */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** The moment whose data it holds, in epoch milliseconds. */
  readonly madeAt: number;
}

const NAME = /^(.+)-(\d{8}T\d{9}Z)\.sqlite$/;
const STAMP = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/;

/** The folder of an application's backups. */
export function backupFolder(storagePath: string): string {
  return join(storagePath, 'backups');
}

/** A path in a folder that no backup has: of a moment, or of the first millisecond after it that is free. */
export function freeBackupPath(
  folder: string,
  connection: string,
  at: number,
  ending = '.sqlite',
): string {
  return freePath((attempt) => join(folder, `${connection}-${stamp(at + attempt)}${ending}`));
}

/** What a backup's name says; undefined when it is not one that Trilite gives. */
export function parseBackupName(
  path: string,
): { readonly connection: string; readonly madeAt: number } | undefined {
  const [, connection, given] = NAME.exec(basename(path)) ?? [];
  if (connection === undefined || given === undefined) return undefined;
  const madeAt = Date.parse(given.replace(STAMP, '$1-$2-$3T$4:$5:$6.$7Z'));
  const isMoment = !Number.isNaN(madeAt) && stamp(madeAt) === given; // no 31st of February
  return isMoment ? { connection, madeAt } : undefined;
}

/** The backups in a folder, newest first; of one connection, or of all. None where there is no folder. */
export function listBackups(folder: string, connection?: string): BackupFile[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap(({ name }) => describe(join(folder, name)) ?? [])
    .filter((backup) => connection === undefined || backup.connection === connection)
    .sort((a, b) => b.madeAt - a.madeAt || a.name.localeCompare(b.name));
}

/** A backup as it lies there. */
export function describe(path: string): BackupFile | undefined {
  const facts = statSync(path, { throwIfNoEntry: false });
  const said = parseBackupName(path);
  if (facts === undefined || said === undefined) return undefined;
  return { ...said, name: basename(path), path, bytes: facts.size };
}

/**
 * Where a backup lies that was asked for by its name or by a path.
 *
 * @throws E_BACKUP_UNKNOWN
 */
export function findBackup(folder: string, given: string): string {
  const paths = [resolve(folder, given), resolve(given)];
  if (given.includes(sep)) paths.reverse(); // a path is meant as the shell means it
  // existsSync first: a name too long for the system is no file, and no failure.
  const found = paths.find((path) => existsSync(path) && statSync(path).isFile());
  if (found === undefined) throw BackupUnknownError.named(given, folder);
  return found;
}

/**
 * Removes the oldest backups of a connection beyond a number. The one made last stays whatever the clock said when it was made.
 *
 * @throws E_BACKUP_FAILED
 */
export function removeOldBackups(last: BackupFile, folder: string, keep: number): BackupFile[] {
  const others = listBackups(folder, last.connection).filter(({ name }) => name !== last.name);
  const old = others.slice(keep - 1);
  for (const { path } of old) {
    try {
      rmSync(path, { force: true });
    } catch (error) {
      throw BackupFailedError.pruning(path, error);
    }
  }
  return old;
}

function stamp(at: number): string {
  return new Date(at).toISOString().replace(/[-:.]/g, '');
}
