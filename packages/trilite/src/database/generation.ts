import { newId } from '../support/id';
import type { Handle } from './connection-handle';
import { sql } from './lazy-kysely';
import { defineMigration, type NamedMigration } from './migrations/migration';

/*
 * Which course of events a data file belongs to. A backup that is put back goes on from an earlier moment: numbers that were given since are
 * given once more, to something else. Whoever keeps such a number about a file keeps the file's generation beside it, and begins anew when
 * that is another one.
 */

const HAS_TABLE = "select 1 from sqlite_schema where type = 'table' and name = 'file_generation'";
const READ = 'select generation from file_generation';
const WRITE = `
  insert into file_generation (id, generation) values (1, ?)
  on conflict (id) do update set generation = excluded.generation`;

/** The table of a data file's generation, with its first one. */
export const generationMigrations: readonly NamedMigration[] = [
  {
    name: 'trilite/database/0001_create_file_generation',
    load: () =>
      defineMigration({
        async up(db) {
          await sql`
            create table file_generation (
              id integer primary key check (id = 1),
              generation text not null
            ) strict`.execute(db);
          await sql`insert into file_generation (id, generation) values (1, ${newId()})`.execute(
            db,
          );
        },
      }),
  },
];

/** The generation of a file; undefined for one without the table. */
export function readGeneration(handle: Handle): string | undefined {
  if (!hasTable(handle)) return undefined;
  const row = handle.statement(READ).get() as { generation: string } | undefined;
  return row?.generation;
}

/** Gives a file a new generation; undefined, and nothing is written, for one without the table. */
export function renewGeneration(handle: Handle): string | undefined {
  if (!hasTable(handle)) return undefined;
  const generation = newId();
  handle.statement(WRITE).run(generation);
  return generation;
}

function hasTable(handle: Handle): boolean {
  return handle.statement(HAS_TABLE).get() !== undefined;
}
