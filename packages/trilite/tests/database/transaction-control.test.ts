import BetterSqlite3 from 'better-sqlite3';
import { sql } from 'kysely';
import type { Database } from '../../src/database/database';
import { gate } from '../helpers/gate';
import { createNotes, type Notes } from '../helpers/notes';

let notes: Notes;
let db: Database;

beforeEach(async () => {
  notes = await createNotes();
  db = notes.db;
});

afterEach(() => notes.close());

const add = (text: string, on: Pick<Database, 'insertInto'> = db) =>
  on.insertInto('notes').values({ text }).execute();

test.each([
  'begin',
  '; begin',
  'commit',
  ' ROLLBACK',
  '-- a comment\nend',
  '/* b */ savepoint s',
  'release s',
])('%j typed as SQL is refused, and the writes beside it are kept', async (text) => {
  const outcomes = await Promise.allSettled([add('a'), sql.raw(text).execute(db), add('b')]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(await notes.texts()).toEqual(['a', 'b']);
  await db.transaction((trx) =>
    expect(sql.raw(text).execute(trx)).rejects.toMatchObject({ code: 'E_TRANSACTION_MISUSE' }),
  );
});

test('a write that leaves a transaction open is rolled back, alone and in a group', async () => {
  const begin = () => notes.connection.write((handle) => handle.exec('begin'));
  await expect(begin()).rejects.toMatchObject({ code: 'E_TRANSACTION_MISUSE' });
  await add('after');
  const end = notes.connection.write((handle) => handle.exec('commit'));
  const outcomes = await Promise.allSettled([add('in a group'), end]);
  expect(outcomes.map(({ status }) => status)).toContain('rejected');
  await add('after the group');
  expect(await notes.texts()).toEqual(expect.arrayContaining(['after', 'after the group']));
});

test('a member whose deferred constraint fails at the commit fails alone', async () => {
  await sql`create table parents (id integer primary key)`.execute(db);
  await sql`create table children (parent_id references parents deferrable initially deferred)`.execute(
    db,
  );
  const child = sql`insert into children values (99)`.execute(db);
  const [orphan, ...others] = await Promise.allSettled([child, add('a'), add('b'), add('c')]);
  expect(orphan).toMatchObject({
    status: 'rejected',
    reason: { sqliteCode: 'SQLITE_CONSTRAINT_FOREIGNKEY' },
  });
  expect(others.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
  expect(await notes.texts()).toEqual(['a', 'b', 'c']);
});

test('a member that rolls everybody back by ON CONFLICT ROLLBACK fails alone', async () => {
  await add('taken');
  const clash = sql`insert or rollback into notes (text) values ('taken')`.execute(db);
  const outcomes = await Promise.allSettled([add('a'), clash, add('b')]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(await notes.texts()).toEqual(['taken', 'a', 'b']);
});

test('nested work settles when the outer transaction ends before it', async () => {
  const slow = gate();
  let nested: Promise<unknown>[] = [];
  const outer = db.transaction(async (trx) => {
    const began = gate();
    nested = [
      trx.transaction(async () => {
        began.open();
        await slow.opened;
      }),
      trx.transaction((inner) => add('never', inner)),
      add('never either', trx),
    ];
    for (const one of nested) one.catch(() => undefined);
    await began.opened;
    throw new Error('boom');
  });
  await expect(outer).rejects.toThrow('boom');
  slow.open();
  const outcomes = await Promise.allSettled(nested);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(await notes.texts()).toEqual([]);
});

test('a write of the outer transaction that began in an earlier nested one waits for a later one', async () => {
  const goOn = gate();
  const began = gate();
  await db.transaction(async (trx) => {
    let late: Promise<unknown> = Promise.resolve();
    await trx.transaction(async () => {
      late = goOn.opened.then(() => add('late', trx));
    });
    const failing = trx.transaction(async () => {
      began.open();
      goOn.open();
      await new Promise((resolve) => setImmediate(resolve));
      throw new Error('undone');
    });
    await began.opened;
    await expect(failing).rejects.toThrow('undone');
    await late;
  });
  expect(await notes.texts()).toEqual(['late']);
});

test('while a commit waits for a lock, nothing more is let into the transaction', async () => {
  await notes.close();
  notes = await createNotes({ journalMode: 'delete', busyTimeout: '5s' });
  db = notes.db;
  const reader = new BetterSqlite3(notes.file);
  reader.exec('begin');
  reader.prepare('select * from notes').all();
  const ended = gate();
  let late: Promise<unknown> = Promise.resolve();
  const outer = db.transaction(async (trx) => {
    await add('whole', trx);
    late = ended.opened.then(() => trx.transaction((inner) => add('half', inner)));
    late.catch(() => undefined);
  });
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  ended.open();
  await expect(late).rejects.toMatchObject({ code: 'E_TRANSACTION_MISUSE' });
  reader.close();
  await outer;
  expect(await notes.texts()).toEqual(['whole']);
});

test('a read is known as one by SQLite, not by its first letters', async () => {
  await add('update');
  await db.transaction(async () => {
    for (const text of [
      'values (1)',
      '/* c */ select 1',
      '-- c\nselect 1',
      'explain select 1',
      "with w as (select 'update') select replace(text, 'a', 'b') from notes",
    ]) {
      await expect(sql.raw(text).execute(db)).resolves.toBeDefined();
    }
    const write = sql`with w as (select 1) insert into notes (text) select 'x' from w`;
    await expect(write.execute(db)).rejects.toMatchObject({ code: 'E_TRANSACTION_MISUSE' });
  });
});
