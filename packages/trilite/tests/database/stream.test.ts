import { sql } from 'kysely';
import type { Database } from '../../src/database/database';
import { createNotes, type Notes } from '../helpers/notes';

let notes: Notes;
let db: Database;

beforeEach(async () => {
  notes = await createNotes({ readers: 2 });
  db = notes.db;
  await fill(db, 250);
});

afterEach(() => notes.close());

const fill = (on: Database, rows: number) =>
  sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${rows})
    insert into notes (text) select 'note ' || i from n`.execute(on);

const stream = (size?: number, on: Pick<Database, 'selectFrom'> = db) =>
  on.selectFrom('notes').select(['id', 'text']).orderBy('id').stream(size);

async function collect<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

test('a stream hands out every row in order, whatever the size of its pieces', async () => {
  for (const size of [1, 7, 250, 1000]) {
    const rows = await collect(stream(size));
    expect(rows.map(({ id }) => id)).toEqual([...Array(250).keys()].map((index) => index + 1));
  }
});

test('a stream sees one state of the file, whatever is written while it is read', async () => {
  let seen = 0;
  for await (const { id } of stream(10)) {
    seen += 1;
    if (id === 1) await db.deleteFrom('notes').where('id', '>', 100).execute();
  }
  expect(seen).toBe(250);
  expect(await notes.texts()).toHaveLength(100);
});

test('a stream sees the writes asked for before it', async () => {
  const written = db.insertInto('notes').values({ text: 'last' }).execute();
  expect(await collect(stream())).toHaveLength(251);
  await written;
});

test('the writer works on while streams are read', async () => {
  for await (const { id } of stream(50)) {
    if (id % 50 === 0) {
      await db
        .insertInto('notes')
        .values({ text: `beside ${id}` })
        .execute();
    }
  }
  expect(await notes.texts()).toHaveLength(255);
});

test('a stream that is left gives its handle back', async () => {
  for (let round = 0; round < 5; round += 1) {
    for await (const row of stream(10)) {
      if (row.id === 3) break;
    }
  }
  expect(notes.connection.openStreams).toEqual([]);
});

test('a stream whose reader throws gives its handle back', async () => {
  const work = async (): Promise<void> => {
    for await (const { id } of stream(10)) throw new Error(`no more than ${id}`);
  };
  await expect(work()).rejects.toThrow('no more than 1');
  expect(notes.connection.openStreams).toEqual([]);
});

test('open streams are known by their SQL', async () => {
  for await (const row of stream(10)) {
    if (row.id > 1) break;
    const [open] = notes.connection.openStreams;
    expect(open?.sql).toContain('from "notes"');
    expect(open?.ageMs).toBeGreaterThanOrEqual(0);
  }
});

test('as many streams as there are readers go on at once; one more waits, then fails by name', async () => {
  for await (const one of stream(10)) {
    for await (const two of stream(10)) {
      await expect(collect(stream(10))).rejects.toMatchObject({
        code: 'E_DATABASE_READERS',
        message: expect.stringContaining('All 2 readers') as string,
      });
      expect([one.id, two.id]).toEqual([1, 1]);
      break;
    }
    break;
  }
  expect(await collect(stream())).toHaveLength(250);
});

test('closing the connection ends an open stream with an error, and does not hang', async () => {
  const work = async (): Promise<void> => {
    for await (const { id } of stream(10)) if (id === 1) await notes.connection.close();
  };
  await expect(work()).rejects.toMatchObject({ code: 'E_CONNECTION_CLOSED' });
});

test('a stream of a transaction sees what the transaction has written', async () => {
  await db.transaction(async (trx) => {
    await trx.insertInto('notes').values({ text: 'inside' }).execute();
    expect(await collect(stream(10, trx))).toHaveLength(251);
    expect(await collect(stream(10))).toHaveLength(250);
  });
});

test('a write that returns rows can be streamed', async () => {
  const rows = await collect(db.deleteFrom('notes').where('id', '<=', 3).returning('id').stream());
  expect(rows).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
  expect(await notes.texts()).toHaveLength(247);
});

test('a stream of a statement that SQLite refuses fails as the statement does', async () => {
  const rows = sql`select * from nowhere`.compile(db);
  const work = collect(db.getExecutor().stream(rows, 10));
  await expect(work).rejects.toMatchObject({ code: 'E_DATABASE_QUERY' });
});

test('in memory a stream reads at once through the one handle', async () => {
  const memory = await createNotes({ file: ':memory:' });
  await fill(memory.db, 20);
  expect(await collect(stream(3, memory.db))).toHaveLength(20);
  await memory.close();
});

test.each([0, -1, 1.5, NaN])('a stream in pieces of %p is refused', async (size) => {
  await expect(collect(stream(size))).rejects.toThrow(RangeError);
});
