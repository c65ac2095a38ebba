import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sql, type CompiledQuery } from 'kysely';
import { query } from '../../src/database/care/query';
import type { Connection } from '../../src/database/connection';
import type { Database } from '../../src/database/database';
import { defineMigration } from '../../src/database/migrations/migration';
import type { MigrationDatabase } from '../../src/database/migrations/migration-database';
import { Migrator } from '../../src/database/migrations/migrator';
import { refusedSql } from '../../src/database/sql-guard';
import { errorWith } from '../helpers/errors';
import { createNotes, type Notes } from '../helpers/notes';

let notes: Notes;
let connection: Connection;
let db: Database;

beforeEach(async () => {
  notes = await createNotes();
  ({ connection, db } = notes);
});

afterEach(() => notes.close());

const raw = (text: string) => sql.raw(text);

async function drain(rows: AsyncIterable<unknown>): Promise<void> {
  for await (const row of rows) expect(row).toBeDefined();
}

const compiled = (text: string): CompiledQuery => raw(text).compile(db);

/** Every way by which SQL of an application, or of a person, gets to a file. */
const surfaces: [string, (text: string) => Promise<unknown>][] = [
  ['sql', (text) => raw(text).execute(db)],
  ['db.executeQuery', (text) => db.executeQuery(compiled(text))],
  ['db.withPlugin', (text) => raw(text).execute(db.withoutPlugins())],
  ['a stream', (text) => drain(db.getExecutor().stream(compiled(text), 1))],
  ['db.offload', (text) => db.offload(text)],
  ['db.offload with a query', (text) => db.offload(compiledOf(text))],
  ['a transaction', (text) => db.transaction((trx) => raw(text).execute(trx))],
  [
    'a nested transaction',
    (text) => db.transaction((trx) => trx.transaction((inner) => raw(text).execute(inner))),
  ],
  ["Kysely's own transaction", (text) => db.transaction().execute((trx) => raw(text).execute(trx))],
  ["Kysely's own connection", (text) => db.connection().execute((one) => raw(text).execute(one))],
  ['a migration', migrate],
  ['a read of the connection', (text) => connection.read((handle) => handle.statement(text).get())],
  ['a write of the connection', (text) => connection.write((handle) => handle.exec(text))],
  [
    'the end of several statements',
    (text) => connection.write((handle) => handle.exec(`select ';'; select "a;" as [b;]; ${text}`)),
  ],
  ['db:query', (text) => query(connection, text)],
  ['db:query --write', (text) => query(connection, text, { write: true })],
];

const compiledOf = (text: string) => ({ compile: () => compiled(text) });

function migrate(text: string): Promise<unknown> {
  const up = async (on: MigrationDatabase): Promise<void> => {
    await raw(text).execute(on);
  };
  const load = () => defineMigration({ up });
  const migrations = [{ name: '0001_reach_out', load }];
  return new Migrator(notes.registry, [{ connection: 'notes', migrations }])
    .migrate()
    .catch((error: unknown) => {
      let cause = error;
      while (cause instanceof Error && cause.cause !== undefined) ({ cause } = cause);
      throw cause;
    });
}

describe.each(surfaces)('through %s', (_, run) => {
  test('no file is attached, and none is written', async () => {
    const other = join(notes.file, '../stolen.sqlite');
    const neighbour = notes.registry.connection('other').file;
    for (const text of [`attach '${neighbour}' as other`, `vacuum into '${other}'`]) {
      await expect(run(text)).rejects.toThrow(errorWith('E_SQL_REFUSED', text.slice(0, 12)));
    }
    expect(existsSync(other)).toBe(false);
    const files = await connection.read((handle) =>
      handle.statement('select count(*) from pragma_database_list').pluck().get(),
    );
    expect(files).toBe(1);
  });
});

test('a bound path is refused like a written one', async () => {
  const { file } = notes.registry.connection('other');
  await expect(sql`attach ${file} as other`.execute(db)).rejects.toThrow(
    errorWith('E_SQL_REFUSED', 'attach ? as other'),
  );
  await expect(sql`vacuum into ${`${file}-copy`}`.execute(db)).rejects.toThrow(
    errorWith('E_SQL_REFUSED'),
  );
});

test('a pragma asked for by name is refused too', async () => {
  await expect(connection.read((handle) => handle.pragma('writable_schema = 1'))).rejects.toThrow(
    errorWith('E_SQL_REFUSED'),
  );
});

test('the transaction goes on after a refusal that it catches', async () => {
  await db.transaction(async (trx) => {
    await trx.insertInto('notes').values({ text: 'kept' }).execute();
    await expect(raw('detach other').execute(trx)).rejects.toThrow(errorWith('E_SQL_REFUSED'));
  });
  expect(await notes.texts()).toEqual(['kept']);
});

test.each([
  ['attach', "ATTACH 'x' AS y"],
  ['attach', "AtTaCh DATABASE 'x' AS y"],
  ['attach', "\uFEFF \t\r\n\fattach 'x' as y"],
  ['attach', "/* a ; ' */ -- b ' \n attach/**/'x' as y"],
  ['attach', ";;/* */; attach 'x' as y"],
  ['attach', "explain attach 'x' as y"],
  ['attach', "EXPLAIN /* */ QUERY\nPLAN attach 'x' as y"],
  ['attach', 'detach y'],
  ['attach', "select 'it''s'; attach 'x' as y"],
  ['attach', 'select 1 as "a""b"; detach y'],
  ['attach', "select 1 as [it's]; attach 'x' as y --'"],
  ['attach', "select 1 as `it's`; attach 'x' as y --'"],
  ['attach', "create trigger t after insert on a begin select 1; end; attach 'x' as y"],
  ['vacuum into', "vacuum into 'x'"],
  ['vacuum into', "vacuum main into 'x'"],
  ['vacuum into', 'vacuum/**/"main"--\ninto ?'],
  ['writable_schema', 'pragma writable_schema = on'],
  ['writable_schema', 'PRAGMA main . "writable_schema"(1)'],
  ['writable_schema', "pragma 'writable_schema' = 1"],
  ['function', "select load_extension('x')"],
  ['function', 'with a as (select "LOAD_EXTENSION" /* */ (?)) select * from a'],
  ['function', "select [load_extension]('x', 'y')"],
  ['function', "select sqlite_attach('x', 'y', '')"],
])('refused as "%s": %s', (kind, text) => {
  expect(refusedSql(text)?.kind).toBe(kind);
});

test.each([
  'vacuum',
  'vacuum main',
  "select 'attach database' as text",
  'select attach from detach where vacuum = 1',
  "insert into notes (text) values ('; attach ''x'' as y')",
  "with attach as (select 1) select * from attach -- vacuum into 'x'",
  'create table "attach" (vacuum, "into")',
  'pragma table_info(writable_schema)',
  'select load_extension from notes',
  "select 1 /* ; attach 'x' as y */",
  "select 1 /* ; attach 'x' as y",
  "select 'not ended ; attach",
  'savepoint attach',
  '',
])('not refused: %s', (text) => {
  expect(refusedSql(text)).toBeUndefined();
});

test('who is refused is told by which words, and what to do instead', async () => {
  await expect(raw("/* x */ vacuum into 'copy.sqlite'").execute(db)).rejects.toMatchObject({
    code: 'E_SQL_REFUSED',
    message: expect.stringContaining(`"vacuum into 'copy.sqlite'" was refused`) as string,
    help: expect.stringContaining('db:backup') as string,
  });
});
