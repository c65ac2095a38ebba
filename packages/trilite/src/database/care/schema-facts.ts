import type { Handle } from '../connection-handle';
import { quoted } from '../quoted';

/** Something that can be selected from. A virtual table keeps its data in shadow tables. */
export interface SchemaTable {
  readonly name: string;
  readonly type: 'table' | 'view' | 'virtual' | 'shadow';
}

/** How many rows there are, at least. */
export interface RowCount {
  /** Null for a view, and where SQLite cannot say. */
  readonly rows: number | null;
  /** Whether there are no more than `rows`. */
  readonly isExact: boolean;
}

/** Rows counted of a table before it is said that there are more: counting reads all of them. */
export const ROWS_COUNTED = 100_000;

/** The tables and views of a file, without SQLite's own, by name. */
export function tablesOf(handle: Handle): SchemaTable[] {
  return handle
    .statement(
      `SELECT name, type FROM pragma_table_list
       WHERE schema = 'main' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`,
    )
    .all() as SchemaTable[];
}

/** Counts the rows of a table, by default up to 100,000. */
export function countRows(handle: Handle, { name, type }: SchemaTable, exact: boolean): RowCount {
  if (type === 'view') return { rows: null, isExact: false };
  const limit = exact ? '' : `LIMIT ${ROWS_COUNTED + 1}`;
  try {
    const count = handle
      .statement(`SELECT count(*) FROM (SELECT 1 FROM ${quoted(name)} ${limit})`)
      .pluck()
      .get() as number;
    return exact || count <= ROWS_COUNTED
      ? { rows: count, isExact: true }
      : { rows: ROWS_COUNTED, isExact: false };
  } catch {
    return { rows: null, isExact: false }; // a virtual table whose module is not loaded
  }
}

/**
 * Bytes of each table with its indexes. Reads every page of the file.
 *
 * @returns nothing where SQLite was compiled without dbstat
 */
export function tableBytes(handle: Handle): ReadonlyMap<string, number> {
  const knows = handle
    .statement("SELECT count(*) FROM pragma_module_list WHERE name = 'dbstat'")
    .pluck()
    .get();
  if (knows === 0) return new Map();
  const rows = handle
    .statement(
      `SELECT tbl_name AS name, sum(pgsize) AS bytes
       FROM dbstat JOIN sqlite_schema USING (name) WHERE aggregate = TRUE GROUP BY tbl_name`,
    )
    .all() as { name: string; bytes: number }[];
  return new Map(rows.map(({ name, bytes }) => [name, bytes]));
}
