import { sql } from 'kysely';
import { Connection } from '../../src/database/connection';
import type { Database } from '../../src/database/database';
import { createNotes, type Notes } from '../helpers/notes';

let notes: Notes;
let db: Database;

beforeEach(async () => {
  notes = await createNotes();
  db = notes.db;
});

afterEach(() => notes.close());

const add = (text: string) => db.insertInto('notes').values({ text }).execute();

test('a query of Kysely is read in a thread, with its values', async () => {
  await add('a');
  await add('b');
  const rows = await db.offload(db.selectFrom('notes').select('text').where('text', '=', 'b'));
  expect(rows).toEqual([{ text: 'b' }]);
});

test('SQL is read with its values, blobs coming back as Buffers', async () => {
  const rows = await db.offload("select ? as text, ? as flag, x'00ff' as blob", ['a', true]);
  expect(rows).toEqual([{ text: 'a', flag: 1, blob: Buffer.from([0, 255]) }]);
  expect(Buffer.isBuffer(rows[0]?.['blob'])).toBe(true);
});

test('the event loop turns while a thread reads', async () => {
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  const [row] = await db.offload(
    'with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000000) select count(*) as rows from n',
  );
  clearInterval(timer);
  expect(row).toEqual({ rows: 3_000_000 });
  expect(turns).toBeGreaterThan(10);
});

test('a write is refused', async () => {
  for (const write of [
    "insert into notes (text) values ('x')",
    "insert into notes (text) values ('x') returning id",
  ]) {
    await expect(db.offload(write)).rejects.toMatchObject({ code: 'E_DATABASE_READ_ONLY' });
  }
  expect(await notes.texts()).toEqual([]);
});

test('what SQLite refuses comes back as the error it is here', async () => {
  await expect(db.offload('select * from nowhere')).rejects.toMatchObject({
    code: 'E_DATABASE_QUERY',
    sqliteCode: 'SQLITE_ERROR',
  });
  const settings = { ...notes.connection.settings, file: '/nowhere.sqlite' };
  const query = { sql: 'select 1', parameters: [] };
  await expect(
    notes.registry.offload.all(new Connection('nowhere', settings), query),
  ).rejects.toMatchObject({ code: 'E_DATABASE_FILE_MISSING' });
});

test('more reads than threads take turns', async () => {
  const reads = [...Array(7).keys()].map((index) => db.offload('select ? as i', [index]));
  const rows = await Promise.all(reads);
  expect(rows.flat()).toEqual([...Array(7).keys()].map((i) => ({ i })));
});

test('who gives up is told at once with the reason', async () => {
  const reason = new Error('too late');
  await expect(db.offload('select 1', [], { signal: AbortSignal.abort(reason) })).rejects.toBe(
    reason,
  );
  const controller = new AbortController();
  const read = db.offload('select 1', [], { signal: controller.signal });
  controller.abort(reason);
  await expect(read).rejects.toBe(reason);
});

test('a file in memory is read where it is', async () => {
  const memory = await createNotes({ file: ':memory:' });
  await sql`insert into notes (text) values ('a')`.execute(memory.db);
  expect(await memory.db.offload('select text from notes')).toEqual([{ text: 'a' }]);
  await memory.close();
});

test('a value that cannot be sent to a thread fails alone, and later reads go on', async () => {
  const all = (parameters: unknown[]) =>
    notes.registry.offload.all(notes.connection, { sql: 'select ? as i', parameters });
  for (let round = 0; round < 3; round += 1) {
    await expect(all([Promise.resolve(1)])).rejects.toThrow();
  }
  expect(await all([7])).toEqual([{ i: 7 }]);
});

test('closing refuses what waits and what comes later', async () => {
  const reads = [...Array(6).keys()].map((index) => db.offload('select ? as i', [index]));
  const settled = Promise.allSettled(reads);
  notes.registry.offload.close();
  const outcomes = await settled;
  expect(outcomes.slice(2).map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
  await expect(db.offload('select 1')).rejects.toMatchObject({ code: 'E_CONNECTION_CLOSED' });
});

test('a signal that serves many reads keeps none of them', async () => {
  const controller = new AbortController();
  const remove = jest.spyOn(controller.signal, 'removeEventListener');
  await db.offload('select 1', [], { signal: controller.signal });
  expect(remove).toHaveBeenCalledWith('abort', expect.any(Function));
});
