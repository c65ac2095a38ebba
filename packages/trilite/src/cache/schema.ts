import { sql } from 'kysely';
import { defineMigration, type NamedMigration } from '../database/migrations/migration';

/** The tables of a file that holds a cache. */
export const cacheMigrations: readonly NamedMigration[] = [
  {
    name: 'trilite/cache/0001_create_cache_entries',
    load: () =>
      defineMigration({
        async up(db) {
          // ANY keeps text apart from blobs: text is JSON, a blob MessagePack.
          await sql`
            create table cache_entries (
              key text not null primary key,
              value any not null,
              expires_at integer
            ) strict`.execute(db);
          await sql`create index cache_entries_expiry on cache_entries (expires_at) where expires_at is not null`.execute(
            db,
          );
        },
      }),
  },
];
