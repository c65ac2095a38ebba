import { sql } from 'kysely';
import type { Database } from '../../src/database/database';
import { createNotes, type Notes } from '../helpers/notes';

let notes: Notes;
let db: Database;

beforeEach(async () => {
  notes = await createNotes();
  db = notes.db;
});

afterEach(() => notes.close());

const refused = { code: 'E_DATABASE_VALUE' };

test('an array from a request is refused, and shifts no value into another column', async () => {
  await sql`create table posts (title, owner, body)`.execute(db);
  const body = JSON.parse('{"title":["hi","victim"],"body":[]}') as Record<string, unknown>;
  const insert = sql`insert into posts values (${body['title']}, ${'me'}, ${body['body']})`;
  await expect(insert.execute(db)).rejects.toMatchObject({
    ...refused,
    message: expect.stringContaining('Value 1 of the statement is an array') as string,
  });
  const { rows } = await sql`select * from posts`.execute(db);
  expect(rows).toEqual([]);
});

test.each([
  ['an object', { a: 1 }],
  ['a Map', new Map()],
  ['a promise', Promise.resolve(1)],
  ['a symbol', Symbol('a')],
  ['NaN', NaN],
  ['an invalid Date', new Date(NaN)],
])('%s is refused, in queries, streams and offloaded reads', async (_name, value) => {
  const query = sql<{ value: unknown }>`select ${value} as value`;
  await expect(query.execute(db)).rejects.toMatchObject(refused);
  await expect(db.offload('select ?', [value])).rejects.toMatchObject(refused);
  const rows = db.getExecutor().stream(query.compile(db), 1);
  await expect(rows.next()).rejects.toMatchObject(refused);
});

test('plain values arrive as they are', async () => {
  const bytes = new Uint8Array([1, 2]);
  const words = new Uint16Array([258]);
  const { rows } = await sql`
    select ${'a'} as a, ${1.5} as b, ${10n} as c, ${true} as d, ${null} as e, ${undefined} as f,
      ${new Date(5)} as g, ${bytes} as h, ${words} as i, ${Infinity} as j`.execute(db);
  expect(rows).toEqual([
    {
      ...{ a: 'a', b: 1.5, c: 10, d: 1, e: null, f: null, g: 5 },
      ...{ h: Buffer.from(bytes), i: Buffer.from(words.buffer), j: Infinity },
    },
  ]);
});
