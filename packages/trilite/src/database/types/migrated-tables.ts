import type { DatabaseSettings } from '../../config/schema';
import { ConnectionRegistry, type ConnectionRegistryOptions } from '../connection-registry';
import type { Migrator } from '../migrations/migrator';
import { TableTypesError } from './errors';
import { printColumns } from './print-tables';
import { readTables, type Table } from './read-tables';

/**
 * The tables that the application's own migrations make, on every connection, by name.
 *
 * The migrations run on databases in memory: no file is needed or touched, and the answer is the same on every machine.
 *
 * Our own rather than kysely-codegen: that opens files itself, past our connections, and brings chalk, cosmiconfig, dotenv, micromatch and
 * zod for what two pragmas tell.
 *
 * @param connectionOptions how the application opens a connection of that name
 * @param createMigrators make migrators for other connections: that of the application, and that of its tenants if it has any
 * @throws E_MIGRATION_FAILED, E_TABLE_TYPES_CONFLICT
 */
export async function readMigratedTables(
  settings: DatabaseSettings,
  connectionOptions: ConnectionRegistryOptions['connectionOptions'],
  ...createMigrators: readonly ((connections: ConnectionRegistry) => Migrator)[]
): Promise<readonly Table[]> {
  const found: FoundTable[] = [];
  for (const createMigrator of createMigrators) {
    const memory = new ConnectionRegistry(inMemory(settings), { connectionOptions });
    try {
      const frameworkTables = await migrate(memory, createMigrator(memory));
      found.push(...(await ownTables(memory, frameworkTables)));
    } finally {
      await memory.close();
    }
  }
  return uniqueTables(found);
}

function inMemory({ default: defaultName, connections }: DatabaseSettings): DatabaseSettings {
  const entries = Object.entries(connections).map(([name, settings]) => [
    name,
    { ...settings, file: ':memory:', readOnly: false },
  ]);
  return { default: defaultName, connections: Object.fromEntries(entries) as typeof connections };
}

/** A table, and the connection it was found on. */
interface FoundTable {
  readonly table: Table;
  readonly connection: string;
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

async function ownTables(
  memory: ConnectionRegistry,
  frameworkTables: TablesByConnection,
): Promise<FoundTable[]> {
  const found: FoundTable[] = [];
  for (const connection of memory.names) {
    const tables = await readTables(memory.connection(connection));
    const own = tables.filter(({ name }) => frameworkTables.get(connection)?.has(name) !== true);
    found.push(...own.map((table) => ({ table, connection })));
  }
  return found;
}

/** By name. Where two connections have the same table, or the application and its tenants, it stands there once. */
function uniqueTables(found: readonly FoundTable[]): Table[] {
  const tables = new Map<string, FoundTable>();
  for (const { table, connection } of found) {
    const other = tables.get(table.name);
    if (other !== undefined && printColumns(other.table) !== printColumns(table)) {
      throw TableTypesError.conflict(table.name, [other.connection, connection]);
    }
    tables.set(table.name, { table, connection });
  }
  return [...tables.values()].map(({ table }) => table).sort((a, b) => (a.name < b.name ? -1 : 1));
}
