import { sql } from '../../database/lazy-kysely';
import { defineMigration, type NamedMigration } from '../../database/migrations/migration';
import type { MigrationDatabase } from '../../database/migrations/migration-database';

/** The index of the waiting jobs by tenant: a file that has it holds the jobs of many, who take turns. */
export const TURNS = 'jobs_turns';

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
  {
    name: 'trilite/queue/0002_link_jobs',
    load: () =>
      defineMigration({
        async up(db) {
          await renewJobs(db);
          await renewFailedJobs(db);
          await createLinks(db);
          await createHistory(db);
          await createSignals(db);
        },
      }),
  },
  {
    name: 'trilite/queue/0003_tenants_of_jobs',
    load: () =>
      defineMigration({
        async up(db) {
          for (const table of ['jobs', 'failed_jobs', 'job_batches']) {
            await addTenant(db, table);
          }
        },
      }),
  },
];

/** What a queue needs beside them where tenants share it. */
export const sharedQueueMigrations: readonly NamedMigration[] = [
  {
    name: 'trilite/queue/0004_turns_of_tenants',
    load: () =>
      defineMigration({
        async up(db) {
          await sql`create index ${sql.raw(TURNS)} on jobs (queue, priority, coalesce(tenant_id, ''), available_at, id) where state = 'waiting'`.execute(
            db,
          );
          // How many of a tenant wait is counted at each dispatch where that is bounded
          await sql`create index jobs_waiting_of on jobs (tenant_id) where state = 'waiting'`.execute(
            db,
          );
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

/** As they are now. What only few jobs have lies together in `extra`, as JSON: a plain job is to cost a plain row. */
async function renewJobs(db: MigrationDatabase): Promise<void> {
  for (const index of ['jobs_waiting', 'jobs_running', 'jobs_done']) {
    await sql`drop index ${sql.raw(index)}`.execute(db);
  }
  await sql`alter table jobs rename to former_jobs`.execute(db);
  await sql`
    create table jobs (
      id text not null primary key,
      queue text not null,
      job text not null,
      payload text not null,
      state text not null check (state in ('waiting', 'running', 'done', 'cancelled')),
      priority integer not null,
      available_at integer not null,
      attempts integer not null default 0,
      exceptions integer not null default 0,
      crashes integer not null default 0,
      max_crashes integer not null,
      retry_until integer,
      owner text,
      claim integer,
      lease_until integer,
      cancel_at integer,
      progress real,
      took_ms real,
      last_error text,
      batch_id text,
      debounce_key text,
      debounce_until integer,
      extra text,
      created_at integer not null,
      started_at integer,
      finished_at integer,
      check (state <> 'running' or (owner is not null and claim is not null and lease_until is not null))
    ) strict`.execute(db);
  await sql`
    insert into jobs (id, queue, job, payload, state, priority, available_at, attempts, crashes, max_crashes, owner, claim, lease_until, progress,
      last_error, created_at, started_at, finished_at)
    select id, queue, job, payload, state, priority, available_at, attempts, crashes, max_crashes, owner, random() >> 11, lease_until, progress,
      last_error, created_at, started_at, finished_at
    from former_jobs`.execute(db);
  await sql`drop table former_jobs`.execute(db);
  await indexJobs(db);
}

async function indexJobs(db: MigrationDatabase): Promise<void> {
  // Each index holds one state alone: jobs that have ended cost the claim nothing.
  await sql`create index jobs_waiting on jobs (queue, priority, available_at, id) where state = 'waiting'`.execute(
    db,
  );
  await sql`create index jobs_running on jobs (owner) where state = 'running'`.execute(db);
  await sql`create index jobs_ended on jobs (finished_at) where state in ('done', 'cancelled')`.execute(
    db,
  );
  await sql`create unique index jobs_debounced on jobs (debounce_key) where debounce_key is not null`.execute(
    db,
  );
}

async function renewFailedJobs(db: MigrationDatabase): Promise<void> {
  for (const column of ['batch_id text', 'extra text', 'owner text']) {
    await sql`alter table failed_jobs add column ${sql.raw(column)}`.execute(db);
  }
  await sql`create index failed_jobs_queue on failed_jobs (queue)`.execute(db);
}

/** What holds jobs together: keys that keep others out, batches, and how far the dispatches of other files have come. */
async function createLinks(db: MigrationDatabase): Promise<void> {
  await sql`
    create table job_keys (
      key text not null primary key,
      job_id text not null,
      until text not null check (until in ('started', 'done', 'time')),
      expires_at integer
    ) strict, without rowid`.execute(db);
  await sql`
    create table job_batches (
      id text not null primary key,
      name text not null,
      total integer not null,
      done integer not null default 0,
      failed integer not null default 0,
      cancelled integer not null default 0,
      allow_failures integer not null,
      on_done text,
      on_failure text,
      on_end text,
      created_at integer not null,
      cancelled_at integer,
      finished_at integer
    ) strict`.execute(db);
  await sql`create index job_batches_finished on job_batches (finished_at) where finished_at is not null`.execute(
    db,
  );
  await sql`
    create table relayed (generation text not null primary key, seq integer not null, relayed_at integer not null) strict`.execute(
    db,
  );
}

/** Runs that ended badly, lines that jobs left, and counts that stay when the jobs are forgotten. */
async function createHistory(db: MigrationDatabase): Promise<void> {
  await sql`
    create table job_attempts (
      job_id text not null,
      attempt integer not null,
      outcome text not null check (outcome in ('released', 'failed', 'crashed')),
      message text not null,
      owner text not null,
      started_at integer not null,
      ended_at integer not null
    ) strict`.execute(db);
  await sql`create index job_attempts_job on job_attempts (job_id)`.execute(db);
  await sql`create table job_lines (job_id text not null, at integer not null, text text not null) strict`.execute(
    db,
  );
  await sql`create index job_lines_job on job_lines (job_id)`.execute(db);
  await sql`
    create table job_counts (
      queue text not null,
      minute integer not null,
      done integer not null default 0,
      failed integer not null default 0,
      took_ms real not null default 0,
      primary key (queue, minute)
    ) strict, without rowid`.execute(db);
}

/** Whose it is, where tenants share the file; for all others, the index costs nothing. */
async function addTenant(db: MigrationDatabase, table: string): Promise<void> {
  await sql`alter table ${sql.id(table)} add column tenant_id text`.execute(db);
  await sql`
    create index ${sql.id(`${table}_tenant`)} on ${sql.id(table)} (tenant_id) where tenant_id is not null`.execute(
    db,
  );
}

/** What workers are told, beside their jobs: kept here, where clearing a cache cannot undo it. */
async function createSignals(db: MigrationDatabase): Promise<void> {
  await sql`create table queue_signals (name text not null primary key, at integer not null, until integer) strict`.execute(
    db,
  );
}
