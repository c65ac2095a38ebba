import type { Connection } from '../connection';
import type { Handle } from '../connection-handle';
import { TENANT_COLUMN, tenantCatalogue, type TenantTable } from '../scoping/tenant-tables';

/** A column as its interface has to know it. */
export interface TableColumn {
  readonly name: string;
  /** As it was declared; '' for none. */
  readonly declared: string;
  readonly isNullable: boolean;
  /** Whether a row may be inserted without it, though it is not null: it has a default, or is the rowid. */
  readonly hasDefault: boolean;
  /** Whether it is computed of other columns, and never written. */
  readonly isComputed: boolean;
}

/** A table or a view. */
export interface Table {
  readonly name: string;
  readonly columns: readonly TableColumn[];
}

interface ColumnRow {
  readonly name: string;
  readonly type: string;
  readonly notnull: 0 | 1;
  readonly dflt_value: string | null;
  readonly pk: number;
  readonly hidden: 0 | 1 | 2 | 3;
}

/** Of virtual tables the shadow ones are an affair of SQLite. */
const TABLES = `
  select name from pragma_table_list
  where schema = 'main' and type in ('table', 'view', 'virtual') and name not like 'sqlite\\_%' escape '\\'
  order by name`;

/** The tables and views of a connection, by name; those of SQLite itself left out. */
export function readTables(connection: Connection): Promise<Table[]> {
  return connection.read((handle) => {
    const names = all<{ name: string }>(handle, TABLES).map(({ name }) => name);
    const { tables, guarded } = tenantCatalogue(handle);
    return names
      .filter((name) => !guarded.has(name.toLowerCase()))
      .map((name) => {
        const ofTenants = tables.get(name.toLowerCase());
        return ofTenants === undefined ? readTable(handle, name) : readOfTenants(handle, ofTenants);
      });
  });
}

/** What the application sees of the table that its rows lie in: a view says nothing of defaults. */
function readOfTenants(handle: Handle, { name, base }: TenantTable): Table {
  const { columns } = readTable(handle, base);
  return { name, columns: columns.filter((column) => column.name !== TENANT_COLUMN) };
}

function readTable(handle: Handle, name: string): Table {
  const rows = all<ColumnRow>(
    handle,
    'select * from pragma_table_xinfo(?) where hidden <> 1',
    name,
  );
  const rowid = rowidColumn(handle, name, rows);
  const columns = rows.map((row) => toColumn(row, row === rowid));
  return { name, columns };
}

/**
 * The column that is the rowid by another name: the primary key where it needs no index of its own. The type alone does not tell:
 * `INTEGER PRIMARY KEY DESC` is none.
 *
 * @see https://sqlite.org/lang_createtable.html#rowid
 */
function rowidColumn(
  handle: Handle,
  table: string,
  columns: readonly ColumnRow[],
): ColumnRow | undefined {
  const indexes = all(handle, "select 1 from pragma_index_list(?) where origin = 'pk'", table);
  return indexes.length === 0 ? columns.find(({ pk }) => pk > 0) : undefined;
}

function toColumn(row: ColumnRow, isRowid: boolean): TableColumn {
  const hasValue = row.dflt_value !== null && row.dflt_value.toUpperCase() !== 'NULL';
  return {
    name: row.name,
    declared: row.type,
    isNullable: row.notnull === 0 && !isRowid,
    hasDefault: hasValue || isRowid,
    isComputed: row.hidden > 1,
  };
}

function all<Row>(handle: Handle, sql: string, ...values: readonly string[]): Row[] {
  return handle.statement(sql).all(...values) as Row[];
}
