import { sql } from 'kysely';
import { defineMigration, type NamedMigration } from '../database/migrations/migration';
import type { MigrationDatabase } from '../database/migrations/migration-database';

/** The tables of a file that holds a queue. */
export const queueMigrations: readonly NamedMigration[] = [
  {
    name: 'trilite/queue/0001_create_jobs',
    load: () =>
      defineMigration({
        async up(db) {
          await createJobs(db);
          await createFailedJobs(db);
        },
      }),
  },
];

async function createJobs(db: MigrationDatabase): Promise<void> {
  await sql`
    create table jobs (
      id text not null primary key,
      queue text not null,
      job text not null,
      payload text not null,
      state text not null check (state in ('waiting', 'running', 'done')),
      priority integer not null,
      available_at integer not null,
      attempts integer not null default 0,
      crashes integer not null default 0,
      max_crashes integer not null,
      owner text,
      lease_until integer,
      progress real,
      last_error text,
      created_at integer not null,
      started_at integer,
      finished_at integer,
      check ((state = 'running') = (owner is not null and lease_until is not null))
    ) strict`.execute(db);
  // Each index holds one state alone: done jobs cost the claim nothing.
  await sql`create index jobs_waiting on jobs (queue, priority desc, available_at, id) where state = 'waiting'`.execute(
    db,
  );
  await sql`create index jobs_running on jobs (lease_until) where state = 'running'`.execute(db);
  await sql`create index jobs_done on jobs (finished_at) where state = 'done'`.execute(db);
}

async function createFailedJobs(db: MigrationDatabase): Promise<void> {
  await sql`
    create table failed_jobs (
      id text not null primary key,
      queue text not null,
      job text not null,
      payload text not null,
      priority integer not null,
      max_crashes integer not null,
      attempts integer not null,
      message text not null,
      detail text not null,
      created_at integer not null,
      failed_at integer not null
    ) strict`.execute(db);
  await sql`create index failed_jobs_time on failed_jobs (failed_at)`.execute(db);
}
