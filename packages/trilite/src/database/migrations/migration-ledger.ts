import { existsSync } from 'node:fs';
import type { Kysely } from 'kysely';
import { clock } from '../../support/clock';
import type { Database } from '../database';
import { sql } from '../lazy-kysely';
import type { Tables } from '../tables';

/** A migration that has run. */
export interface LedgerRow {
  readonly name: string;
  readonly batch: number;
  /** Epoch milliseconds. */
  readonly ranAt: number;
}

type Queries = Kysely<Tables>;

/** Makes the table in which a file keeps what has run on it; harmless when it is there. */
export async function createLedger(db: Queries): Promise<void> {
  if (await hasTable(db, 'migrations')) return;
  await sql`
    create table if not exists migrations (
      name text not null primary key,
      batch integer not null,
      ran_at integer not null
    ) strict`.execute(db);
}

/** What has run on a file, in the order it ran. Creates nothing: a file or ledger that is not there has run nothing. */
export async function ledgerOf(db: Database, file: string): Promise<LedgerRow[]> {
  if (file !== ':memory:' && !existsSync(file)) return [];
  return (await hasTable(db, 'migrations')) ? ledgerRows(db) : [];
}

/** What has run, in the order it ran. */
export async function ledgerRows(db: Queries): Promise<LedgerRow[]> {
  const { rows } =
    await sql<LedgerRow>`select name, batch, ran_at as "ranAt" from migrations order by rowid`.execute(
      db,
    );
  return rows;
}

export async function recordRun(db: Queries, name: string, batch: number): Promise<void> {
  await sql`insert into migrations (name, batch, ran_at) values (${name}, ${batch}, ${clock.now()})`.execute(
    db,
  );
}

export async function forgetRun(db: Queries, name: string): Promise<void> {
  await sql`delete from migrations where name = ${name}`.execute(db);
}

export async function hasTable(db: Queries, name: string): Promise<boolean> {
  const { rows } =
    await sql`select 1 from sqlite_schema where type = 'table' and name = ${name}`.execute(db);
  return rows.length > 0;
}
