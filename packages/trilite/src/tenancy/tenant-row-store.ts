import type { Connection } from '../database/connection';
import { quoted } from '../database/quoted';
import type { TenantId } from './tenant-id';

/** Rows deleted in one transaction, so that nobody waits long for the writer. */
const PIECE = 500;

/** Whatever table says whose its rows are: none is named, so none is forgotten. */
const TABLES = `
  select name from pragma_table_list as found
  where schema = 'main' and type = 'table' and exists (select 1 from pragma_table_info(found.name) where name = 'tenant_id')
  order by name`;

/**
 * Deletes all rows of a tenant in a file, in pieces, to be called in the work of that tenant. Foreign keys are not enforced meanwhile: with all of its
 * rows gone, none refers to any, in whatever order they go.
 *
 * @returns how many rows
 */
export async function forgetRows(connection: Connection, id: TenantId): Promise<number> {
  const tables = await connection.read((handle) => handle.statement(TABLES).pluck().all());
  let forgotten = 0;
  for (const table of tables as string[]) {
    for (let some = PIECE; some > 0; forgotten += some) {
      some = await forgetSome(connection, table, id);
    }
  }
  return forgotten;
}

function forgetSome(connection: Connection, table: string, id: TenantId): Promise<number> {
  const text = `delete from ${quoted(table)} where tenant_id = ? limit ${PIECE}`;
  return connection.transaction(
    (session) => session.run((handle) => handle.statement(text).run(id).changes),
    { foreignKeys: false },
  );
}
