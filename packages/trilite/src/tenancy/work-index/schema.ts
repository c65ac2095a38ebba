import { sql } from '../../database/lazy-kysely';
import { defineMigration, type NamedMigration } from '../../database/migrations/migration';
import type { MigrationDatabase } from '../../database/migrations/migration-database';

/** The tables of the file that says which tenants have work. It holds nothing that the queue files do not: it can be made anew from them. */
export const workIndexMigrations: readonly NamedMigration[] = [
  {
    name: 'trilite/tenancy/0001_create_work_index',
    load: () =>
      defineMigration({
        async up(db) {
          await createWork(db);
          await createLeases(db);
        },
      }),
  },
];

async function createWork(db: MigrationDatabase): Promise<void> {
  await sql`
    create table tenant_work (
      tenant_id text not null,
      queue text not null,
      ready_at integer not null,
      touched_at integer not null,
      seq integer not null default 1,
      early_reads integer not null default 0,
      in_line integer not null default 0,
      vtime real not null default 0,
      weight real not null default 1 check (weight > 0),
      primary key (tenant_id, queue)
    ) strict, without rowid`.execute(db);
  // Who is next: what stands in line, the smallest virtual time first. What is not due stands elsewhere, and is never read past.
  await sql`create index tenant_work_line on tenant_work (vtime, ready_at) where in_line = 1`.execute(
    db,
  );
  await sql`create index tenant_work_resting on tenant_work (ready_at) where in_line = 0`.execute(
    db,
  );
  // How far virtual time is, when nobody stands in line.
  await sql`create index tenant_work_vtime on tenant_work (vtime)`.execute(db);
}

async function createLeases(db: MigrationDatabase): Promise<void> {
  await sql`
    create table tenant_work_leases (
      tenant_id text not null,
      queue text not null,
      slot integer not null,
      lease integer not null,
      lease_seq integer not null,
      owner text not null,
      leased_until integer not null,
      primary key (tenant_id, queue, slot)
    ) strict, without rowid`.execute(db);
  await sql`create index tenant_work_leases_end on tenant_work_leases (leased_until)`.execute(db);
}
