import {
  sql,
  type AlterTableBuilder,
  type CreateIndexBuilder,
  type CreateTableBuilder,
  type KyselyPlugin,
  type RootOperationNode,
} from 'kysely';
import { CURRENT_TENANT } from '../scoping/current-tenant';
import { TenantTableError, refusalOf } from '../scoping/errors';
import { BASE_SUFFIX, TENANT_COLUMN } from '../scoping/tenant-tables';
import { tokensOf } from '../sql-tokens';
import type { MigrationDatabase } from './migration-database';
import {
  scopedAlteration,
  scopedIndex,
  scopedTable,
  type IsOfTenants,
  type SetNull,
} from './tenant-table-node';

/*
 * Tables of tenants, made by the same migrations whether each tenant has files of its own or all share one. In a file of its own, a table is a
 * table. Where all share one (its handles know the SQL function `current_tenant`), "posts" is:
 *
 *   posts_all                 the table, with "tenant_id", and every key with that first
 *   posts                     a view: the rows of the tenant whose work it is
 *   posts_all_tenant_insert   triggers that refuse to write rows of another
 *   posts_all_tenant_update
 *   posts_all_tenant_delete
 */

/** Something that is made when it is executed. */
interface Executable {
  execute(): Promise<unknown>;
}

/**
 * Makes a table of tenants. Its keys are those of each tenant: what is unique is so within a tenant, and what refers to another table of tenants
 * refers to a row of the same tenant. Ids that SQLite gives out are given out once, whoever of the tenants asks.
 *
 * @throws E_TENANT_TABLE for a foreign key with "set default", or "set null" on update
 * @example
 * import { createTenantTable, defineMigration, dropTenantTable } from 'trilite';
 *
 * export default defineMigration({
 *   async up(db) {
 *     await createTenantTable(db, 'posts', (table) =>
 *       table
 *         .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
 *         .addColumn('slug', 'text', (column) => column.notNull().unique())
 *         .addColumn('title', 'text', (column) => column.notNull()),
 *     );
 *   },
 *   async down(db) {
 *     await dropTenantTable(db, 'posts');
 *   },
 * });
 */
export async function createTenantTable(
  db: MigrationDatabase,
  name: string,
  build: (table: CreateTableBuilder<string>) => CreateTableBuilder<string>,
): Promise<void> {
  const setNulls: SetNull[] = [];
  if (!(await isShared(db))) return build(db.schema.createTable(name)).execute();
  const isOfTenants = await tenantTables(db);
  const scoping = rewriting((node) => {
    if (node.kind !== 'CreateTableNode') return node;
    const scoped = scopedTable(node, isOfTenants);
    setNulls.push(...scoped.setNulls);
    return scoped.node;
  });
  await build(db.withPlugin(scoping).schema.createTable(name)).execute();
  await addKeyIndex(db, name);
  await addView(db, name);
  await addTriggers(db, name);
  for (const setNull of setNulls) await addSetNull(db, name, setNull);
}

/**
 * Alters a table of tenants.
 *
 * @throws E_TENANT_TABLE for another name, a new column that refers to a table of tenants, and what a view names no more
 */
export async function alterTenantTable(
  db: MigrationDatabase,
  name: string,
  build: (table: AlterTableBuilder) => Executable,
): Promise<void> {
  if (!(await isShared(db))) {
    await build(db.schema.alterTable(name)).execute();
    return;
  }
  const isOfTenants = await tenantTables(db);
  const scoping = rewriting((node) =>
    node.kind === 'AlterTableNode' ? scopedAlteration(node, isOfTenants) : node,
  );
  const views = await viewsOn(db, name);
  // A column that a view shows cannot be dropped, and nothing be altered beneath a view of what is not there
  for (const view of [...views, { name }]) await sql`drop view ${sql.id(view.name)}`.execute(db);
  await build(db.withPlugin(scoping).schema.alterTable(name)).execute();
  await addView(db, name);
  for (const view of views) await restoreView(db, name, view);
}

/** Makes an index on a table of tenants; unique means within a tenant. */
export async function createTenantIndex(
  db: MigrationDatabase,
  name: string,
  build: (index: CreateIndexBuilder) => Executable,
): Promise<void> {
  const isScoped = await isShared(db);
  const scoping = rewriting((node) =>
    isScoped && node.kind === 'CreateIndexNode' ? scopedIndex(node) : node,
  );
  await build(db.withPlugin(scoping).schema.createIndex(name)).execute();
}

/** Drops a table of tenants. */
export async function dropTenantTable(db: MigrationDatabase, name: string): Promise<void> {
  if (!(await isShared(db))) return db.schema.dropTable(name).execute();
  await dropSetNulls(db, name);
  await sql`drop view ${sql.id(name)}`.execute(db);
  await db.schema.dropTable(name + BASE_SUFFIX).execute();
}

/**
 * What a table of tenants is called in the SQL of a migration: the rows of all tenants lie there, where tenants share a file. For changes of
 * rows, and for triggers.
 */
export async function tenantTableName(db: MigrationDatabase, name: string): Promise<string> {
  return (await isShared(db)) ? name + BASE_SUFFIX : name;
}

/** Whether the file holds the rows of all tenants: its handles are who know. */
export async function isShared(db: MigrationDatabase): Promise<boolean> {
  const { rows } =
    await sql`select 1 from pragma_function_list where name = ${CURRENT_TENANT}`.execute(db);
  return rows.length > 0;
}

interface View {
  readonly name: string;
  readonly sql: string;
  /** Their texts, a list as JSON: they go with a view that is dropped. */
  readonly triggers: string;
}

/** Views that name a view, or another of these, in the order they were made. */
async function viewsOn(db: MigrationDatabase, name: string): Promise<View[]> {
  const { rows } = await sql<View>`
    select name, sql, (
      select json_group_array(own.sql) from sqlite_schema as own where own.type = 'trigger' and own.tbl_name = seen.name
    ) as triggers
    from sqlite_schema as seen where type = 'view' order by rowid`.execute(db);
  const names = new Set([name.toLowerCase()]);
  const isOn = (view: View): boolean =>
    !names.has(view.name.toLowerCase()) &&
    [...tokensOf(view.sql)].some(({ text }) => names.has(text));
  const found = new Set<View>();
  for (let view = rows.find(isOn); view !== undefined; view = rows.find(isOn)) {
    names.add(view.name.toLowerCase());
    found.add(view);
  }
  return rows.filter((view) => found.has(view));
}

/** As it was written. SQLite looks at it when it is read. */
async function restoreView(db: MigrationDatabase, table: string, view: View): Promise<void> {
  for (const text of [view.sql, ...(JSON.parse(view.triggers) as string[])]) {
    await sql.raw(text).execute(db);
  }
  try {
    await sql`select 1 from ${sql.id(view.name)} limit 0`.execute(db);
  } catch (error) {
    throw TenantTableError.viewFails(table, view.name, error);
  }
}

async function tenantTables(db: MigrationDatabase): Promise<IsOfTenants> {
  const { rows } = await sql<{ name: string }>`
    select name from sqlite_schema as seen where type = 'view' and exists (
      select 1 from sqlite_schema as base where base.type = 'table' and base.name = seen.name || ${BASE_SUFFIX})`.execute(
    db,
  );
  const names = new Set(rows.map(({ name }) => name));
  return (name) => names.has(name);
}

function rewriting(rewrite: (node: RootOperationNode) => RootOperationNode): KyselyPlugin {
  return {
    transformQuery: ({ node }) => rewrite(node),
    transformResult: ({ result }) => Promise.resolve(result),
  };
}

/** Where no key begins with the tenant, its rows would be looked for among those of all. */
async function addKeyIndex(db: MigrationDatabase, name: string): Promise<void> {
  const base = name + BASE_SUFFIX;
  const { rows } = await sql`select 1 from pragma_index_list(${base})`.execute(db);
  if (rows.length > 0) return;
  await db.schema.createIndex(`${base}_tenant`).on(base).column(TENANT_COLUMN).execute();
}

/** The subquery asks once for each statement, not for each row. */
async function addView(db: MigrationDatabase, name: string): Promise<void> {
  const base = name + BASE_SUFFIX;
  const { rows } = await sql<{ name: string }>`
    select name from pragma_table_xinfo(${base}) where hidden <> 1 and name <> ${TENANT_COLUMN}`.execute(
    db,
  );
  await sql`
    create view ${sql.id(name)} as
    select ${sql.join(rows.map((column) => sql.id(column.name)))} from ${sql.id(base)}
    where ${sql.id(TENANT_COLUMN)} = (select current_tenant())`.execute(db);
}

/**
 * REPLACE takes a row away without asking triggers: an id that is another tenant's is refused before. -1 stands for an id that is still to be given
 * out, so nobody has it. In migrations, `current_tenant()` is null, and refuses nothing.
 */
async function addTriggers(db: MigrationDatabase, name: string): Promise<void> {
  const base = name + BASE_SUFFIX;
  const rowid = await rowidOf(db, base);
  const hasRowid = rowid !== undefined;
  const never = sql`false`;
  const [id, newId, oldId] = ['', 'new.', 'old.'].map((row) => sql.raw(`${row}${rowid}`));
  const isTaken = hasRowid
    ? sql`exists (select 1 from ${sql.id(base)} where ${id} = ${newId} and ${id} <> -1 and tenant_id <> new.tenant_id)`
    : never;
  const isMoved = hasRowid ? sql`${newId} <> ${oldId} and (${newId} = -1 or ${isTaken})` : never;
  const conditions = {
    'before insert': sql`new.tenant_id <> current_tenant() or ${isTaken}`,
    ...(hasRowid && { 'after insert': sql`${newId} = -1` }),
    'before update': sql`old.tenant_id <> current_tenant() or new.tenant_id <> old.tenant_id or ${isMoved}`,
    'before delete': sql`old.tenant_id <> current_tenant()`,
  };
  for (const [moment, condition] of Object.entries(conditions)) {
    const trigger = `${base}_tenant_${moment.replace('before ', '').replace(' ', '_')}`;
    await sql`
      create trigger ${sql.id(trigger)} ${sql.raw(moment)} on ${sql.id(base)} when ${condition}
      begin select raise(abort, ${sql.lit(refusalOf(name))}); end`.execute(db);
  }
}

/** A name by which SQL reaches the id that SQLite gives each row; undefined where it gives none, or columns have all of its names. */
async function rowidOf(db: MigrationDatabase, table: string): Promise<string | undefined> {
  const { rows } = await sql<{ name: string }>`
    with alias (name, place) as (values ('rowid', 1), ('_rowid_', 2), ('oid', 3))
    select name from alias
    where exists (select 1 from pragma_table_list where name = ${table} and wr = 0)
      and not exists (select 1 from pragma_table_xinfo(${table}) as own where own.name = alias.name collate nocase)
    order by place limit 1`.execute(db);
  return rows[0]?.name;
}

const setNullName = (name: string, columns: readonly string[]): string =>
  `${name}${BASE_SUFFIX}_${columns.join('_')}_set_null`;

/** What ON DELETE SET NULL does, but for the tenant. */
async function addSetNull(
  db: MigrationDatabase,
  name: string,
  { columns, parent, parentColumns }: SetNull,
): Promise<void> {
  const nulls = columns.map((column) => sql`${sql.id(column)} = null`);
  const matches = columns.map(
    (column, index) => sql`${sql.id(column)} = old.${sql.id(parentColumns[index] as string)}`,
  );
  await sql`
    create trigger ${sql.id(setNullName(name, columns))} after delete on ${sql.id(parent + BASE_SUFFIX)}
    begin
      update ${sql.id(name + BASE_SUFFIX)} set ${sql.join(nulls)}
      where tenant_id = old.tenant_id and ${sql.join(matches, sql` and `)};
    end`.execute(db);
}

/** The triggers of other tables that write to this one. */
async function dropSetNulls(db: MigrationDatabase, name: string): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select name from sqlite_schema where type = 'trigger' and instr(name, ${`${name}${BASE_SUFFIX}_`}) = 1
      and name like '%set_null' and tbl_name <> ${name + BASE_SUFFIX}`.execute(db);
  for (const trigger of rows) await sql`drop trigger ${sql.id(trigger.name)}`.execute(db);
}
