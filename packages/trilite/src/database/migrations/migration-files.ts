import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { loadExports, sourceFiles, type SourceFile } from '../../support/file-discovery';
import type { ConnectionRegistry } from '../connection-registry';
import { MigrationError } from './errors';
import type { Migration, NamedMigration } from './migration';

/** The migrations a connection needs. */
export interface MigrationPlan {
  readonly connection: string;
  readonly migrations: readonly NamedMigration[];
}

/**
 * The migrations of an application: a folder for each connection below `database/migrations`, where `default` stands for the default one.
 *
 * @throws E_MIGRATION_INVALID for a folder that names no connection, and for a migration that lies beside the folders
 */
export function discoverMigrations(
  folder: string,
  connections: ConnectionRegistry,
): MigrationPlan[] {
  if (!existsSync(folder)) return [];
  refuseBeside(folder);
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'tenant')
    .map(({ name }) => {
      const connection = name === 'default' ? connections.defaultName : name;
      if (!connections.names.includes(connection)) {
        throw MigrationError.folderUnknown(name, [...new Set(['default', ...connections.names])]);
      }
      return { connection, migrations: migrationsIn(join(folder, name)) };
    });
}

/** Where Laravel has them: left out without a word, one would never run. Other files, such as what migrations share, may lie there. */
function refuseBeside(folder: string): void {
  const [beside] = sourceFiles(folder).filter(({ stem }) => /^\d{4}_\d{2}_\d{2}_/.test(stem));
  if (beside !== undefined) throw MigrationError.besideFolders(basename(beside.path));
}

/** The migrations in one folder; none when it is not there. */
export function migrationsIn(folder: string): NamedMigration[] {
  return existsSync(folder) ? sourceFiles(folder).map(fromFile) : [];
}

/** One plan for each connection, in the order given: a file that serves several roles gets the migrations of all. */
export function mergePlans(plans: readonly MigrationPlan[]): MigrationPlan[] {
  const merged = new Map<string, NamedMigration[]>();
  for (const { connection, migrations } of plans) {
    const known = merged.get(connection) ?? [];
    merged.set(connection, [
      ...known,
      ...migrations.filter(({ name }) => !known.some((other) => other.name === name)),
    ]);
  }
  return [...merged].map(([connection, migrations]) => ({ connection, migrations }));
}

function fromFile(file: SourceFile): NamedMigration {
  return {
    name: file.stem,
    load: () => {
      const migration = loadExports(file)['default'] as Partial<Migration> | undefined;
      if (typeof migration?.up !== 'function') throw MigrationError.notAMigration(file.path);
      return migration as Migration;
    },
  };
}
