import { sql } from 'kysely';
import type { Migration } from '../../src/database/migrations/migration';
import { createTenantTable } from '../../src/database/migrations/tenant-table';
import { gate } from '../helpers/gate';
import { as, asCentral, connections, db, useSingleDatabase } from '../helpers/single';

const BLOG: Migration = {
  async up(schema) {
    await createTenantTable(schema, 'posts', (table) =>
      table
        .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
        .addColumn('slug', 'text', (column) => column.notNull().unique())
        .addColumn('reads', 'integer', (column) => column.notNull().defaultTo(0)),
    );
    await createTenantTable(schema, 'comments', (table) =>
      table
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('post_id', 'integer', (column) =>
          column.notNull().references('posts.id').onDelete('cascade'),
        )
        .addColumn('text', 'text'),
    );
    await createTenantTable(schema, 'notes', (table) =>
      table
        .addColumn('text', 'text', (column) => column.primaryKey())
        .addColumn('post_id', 'integer')
        .addForeignKeyConstraint('notes_post', ['post_id'], 'posts', ['id'], (key) =>
          key.onDelete('set null'),
        ),
    );
    await schema.schema.createTable('countries').addColumn('name', 'text').execute();
  },
};

useSingleDatabase(BLOG);

const insert = (slug: string) =>
  db.insertInto('posts').values({ slug }).returning('id').executeTakeFirstOrThrow();

async function slugs(): Promise<string[]> {
  const rows = await db.selectFrom('posts').select('slug').orderBy('slug').execute();
  return rows.map(({ slug }) => slug as string);
}

/** Every row of a table, as only a tool sees them. */
function everything(table: string): Promise<Record<string, unknown>[]> {
  const rows = (handle: { statement(sql: string): { all(): unknown[] } }) =>
    handle.statement(`select * from ${table}_all`).all() as Record<string, unknown>[];
  return connections.connection().read(rows);
}

let acmeId: number;
let globexId: number;

beforeEach(async () => {
  acmeId = (await as('acme', () => insert('hello'))).id as number;
  globexId = (await as('globex', () => insert('hello'))).id as number;
});

describe('a read', () => {
  test('sees the rows of the tenant alone, without a condition', async () => {
    expect(await as('acme', () => db.selectFrom('posts').selectAll().execute())).toEqual([
      { id: acmeId, slug: 'hello', reads: 0 },
    ]);
    expect(await as('initech', slugs)).toEqual([]);
  });

  test('by the id of another one finds nothing', async () => {
    const row = await as('acme', () =>
      db.selectFrom('posts').selectAll().where('id', '=', globexId).executeTakeFirst(),
    );
    expect(row).toBeUndefined();
  });

  test('in raw SQL, joins, subqueries, unions and common table expressions is no different', async () => {
    await as('globex', () =>
      db.insertInto('comments').values({ post_id: globexId, text: 'secret' }).execute(),
    );
    const texts = [
      'select count(*) as n from comments',
      'select count(*) as n from posts join comments on comments.post_id = posts.id',
      'select (select count(*) from comments) as n',
      `select count(*) as n from (select text from comments union all select text from comments)`,
      'with seen as (select * from comments) select count(*) as n from seen',
      'select count(*) as n from "main"."comments" as c where exists (select 1 from comments)',
      'select max(n) as n from (select count(*) over () as n from comments union all select 0)',
    ];
    for (const text of texts) {
      const { rows } = await as('acme', () => sql.raw<{ n: number }>(text).execute(db));
      expect({ text, rows }).toEqual({ text, rows: [{ n: 0 }] });
    }
  });

  test('of a stream is no different', async () => {
    const seen = await as('acme', async () => {
      const rows: unknown[] = [];
      for await (const row of db.selectFrom('posts').selectAll().stream()) rows.push(row);
      return rows;
    });
    expect(seen).toEqual([{ id: acmeId, slug: 'hello', reads: 0 }]);
  });

  test('of what all share is for everybody', async () => {
    await asCentral(() => db.insertInto('countries').values({ name: 'Chile' }).execute());
    const read = () => db.selectFrom('countries').selectAll().execute();
    expect(await as('acme', read)).toEqual([{ name: 'Chile' }]);
    expect(await read()).toEqual([{ name: 'Chile' }]);
  });

  test('goes by an index of the tenant and asks once whose work it is', async () => {
    const { rows } = await as('acme', () =>
      sql<{ detail: string }>`explain query plan select * from posts where slug = 'hello'`.execute(
        db,
      ),
    );
    expect(rows[0]?.detail).toContain('(tenant_id=? AND slug=?)');
  });
});

describe('an insert', () => {
  test('answers the id, and what it returns has no tenant', async () => {
    const result = await as('acme', () =>
      db.insertInto('posts').values({ slug: 'two' }).executeTakeFirstOrThrow(),
    );
    expect(result.insertId).toBe(BigInt(globexId + 1));
    expect(
      await as('acme', () =>
        db.insertInto('posts').values({ slug: 'three' }).returningAll().execute(),
      ),
    ).toEqual([{ id: globexId + 2, slug: 'three', reads: 0 }]);
    const { rows } = await as('acme', () =>
      sql`insert into posts values (100, 'raw', 7) returning posts.id, "posts".slug`.execute(db),
    );
    expect(rows).toEqual([{ id: 100, slug: 'raw' }]);
    expect(await as('acme', slugs)).toEqual(['hello', 'raw', 'three', 'two']);
    expect(await as('globex', slugs)).toEqual(['hello']);
  });

  test('of many, of a selection and of defaults is of the tenant', async () => {
    await as('acme', () =>
      db
        .insertInto('posts')
        .columns(['slug'])
        .expression(db.selectFrom('posts').select(sql<string>`slug || ' again'`.as('slug')))
        .execute(),
    );
    expect(await as('acme', slugs)).toEqual(['hello', 'hello again']);
    await as('acme', () =>
      sql`with two as (select 'x' as slug) insert into posts (slug) select slug from two`.execute(
        db,
      ),
    );
    expect(await everything('posts')).toHaveLength(4);
    await as('acme', () => sql`insert into notes default values`.execute(db)).catch(
      () => undefined,
    );
  });

  test('takes the place of an own row alone when it is an upsert', async () => {
    const upsert = () =>
      db
        .insertInto('posts')
        .values({ slug: 'hello' })
        .onConflict((conflict) =>
          conflict.column('slug').doUpdateSet({ reads: sql`posts.reads + 1` }),
        )
        .returning(['id', 'reads'])
        .execute();
    expect(await as('acme', upsert)).toEqual([{ id: acmeId, reads: 1 }]);
    expect(await as('globex', () => db.selectFrom('posts').select('reads').execute())).toEqual([
      { reads: 0 },
    ]);
    expect(
      await as('acme', () =>
        sql`insert into posts (id, slug) values (${acmeId}, 'b') on conflict (id) do update set slug = 'c' returning slug`.execute(
          db,
        ),
      ),
    ).toMatchObject({ rows: [{ slug: 'c' }] });
    const { numInsertedOrUpdatedRows } = await as('acme', () =>
      db
        .insertInto('posts')
        .values({ slug: 'c' })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow(),
    );
    expect(numInsertedOrUpdatedRows).toBe(0n);
  });
});

describe('an update', () => {
  test('without a condition changes the rows of the tenant, and counts them', async () => {
    const { numUpdatedRows } = await as('acme', () =>
      db.updateTable('posts').set({ reads: 9 }).executeTakeFirstOrThrow(),
    );
    expect(numUpdatedRows).toBe(1n);
    expect(await as('globex', () => db.selectFrom('posts').select('reads').execute())).toEqual([
      { reads: 0 },
    ]);
  });

  test('in any other form does so as well', async () => {
    const texts = [
      `update posts set reads = 5 where slug = 'hello' or 1 = 1`,
      `update "posts" as p set reads = p.reads + 1 where p.id > 0 -- all`,
      `UPDATE OR REPLACE main.posts SET reads = 5`,
      `update [posts] set reads = n from (select 3 as n) where true returning *`,
      `with x as (select 4 as n) update posts set reads = (select n from x)`,
      `update posts set reads = (select count(*) from posts) where id in (select id from posts);`,
    ];
    for (const text of texts) {
      await as('acme', () => sql.raw(text).execute(db));
      expect(await as('globex', () => db.selectFrom('posts').select('reads').execute())).toEqual([
        { reads: 0 },
      ]);
    }
    const { rows } = await as('acme', () =>
      sql`update posts set reads = 1 returning posts.id, (select count(*) from posts p where p.id = posts.id) as n`.execute(
        db,
      ),
    );
    expect(rows).toEqual([{ id: acmeId, n: 1 }]);
  });
});

describe('a delete', () => {
  test('without a condition takes the rows of the tenant, and counts them', async () => {
    const { numDeletedRows } = await as('acme', () =>
      db.deleteFrom('posts').executeTakeFirstOrThrow(),
    );
    expect(numDeletedRows).toBe(1n);
    expect(await everything('posts')).toEqual([
      { tenant_id: 'globex', id: globexId, slug: 'hello', reads: 0 },
    ]);
  });

  test('cascades to what refers to it', async () => {
    for (const [id, post] of [
      ['acme', acmeId],
      ['globex', globexId],
    ] as const) {
      await as(id, () => db.insertInto('comments').values({ post_id: post }).execute());
      await as(id, () => db.insertInto('notes').values({ text: 'same', post_id: post }).execute());
    }
    await as('acme', () => db.deleteFrom('posts').where('id', '=', acmeId).execute());
    expect(await everything('comments')).toMatchObject([{ tenant_id: 'globex' }]);
    expect(await everything('notes')).toEqual([
      { tenant_id: 'acme', text: 'same', post_id: null },
      { tenant_id: 'globex', text: 'same', post_id: globexId },
    ]);
  });
});

test('a row refers to no row of another tenant', async () => {
  await expect(
    as('acme', () => db.insertInto('comments').values({ post_id: globexId }).execute()),
  ).rejects.toMatchObject({ sqliteCode: 'SQLITE_CONSTRAINT_FOREIGNKEY' });
});

test('what is unique is so within a tenant', async () => {
  await expect(as('acme', () => insert('hello'))).rejects.toMatchObject({
    sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE',
  });
});

describe('without a tenant', () => {
  const statements = [
    'select * from posts',
    'select count(*) from posts',
    `insert into posts (slug) values ('x')`,
    'update posts set reads = 1',
    'delete from posts',
  ];

  test.each(statements)('"%s" is refused', async (text) => {
    const expected = { code: 'E_TENANT_CONTEXT_MISSING' };
    await expect(sql.raw(text).execute(db)).rejects.toMatchObject(expected);
    await expect(asCentral(() => sql.raw(text).execute(db))).rejects.toMatchObject(expected);
  });
});

describe('the table behind', () => {
  test('has no name for the application itself either', async () => {
    const read = asCentral(() => sql`select * from posts_all`.execute(db));
    await expect(read).rejects.toMatchObject({ code: 'E_TENANT_SQL' });
    const drop = asCentral(() => sql`drop view posts`.execute(db));
    await expect(drop).rejects.toMatchObject({ code: 'E_TENANT_SQL' });
  });

  test('is not a name in texts and parameters that only look like it', async () => {
    const { rows } = await as('acme', () => sql`select ${'posts_all'} as text`.execute(db));
    expect(rows).toEqual([{ text: 'posts_all' }]);
  });
});

describe('work at the same time', () => {
  test('of two tenants in one group commit writes the rows of each', async () => {
    const writes = ['acme', 'globex', 'acme', 'globex'].map((id, index) =>
      as(id, () =>
        db
          .insertInto('posts')
          .values({ slug: `${index}` })
          .execute(),
      ),
    );
    await Promise.all(writes);
    expect(await as('acme', slugs)).toEqual(['0', '2', 'hello']);
    expect(await as('globex', slugs)).toEqual(['1', '3', 'hello']);
  });

  test('in transactions that take turns stays with its tenant', async () => {
    const first = gate();
    const one = as('acme', () =>
      db.transaction().execute(async (trx) => {
        await trx.insertInto('posts').values({ slug: 'a' }).execute();
        first.open();
        await trx.updateTable('posts').set({ reads: 1 }).execute();
      }),
    );
    await first.opened;
    const two = as('globex', () => db.updateTable('posts').set({ reads: 2 }).execute());
    await Promise.all([one, two]);
    expect((await everything('posts')).map(({ tenant_id: id, reads }) => [id, reads])).toEqual([
      ['acme', 1],
      ['globex', 2],
      ['acme', 1],
    ]);
  });
});
