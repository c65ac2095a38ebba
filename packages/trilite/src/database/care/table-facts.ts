import { nearest } from '../../support/nearest';
import type { Connection } from '../connection';
import type { Handle } from '../connection-handle';
import { TableUnknownError } from './errors';
import { inspect } from './own-handle';
import { countRows, tablesOf, type RowCount, type SchemaTable } from './schema-facts';

/** A column. */
export interface ColumnFacts {
  readonly name: string;
  /** As declared; '' for none. */
  readonly type: string;
  readonly isNullable: boolean;
  /** The default as SQL, or null. */
  readonly default: string | null;
  /** Its place in the primary key, from 1; null when it is no part of it. */
  readonly primaryKey: number | null;
  readonly generated: 'virtual' | 'stored' | null;
}

/** An index. */
export interface IndexFacts {
  readonly name: string;
  /** Null for an expression. */
  readonly columns: readonly (string | null)[];
  readonly isUnique: boolean;
  readonly isPartial: boolean;
  /** Null for the index of a constraint. */
  readonly sql: string | null;
}

/** A foreign key. */
export interface ForeignKeyFacts {
  readonly columns: readonly string[];
  readonly table: string;
  /** Empty when the parent's primary key is meant. */
  readonly references: readonly string[];
  readonly onUpdate: string;
  readonly onDelete: string;
}

/** A trigger. */
export interface TriggerFacts {
  readonly name: string;
  readonly sql: string;
}

/** What there is to know of a table or view. */
export interface TableFacts extends SchemaTable, RowCount {
  readonly isStrict: boolean;
  readonly isWithoutRowid: boolean;
  readonly columns: readonly ColumnFacts[];
  readonly indexes: readonly IndexFacts[];
  readonly foreignKeys: readonly ForeignKeyFacts[];
  readonly triggers: readonly TriggerFacts[];
  readonly sql: string;
}

interface TableRow extends SchemaTable {
  readonly wr: number;
  readonly strict: number;
}

/** How a table is looked at. */
export interface TableOptions {
  /** Whether every row is counted, however many. Default: false, up to 100,000. */
  readonly counts?: boolean;
  /** Connections to look on when it is not here, so that the error can say where it is. Default: none. */
  readonly elsewhere?: readonly Connection[];
}

/**
 * How a table or view is made. Its name may be written in any case. Changes nothing.
 *
 * @throws E_TABLE_UNKNOWN with the nearest names, E_DATABASE_FILE_MISSING
 */
export async function tableFacts(
  connection: Connection,
  name: string,
  { counts = false, elsewhere = [] }: TableOptions = {},
): Promise<TableFacts> {
  const { facts, known } = await inspect(connection, (handle) => {
    const table = findTable(handle, name);
    return table === undefined
      ? { facts: undefined, known: tablesOf(handle) }
      : { facts: factsOf(handle, table, counts), known: [] };
  });
  if (facts !== undefined) return facts;
  const holder = await firstWith(elsewhere, name);
  throw TableUnknownError.named(name, connection, {
    nearest: nearest(
      name,
      known.map((table) => table.name),
    ),
    ...(holder !== undefined && { elsewhere: holder.name }),
  });
}

function findTable(handle: Handle, name: string): TableRow | undefined {
  return handle
    .statement(
      `SELECT name, type, wr, strict FROM pragma_table_list
       WHERE schema = 'main' AND name = ? COLLATE NOCASE`,
    )
    .get(name) as TableRow | undefined;
}

async function firstWith(
  connections: readonly Connection[],
  name: string,
): Promise<Connection | undefined> {
  for (const connection of connections) {
    const isHere = await inspect(connection, (handle) => findTable(handle, name)).then(
      (table) => table !== undefined,
      () => false, // a hint is not worth an error
    );
    if (isHere) return connection;
  }
  return undefined;
}

function factsOf(handle: Handle, table: TableRow, counts: boolean): TableFacts {
  const { name, type } = table;
  return {
    name,
    type,
    ...countRows(handle, table, counts),
    isStrict: table.strict === 1,
    isWithoutRowid: table.wr === 1,
    columns: columnsOf(handle, table),
    indexes: indexesOf(handle, name),
    foreignKeys: foreignKeysOf(handle, name),
    triggers: handle
      .statement(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE ORDER BY name",
      )
      .all(name) as TriggerFacts[],
    sql: sqlOf(handle, name),
  };
}

/** Empty for SQLite's own tables, which no statement made. */
function sqlOf(handle: Handle, name: string): string {
  const sql = handle
    .statement("SELECT sql FROM sqlite_schema WHERE name = ? AND type IN ('table', 'view')")
    .pluck()
    .get(name) as string | undefined;
  return sql ?? '';
}

interface ColumnRow {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly dflt_value: string | null;
  readonly pk: number;
  readonly hidden: number;
}

function columnsOf(handle: Handle, table: TableRow): ColumnFacts[] {
  const rows = handle
    .statement('SELECT * FROM pragma_table_xinfo(?) WHERE hidden <> 1') // 1: a virtual table's own
    .all(table.name) as ColumnRow[];
  const keys = rows.filter(({ pk }) => pk > 0);
  const isRowid = keys.length === 1 && keys[0]?.type.toUpperCase() === 'INTEGER';
  // By a fault of old that SQLite keeps, other primary keys take NULL.
  const refusesNullKeys = isRowid || table.wr === 1 || table.strict === 1;
  return rows.map((row) => ({
    name: row.name,
    type: row.type,
    isNullable: row.notnull === 0 && !(row.pk > 0 && refusesNullKeys),
    default: row.dflt_value,
    primaryKey: row.pk > 0 ? row.pk : null,
    generated: row.hidden === 2 ? 'virtual' : row.hidden === 3 ? 'stored' : null,
  }));
}

function indexesOf(handle: Handle, table: string): IndexFacts[] {
  const rows = handle
    .statement(
      `SELECT list.name, list."unique", list.partial, schema.sql FROM pragma_index_list(?) AS list
       LEFT JOIN sqlite_schema AS schema ON schema.type = 'index' AND schema.name = list.name ORDER BY list.name`,
    )
    .all(table) as { name: string; unique: number; partial: number; sql: string | null }[];
  return rows.map(({ name, unique, partial, sql }) => ({
    name,
    columns: handle
      .statement('SELECT name FROM pragma_index_xinfo(?) WHERE key = 1 ORDER BY seqno')
      .pluck()
      .all(name) as (string | null)[],
    isUnique: unique === 1,
    isPartial: partial === 1,
    sql,
  }));
}

interface ForeignKeyRow {
  readonly id: number;
  readonly table: string;
  readonly from: string;
  readonly to: string | null;
  readonly on_update: string;
  readonly on_delete: string;
}

function foreignKeysOf(handle: Handle, table: string): ForeignKeyFacts[] {
  const rows = handle
    .statement('SELECT * FROM pragma_foreign_key_list(?) ORDER BY id, seq')
    .all(table) as ForeignKeyRow[];
  const parts = new Map<number, ForeignKeyRow[]>();
  for (const row of rows) parts.set(row.id, [...(parts.get(row.id) ?? []), row]);
  return [...parts.values()].flatMap((part) =>
    part.slice(0, 1).map((first) => ({
      columns: part.map(({ from }) => from),
      table: first.table,
      references: part.flatMap(({ to }) => to ?? []),
      onUpdate: first.on_update.toLowerCase(),
      onDelete: first.on_delete.toLowerCase(),
    })),
  );
}
