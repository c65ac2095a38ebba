import type { Expression } from 'kysely';
import { sql } from '../lazy-kysely';
import { TableRebuildError } from './errors';
import type { MigrationDatabase } from './migration-database';

/** The new form of a table. */
export interface TableRebuild {
  /** Creates the table in its new form, under the temporary name it is given. */
  readonly create: (db: MigrationDatabase, name: string) => Promise<unknown>;
  /** What goes into a column, as an expression over the old ones. Default: columns that both forms have go over as they are. */
  readonly values?: Readonly<Record<string, Expression<unknown>>>;
}

interface SchemaPart {
  readonly type: string;
  readonly name: string;
  readonly sql: string;
}

/**
 * Changes what ALTER TABLE cannot: makes the table anew in another form, copies its rows, puts it in the place of the old one, and makes its
 * indexes and triggers again. Rows of other tables that refer to it stay as they are; the AUTOINCREMENT counter goes on from where it was.
 *
 * @throws E_TABLE_REBUILD where foreign keys are enforced and somebody refers to the table, when rows would get lost, and when an index or trigger does not fit
 * @see https://sqlite.org/lang_altertable.html#otheralter
 * @example
 * import { defineMigration, rebuildTable, sql } from 'trilite';
 *
 * export default defineMigration({
 *   async up(db) {
 *     await rebuildTable(db, 'posts', {
 *       create: (trx, name) =>
 *         trx.schema
 *           .createTable(name)
 *           .addColumn('id', 'integer', (column) => column.primaryKey())
 *           .addColumn('title', 'text', (column) => column.notNull())
 *           .execute(),
 *       values: { title: sql`coalesce(title, '')` },
 *     });
 *   },
 * });
 */
export async function rebuildTable(
  db: MigrationDatabase,
  table: string,
  { create, values = {} }: TableRebuild,
): Promise<void> {
  const temporary = `${table}__rebuilt`;
  const parts = await partsOf(db, table);
  await refuseCascade(db, table);
  const counter = await counterOf(db, table);
  await create(db, temporary);
  await refuseTemporaryParent(db, table, temporary);
  await copyRows(db, { table, temporary, values });
  await sql`drop table ${sql.id(table)}`.execute(db);
  // Without it, a view that names the table would forbid the renaming while the table is gone.
  await sql`pragma legacy_alter_table = on`.execute(db);
  try {
    await sql`alter table ${sql.id(temporary)} rename to ${sql.id(table)}`.execute(db);
  } finally {
    await sql`pragma legacy_alter_table = off`.execute(db);
  }
  for (const part of parts) await createPart(db, table, part);
  await restoreCounter(db, table, counter);
}

/** Indexes and triggers of a table, as they were written; those that a constraint made have no text, and come with the new form. */
async function partsOf(db: MigrationDatabase, table: string): Promise<SchemaPart[]> {
  const { rows } = await sql<SchemaPart>`
    select type, name, sql from sqlite_schema where tbl_name = ${table} collate nocase and sql is not null
    order by type = 'table' desc, rowid`.execute(db);
  if (rows[0]?.type !== 'table') throw TableRebuildError.missing(table);
  return rows.slice(1);
}

async function refuseCascade(db: MigrationDatabase, table: string): Promise<void> {
  const { rows } = await sql<{ foreign_keys: number }>`pragma foreign_keys`.execute(db);
  if (rows[0]?.foreign_keys !== 1) return;
  const { rows: children } = await sql`
    select 1 from sqlite_schema as child, pragma_foreign_key_list(child.name) as key
    where child.type = 'table' and key."table" = ${table} collate nocase limit 1`.execute(db);
  if (children.length > 0) throw TableRebuildError.wouldCascade(table);
}

/** The renaming leaves references as they are: none of those to the temporary name would be to a table. */
async function refuseTemporaryParent(
  db: MigrationDatabase,
  table: string,
  temporary: string,
): Promise<void> {
  const { rows } = await sql`
    select 1 from pragma_foreign_key_list(${temporary}) where "table" = ${temporary} collate nocase`.execute(
    db,
  );
  if (rows.length > 0) throw TableRebuildError.temporaryParent(table, temporary);
}

async function copyRows(
  db: MigrationDatabase,
  {
    table,
    temporary,
    values,
  }: { table: string; temporary: string; values: NonNullable<TableRebuild['values']> },
): Promise<void> {
  const from = await readableColumns(db, table);
  const to = await writableColumns(db, temporary);
  if (to.length === 0) throw TableRebuildError.notMade(table, temporary);
  const given = byLowerCase(Object.entries(values));
  const known = byLowerCase(from.map((name) => [name, sql.id(name)] as const));
  const sources = to.flatMap((name) => {
    const source = given.get(name.toLowerCase()) ?? known.get(name.toLowerCase());
    return source === undefined ? [] : [{ name, source }];
  });
  await sql`
    insert into ${sql.id(temporary)} (${sql.join(sources.map(({ name }) => sql.id(name)))})
    select ${sql.join(sources.map(({ source }) => source))} from ${sql.id(table)}`.execute(db);
  const [before, after] = [await countRows(db, table), await countRows(db, temporary)];
  if (before !== after) throw TableRebuildError.rowsLost(table, before, after);
}

/** As SQLite compares names. */
function byLowerCase<T>(entries: readonly (readonly [string, T])[]): ReadonlyMap<string, T> {
  return new Map(entries.map(([name, value]) => [name.toLowerCase(), value]));
}

/** Those that are computed too: the new form may keep what was computed until now. */
async function readableColumns(db: MigrationDatabase, table: string): Promise<string[]> {
  const { rows } = await sql<{
    name: string;
  }>`select name from pragma_table_xinfo(${table}) where hidden <> 1`.execute(db);
  return rows.map(({ name }) => name);
}

async function writableColumns(db: MigrationDatabase, table: string): Promise<string[]> {
  const { rows } = await sql<{
    name: string;
  }>`select name from pragma_table_xinfo(${table}) where hidden = 0`.execute(db);
  return rows.map(({ name }) => name);
}

async function countRows(db: MigrationDatabase, table: string): Promise<number> {
  const { rows } = await sql<{
    rows: number;
  }>`select count(*) as rows from ${sql.id(table)}`.execute(db);
  return rows[0]?.rows ?? 0;
}

async function createPart(db: MigrationDatabase, table: string, part: SchemaPart): Promise<void> {
  try {
    await sql.raw(part.sql).execute(db);
    if (part.type === 'trigger') await compileWrites(db, table);
  } catch (error) {
    throw TableRebuildError.partFails(table, `${part.type} "${part.name}"`, error);
  }
}

/** SQLite looks at a trigger's body when it compiles what fires it, not when the trigger is created. No row is written. */
async function compileWrites(db: MigrationDatabase, table: string): Promise<void> {
  const columns = (await writableColumns(db, table)).map((name) => sql.id(name));
  const same = columns.map((column) => sql`${column} = ${column}`);
  const target = sql.id(table);
  await sql`insert into ${target} (${sql.join(columns)}) select ${sql.join(columns)} from ${target} where false`.execute(
    db,
  );
  await sql`update ${target} set ${sql.join(same)} where false`.execute(db);
  await sql`delete from ${target} where false`.execute(db);
}

/** The highest id AUTOINCREMENT ever gave: it must not give it again, be its row deleted or not. */
async function counterOf(db: MigrationDatabase, table: string): Promise<string | undefined> {
  const { rows: known } =
    await sql`select 1 from sqlite_schema where name = 'sqlite_sequence'`.execute(db);
  if (known.length === 0) return undefined;
  const { rows } = await sql<{
    counter: string;
  }>`select cast(seq as text) as counter from sqlite_sequence where name = ${table} collate nocase`.execute(
    db,
  );
  return rows[0]?.counter;
}

async function restoreCounter(
  db: MigrationDatabase,
  table: string,
  counter: string | undefined,
): Promise<void> {
  if (counter === undefined) return;
  // The row is only there once the new form was written to.
  await sql`insert into sqlite_sequence (name, seq) select ${table}, 0
    where not exists (select 1 from sqlite_sequence where name = ${table} collate nocase)`.execute(
    db,
  );
  await sql`update sqlite_sequence set seq = max(seq, cast(${counter} as integer)) where name = ${table} collate nocase`.execute(
    db,
  );
}
