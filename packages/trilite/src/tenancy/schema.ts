import { sql } from 'kysely';
import { defineMigration, type NamedMigration } from '../database/migrations/migration';
import type { TenantRole } from '../config/tenant-connections';
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
];

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
