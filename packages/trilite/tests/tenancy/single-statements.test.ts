import { CompiledQuery, sql } from 'kysely';
import type { Migration } from '../../src/database/migrations/migration';
import { createTenantSearch } from '../../src/database/migrations/tenant-search';
import { createTenantTable } from '../../src/database/migrations/tenant-table';
import { queueMigrations } from '../../src/queue/sqlite/schema';
import { errorCode, messageOf, toError } from '../../src/support/errors';
import { tenantMigrations } from '../../src/tenancy/schema';
import { as, asCentral, connections, db, migrate, useSingleDatabase } from '../helpers/single';

/*
 * Statements of every type, as a careless or hostile author would write them in the work of the tenant "acme". Whatever becomes of one: it answers
 * nothing of "globex", and every row that is not of "acme" stays as it is.
 */

const SECRET = 'globex-secret';

const SHOP: Migration = {
  async up(schema) {
    await schema.schema
      .createTable('countries')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('name', 'text')
      .execute();
    await createTenantTable(schema, 'posts', (table) =>
      table
        .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
        .addColumn('slug', 'text', (column) => column.notNull().unique())
        .addColumn('reads', 'integer', (column) => column.notNull().defaultTo(0))
        .addColumn('length', 'integer', (column) => column.generatedAlwaysAs(sql`length(slug)`))
        .addColumn('country', 'integer', (column) =>
          column.references('countries.id').onDelete('cascade').onUpdate('cascade'),
        ),
    );
    await createTenantTable(schema, 'comments', (table) =>
      table
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('post_id', 'integer', (column) =>
          column.references('posts.id').onDelete('cascade'),
        )
        .addColumn('text', 'text'),
    );
    await createTenantTable(schema, 'flags', (table) =>
      table
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('value', 'text')
        .modifyEnd(sql`without rowid`),
    );
    // A column that hides one of the names of what SQLite numbers rows by
    await createTenantTable(schema, 'seats', (table) =>
      table
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('rowid', 'integer'),
    );
    await createTenantSearch(schema, 'posts_search', { table: 'posts', columns: ['slug'] });
  },
};

const run = (tenant: string, text: string) =>
  as(tenant, () => db.executeQuery(CompiledQuery.raw(text)));

useSingleDatabase(SHOP, async () => {
  for (const { name, load } of [...tenantMigrations, ...queueMigrations]) {
    await migrate(name, load());
  }
  await asCentral(() => sql`insert into countries values (1, 'Chile'), (2, 'Peru')`.execute(db));
  for (const id of ['acme', 'globex']) {
    await run(id, `insert into posts (slug, country) values ('${id}-secret', 1)`);
    await run(id, `insert into comments (post_id, text) select id, slug from posts`);
    await run(id, `insert into flags values ('flag', '${id}-secret')`);
    await run(id, `insert into seats values ('seat', ${id.length})`);
  }
  // SQLite then keeps samples of what is in the indexes
  await connections.connection().write((handle) => handle.exec('analyze'));
});

/** Every row but those of "acme", as only a tool sees them. */
function rowsOfOthers(): Promise<unknown[]> {
  const tables = ['posts_all', 'comments_all', 'flags_all', 'seats_all', 'countries', 'tenants'];
  const isOfOthers = (row: unknown): boolean =>
    (row as { readonly tenant_id?: string }).tenant_id !== 'acme';
  return connections
    .connection()
    .read((handle) =>
      tables.map((table) => handle.statement(`select * from ${table}`).all().filter(isOfOthers)),
    );
}

/** What becomes of a statement: the code it is refused with, or 'done'. */
async function outcomeOf(text: string): Promise<string> {
  const before = await rowsOfOthers();
  let outcome = 'done';
  try {
    const { rows } = await run('acme', text);
    const seen = rows.flatMap((row) => Object.values(row as object).map(String)).join(' ');
    if (seen.includes(SECRET)) outcome = `answers ${seen}`;
  } catch (error) {
    outcome = errorCode(error) ?? messageOf(toError(error));
  }
  expect({ text, rows: await rowsOfOthers() }).toEqual({ text, rows: before });
  await expectUnharmed();
  return outcome;
}

/** The file and its handles are what they were: "globex" reads and writes as ever. */
async function expectUnharmed(): Promise<void> {
  const { rows } = await run('globex', 'select slug from posts');
  expect(rows).toEqual([{ slug: SECRET }]);
  await expect(run('globex', 'insert into comments (post_id) values (99)')).rejects.toMatchObject({
    sqliteCode: 'SQLITE_CONSTRAINT_FOREIGNKEY',
  });
}

describe('of the own rows alone is', () => {
  test.each([
    'select * from posts',
    'select * from posts as p join comments as c on c.post_id = p.id',
    'select * from (select * from posts union all select * from posts)',
    'with recursive n (i) as (select 1 union select i + 1 from n where i < 3) select * from n, posts',
    'select slug, row_number() over (order by id) from posts group by slug having count(*) > 0',
    'select value from posts, json_each(json_array(slug))',
    'select * from flags where name in (select name from flags)',
    'select * from posts where slug in (values (1), (2)) or exists (select 1 from comments)',
    'values ((select group_concat(slug) from posts))',
    'explain query plan select * from posts',
    'pragma table_info(posts)',
    "select * from posts_search where posts_search match 'secret'",
    "select highlight(posts_search, 0, '[', ']') from posts_search where posts_search match 'secret'",
    "insert into posts (slug) values ('a'), ('b') returning *",
    'insert into posts (slug) select slug || 2 from posts',
    "insert into posts (slug) values ('acme-secret') on conflict (slug) do update set reads = 1 returning slug",
    "insert or replace into posts (slug) values ('acme-secret') returning id",
    "replace into flags values ('flag', 'x')",
    'insert into posts (slug) select slug from posts where true on conflict do nothing',
    'update posts set reads = 7 returning tenant_id',
    'update posts set reads = n.reads from (select max(reads) + 1 as reads from posts) as n',
    "update or ignore flags set name = 'flag'",
    'with p as (select id from posts) delete from comments where post_id in p',
    'delete from posts returning *',
    'delete from flags where value = (select value from flags)',
    '; select * from posts',
  ])('%s', async (text) => {
    expect(await outcomeOf(text)).toBe('done');
  });
});

describe('by the table behind is refused, however it is spelled:', () => {
  test.each([
    'select * from posts_all',
    'select * from main."posts_all"',
    'select * from [main].[Posts_All]',
    'select * from `posts_all`',
    "select * from 'posts_all'",
    '; select * from posts_all',
    'select * from/**/posts_all -- posts',
    '\ufeffselect * from posts_all',
    'with p as (select * from posts_all) select * from p',
    'select * from posts where id in posts_all',
    'select (select group_concat(slug) from posts_all)',
    'select * from posts union select * from posts_all',
    'insert into posts (slug) select slug from posts_all',
    'insert into posts_all (slug) values (1)',
    'update posts set slug = (select max(slug) from posts_all)',
    'update posts set slug = a.slug from posts_all as a',
    'delete from posts_all',
    'delete from posts where slug = (select slug from posts_all)',
    'explain select * from posts_all',
    "select * from pragma_table_info('posts_all')",
    'select * from posts_search_all',
    'select * from posts_search_all_data',
    'select * from posts_search_all_docsize',
  ])('%s', async (text) => {
    expect(await outcomeOf(text)).toBe('E_TENANT_SQL');
  });
});

describe('that would write a row of another is refused:', () => {
  test.each([
    "insert into posts (tenant_id, slug) values ('globex', 'x')",
    "insert into posts (tenant_id, slug) values (x'676c6f626578', 'x')",
    "insert into posts (id, slug) values (2, 'x')",
    "insert into posts (id, slug) values (-1, 'x')",
    "replace into posts (id, slug) values (2, 'x')",
    "insert or ignore into posts (id, slug) values (2, 'x')",
    "insert into posts (id, slug) values (2, 'x') on conflict (id) do update set slug = 'x'",
    "insert into posts (id, slug) values (2, 'x') on conflict do nothing",
    "update posts set tenant_id = 'globex'",
    'update posts set id = 2',
    'update posts set id = -1',
    'update or replace posts set id = 2',
    'update or replace posts set id = 2 where slug in (select slug from posts)',
    'update posts set reads = 1 where 1 = 1) or (1 = 1',
    'delete from posts where 1 = 1) or (1 = 1',
    "insert or replace into seats (name, _rowid_) values ('x', 2)",
    "insert or replace into seats (name, oid) select 'x', 2",
    'update or replace seats set _rowid_ = 2',
    'delete from countries where id = 1',
    'update countries set id = 3 where id = 1',
    "replace into countries (id, name) values (1, 'x')",
  ])('%s', async (text) => {
    expect(await outcomeOf(text)).toBe('E_TENANT_ROW');
  });
});

describe('that would change what all tenants share is refused:', () => {
  test.each([
    'drop view posts',
    '; drop view posts',
    ';; /**/ drop table countries',
    'explain drop view posts',
    'create temp view posts as select 1',
    'create temp trigger t after insert on countries begin select 1; end',
    'create table posts_copy as select * from posts',
    'alter table countries add column x',
    'pragma foreign_keys = off',
    'pragma main.foreign_keys = off',
    'pragma foreign_keys(table_info)',
    'explain pragma foreign_keys = off',
    'pragma query_only = 1',
    'pragma trusted_schema = off',
    'pragma user_version = 7',
    'pragma foreign_key_check',
    'analyze',
    'reindex',
    'vacuum',
  ])('%s', async (text) => {
    expect(await outcomeOf(text)).toBe('E_TENANT_SQL');
  });

  test.each([
    ["attach ':memory:' as other", 'E_SQL_REFUSED'],
    ["select load_extension('x')", 'E_SQL_REFUSED'],
    ['; commit', 'E_TRANSACTION_MISUSE'],
    ['savepoint s', 'E_TRANSACTION_MISUSE'],
    ['select 1; drop view posts', 'The supplied SQL string contains more than one statement'],
    ["insert into posts_search (posts_search) values ('delete-all')", 'E_DATABASE_QUERY'],
    ["update sqlite_schema set sql = ''", 'E_DATABASE_QUERY'],
  ])('%s', async (text, outcome) => {
    expect(await outcomeOf(text)).toBe(outcome);
  });
});

describe('on tables of the framework is refused:', () => {
  test.each([
    'select * from tenants',
    'select * from main."tenants"',
    'select 1 from countries, tenants',
    'select 1 from countries as c join [Tenants] as t on true',
    'select 1 from (countries cross join tenants)',
    'select 1 from countries where id in tenants',
    'select (select count(*) from jobs)',
    'with t as (select * from jobs) select * from t',
    "update or ignore tenants set state = 'deleted'",
    'delete from tenant_domains',
    "insert into jobs (id) values ('x')",
    'replace into failed_jobs select * from failed_jobs',
    'delete from migrations',
    'select * from sqlite_stat1',
    'select * from sqlite_stat4',
    'select * from dbstat',
    'update sqlite_sequence set seq = 9223372036854775807',
  ])('%s', async (text) => {
    expect(await outcomeOf(text)).toBe('E_TENANT_SQL');
    const inThread = as('acme', () => db.offload(text));
    await expect(inThread).rejects.toMatchObject({ code: 'E_TENANT_SQL' });
  });

  test('and not on columns, aliases and texts that are called like them', async () => {
    const texts = [
      'select id as tenants, name as jobs from countries order by tenants, jobs',
      'select jobs.name from countries as jobs, countries as tenants where tenants.id = jobs.id',
      `select 'from tenants', "name" from countries where name not in ('x', 'tenants')`,
      'select t.tenants, coalesce(t.tenants, 0) from (select 1 as tenants) as t where tenants in (1, tenants)',
      'update posts set reads = tenants from (select 2 as tenants)',
    ];
    for (const text of texts) {
      expect({ text, is: await outcomeOf(text) }).toEqual({ text, is: 'done' });
    }
  });

  test('and not for the application itself', async () => {
    const count = asCentral(() => sql`select count(*) as n from tenants`.execute(db));
    expect((await count).rows).toEqual([{ n: 0 }]);
    await asCentral(() => sql`pragma optimize`.execute(db));
  });
});
