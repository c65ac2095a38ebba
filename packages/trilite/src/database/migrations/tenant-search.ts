import { sql, type RawBuilder } from 'kysely';
import { TenantTableError } from '../scoping/errors';
import { BASE_SUFFIX, TENANT_COLUMN } from '../scoping/tenant-tables';
import type { MigrationDatabase } from './migration-database';
import { isShared } from './tenant-table';

/*
 * A full-text index of a table of tenants, kept by triggers. Where all tenants share a file, "posts_search" is:
 *
 *   posts_search_all   the index of the texts of all, which no application names
 *   posts_search       a view: what is found of the rows of the tenant whose work it is
 */

/** What can be searched. */
export interface TenantSearch {
  /** The table whose rows are found. Its primary key is an integer, and is the rowid of what is found. */
  readonly table: string;
  /** The columns with the texts. */
  readonly columns: readonly string[];
  /** How texts are split into words, as FTS5 takes it. Default: 'unicode61'. */
  readonly tokenize?: string;
}

/**
 * Makes a full-text index of a table of tenants; what is there already is in it, and so is whatever is written from then on. It is asked as any FTS5
 * table: `match`, `rank`, `bm25()` and `highlight()` take its name. What `rank` counts how rare a word is by are the texts of the whole file.
 *
 * @throws E_TENANT_TABLE for a table whose primary key is no integer
 * @see https://sqlite.org/fts5.html#external_content_tables
 */
export async function createTenantSearch(
  db: MigrationDatabase,
  name: string,
  { table, columns, tokenize = 'unicode61' }: TenantSearch,
): Promise<void> {
  const isSharedFile = await isShared(db);
  const [index, content] = isSharedFile ? [name + BASE_SUFFIX, table + BASE_SUFFIX] : [name, table];
  const key = await keyOf(db, content, table);
  const names = columns.map((column) => sql.id(column));
  await sql`
    create virtual table ${sql.id(index)} using fts5(
      ${sql.join(names)}, content = ${sql.lit(content)}, content_rowid = ${sql.lit(key)}, tokenize = ${sql.lit(tokenize)})`.execute(
    db,
  );
  await addTriggers(db, { index, content, key, columns });
  await sql`insert into ${sql.id(index)} (${sql.id(index)}) values ('rebuild')`.execute(db);
  if (!isSharedFile) return;
  // Its columns are those that FTS5 itself has, so that all that is asked of the index may be asked of the view
  await sql`
    create view ${sql.id(name)} as
    select found.rowid as rowid, ${sql.join(columns.map((column) => sql`found.${sql.id(column)}`))}, found.rank as rank,
      found.${sql.id(index)} as ${sql.id(name)}
    from ${sql.id(index)} as found join ${sql.id(content)} as own on own.${sql.id(key)} = found.rowid
    where own.${sql.id(TENANT_COLUMN)} = (select current_tenant())`.execute(db);
}

/** Drops a full-text index; the table stays. */
export async function dropTenantSearch(db: MigrationDatabase, name: string): Promise<void> {
  const isSharedFile = await isShared(db);
  const index = isSharedFile ? name + BASE_SUFFIX : name;
  for (const moment of ['insert', 'update', 'delete']) {
    await sql`drop trigger ${sql.id(`${index}_${moment}`)}`.execute(db);
  }
  if (isSharedFile) await sql`drop view ${sql.id(name)}`.execute(db);
  await sql`drop table ${sql.id(index)}`.execute(db);
}

async function keyOf(db: MigrationDatabase, content: string, table: string): Promise<string> {
  const { rows } = await sql<{ name: string; type: string }>`
    select name, type from pragma_table_info(${content}) where pk > 0`.execute(db);
  const [key] = rows;
  if (rows.length === 1 && key?.type.toLowerCase() === 'integer') return key.name;
  const help = 'Give it an integer as its primary key.';
  throw TenantTableError.cannot(table, 'be searched', help);
}

interface IndexParts {
  readonly index: string;
  readonly content: string;
  readonly key: string;
  readonly columns: readonly string[];
}

/** The index keeps no texts: to forget a row it is told what the row said. */
async function addTriggers(
  db: MigrationDatabase,
  { index, content, key, columns }: IndexParts,
): Promise<void> {
  const names = sql.join(columns.map((column) => sql.id(column)));
  const valuesOf = (row: 'old' | 'new'): RawBuilder<unknown> =>
    sql.join([key, ...columns].map((column) => sql`${sql.raw(row)}.${sql.id(column)}`));
  const add = sql`insert into ${sql.id(index)} (rowid, ${names}) values (${valuesOf('new')});`;
  const remove = sql`
    insert into ${sql.id(index)} (${sql.id(index)}, rowid, ${names}) values ('delete', ${valuesOf('old')});`;
  const work = { insert: add, update: sql`${remove} ${add}`, delete: remove };
  for (const [moment, statements] of Object.entries(work)) {
    await sql`
      create trigger ${sql.id(`${index}_${moment}`)} after ${sql.raw(moment)} on ${sql.id(content)}
      begin ${statements} end`.execute(db);
  }
}
