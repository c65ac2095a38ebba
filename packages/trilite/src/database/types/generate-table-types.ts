import type { DatabaseSettings } from '../../config/schema';
import { ConnectionRegistry } from '../connection-registry';
import type { Migrator } from '../migrations/migrator';
import { TableTypesError } from './errors';
import { printColumns, printTables } from './print-tables';
import { readTables, type Table } from './read-tables';

/**
 * The interfaces of the tables that the application's own migrations make, on every connection, as a file of TypeScript.
 *
 * The migrations run on databases in memory: no file is needed or touched, and the answer is the same on every machine.
 *
 * Our own rather than kysely-codegen: that opens files itself, past our connections, and brings chalk, cosmiconfig, dotenv, micromatch and
 * zod for what two pragmas tell.
 *
 * @param createMigrator makes the application's migrator for other connections
 * @throws E_MIGRATION_FAILED, E_TABLE_TYPES_CONFLICT
 */
export async function generateTableTypes(
  settings: DatabaseSettings,
  createMigrator: (connections: ConnectionRegistry) => Migrator,
): Promise<string> {
  const memory = new ConnectionRegistry(inMemory(settings));
  try {
    const frameworkTables = await migrate(memory, createMigrator(memory));
    return printTables(await ownTables(memory, frameworkTables));
  } finally {
    await memory.close();
  }
}

function inMemory({ default: defaultName, connections }: DatabaseSettings): DatabaseSettings {
  const entries = Object.entries(connections).map(([name, settings]) => [
    name,
    { ...settings, file: ':memory:', readOnly: false },
  ]);
  return { default: defaultName, connections: Object.fromEntries(entries) as typeof connections };
}

type TablesByConnection = ReadonlyMap<string, Set<string>>;

/** Migrates, and answers which tables are the framework's: those there before all migrations, and those that its own ones make. */
async function migrate(
  memory: ConnectionRegistry,
  migrator: Migrator,
): Promise<TablesByConnection> {
  const namesOf = async (connection: string): Promise<string[]> =>
    (await readTables(memory.connection(connection))).map(({ name }) => name);
  const steps = await migrator.prepare();
  const found = new Map<string, Set<string>>();
  for (const name of memory.names) found.set(name, new Set(await namesOf(name)));
  for (const { connection, name, run } of steps) {
    const before = await namesOf(connection);
    await run();
    if (!name.startsWith('trilite/')) continue;
    const made = (await namesOf(connection)).filter((table) => !before.includes(table));
    for (const table of made) found.get(connection)?.add(table);
  }
  return found;
}

/** By name. Where two connections have the same table, it stands there once. */
async function ownTables(
  memory: ConnectionRegistry,
  frameworkTables: TablesByConnection,
): Promise<Table[]> {
  const tables = new Map<string, { readonly table: Table; readonly connection: string }>();
  for (const connection of memory.names) {
    for (const table of await readTables(memory.connection(connection))) {
      if (frameworkTables.get(connection)?.has(table.name) === true) continue;
      const other = tables.get(table.name);
      if (other !== undefined && printColumns(other.table) !== printColumns(table)) {
        throw TableTypesError.conflict(table.name, [other.connection, connection]);
      }
      tables.set(table.name, { table, connection });
    }
  }
  return [...tables.values()].map(({ table }) => table).sort((a, b) => (a.name < b.name ? -1 : 1));
}
