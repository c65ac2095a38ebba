import { existsSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { clock } from '../../support/clock';
import type { Connection } from '../connection';
import { Handle, isBusy } from '../connection-handle';
import { ConnectionRegistry } from '../connection-registry';
import { whenFree } from '../connection-wait';
import { placeOf, realPath } from '../file-locks';
import type { NamedMigration } from '../migrations/migration';
import { Migrator } from '../migrations/migrator';
import {
  SIDES,
  asideName,
  copyPermissions,
  filesSetAside,
  freePath,
  partialOf,
  release,
  removeAbandonedPartials,
  removeFile,
  type Unusable,
} from './durable-files';

/*
 * A new, empty file in the place of one that is damaged or gone. Only for files whose content may be lost, while other processes have them open.
 *
 * Invariants:
 * 1. One process does it at a time: SQLite's exclusive lock on "{file}-repair" says who, and ends with the process. That file stays: one that is
 *    removed while others ask for its lock can be locked twice.
 * 2. A damaged file is renamed, never deleted, with its -wal and -shm: the main file first, so that nobody opens it by its name while its -wal
 *    is already gone. Of damaged ones the last is kept, of foreign ones all. One without a table is deleted.
 * 3. A new file comes whole: it is made under another name, migrated, closed, and renamed. No -wal of another file lies beside it then.
 * 4. Who has the old one open goes on with it until it looks (`Connection.follow`). SQLite deletes neither -wal nor -shm by name when it
 *    closes a file that was moved, so the new one's are safe.
 */

/** What became of a file that could not be used. */
export interface Recreated {
  /** Where the damaged file is kept; undefined when there was none, or nothing in it. */
  readonly kept: string | undefined;
}

/** How many files with other tables are kept. */
const FOREIGN_FILES = 3;

/** What is recreated. */
export interface RecreateOptions {
  readonly migrations: readonly NamedMigration[];
  /** Which file was found unusable (`Connection.place`): another one at the path is left alone. Undefined when it could not be opened. */
  readonly place: string | undefined;
  /** Names the file that is set aside. */
  readonly found: Unusable;
}

/**
 * Puts a new, migrated, empty file in the place of a damaged or missing one.
 *
 * @returns undefined when another process did so first
 * @throws E_DATABASE_BUSY, E_DATABASE_FULL, E_DATABASE_OPEN, E_DATABASE_PERMISSION and errors of the file system
 */
export async function recreateFile(
  connection: Connection,
  options: RecreateOptions,
): Promise<Recreated | undefined> {
  const file = realPath(connection.file);
  const lock = await lockRepair(connection, `${file}-repair`);
  try {
    if (!isStillUnusable(connection, file, options.place)) return undefined;
    removeAbandonedPartials(dirname(file), basename(file));
    const fresh = await createFresh(connection, file, options.migrations);
    // Kept, one that somebody empties time and again would count until no further one is set aside
    if (options.found === 'foreign' && isEmpty(connection)) removeFile(file);
    const kept = setAside(file, options.found);
    renameSync(fresh, file);
    release(fresh);
    return { kept };
  } finally {
    lock.close();
    connection.follow({ now: true });
  }
}

async function lockRepair(connection: Connection, path: string): Promise<Handle> {
  const settings = { ...connection.settings, file: path, journalMode: 'delete' } as const;
  const facts = { name: connection.name, file: path };
  return whenFree(connection, () => {
    const handle = new Handle(facts, settings, { create: true });
    try {
      handle.exec('BEGIN EXCLUSIVE');
      return handle;
    } catch (error) {
      handle.close();
      throw error;
    }
  });
}

/** Whoever held the lock before may have put a new file in place. */
function isStillUnusable(connection: Connection, file: string, place: string | undefined): boolean {
  if (!existsSync(file)) return true;
  if (place !== undefined) return place === placeOf(file);
  let handle: Handle | undefined;
  try {
    handle = new Handle(connection, connection.settings, { asFound: true });
    handle.statement('select count(*) from sqlite_schema').get();
    return false;
  } catch (error) {
    return !isBusy(error);
  } finally {
    handle?.close();
  }
}

async function createFresh(
  { name, settings }: Connection,
  file: string,
  migrations: readonly NamedMigration[],
): Promise<string> {
  const fresh = partialOf(file);
  removeFile(fresh);
  const connections = new ConnectionRegistry({
    default: name,
    connections: { [name]: { ...settings, file: fresh } },
  });
  try {
    await new Migrator(connections, [{ connection: name, migrations }]).migrate();
  } catch (error) {
    await connections.close();
    removeFile(fresh);
    throw error;
  }
  await connections.close();
  copyPermissions(file, fresh);
  return fresh;
}

/** @returns where the damaged file lies now */
function setAside(file: string, found: Unusable): string | undefined {
  if (!existsSync(file)) {
    for (const side of SIDES) rmSync(`${file}${side}`, { force: true }); // of one that was deleted alone
    return undefined;
  }
  const time = clock.date().toISOString().replace(/\D/g, '').slice(0, 14);
  const aside = join(dirname(file), asideName(file, found) + time);
  const kept = freePath((attempt) => `${aside}${attempt === 0 ? '' : `-${attempt}`}`);
  const earlier = filesSetAside(file, found);
  if (found === 'foreign') refuseMore(file, earlier);
  // A disk that damages files again and again would be filled with them
  else for (const one of earlier) removeFile(one);
  for (const side of ['', ...SIDES]) {
    if (existsSync(`${file}${side}`)) renameSync(`${file}${side}`, `${kept}${side}`);
  }
  return kept;
}

/** Whether it has no table at all: somebody has emptied it, and nothing in it could be missed. */
function isEmpty(connection: Connection): boolean {
  let handle: Handle | undefined;
  try {
    handle = new Handle(connection, connection.settings, { asFound: true });
    const row = handle.statement('select count(*) as tables from sqlite_schema').get();
    return (row as { readonly tables: number }).tables === 0;
  } catch {
    return false;
  } finally {
    handle?.close();
  }
}

/** They may be somebody's data, so none is deleted; two programs that fight over a name would fill the disk with them. */
function refuseMore(file: string, earlier: readonly string[]): void {
  if (earlier.length < FOREIGN_FILES) return;
  const kept = earlier.map((path) => basename(path)).join(', ');
  throw new Error(`${FOREIGN_FILES} files beside "${file}" are set aside already: ${kept}`);
}
