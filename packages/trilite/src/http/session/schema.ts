import { sql } from '../../database/lazy-kysely';
import { defineMigration, type NamedMigration } from '../../database/migrations/migration';

/** The table of the file that holds sessions: one with data, never that of a cache, which may be cleared and thrown away. */
export const sessionMigrations: readonly NamedMigration[] = [
  {
    name: 'trilite/sessions/0001_create_sessions',
    load: () =>
      defineMigration({
        async up(db) {
          // `key` is a hash of what the cookie holds: whoever reads the file can be nobody. ANY keeps text, which is JSON, apart from blobs.
          await sql`
            create table sessions (
              key text not null primary key,
              tenant_id text,
              payload any not null,
              created_at integer not null,
              seen_at integer not null,
              expires_at integer not null
            ) strict`.execute(db);
          await sql`create index sessions_expiry on sessions (expires_at)`.execute(db);
        },
      }),
  },
];
