import { sql } from '../database/lazy-kysely';
import { defineMigration, type NamedMigration } from '../database/migrations/migration';
import type { MigrationDatabase } from '../database/migrations/migration-database';

/** The tables of the file that remembers what the schedule has run: the one that holds the locks. */
export const scheduleMigrations: readonly NamedMigration[] = [
  {
    name: 'trilite/schedule/0001_create_schedule',
    load: () =>
      defineMigration({
        async up(db) {
          await createRuns(db);
          await createTasks(db);
        },
      }),
  },
  {
    name: 'trilite/schedule/0002_tenants_of_runs',
    load: () =>
      defineMigration({
        async up(db) {
          await renewRuns(db);
          await renewTasks(db);
        },
      }),
  },
];

async function createRuns(db: MigrationDatabase): Promise<void> {
  await sql`
    create table schedule_runs (
      task text not null,
      due_at integer not null,
      state text not null
        check (state in ('claimed', 'running', 'done', 'failed', 'skipped', 'crashed', 'missed')),
      owner text,
      attempt integer not null default 1,
      claimed_at integer,
      started_at integer,
      finished_at integer,
      exit_code integer,
      message text,
      primary key (task, due_at),
      check (state not in ('claimed', 'running') or owner is not null)
    ) strict, without rowid`.execute(db);
  // Those that are not over are few, and looked for at every turn.
  await sql`create index schedule_runs_open on schedule_runs (task, due_at) where state in ('claimed', 'running')`.execute(
    db,
  );
}

async function createTasks(db: MigrationDatabase): Promise<void> {
  await sql`
    create table schedule_tasks (
      task text not null primary key,
      expression text not null,
      seen_until integer not null
    ) strict`.execute(db);
  await sql`
    create table schedule_pauses (
      task text not null primary key,
      paused_at integer not null
    ) strict`.execute(db);
}

/** Where tenants share the file, each has runs of its own; everybody else is ''. */
async function renewRuns(db: MigrationDatabase): Promise<void> {
  await sql`drop index schedule_runs_open`.execute(db);
  await sql`alter table schedule_runs rename to former_runs`.execute(db);
  await sql`
    create table schedule_runs (
      tenant_id text not null default '',
      task text not null,
      due_at integer not null,
      state text not null
        check (state in ('claimed', 'running', 'done', 'failed', 'skipped', 'crashed', 'missed')),
      owner text,
      attempt integer not null default 1,
      claimed_at integer,
      started_at integer,
      finished_at integer,
      exit_code integer,
      message text,
      primary key (tenant_id, task, due_at),
      check (state not in ('claimed', 'running') or owner is not null)
    ) strict, without rowid`.execute(db);
  await sql`
    insert into schedule_runs (task, due_at, state, owner, attempt, claimed_at, started_at, finished_at, exit_code, message)
    select task, due_at, state, owner, attempt, claimed_at, started_at, finished_at, exit_code, message from former_runs`.execute(
    db,
  );
  await sql`drop table former_runs`.execute(db);
  await sql`
    create index schedule_runs_open on schedule_runs (tenant_id, task, due_at) where state in ('claimed', 'running')`.execute(
    db,
  );
}

async function renewTasks(db: MigrationDatabase): Promise<void> {
  await sql`alter table schedule_tasks rename to former_tasks`.execute(db);
  await sql`
    create table schedule_tasks (
      tenant_id text not null default '',
      task text not null,
      expression text not null,
      seen_until integer not null,
      primary key (tenant_id, task)
    ) strict, without rowid`.execute(db);
  await sql`
    insert into schedule_tasks (task, expression, seen_until)
    select task, expression, seen_until from former_tasks`.execute(db);
  await sql`drop table former_tasks`.execute(db);
}
