import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type CompiledQuery,
} from 'kysely';
import { cursorPaginate, paginate, sql, type CursorPage, type Generated } from 'trilite';
import { inKeysetOrder } from '../../../src/database/paging/keyset';
import { errorWith } from '../../helpers/errors';
import { db, useDatabase } from '../../helpers/database';

declare module '../../../src/database/tables' {
  interface Tables {
    entries: { id: Generated<number>; day: number; title: string; note: string | null };
  }
}

useDatabase(
  `create table entries (
    id integer primary key, day integer not null, title text not null, note text
  ) strict`,
);

/** Entries with the ids 1, 2, …, each on the day given. */
const addOn = (...days: readonly number[]) =>
  db
    .insertInto('entries')
    .values(days.map((day, index) => ({ day, title: `entry ${index + 1}` })))
    .execute();
const entries = () => db.selectFrom('entries').select(['id', 'day', 'title', 'note']);
const ids = ({ data }: { readonly data: readonly { readonly id: number }[] }): number[] =>
  data.map(({ id }) => id);

describe('paginate', () => {
  test('gives a page in the order of its query, and how many rows and pages there are', async () => {
    await addOn(1, 2, 3, 4, 5);
    const page = await paginate(db, entries().orderBy('id', 'desc'), { page: '2', perPage: 2 });
    expect(ids(page)).toEqual([3, 2]);
    expect(page).toMatchObject({ total: 5, page: 2, perPage: 2, lastPage: 3 });
  });

  test('counts the rows that conditions, groups and joins leave', async () => {
    await addOn(1, 1, 2);
    const days = db.selectFrom('entries').select('day').groupBy('day').orderBy('day');
    expect((await paginate(db, days)).total).toBe(2);
    expect((await paginate(db, entries().where('day', '=', 1))).total).toBe(2);
    const pairs = db
      .selectFrom('entries as a')
      .innerJoin('entries as b', 'b.day', 'a.day')
      .select(['a.id', 'b.id as other']);
    expect((await paginate(db, pairs)).total).toBe(5);
  });

  test('has one empty page of nothing, and an empty one behind the last', async () => {
    expect(await paginate(db, entries())).toEqual({
      data: [],
      total: 0,
      page: 1,
      perPage: 15,
      lastPage: 1,
    });
    await addOn(1);
    expect(await paginate(db, entries(), { page: 9 })).toMatchObject({ data: [], lastPage: 1 });
  });

  test('counts in a transaction what the transaction wrote', async () => {
    await db.transaction(async (trx) => {
      await trx.insertInto('entries').values({ day: 1, title: 'a' }).execute();
      const page = await paginate(trx, trx.selectFrom('entries').selectAll());
      expect([page.total, page.data.length]).toEqual([1, 1]);
    });
  });

  test.each([0, -1, 1.5, NaN, '', 'two', '1e3', '-1', ' 1', '99999999999999999', [], {}, true])(
    'refuses %p as a page and as a length, with status 400',
    async (found) => {
      const refusal = { code: 'E_PAGINATION_INVALID', status: 400 };
      await expect(paginate(db, entries(), { page: found })).rejects.toMatchObject(refusal);
      await expect(paginate(db, entries(), { perPage: found })).rejects.toMatchObject(refusal);
    },
  );

  test('refuses a page of more than a thousand rows, and takes the last page there can be', async () => {
    await expect(paginate(db, entries(), { perPage: '1001' })).rejects.toEqual(
      errorWith('E_PAGINATION_INVALID', '"perPage" is "1001"'),
    );
    const last = { page: Math.floor(Number.MAX_SAFE_INTEGER / 1000), perPage: 1000 };
    expect((await paginate(db, entries(), last)).data).toEqual([]);
  });

  test('refuses a query with a limit of its own', async () => {
    await expect(paginate(db, entries().limit(5))).rejects.toThrow(
      'Expected `query` to have no `limit` of its own.',
    );
  });
});

describe('cursorPaginate', () => {
  const ORDER = [{ column: 'day', direction: 'desc' }, { column: 'id' }] as const;
  const page = (cursor?: unknown, perPage = 2) =>
    cursorPaginate(entries(), { orderBy: ORDER, perPage, cursor });

  /** Every page from the first to the last. */
  async function pages(perPage: number): Promise<CursorPage<{ id: number }>[]> {
    const found = [await page(undefined, perPage)];
    for (let next = found[0]?.nextCursor; next != null; next = found.at(-1)?.nextCursor) {
      found.push(await page(next, perPage));
      if (found.length > 10) throw new Error('The pages have no end.');
    }
    return found;
  }

  test('goes through mixed directions and ties, each row once, and back', async () => {
    await addOn(3, 1, 2, 2, 3, 2, 1);
    const expected = [1, 5, 3, 4, 6, 2, 7];
    for (const perPage of [1, 2, 3, 7, 8]) {
      const forth = await pages(perPage);
      expect(forth.flatMap(ids)).toEqual(expected);
      const back: number[][] = [];
      let last = forth.at(-1);
      while (last !== undefined && back.length <= 10) {
        back.unshift(ids(last));
        last = last.previousCursor === null ? undefined : await page(last.previousCursor, perPage);
      }
      expect(back.flat()).toEqual(expected);
    }
  });

  test('has no cursor before the first page and none behind the last', async () => {
    await addOn(1, 2, 3, 4);
    const [first, second] = await pages(2);
    expect([first?.previousCursor, second?.nextCursor]).toEqual([null, null]);
    const again = await page(second?.previousCursor);
    expect(again).toEqual(first);
    expect(await page()).toEqual(first);
  });

  test('is shifted by no row that comes or goes', async () => {
    await addOn(5, 4, 3, 2);
    const first = await page();
    await db.insertInto('entries').values({ day: 9, title: 'new' }).execute();
    await db.deleteFrom('entries').where('day', '=', 4).execute();
    expect(ids(await page(first.nextCursor))).toEqual([3, 4]);
  });

  test('goes by texts, dates of a computer and large numbers as they are', async () => {
    await db
      .insertInto('entries')
      .values(
        ['', "'", '世界', '🚀', 'é'].map((title, index) => ({
          title,
          day: Number.MAX_SAFE_INTEGER - index,
        })),
      )
      .execute();
    const titles: string[] = [];
    let cursor: string | null | undefined;
    while (cursor !== null && titles.length <= 10) {
      const orderBy = [{ column: 'title' }, { column: 'day' }] as const;
      const found = await cursorPaginate(entries(), { orderBy, perPage: 1, cursor });
      titles.push(...found.data.map(({ title }) => title));
      cursor = found.nextCursor;
    }
    expect(titles).toEqual(['', "'", 'é', '世界', '🚀']);
  });

  test('orders a join by the column of one table', async () => {
    await addOn(1, 2);
    const joined = db
      .selectFrom('entries as a')
      .innerJoin('entries as b', 'b.id', 'a.id')
      .select(['a.id', 'b.day']);
    const orderBy = [{ column: 'a.id', direction: 'desc' }] as const;
    const first = await cursorPaginate(joined, { orderBy, perPage: 1 });
    const second = await cursorPaginate(joined, { orderBy, perPage: 1, cursor: first.nextCursor });
    expect([ids(first), ids(second)]).toEqual([[2], [1]]);
  });

  test.each(['', 'abc', '!!', 5, ['a'], {}])(
    'refuses %p as a cursor, with status 400',
    async (cursor) => {
      await expect(page(cursor)).rejects.toMatchObject({ code: 'E_CURSOR_INVALID', status: 400 });
    },
  );

  test('refuses a cursor that was altered in any place', async () => {
    await addOn(1, 2, 3);
    const cursor = String((await page()).nextCursor);
    for (let at = 0; at < cursor.length; at += 1) {
      const other = cursor[at] === 'A' ? 'B' : 'A';
      const altered = cursor.slice(0, at) + other + cursor.slice(at + 1);
      await expect(page(altered)).rejects.toEqual(errorWith('E_CURSOR_INVALID'));
    }
    for (const altered of [`${cursor}=`, `${cursor}A`, ` ${cursor}`, cursor.slice(0, -1)]) {
      await expect(page(altered)).rejects.toEqual(errorWith('E_CURSOR_INVALID'));
    }
  });

  test('refuses a cursor of another order or another table', async () => {
    await addOn(1, 2, 3);
    const { nextCursor: cursor } = await page();
    const turned = [{ column: 'day' }, { column: 'id' }] as const;
    const foreign = [
      cursorPaginate(entries(), { orderBy: turned, cursor }),
      cursorPaginate(entries(), { orderBy: [{ column: 'id' }], cursor }),
      cursorPaginate(db.selectFrom('entries as other').selectAll(), { orderBy: ORDER, cursor }),
    ];
    for (const one of foreign) await expect(one).rejects.toEqual(errorWith('E_CURSOR_INVALID'));
  });

  test('takes a cursor of the same subquery with another value in it', async () => {
    await addOn(1, 2, 3);
    const before = (day: number) =>
      db
        .selectFrom((from) => from.selectFrom('entries').selectAll().where('day', '<', day).as('e'))
        .select('id');
    const orderBy = [{ column: 'id' }] as const;
    const { nextCursor: cursor } = await cursorPaginate(before(8), { orderBy, perPage: 2 });
    expect(ids(await cursorPaginate(before(9), { orderBy, perPage: 2, cursor }))).toEqual([3]);
  });

  test('refuses null in a column it goes by, and a column it does not select', async () => {
    await addOn(1, 2);
    const byNote = { orderBy: [{ column: 'note' as 'title' }] };
    await expect(cursorPaginate(entries(), byNote)).rejects.toMatchObject({
      code: 'E_KEY_NULL',
      help: expect.stringContaining("where('note', 'is not', null)"),
    });
    const titles = db.selectFrom('entries').select('title');
    const byId = { orderBy: [{ column: 'id' as 'title' }] };
    await expect(cursorPaginate(titles, byId)).rejects.toThrow('to select "id"');
  });

  test('refuses no order, and a query that has one of its own', async () => {
    await expect(cursorPaginate(entries(), { orderBy: [] })).rejects.toThrow(TypeError);
    await expect(cursorPaginate(entries().orderBy('id'), { orderBy: ORDER })).rejects.toThrow(
      'Expected `query` to have no `orderBy` of its own.',
    );
    await expect(cursorPaginate(entries().union(entries()), { orderBy: ORDER })).rejects.toThrow(
      'no `union`',
    );
  });

  test('searches an index for its place', async () => {
    await sql`create index entries_day on entries (day desc, id)`.execute(db);
    await addOn(1, 2, 3);
    const behind = inKeysetOrder(entries(), ORDER, [2, 1]);
    const plan = await behind.explain<{ detail: string }>(undefined, sql`query plan`);
    expect(plan.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/^SEARCH entries USING INDEX entries_day/),
    ]);
  });
});

describe('on Postgres', () => {
  const queries: CompiledQuery[] = [];
  const answers: Record<string, unknown>[][] = [];
  const pg = new Kysely<{ entries: { id: number; day: number } }>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (of) => new PostgresIntrospector(of),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    log: ({ query }) => void queries.push(query),
    plugins: [
      {
        transformQuery: ({ node }) => node,
        transformResult: ({ result }) =>
          Promise.resolve({ ...result, rows: answers.shift() ?? [] }),
      },
    ],
  });

  beforeEach(() => {
    queries.length = 0;
  });

  test('the same conditions are asked, and a count that comes as text is a number', async () => {
    const query = pg.selectFrom('entries').select(['id', 'day']);
    answers.push([{ total: '7' }], []);
    expect((await paginate(pg, query, { perPage: 2 })).lastPage).toBe(4);
    answers.push(
      [
        { id: 1, day: 5 },
        { id: 2, day: 4 },
      ],
      [],
    );
    const orderBy = [{ column: 'day', direction: 'desc' }, { column: 'id' }] as const;
    const { nextCursor: cursor } = await cursorPaginate(query, { orderBy, perPage: 1 });
    await cursorPaginate(query, { orderBy, perPage: 1, cursor });
    expect(queries.map((one) => one.sql.replace(/\s+/g, ' ').trim())).toEqual([
      'select count(*) as total from (select "id", "day" from "entries") as "counted"',
      'select "id", "day" from "entries" limit $1 offset $2',
      'select "id", "day" from "entries" order by "day" desc, "id" asc limit $1',
      'select "id", "day" from "entries" where ("day" <= $1 and ("day" < $2 or "id" > $3)) order by "day" desc, "id" asc limit $4',
    ]);
    expect(queries[3]?.parameters).toEqual([5, 5, 1, 2]);
  });
});
