import type { Database } from '../../src/database/database';
import type { QueryEvent } from '../../src/database/query-events';
import { createNotes, type Notes } from '../helpers/notes';

let notes: Notes;
let db: Database;
let heard: QueryEvent[];

beforeEach(async () => {
  notes = await createNotes();
  db = notes.db;
  heard = [];
});

afterEach(() => notes.close());

const add = (text: string, on = db) => on.insertInto('notes').values({ text }).execute();

test('each query is told with its connection, SQL, values, rows and times', async () => {
  db.listen((event) => heard.push(event));
  await add('a');
  await notes.texts();
  expect(heard).toMatchObject([
    {
      connection: 'notes',
      sql: 'insert into "notes" ("text") values (?)',
      parameters: ['a'],
      rows: 1,
    },
    { connection: 'notes', sql: 'select "text" from "notes" order by "id"', rows: 1 },
  ]);
  for (const { durationMs, waitedMs } of heard) {
    expect(durationMs).toBeGreaterThan(0);
    expect(waitedMs).toBeGreaterThanOrEqual(0);
  }
});

test('a query that fails is told with its error', async () => {
  await add('a');
  db.listen((event) => heard.push(event));
  await expect(add('a')).rejects.toThrow();
  expect(heard).toMatchObject([{ rows: 0, error: { code: 'E_DATABASE_QUERY' } }]);
});

test('a query in a transaction and a stream are told too', async () => {
  db.listen((event) => heard.push(event));
  await db.transaction((trx) => trx.insertInto('notes').values({ text: 'a' }).execute());
  const texts: string[] = [];
  for await (const { text } of db.selectFrom('notes').selectAll().stream()) texts.push(text);
  expect(heard.map(({ rows }) => rows)).toEqual([1, 1]);
});

test('a listener of one connection hears nothing of another; one of the registry hears all', async () => {
  const all: string[] = [];
  db.listen((event) => heard.push(event));
  notes.registry.queries.listen(({ connection }) => all.push(connection));
  await add('a');
  await add('b', notes.other);
  expect(heard.map(({ connection }) => connection)).toEqual(['notes']);
  expect(all).toEqual(['notes', 'other']);
});

test('who stops listening hears no more', async () => {
  const stop = db.listen((event) => heard.push(event));
  stop();
  await add('a');
  expect(heard).toEqual([]);
});

test('a listener that throws harms no query', async () => {
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  db.listen(() => {
    throw new Error('listener broken');
  });
  await add('a');
  expect(await notes.texts()).toEqual(['a']);
  expect(warn).toHaveBeenCalledWith(
    'A listener of queries failed.',
    expect.objectContaining({ detail: expect.stringContaining('listener broken') as string }),
  );
  warn.mockRestore();
});
