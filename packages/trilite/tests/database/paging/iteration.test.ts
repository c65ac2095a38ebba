import { chunk, lazy, sql, type Generated } from 'trilite';
import { db, useDatabase } from '../../helpers/database';

declare module '../../../src/database/tables' {
  interface Tables {
    letters: { id: Generated<number>; slug: string | null; done: Generated<number> };
  }
}

useDatabase(
  'create table letters (id integer primary key, slug text, done integer not null default 0)',
);

const add = (...slugs: readonly (string | null)[]) =>
  db
    .insertInto('letters')
    .values(slugs.map((slug) => ({ slug })))
    .execute();
const letters = () => db.selectFrom('letters').selectAll();

async function slugsOf(rows: AsyncIterable<{ slug: string | null }>): Promise<(string | null)[]> {
  const slugs: (string | null)[] = [];
  for await (const { slug } of rows) slugs.push(slug);
  return slugs;
}

describe('lazy', () => {
  test.each([1, 2, 3, 4, 1000])('gives every row once, in chunks of %p', async (size) => {
    await add('a', 'b', 'c');
    expect(await slugsOf(lazy(letters(), { size }))).toEqual(['a', 'b', 'c']);
    expect(await slugsOf(lazy(letters().where('slug', '!=', 'b'), { size }))).toEqual(['a', 'c']);
  });

  test('goes by another column, and by that of one table of a join', async () => {
    await add('c', 'a', 'b');
    const named = db.selectFrom('letters').select('slug').$narrowType<{ slug: string }>();
    expect(await slugsOf(lazy(named, { by: 'slug', size: 2 }))).toEqual(['a', 'b', 'c']);
    const joined = db
      .selectFrom('letters as l')
      .innerJoin('letters as m', 'm.id', 'l.id')
      .selectAll('l');
    expect(await slugsOf(lazy(joined, { by: 'l.id', size: 2 }))).toEqual(['c', 'a', 'b']);
  });

  test('refuses a key in which two rows are the same, at the end of a chunk too', async () => {
    await add('a', 'b', 'c', 'd');
    await db.updateTable('letters').set({ done: 1 }).where('slug', '>', 'a').execute();
    for (const size of [1, 2, 3, 1000]) {
      const rows = lazy(db.selectFrom('letters').select('done'), { by: 'done', size });
      await expect(slugsOf(rows as never)).rejects.toMatchObject({ code: 'E_KEY_NOT_UNIQUE' });
    }
  });

  test('refuses a key that the query computes, and a grouped query', () => {
    const computed = db.selectFrom('letters').select(sql<number>`-id`.as('id'));
    expect(() => lazy(computed)).toThrow(TypeError);
    const grouped = db.selectFrom('letters').select('id').groupBy('id');
    expect(() => lazy(grouped)).toThrow(TypeError);
  });

  test('refuses a key that is the column of another table in a row', async () => {
    await add('c', 'a', 'b');
    const pairs = db
      .selectFrom('letters as l')
      .innerJoin('letters as m', (join) => join.onRef('m.id', '<=', 'l.id'));
    const byOther = { by: 'l.id' } as const;
    const others = [
      pairs.selectAll(),
      pairs.select(['m.id', 'l.slug']),
      pairs.select(['m.id as id', 'l.slug']),
      pairs.selectAll('l').select('m.id'),
      pairs.selectAll('l').selectAll('m'),
    ];
    for (const query of others) expect(() => lazy(query, byOther)).toThrow('to be "l.id"');
    const aliased = db.selectFrom('letters').select(['done as id', 'slug']);
    expect(() => lazy(aliased, { by: 'letters.id' })).toThrow('to be "letters.id"');
    const last = pairs.whereRef('m.id', '=', 'l.id').selectAll().select(['l.id', 'l.slug']);
    expect(await slugsOf(lazy(last, { by: 'l.id', size: 1 }))).toEqual(['c', 'a', 'b']);
  });

  test('refuses integers beyond 2^53, which come rounded', async () => {
    await sql`insert into letters (id, slug) values (9007199254740993, 'x'), (9007199254740995, 'y')`.execute(
      db,
    );
    await expect(slugsOf(lazy(letters(), { size: 1 }))).rejects.toMatchObject({
      code: 'E_KEY_INEXACT',
    });
  });

  test('lets the table be written to meanwhile', async () => {
    await add('a', 'b', 'c', 'd');
    const seen: (string | null)[] = [];
    for await (const { id, slug } of lazy(letters().where('done', '=', 0), { size: 1 })) {
      seen.push(slug);
      await db.updateTable('letters').set({ done: 1 }).where('id', '=', id).execute();
      if (slug === 'a') await db.deleteFrom('letters').where('slug', '=', 'c').execute();
      if (slug === 'd') await add('e');
    }
    expect(seen).toEqual(['a', 'b', 'd', 'e']);
  });

  test('asks for nothing before the first row is asked for, nor after the last', async () => {
    await add('a', 'b', 'c');
    const rows = lazy(letters(), { size: 1 });
    await sql`update letters set slug = 'later'`.execute(db);
    expect((await rows.next()).value).toMatchObject({ slug: 'later' });
    await rows.return();
    expect((await rows.next()).done).toBe(true);
  });

  test('refuses null in its column before any row is given, and a column that is not selected', async () => {
    await add(null, 'a');
    const bySlug = lazy(letters(), { by: 'slug' as 'id', size: 1 });
    await expect(bySlug.next()).rejects.toMatchObject({ code: 'E_KEY_NULL' });
    const onlySlugs = db.selectFrom('letters').select('slug');
    await expect(lazy(onlySlugs).next()).rejects.toThrow(
      'Expected `query` to select "id", which it is ordered by.',
    );
  });

  test.each([0, -1, 1.5, NaN, Infinity])('refuses the size %p at once', (size) => {
    expect(() => lazy(letters(), { size })).toThrow(
      new RangeError(`Expected \`size\` to be a whole number of at least 1, got \`${size}\`.`),
    );
  });

  test('refuses a query with a limit or an order of its own', () => {
    expect(() => lazy(letters().limit(1))).toThrow('no `limit`');
    expect(() => lazy(letters().orderBy('slug'))).toThrow('no `orderBy`');
  });
});

describe('chunk', () => {
  test('hands on chunk after chunk, each once the last is done with', async () => {
    await add('a', 'b', 'c');
    const events: unknown[] = [];
    const all = await chunk(letters(), { size: 2 }, async (rows) => {
      events.push(rows.map(({ slug }) => slug));
      await db.selectFrom('letters').select('id').execute();
      events.push('done');
    });
    expect(events).toEqual([['a', 'b'], 'done', ['c'], 'done']);
    expect(all).toBe(true);
  });

  test('stops at false, and says so', async () => {
    await add('a', 'b', 'c');
    const seen: number[] = [];
    const all = await chunk(letters(), { size: 1 }, (rows) => {
      seen.push(...rows.map(({ id }) => id));
      return seen.length < 2;
    });
    expect([seen, all]).toEqual([[1, 2], false]);
  });

  test('hands on nothing of nothing, and passes errors through', async () => {
    const work = jest.fn();
    expect(await chunk(letters(), {}, work)).toBe(true);
    expect(work).not.toHaveBeenCalled();
    await add('a');
    const failing = chunk(letters(), {}, () => {
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
  });
});
