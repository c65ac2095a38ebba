import type { Connection } from '../connection';
import type { Handle } from '../connection-handle';
import { quoted } from '../quoted';
import { tablesOf, type SchemaTable } from './schema-facts';

/** Views first, for they may select from anything; shadow tables go with their virtual one, unless it is gone. */
const ORDER: readonly SchemaTable['type'][] = ['view', 'virtual', 'table', 'shadow'];

/**
 * Drops every table, view and trigger of a file in one transaction: all of them, or none. The ledger of migrations is one of the tables.
 * The file stays, and its size: cutting it short would break it for whoever has it open.
 *
 * @returns the names of the tables and views that are gone.
 * @throws E_DATABASE_BUSY after `busyTimeout`, E_DATABASE_FILE_MISSING, E_DATABASE_READ_ONLY
 */
export function wipe(connection: Connection): Promise<string[]> {
  return connection.transaction((session) => session.run(dropAll), { foreignKeys: false });
}

function dropAll(handle: Handle): string[] {
  const names = tablesOf(handle)
    .filter(({ type }) => type !== 'shadow')
    .map(({ name }) => name);
  for (const type of ORDER) {
    const doomed = tablesOf(handle).filter((table) => table.type === type);
    for (const { name } of doomed) {
      handle.exec(`DROP ${type === 'view' ? 'VIEW' : 'TABLE'} ${quoted(name)}`);
    }
  }
  return names;
}
