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
  ['a bigint beyond 64 bits', 2n ** 63n],
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

test.each([
  ['a bigint', 5n, '5'],
  ['a boolean', true, '1'],
  ['a Date', new Date(1_700_000_000_000), '1700000000000'],
])('%s is an integer in texts and JSON, as in SQL', async (_name, value, text) => {
  await sql`create table codes (code text, anything any) strict`.execute(db);
  await sql`insert into codes values (${value}, ${value})`.execute(db);
  const { rows } = await sql`
    select code, typeof(anything) as type, 'no. ' || ${value} as joined, json_array(${value}) as list
    from codes where code = ${value}`.execute(db);
  expect(rows).toEqual([{ code: text, type: 'integer', joined: `no. ${text}`, list: `[${text}]` }]);
});

test.each([
  [7, 3.5],
  [7.5, 3.75],
])('%d is divided as in JavaScript, whole or not', async (value, half) => {
  const { rows } = await sql`select ${value} / 2 as half`.execute(db);
  expect(rows).toEqual([{ half }]);
});

test('minus zero stays what it is', async () => {
  const { rows } = await sql<{ value: number }>`select ${-0} as value`.execute(db);
  expect(Object.is(rows[0]?.value, -0)).toBe(true);
});
