import { defineFactory, seedFactories, sql, type Generated } from 'trilite';
import { travelBack, travelTo } from 'trilite/testing';
import { db, useDatabase } from '../../helpers/database';

declare module '../../../src/database/tables' {
  interface Tables {
    writers: {
      id: Generated<number>;
      name: string;
      email: string | null;
      role: Generated<string>;
      joined: Generated<number>;
    };
    books: { id: Generated<number>; writer_id: number; title: string };
    wides: Record<string, number>;
    counters: { id: Generated<number>; hits: Generated<number> };
  }
}

useDatabase(
  `create table writers (
    id integer primary key, name text not null, email text, role text not null default 'reader', joined integer not null default 7
  ) strict`,
  `create table books (
    id integer primary key, writer_id integer not null references writers (id), title text not null
  ) strict`,
  'create table counters (id integer primary key, hits integer not null default 3)',
);

afterEach(() => travelBack());

const writerFactory = defineFactory(
  'writers',
  ({ faker, sequence }) => ({ name: faker.person.fullName(), email: `w${sequence}@example.test` }),
  { states: { editor: { role: 'editor' }, loud: (row) => ({ name: row.name.toUpperCase() }) } },
);
const bookFactory = defineFactory('books', ({ faker }) => ({
  title: faker.lorem.words(3),
  writer_id: (trx) => writerFactory.create(trx).then(({ id }) => id),
}));

const countOf = async (table: 'writers' | 'books'): Promise<number> =>
  (await db.selectFrom(table).select('id').execute()).length;

describe('create', () => {
  test('answers with the row as the database has it, defaults included', async () => {
    const writer = await writerFactory.create(db);
    expect(writer).toEqual({
      id: 1,
      name: expect.any(String),
      email: expect.stringMatching(/^w\d+@example.test$/),
      role: 'reader',
      joined: 7,
    });
    expect(await db.selectFrom('writers').selectAll().execute()).toEqual([writer]);
  });

  test('answers with a list after count, of one and of none, too', async () => {
    expect(await writerFactory.count(3).create(db)).toHaveLength(3);
    expect(await writerFactory.count(1).create(db)).toHaveLength(1);
    expect(await writerFactory.count(0).create(db)).toEqual([]);
  });

  test('answers in the order of its rows, however many', async () => {
    const rows = await writerFactory
      .count(1201)
      .state((_, { index }) => ({ name: `writer ${index}` }))
      .create(db);
    expect(rows.map(({ name }) => name)).toEqual(
      Array.from({ length: 1201 }, (_, index) => `writer ${index}`),
    );
    expect(await countOf('writers')).toBe(1201);
  });

  test('binds no more values than a statement takes', async () => {
    const wide = Array.from({ length: 400 }, (_, index) => `c${index}`);
    await sql.raw(`create table wides (${wide.join(', ')})`).execute(db);
    const factory = defineFactory('wides', ({ index }) =>
      Object.fromEntries(wide.map((column) => [column, index])),
    );
    const rows = await factory.count(150).create(db);
    expect(rows.map((row) => row['c399'])).toEqual(Array.from({ length: 150 }, (_, i) => i));
  });

  test('lets columns that a row leaves out have their default beside rows that give them', async () => {
    const rows = await writerFactory
      .count(4)
      .sequence({ role: 'editor' }, {}, { joined: undefined, email: null }, { joined: 9 })
      .create(db);
    expect(rows.map(({ role, joined }) => [role, joined])).toEqual([
      ['editor', 7],
      ['reader', 7],
      ['reader', 7],
      ['reader', 9],
    ]);
    expect(rows[2]?.email).toBeNull();
  });

  test('inserts rows of defaults alone', async () => {
    const rows = await defineFactory('counters', () => ({}))
      .count(2)
      .create(db);
    expect(rows).toEqual([
      { id: 1, hits: 3 },
      { id: 2, hits: 3 },
    ]);
  });

  test('leaves nothing behind when a row is refused, of relations and hooks neither', async () => {
    const failing = bookFactory.count(2).afterCreating(() => {
      throw new Error('no hook');
    });
    await expect(failing.create(db)).rejects.toThrow('no hook');
    const refused = bookFactory.count(2).sequence({}, { id: 1, title: 'a' }, { id: 1 });
    await expect(refused.count(3).create(db)).rejects.toMatchObject({ code: 'E_DATABASE_QUERY' });
    expect([await countOf('writers'), await countOf('books')]).toEqual([0, 0]);
  });

  test('joins a transaction that is open', async () => {
    const undone = db.transaction(async (trx) => {
      await bookFactory.create(trx);
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    expect(await countOf('writers')).toBe(0);
  });
});

describe('relations', () => {
  test('are inserted first, one for each row', async () => {
    const books = await bookFactory.count(2).create(db);
    expect(books.map(({ writer_id }) => writer_id)).toEqual([1, 2]);
  });

  test('are not inserted where a value is given instead', async () => {
    const writer = await writerFactory.create(db);
    const books = await bookFactory.count(2).state({ writer_id: writer.id }).create(db);
    expect(books.map(({ writer_id }) => writer_id)).toEqual([writer.id, writer.id]);
    expect(await countOf('writers')).toBe(1);
  });

  test('that point back are inserted by a hook, once all rows are there', async () => {
    const seen: number[] = [];
    const withBooks = writerFactory.count(2).afterCreating(async (writer, trx) => {
      seen.push((await trx.selectFrom('writers').select('id').execute()).length);
      await bookFactory.count(3).state({ writer_id: writer.id }).create(trx);
    });
    await withBooks.create(db);
    expect(seen).toEqual([2, 2]);
    expect([await countOf('writers'), await countOf('books')]).toEqual([2, 6]);
  });
});

describe('make', () => {
  test('gives what would be inserted, and asks no database', () => {
    const made = writerFactory.state({ role: undefined }).make();
    expect(Object.keys(made)).toEqual(['name', 'email']);
    expect(writerFactory.count(2).make()).toHaveLength(2);
  });

  test('leaves out columns that need a database', () => {
    expect(Object.keys(bookFactory.make())).toEqual(['title']);
    expect(bookFactory.state({ writer_id: 5 }).make()).toMatchObject({ title: expect.any(String) });
  });
});

describe('states and sequences', () => {
  test('are applied in the order of their calls, the last one winning', () => {
    const { name, role } = writerFactory
      .state('editor')
      .state({ name: 'Ada', role: 'author' })
      .state('loud')
      .make() as { name: string; role: string };
    expect([name, role]).toEqual(['ADA', 'author']);
  });

  test('go round, and begin anew with each call', () => {
    const factory = writerFactory.count(5).sequence({ role: 'a' }, { role: 'b' }, () => ({}));
    const roles = () => factory.make().map((row) => row.role);
    expect(roles()).toEqual(['a', 'b', undefined, 'a', 'b']);
    expect(roles()).toEqual(roles());
  });

  test('change no factory but the one they answer with', () => {
    const plain = writerFactory.state({ name: 'Ada' });
    plain.state({ name: 'Grace' }).count(5);
    expect(plain.make().name).toBe('Ada');
  });

  test('that do not exist are refused with those that do', () => {
    expect(() => writerFactory.state('toString' as 'editor')).toThrow(
      'Expected `state` to be one of the factory of "writers" (editor, loud), got `toString`.',
    );
  });

  test.each([-1, 1.5, NaN, Infinity])('count refuses %p', (count) => {
    expect(() => writerFactory.count(count)).toThrow(RangeError);
  });
});

describe('what is invented', () => {
  const emails = (): unknown[] =>
    writerFactory
      .count(3)
      .make()
      .map(({ email }) => email);

  test('has a number of its own for each row, over factories derived from one definition', () => {
    expect(new Set([...emails(), ...emails(), writerFactory.state('loud').make().email]).size).toBe(
      7,
    );
  });

  test('is repeated after seedFactories, of every locale, sequences too', () => {
    const german = defineFactory('writers', ({ faker }) => ({ name: faker.person.fullName() }), {
      locale: 'de',
    });
    const invent = () => {
      seedFactories(42);
      return [writerFactory.count(2).make(), german.make(), emails()[0]];
    };
    const first = invent();
    writerFactory.make();
    expect(invent()).toEqual(first);
    expect(first[2]).toBe('w3@example.test');
    expect(() => seedFactories(0.5)).toThrow(RangeError);
  });

  test('takes its dates from the clock', () => {
    travelTo(new Date('2001-02-03T00:00:00Z'));
    const factory = defineFactory('writers', ({ faker }) => ({
      name: faker.date.recent({ days: 1 }).toISOString(),
    }));
    expect(factory.make().name).toMatch(/^2001-02-0[123]/);
  });

  test('is refused for a locale that nobody has', () => {
    const factory = defineFactory('writers', ({ faker }) => ({ name: faker.word.noun() }), {
      locale: 'tlh',
    });
    expect(() => factory.make()).toThrow(
      expect.objectContaining({ code: 'E_FACTORY_LOCALE_UNKNOWN' }),
    );
  });
});
