import { sql } from '../../database/lazy-kysely';
import { defineMigration, type NamedMigration } from '../../database/migrations/migration';

/** The table of a file whose transactions dispatch jobs to a queue in another file. */
export const outboxMigrations: readonly NamedMigration[] = [
  {
    name: 'trilite/outbox/0001_create_outbox',
    load: () =>
      defineMigration({
        async up(db) {
          // AUTOINCREMENT: a number is never given twice, whatever is deleted
          await sql`
            create table outbox (
              seq integer primary key autoincrement,
              target text not null,
              body text not null,
              created_at integer not null
            ) strict`.execute(db);
        },
      }),
  },
];
