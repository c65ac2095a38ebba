import { defineMigration, type NamedMigration } from '../database/migrations/migration';
import type { MigrationDatabase } from '../database/migrations/migration-database';
import type { TenantRole } from '../config/tenant-connections';
import { sql } from '../database/lazy-kysely';
import type { TenantId } from './tenant-id';

/** The tables of the application's default connection that say which tenants there are. */
export const tenantMigrations: readonly NamedMigration[] = [
  {
    name: 'trilite/tenancy/0001_create_tenants',
    load: () =>
      defineMigration({
        async up(db) {
          // A purged tenant stays as a row: its id is never given again
          await sql`
            create table tenants (
              id text not null primary key,
              slug text unique,
              name text not null,
              state text not null check (state in ('creating', 'active', 'suspended', 'down', 'deleted', 'purged')),
              weight real not null default 1 check (weight > 0),
              config text not null default '{}',
              quotas text not null default '{}',
              created_at integer not null,
              changed_at integer not null,
              deleted_at integer
            ) strict, without rowid`.execute(db);
          await sql`
            create table tenant_domains (
              domain text not null primary key,
              tenant_id text not null references tenants (id)
            ) strict, without rowid`.execute(db);
          await sql`create index tenant_domains_tenant on tenant_domains (tenant_id)`.execute(db);
        },
      }),
  },
  {
    name: 'trilite/tenancy/0002_create_migration_runs',
    load: () => defineMigration({ up: createMigrationRuns }),
  },
  {
    name: 'trilite/tenancy/0003_order_domains',
    load: () =>
      defineMigration({
        async up(db) {
          await sql`alter table tenant_domains add column position integer not null default 0`.execute(
            db,
          );
        },
      }),
  },
  {
    name: 'trilite/tenancy/0004_note_schemas',
    load: () =>
      defineMigration({
        async up(db) {
          // Null where nobody knows: the files may have any migrations
          await sql`alter table tenants add column schema_key text`.execute(db);
        },
      }),
  },
];

/** What "tenants:migrate" has done, so that it can go on where it ended, and take back what it ran. */
async function createMigrationRuns(db: MigrationDatabase): Promise<void> {
  await sql`
    create table tenant_migration_runs (
      id text not null primary key,
      started_at integer not null,
      ended_at integer
    ) strict, without rowid`.execute(db);
  await sql`
    create table tenant_migration_results (
      run_id text not null references tenant_migration_runs (id) on delete cascade,
      tenant_id text not null,
      status text not null check (status in ('pending', 'running', 'done', 'failed', 'rolled-back')),
      migrations text not null default '[]',
      error text,
      ms integer,
      primary key (run_id, tenant_id)
    ) strict, without rowid`.execute(db);
}

/** What every file of a tenant has: a row that says whose it is and what for. */
export function stampMigrations(id: TenantId, role: TenantRole): readonly NamedMigration[] {
  return [
    {
      name: 'trilite/tenancy/0001_stamp_file',
      load: () =>
        defineMigration({
          async up(db) {
            await sql`
              create table tenant_stamp (
                one integer primary key check (one = 1),
                tenant_id text not null,
                role text not null
              ) strict`.execute(db);
            await sql`insert into tenant_stamp (one, tenant_id, role) values (1, ${id}, ${role})`.execute(
              db,
            );
          },
        }),
    },
  ];
}
