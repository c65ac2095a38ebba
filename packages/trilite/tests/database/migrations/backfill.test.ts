import { AsyncResource } from 'node:async_hooks';
import { backfill, sql, type Backfill, type Database } from 'trilite';
import { continueBackfill } from '../../../src/database/migrations/backfill';
import { gate } from '../../helpers/gate';
import { createNotes, type Notes } from '../../helpers/notes';

let notes: Notes;
let db: Database;

beforeEach(async () => {
  notes = await createNotes();
  db = notes.db;
  await sql`create table items (name text primary key, length integer)`.execute(db);
  await sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < 25)
    insert into items (name) select 'item ' || i from n`.execute(db);
});

afterEach(() => notes.close());

const items = { name: 'lengths', table: 'items', size: 10 };

const fill: Backfill['rows'] = async (trx, rows) => {
  for (const { rowid, name } of rows) {
    await sql`update items set length = coalesce(length, 0) + ${String(name).length} where rowid = ${rowid}`.execute(
      trx,
    );
  }
};

async function count(where: string): Promise<number> {
  const { rows } = await sql
    .raw<{ count: number }>(`select count(*) as count from items where ${where}`)
    .execute(db);
  return rows[0]?.count ?? -1;
}

const filledOnce = 'length = length(name)';

test('every row is filled once, batch by batch, and its progress told', async () => {
  const told: number[][] = [];
  await backfill(db, { ...items, rows: fill }, (...progress) => told.push(progress));
  expect(await count(filledOnce)).toBe(25);
  expect(told).toEqual([
    [10, 25],
    [20, 25],
    [25, 25],
  ]);
});

test('a batch that fails is undone alone, and the next call goes on from there', async () => {
  let batches = 0;
  const rows: Backfill['rows'] = async (trx, batch) => {
    await fill(trx, batch);
    batches += 1;
    if (batches === 2) throw new Error('power cut');
  };
  await expect(backfill(db, { ...items, rows })).rejects.toThrow('power cut');
  expect(await count('length is not null')).toBe(10);
  await backfill(db, { ...items, rows: fill });
  expect(await count(filledOnce)).toBe(25);
});

test('others write between two batches', async () => {
  // Asks from outside the batch's transaction, as another request of the process would.
  const outside = new AsyncResource('another request');
  const written = gate();
  const rows: Backfill['rows'] = async (trx, batch) => {
    await fill(trx, batch);
    const write = sql`insert or ignore into items (name) values ('added meanwhile')`;
    if (batch.length === 10) {
      void outside.runInAsyncScope(() => write.execute(db).then(() => written.open()));
    }
  };
  await backfill(db, { ...items, rows });
  await written.opened;
  expect(await count(filledOnce)).toBe(26);
});

test('two at once share the work, and fill no row twice', async () => {
  await Promise.all([
    backfill(db, { ...items, size: 3, rows: fill }),
    backfill(db, { ...items, size: 4, rows: fill }),
  ]);
  expect(await count(filledOnce)).toBe(25);
});

test('one that another process has ended meanwhile is not begun anew', async () => {
  await backfill(db, { ...items, rows: fill });
  expect(await continueBackfill(db, { ...items, rows: fill })).toBe(0);
  expect(await count(filledOnce)).toBe(25);
});

test('negative and huge rowids are not passed over', async () => {
  await sql`create table rows (id integer primary key, seen integer)`.execute(db);
  await sql`insert into rows (id) values (-9223372036854775808), (-9007199254740993), (0), (9007199254740993), (9007199254740995)`.execute(
    db,
  );
  let seen = 0;
  await backfill(db, {
    name: 'rows',
    table: 'rows',
    size: 1,
    rows: async (_trx, rows) => void (seen += rows.length),
  });
  expect(seen).toBe(5);
});

test('an empty table is done at once', async () => {
  await sql`delete from items`.execute(db);
  expect(await backfill(db, { ...items, rows: fill })).toBe(0);
});

test('a table without rowid, a view and a table that is not there are refused', async () => {
  await sql`create table bare (id text primary key) without rowid`.execute(db);
  await sql`create view seen as select * from items`.execute(db);
  await sql`create table odd (rowid text)`.execute(db);
  for (const table of ['bare', 'seen', 'nowhere', 'odd']) {
    await expect(backfill(db, { name: table, table, rows: fill })).rejects.toMatchObject({
      code: 'E_BACKFILL',
    });
  }
});

test('a batch has at least one row', async () => {
  await expect(backfill(db, { ...items, size: 0, rows: fill })).rejects.toThrow(RangeError);
});
