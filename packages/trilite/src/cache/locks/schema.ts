import { sql } from '../../database/lazy-kysely';
import { defineMigration, type NamedMigration } from '../../database/migrations/migration';
import type { MigrationDatabase } from '../../database/migrations/migration-database';

/** The tables of the file that holds locks and rate limits: never the one of a cache, which may be cleared and thrown away. */
export const lockMigrations: readonly NamedMigration[] = [
  {
    name: 'trilite/locks/0001_create_locks',
    load: () =>
      defineMigration({
        async up(db) {
          await createLocks(db);
          await createRateLimits(db);
        },
      }),
  },
];

async function createLocks(db: MigrationDatabase): Promise<void> {
  await sql`
    create table locks (
      name text not null primary key,
      owner text not null,
      bound_to text,
      acquired_at integer not null,
      expires_at integer not null
    ) strict`.execute(db);
  await sql`create index locks_expiry on locks (expires_at)`.execute(db);
}

async function createRateLimits(db: MigrationDatabase): Promise<void> {
  await sql`
    create table rate_limits (
      key text not null primary key,
      hits integer not null,
      resets_at integer not null
    ) strict`.execute(db);
  await sql`create index rate_limits_expiry on rate_limits (resets_at)`.execute(db);
}
