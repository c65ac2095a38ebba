import { Database, sql, type Generated } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { createProject, type TestProject } from '../helpers/project';

declare module '../../src/database/tables' {
  interface Tables {
    notes: { id: Generated<number>; text: string };
  }
}

let project: TestProject;
let app: TestApplication;
let db: Database;

beforeEach(async () => {
  project = createProject();
  app = await createTestApplication({ basePath: project.path });
  db = app.make(Database);
  await sql`create table notes (id integer primary key, text text not null unique)`.execute(db);
});

afterEach(async () => {
  await app.close();
  project.remove();
});

const add = (text: string, on: Pick<Database, 'insertInto'> = db) =>
  on.insertInto('notes').values({ text }).execute();
const texts = async (on: Pick<Database, 'selectFrom'> = db) =>
  (await on.selectFrom('notes').select('text').orderBy('id').execute()).map(({ text }) => text);

test('queries read and write', async () => {
  const inserted = await db
    .insertInto('notes')
    .values({ text: 'a' })
    .returning('id')
    .executeTakeFirstOrThrow();
  expect(inserted.id).toBe(1);
  const updated = await db
    .updateTable('notes')
    .set({ text: 'b' })
    .where('id', '=', 1)
    .executeTakeFirst();
  expect(updated.numUpdatedRows).toBe(1n);
  expect(await texts()).toEqual(['b']);
});

test('a WITH that writes goes to the writer', async () => {
  await sql`with new as (select 'x' as text) insert into notes (text) select text from new`.execute(
    db,
  );
  expect(await texts()).toEqual(['x']);
});

test('a statement that SQLite refuses tells why, and on which connection', async () => {
  await add('a');
  await expect(add('a')).rejects.toMatchObject({
    code: 'E_DATABASE_QUERY',
    sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE',
    message: expect.stringContaining('connection "default"'),
  });
});

test('a transaction commits whole', async () => {
  await db.transaction(async (trx) => {
    await add('a', trx);
    await add('b', trx);
  });
  expect(await texts()).toEqual(['a', 'b']);
});

test('a transaction that throws leaves nothing', async () => {
  await expect(
    db.transaction(async (trx) => {
      await add('a', trx);
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  expect(await texts()).toEqual([]);
});

test("Kysely's own form of a transaction works as well", async () => {
  await db.transaction().execute((trx) => add('a', trx));
  expect(await texts()).toEqual(['a']);
});

test('a write through db inside a transaction is refused instead of waiting for itself', async () => {
  await expect(db.transaction(() => add('a'))).rejects.toMatchObject({
    code: 'E_TRANSACTION_MISUSE',
  });
});

test("a write through db inside Kysely's own form is refused as well", async () => {
  const hanging = db.transaction().execute(() => add('a'));
  await expect(hanging).rejects.toMatchObject({ code: 'E_TRANSACTION_MISUSE' });
  const chosen = db
    .transaction()
    .setAccessMode('read write')
    .execute(() => add('a'));
  await expect(chosen).rejects.toMatchObject({ code: 'E_TRANSACTION_MISUSE' });
});

test('a read through db inside a transaction sees what is committed', async () => {
  const seen = await db.transaction(async (trx) => {
    await add('a', trx);
    return { outside: await texts(), inside: await texts(trx) };
  });
  expect(seen).toEqual({ outside: [], inside: ['a'] });
});

test('trx is refused after the end of its transaction', async () => {
  const kept = await db.transaction(async (trx) => trx);
  await expect(add('late', kept)).rejects.toThrow();
});

test('two transactions at once take turns', async () => {
  const append = () =>
    db.transaction(async (trx) => {
      const count = (await texts(trx)).length;
      await add(`note ${count}`, trx);
    });
  await Promise.all([append(), append(), append()]);
  expect(await texts()).toEqual(['note 0', 'note 1', 'note 2']);
});

test('another connection is reached by its name', async () => {
  const { rows } = await sql<{
    name: string;
  }>`select name from sqlite_schema where name = 'jobs'`.execute(db.connection('queue'));
  expect(rows).toEqual([{ name: 'jobs' }]);
});

test.each(['nowhere', 'constructor', '__proto__'])(
  'a connection "%s" that is not declared is named',
  (name) => {
    expect(() => app.connections.connection(name)).toThrow(
      expect.objectContaining({ code: 'E_CONNECTION_UNKNOWN' }),
    );
  },
);

test('dates, booleans and undefined have a place in SQLite', async () => {
  const { rows } = await sql<
    Record<string, unknown>
  >`select ${new Date(5)} as date, ${true} as yes, ${undefined} as missing`.execute(db);
  expect(rows).toEqual([{ date: 5, yes: 1, missing: null }]);
});
