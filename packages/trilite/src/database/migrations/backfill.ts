import type { Kysely, RawBuilder } from 'kysely';
import { requireWholeNumber } from '../../support/argument';
import type { Database } from '../database';
import { sql } from '../lazy-kysely';
import type { Tables } from '../tables';
import { BackfillError } from './errors';
import { hasTable } from './migration-ledger';
import type { MigrationDatabase } from './migration-database';

/*
 * A table filled in batches. Each batch is one BEGIN IMMEDIATE together with the position it reached:
 *
 *   no row ──startBackfill──▶ position 0 ──batch──▶ position n ──…──▶ no rows beyond it ──▶ row deleted
 *
 * Killed between two batches it goes on behind the last one; killed in a batch, the batch is done again from its beginning. Two processes
 * at once take turns, for the position is read inside the transaction.
 */

/** Rows of a backfilled table as they are, with the rowid they are gone through by. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as the tables were when the migration was written
export type BackfillRow = Record<string, any> & { readonly rowid: number };

/** How a table is filled. */
export interface Backfill {
  /** The table that is gone through, in the order of its rowid; rows added meanwhile come last. */
  readonly table: string;
  /** Rows in one transaction. Others wait for the file's writer as long as one takes. Default: 500. */
  readonly size?: number;
  /** Changes the rows of one batch. Writes to this one database alone: a batch that is interrupted is done again. */
  readonly rows: (db: MigrationDatabase, rows: readonly BackfillRow[]) => Promise<void>;
}

/** Told after each batch: rows gone through, and rows there are. */
export type BackfillProgress = (done: number, total: number) => void;

const DEFAULT_SIZE = 500;

/** Notes that a backfill is to be done: in the transaction of what makes it necessary. */
export async function startBackfill(db: Kysely<Tables>, name: string): Promise<void> {
  await sql`
    create table if not exists backfills (
      name text not null primary key,
      position integer,
      done integer not null
    ) strict`.execute(db);
  await sql`insert or ignore into backfills (name, position, done) values (${name}, null, 0)`.execute(
    db,
  );
}

/** Takes a backfill off the list; harmless when it is not on it. */
export async function forgetBackfill(db: Kysely<Tables>, name: string): Promise<undefined> {
  if (await hasTable(db, 'backfills')) {
    await sql`delete from backfills where name = ${name}`.execute(db);
  }
}

/** Names of the backfills that are not at their end. */
export async function openBackfills(db: Kysely<Tables>): Promise<string[]> {
  if (!(await hasTable(db, 'backfills'))) return [];
  const { rows } = await sql<{ name: string }>`select name from backfills`.execute(db);
  return rows.map(({ name }) => name);
}

/**
 * Fills a table in batches, each in a transaction of its own. When it was interrupted under the same name before, it goes on from there.
 *
 * @returns how many rows were gone through, earlier runs included
 * @throws E_BACKFILL for a table without rowid, and what `rows` throws: the batches before are kept
 */
export async function backfill(
  db: Database,
  spec: Backfill & { readonly name: string },
  onProgress?: BackfillProgress,
): Promise<number> {
  requireWholeNumber('size', spec.size ?? DEFAULT_SIZE, 1);
  await requireRowid(db, spec.table); // before anything is noted of it
  await db.transaction((trx) => startBackfill(trx, spec.name));
  return continueBackfill(db, spec, onProgress);
}

/** `backfill` of what was started: done by another process meanwhile, it is not begun anew. */
export async function continueBackfill(
  db: Database,
  { name, size = DEFAULT_SIZE, ...spec }: Backfill & { readonly name: string },
  onProgress: BackfillProgress = () => undefined,
): Promise<number> {
  requireWholeNumber('size', size, 1);
  await requireRowid(db, spec.table);
  const total = await countRows(db, spec.table);
  for (let done = 0; ;) {
    const batch = await db.transaction((trx) => runBatch(trx, name, { ...spec, size }));
    if (batch === undefined) return done;
    done = batch;
    onProgress(done, Math.max(done, total));
  }
}

/** @returns rows gone through so far; undefined when it is at its end */
async function runBatch(
  trx: Kysely<Tables>,
  name: string,
  { table, size, rows: change }: Backfill & { readonly size: number },
): Promise<number | undefined> {
  const state = await stateOf(trx, name);
  if (state === undefined) return undefined;
  const after =
    state.position === null ? sql`true` : sql`rowid > cast(${state.position} as integer)`;
  const to = await endOfBatch(trx, sql`${sql.id(table)} where ${after}`, size);
  if (to === null) return forgetBackfill(trx, name);
  const { rows } = await sql<BackfillRow>`
    select rowid as rowid, * from ${sql.id(table)} where ${after} and rowid <= cast(${to} as integer) order by rowid`.execute(
    trx,
  );
  await change(trx, rows);
  const done = state.done + rows.length;
  await sql`update backfills set position = cast(${to} as integer), done = ${done} where name = ${name}`.execute(
    trx,
  );
  return done;
}

/** Positions travel as text: a rowid may be larger than a number holds exactly. */
async function stateOf(
  trx: Kysely<Tables>,
  name: string,
): Promise<{ position: string | null; done: number } | undefined> {
  const { rows } = await sql<{ position: string | null; done: number }>`
    select cast(position as text) as position, done from backfills where name = ${name}`.execute(
    trx,
  );
  return rows[0];
}

async function endOfBatch(
  trx: Kysely<Tables>,
  rest: RawBuilder<unknown>,
  size: number,
): Promise<string | null> {
  const { rows } = await sql<{ last: string | null }>`
    select cast(max(rowid) as text) as last from (select rowid from ${rest} order by rowid limit ${size})`.execute(
    trx,
  );
  return rows[0]?.last ?? null;
}

async function requireRowid(db: Kysely<Tables>, table: string): Promise<void> {
  const { rows: known } = await sql`
    select 1 from pragma_table_list
    where schema = 'main' and name = ${table} collate nocase and type = 'table' and wr = 0
      and not exists (select 1 from pragma_table_xinfo(${table}) where name = 'rowid' collate nocase
        and not (pk = 1 and type = 'integer' collate nocase))`.execute(db);
  if (known.length === 0) throw BackfillError.noRowid(table);
}

async function countRows(db: Kysely<Tables>, table: string): Promise<number> {
  const { rows } = await sql<{
    total: number;
  }>`select count(*) as total from ${sql.id(table)}`.execute(db);
  return rows[0]?.total ?? 0;
}
