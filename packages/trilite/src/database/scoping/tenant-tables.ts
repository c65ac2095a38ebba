import type { Handle } from '../connection-handle';
import { CURRENT_TENANT } from './current-tenant';
import { tokensOf } from '../sql-tokens';
import { TenantTableError } from './errors';
import { frameworkTables } from './framework-tables';

/** What the name of the table with the rows of all tenants ends with. */
export const BASE_SUFFIX = '_all';

/** The column that says whose a row is. */
export const TENANT_COLUMN = 'tenant_id';

/** A table of tenants, as it is in one schema. */
export interface TenantTable {
  /** What the application calls it, which is a view. */
  readonly name: string;
  /** Where the rows of all tenants lie. */
  readonly base: string;
  /** What the view shows, in order. */
  readonly columns: readonly string[];
  /** Those of them that are written, in order: the others are computed. */
  readonly writtenColumns: readonly string[];
  /** The column that is the rowid by another name, in lower case, if there is one. It is unique by itself. */
  readonly rowidColumn: string | undefined;
}

/** What there is of tenants in a schema. Names are in lower case. */
export interface TenantCatalogue {
  /** By what the application calls them. */
  readonly tables: ReadonlyMap<string, TenantTable>;
  /** Tables that hold something of all tenants. */
  readonly guarded: ReadonlySet<string>;
  /** Tables of the framework, which hold something of all tenants as well. */
  readonly framework: ReadonlySet<string>;
}

/** Views of what belongs to the tenant whose work it is, and the tables behind them: their name is the same but for the suffix. */
const VIEWS = `
  select seen.name as name, base.name as base, base.sql like 'create virtual table%' as isVirtual
  from sqlite_schema as seen
  join sqlite_schema as base on base.type = 'table' and base.name = seen.name || '${BASE_SUFFIX}' collate nocase
  where seen.type = 'view' and instr(seen.sql, '${CURRENT_TENANT}()') > 0`;

/** Views that do not ask whose work it is. */
const PLAIN_VIEWS = `select name, sql from sqlite_schema where type = 'view' and instr(sql, '${CURRENT_TENANT}') = 0`;

const COLUMNS = 'select name, pk, hidden from pragma_table_xinfo(?)';

/** A primary key that is the rowid needs no index of its own. */
const KEY_INDEX = `select 1 from pragma_index_list(?) where origin = 'pk'`;

/** Where full texts lie in pieces. */
const SHADOWS = `select name from pragma_table_list where schema = 'main' and type = 'shadow'`;

/** Unique indexes that do not begin with the tenant: of two tenants only one could have a value, and REPLACE would take the row of the other. */
const SHARED_INDEX = `
  select own.name as name from pragma_index_list(?) as own
  where own."unique" = 1 and (select name from pragma_index_info(own.name) where seqno = 0) is not '${TENANT_COLUMN}' limit 1`;

const SCHEMA_VERSION = 'pragma schema_version';

const known = new WeakMap<
  Handle,
  { readonly version: number; readonly catalogue: TenantCatalogue }
>();

/**
 * The tables of tenants that a handle sees now; read anew when the schema is another.
 *
 * @throws E_TENANT_TABLE for a table with a unique index that all tenants would share, and a view of the rows of all
 */
export function tenantCatalogue(handle: Handle): TenantCatalogue {
  const row = handle.statement(SCHEMA_VERSION).get() as { readonly schema_version: number };
  const before = known.get(handle);
  if (before?.version === row.schema_version) return before.catalogue;
  const catalogue = readCatalogue(handle);
  known.set(handle, { version: row.schema_version, catalogue });
  return catalogue;
}

/** Looks at the schema as it is in the transaction of whoever calls. @throws E_TENANT_TABLE */
export function refuseUnscoped(handle: Handle): void {
  readCatalogue(handle); // not remembered: the transaction may be rolled back, and its number given to another schema
}

interface View {
  readonly name: string;
  readonly base: string;
  readonly isVirtual: 0 | 1;
}

interface Column {
  readonly name: string;
  readonly pk: number;
  readonly hidden: 0 | 1 | 2 | 3;
}

function readCatalogue(handle: Handle): TenantCatalogue {
  const views = handle.statement(VIEWS).all() as View[];
  const guarded = new Set(views.map(({ base }) => base.toLowerCase()));
  if (views.length > 0) {
    const shadows = handle.statement(SHADOWS).all() as { readonly name: string }[];
    for (const { name } of shadows) guarded.add(name.toLowerCase());
  }
  refuseViewsOfAll(handle, guarded);
  const tables = views
    .filter(({ isVirtual }) => isVirtual === 0)
    .map((view) => readTable(handle, view))
    .filter((table) => table !== undefined);
  return {
    tables: new Map(tables.map((table) => [table.name.toLowerCase(), table])),
    guarded,
    framework: frameworkTables(handle),
  };
}

function refuseViewsOfAll(handle: Handle, guarded: ReadonlySet<string>): void {
  const views = handle.statement(PLAIN_VIEWS).all() as { name: string; sql: string }[];
  for (const { name, sql } of views) {
    for (const { text } of tokensOf(sql)) {
      if (guarded.has(text)) throw TenantTableError.showingAll(name, text);
    }
  }
}

function readTable(handle: Handle, { name, base }: View): TenantTable | undefined {
  const columns = handle.statement(COLUMNS).all(base) as Column[];
  if (!columns.some((column) => column.name === TENANT_COLUMN)) return undefined;
  const shared = handle.statement(SHARED_INDEX).get(base) as { name: string } | undefined;
  if (shared !== undefined) throw TenantTableError.sharedIndex(name, shared.name);
  const own = columns.filter((column) => column.name !== TENANT_COLUMN);
  const key = columns.find(({ pk }) => pk > 0);
  const isRowid = handle.statement(KEY_INDEX).get(base) === undefined;
  return {
    name,
    base,
    columns: own.filter(({ hidden }) => hidden !== 1).map((column) => column.name),
    writtenColumns: own.filter(({ hidden }) => hidden === 0).map((column) => column.name),
    rowidColumn: isRowid ? key?.name.toLowerCase() : undefined,
  };
}
