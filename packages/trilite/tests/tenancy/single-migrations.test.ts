import Sqlite from 'better-sqlite3';
import { sql } from 'kysely';
import { databaseSchema } from '../../src/config/schema';
import { ConnectionRegistry } from '../../src/database/connection-registry';
import { Database } from '../../src/database/database';
import type { Migration } from '../../src/database/migrations/migration';
import { Migrator } from '../../src/database/migrations/migrator';
import { createTenantSearch, dropTenantSearch } from '../../src/database/migrations/tenant-search';
import {
  alterTenantTable,
  createTenantIndex,
  createTenantTable,
  dropTenantTable,
  tenantTableName,
} from '../../src/database/migrations/tenant-table';
import { readTables } from '../../src/database/types/read-tables';
import { errorWith } from '../helpers/errors';
import {
  as,
  connections,
  db,
  file,
  migrate,
  migratorOf,
  useSingleDatabase,
} from '../helpers/single';

const POSTS: Migration = {
  async up(schema) {
    await createTenantTable(schema, 'posts', (table) =>
      table
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('title', 'text', (column) => column.notNull())
        .addColumn('reads', 'integer', (column) => column.notNull().defaultTo(0))
        .addColumn('twice', 'integer', (column) => column.generatedAlwaysAs(sql`reads * 2`)),
    );
    await createTenantSearch(schema, 'posts_search', { table: 'posts', columns: ['title'] });
  },
  async down(schema) {
    await dropTenantSearch(schema, 'posts_search');
    await dropTenantTable(schema, 'posts');
  },
};

useSingleDatabase(POSTS);

const insert = (tenant: string, title: string) =>
  as(tenant, () => db.insertInto('posts').values({ title }).execute());

const names = async (): Promise<string[]> =>
  (await readTables(connections.connection())).map(({ name }) => name);

/** A database that one tenant has for itself, migrated by the same migrations. */
async function withOwnFile(work: (own: typeof db) => Promise<void>): Promise<void> {
  const own = new ConnectionRegistry(
    databaseSchema.parse({
      default: 'default',
      connections: { default: { driver: 'sqlite', file: ':memory:' } },
    }),
  );
  try {
    const migrations = [{ name: '0001', load: () => POSTS }];
    await new Migrator(own, [{ connection: 'default', migrations }]).migrate();
    await work(new Database(own));
  } finally {
    await own.close();
  }
}

describe('a table of tenants', () => {
  test('is a plain table where each has a file of its own', async () => {
    await withOwnFile(async (own) => {
      const { rows } = await sql<{ type: string }>`
        select type from sqlite_schema where name = 'posts'`.execute(own);
      expect(rows).toEqual([{ type: 'table' }]);
    });
  });

  test('has the same types in both', async () => {
    const shared = await readTables(connections.connection());
    expect(shared.map(({ name }) => name)).toEqual(['migrations', 'posts', 'posts_search']);
    const posts = shared.find(({ name }) => name === 'posts');
    expect(posts?.columns.map(({ name, hasDefault }) => [name, hasDefault])).toEqual([
      ['id', true],
      ['title', false],
      ['reads', true],
      ['twice', false],
    ]);
  });

  test('is gone with all that it is made of when it is dropped', async () => {
    const migrator = migratorOf('0001', POSTS);
    for (const step of await migrator.prepareRollback()) await step.run();
    const rows = await connections
      .connection()
      .read((handle) => handle.statement('select name from sqlite_schema').pluck().all());
    expect(rows).toEqual(['migrations', 'sqlite_autoindex_migrations_1']);
  });

  test('shows a column that is added, and not one that is dropped', async () => {
    await insert('acme', 'Hello');
    await migrate('0002', {
      async up(schema) {
        await alterTenantTable(schema, 'posts', (table) => table.addColumn('mood', 'text'));
        await alterTenantTable(schema, 'posts', (table) => table.dropColumn('twice'));
      },
    });
    expect(await as('acme', () => db.selectFrom('posts').selectAll().execute())).toEqual([
      { id: 1, title: 'Hello', reads: 0, mood: null },
    ]);
    expect(
      await as('acme', () =>
        db.updateTable('posts').set({ mood: 'good' }).returningAll().execute(),
      ),
    ).toEqual([{ id: 1, title: 'Hello', reads: 0, mood: 'good' }]);
  });

  test('is altered beneath views, which show what they did', async () => {
    await insert('acme', 'Hello');
    const views: Migration['up'] = async (schema) => {
      await sql`create view titles as select title from "posts"`.execute(schema);
      await sql`create trigger titles_insert instead of insert on titles begin select raise(abort, 'read it'); end`.execute(
        schema,
      );
      await sql`create view lengths as select length(title) as n from titles`.execute(schema);
    };
    await migrate('0002', { up: views });
    await migrate('0003', {
      up: (schema) =>
        alterTenantTable(schema, 'posts', (table) => table.renameColumn('reads', 'seen')),
    });
    expect(await as('acme', () => db.selectFrom('lengths').selectAll().execute())).toEqual([
      { n: 5 },
    ]);
    expect(await as('globex', () => db.selectFrom('lengths').selectAll().execute())).toEqual([]);
    const write = as('acme', () => db.insertInto('titles').values({ title: 'x' }).execute());
    await expect(write).rejects.toThrow('read it');
    const up: Migration['up'] = (schema) =>
      alterTenantTable(schema, 'posts', (table) => table.renameColumn('title', 'name'));
    await expect(migrate('0004', { up })).rejects.toMatchObject({
      cause: errorWith('E_TENANT_TABLE', '"titles"'),
    });
    expect(await as('acme', () => db.selectFrom('titles').selectAll().execute())).toEqual([
      { title: 'Hello' },
    ]);
  });

  test('has unique indexes for each tenant', async () => {
    await migrate('0002', {
      up: (schema) =>
        createTenantIndex(schema, 'posts_title', (index) =>
          index.on('posts').column('title').unique(),
        ),
    });
    await insert('acme', 'Hello');
    await insert('globex', 'Hello');
    await expect(insert('acme', 'Hello')).rejects.toMatchObject({
      sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE',
    });
  });

  test('has no unique index that all would share', async () => {
    const up: Migration['up'] = (schema) =>
      schema.schema.createIndex('shared').on('posts_all').column('title').unique().execute();
    await expect(migrate('0002', { up })).rejects.toMatchObject({
      cause: errorWith('E_TENANT_TABLE', '"shared"'),
    });
    await insert('acme', 'Hello');
  });

  test('has no view that would show the rows of all', async () => {
    const create = (from: string): Migration => ({
      async up(schema) {
        await sql`create view titles as select title from ${sql.id(from)}`.execute(schema);
      },
    });
    await expect(migrate('0002', create('posts_all'))).rejects.toMatchObject({
      cause: errorWith('E_TENANT_TABLE', '"titles"'),
    });
    await migrate('0003', create('posts'));
    await insert('globex', 'Hello');
    expect(await as('acme', () => db.selectFrom('titles').selectAll().execute())).toEqual([]);
  });

  test.each([
    ['set default', (key: string) => key],
    ['set null', undefined],
  ] as const)('refuses a key that would change the tenant: "%s"', async (action, isDelete) => {
    const up: Migration['up'] = (schema) =>
      createTenantTable(schema, 'comments', (table) =>
        table.addColumn('post_id', 'integer', (column) =>
          isDelete === undefined
            ? column.references('posts.id').onUpdate(action)
            : column.references('posts.id').onDelete(action),
        ),
      );
    await expect(migrate('0002', { up })).rejects.toMatchObject({
      cause: errorWith('E_TENANT_TABLE'),
    });
  });
});

describe('a migration', () => {
  test('changes the rows of all tenants, and leaves them to whom they belong', async () => {
    await insert('acme', 'Hello');
    await insert('globex', 'Hello');
    await migrate('0002', {
      async up(schema) {
        const posts = await tenantTableName(schema, 'posts');
        await schema.updateTable(posts).set({ reads: 7 }).execute();
      },
    });
    for (const tenant of ['acme', 'globex']) {
      const rows = await as(tenant, () => db.selectFrom('posts').select('reads').execute());
      expect(rows).toEqual([{ reads: 7 }]);
    }
  });

  test('writes no row that is nobody’s', async () => {
    const up: Migration['up'] = async (schema) => {
      await schema.insertInto('posts_all').values({ title: 'Nobody' }).execute();
    };
    await expect(migrate('0002', { up })).rejects.toMatchObject({
      code: 'E_MIGRATION_FAILED',
      cause: { sqliteCode: 'SQLITE_CONSTRAINT_NOTNULL' },
    });
  });

  test('may be looked at before there is a file', async () => {
    const elsewhere = new ConnectionRegistry(
      databaseSchema.parse({
        default: 'default',
        connections: { default: { driver: 'sqlite', file: `${file}.none` } },
      }),
      { connectionOptions: () => ({ currentTenant: () => 'acme' }) },
    );
    const migrations = [{ name: '0001', load: () => POSTS }];
    const migrator = new Migrator(elsewhere, [{ connection: 'default', migrations }]);
    const [pretended] = await migrator.pretend('up');
    expect(pretended?.sql.join('\n')).toContain('create table "posts_all"');
    await elsewhere.close();
  });
});

describe('the wall', () => {
  test('holds against whoever goes round the query builder', async () => {
    await insert('globex', 'Hello');
    const connection = connections.connection();
    for (const text of [
      `update posts_all set title = 'x'`,
      'delete from posts_all',
      `insert into posts_all (tenant_id, title) values ('globex', 'x')`,
      `replace into posts_all (id, title) values (1, 'x')`,
    ]) {
      await expect(
        as('acme', () => connection.write((handle) => handle.statement(text).run())),
      ).rejects.toMatchObject({ code: 'E_TENANT_ROW' });
    }
    await expect(
      as('acme', () => connection.write((handle) => handle.statement(`delete from posts`).run())),
    ).rejects.toMatchObject({ code: 'E_DATABASE_QUERY' });
  });

  test('stands before a handle that cannot say whose work it is', async () => {
    await insert('acme', 'Hello');
    const stranger = new Sqlite(file);
    try {
      for (const text of [
        'select * from posts',
        `insert into posts_all (title) values ('x')`,
        `update posts_all set title = 'x'`,
        'delete from posts_all',
      ]) {
        expect(() => stranger.prepare(text).run()).toThrow(
          /(no such|unknown) function: current_tenant/,
        );
      }
    } finally {
      stranger.close();
    }
  });

  test('stands in a thread as well', async () => {
    await insert('acme', 'Hello');
    await insert('globex', 'Secret');
    const read = () => db.offload<{ title: string }>('select title from posts');
    expect(await as('acme', read)).toEqual([{ title: 'Hello' }]);
    await expect(read()).rejects.toMatchObject({ code: 'E_DATABASE_QUERY' });
    await expect(as('acme', () => db.offload('select * from posts_all'))).rejects.toMatchObject({
      code: 'E_TENANT_SQL',
    });
  });
});

describe('a full-text index', () => {
  const found = (on: typeof db, word: string) =>
    sql<{ title: string; marked: string }>`
      select posts.title, highlight(posts_search, 0, '[', ']') as marked
      from posts_search join posts on posts.id = posts_search.rowid
      where posts_search match ${word} order by bm25(posts_search), posts_search.rank`.execute(on);

  test('finds the texts of the tenant alone', async () => {
    await insert('acme', 'Hello world');
    await insert('globex', 'Hello moon');
    const { rows } = await as('acme', () => found(db, 'hello'));
    expect(rows).toEqual([{ title: 'Hello world', marked: '[Hello] world' }]);
    const all = () => sql<{ title: string }>`select title from posts_search`.execute(db);
    expect((await as('globex', all)).rows).toEqual([{ title: 'Hello moon' }]);
  });

  test('follows what is written', async () => {
    await insert('acme', 'Hello world');
    await as('acme', () => db.updateTable('posts').set({ title: 'Goodbye' }).execute());
    expect((await as('acme', () => found(db, 'hello'))).rows).toEqual([]);
    expect((await as('acme', () => found(db, 'goodbye'))).rows).toHaveLength(1);
    await as('acme', () => db.deleteFrom('posts').execute());
    expect((await as('acme', () => found(db, 'goodbye'))).rows).toEqual([]);
  });

  test('is asked in the same way where each tenant has a file of its own', async () => {
    await withOwnFile(async (own) => {
      await own.insertInto('posts').values({ title: 'Hello world' }).execute();
      expect((await found(own, 'hello')).rows).toEqual([
        { title: 'Hello world', marked: '[Hello] world' },
      ]);
    });
  });

  test.each(['posts_search_all', 'posts_search_all_data', 'posts_search_all_docsize'])(
    'keeps "%s" to itself',
    async (name) => {
      await expect(
        as('acme', () => sql`select * from ${sql.table(name)}`.execute(db)),
      ).rejects.toMatchObject({ code: 'E_TENANT_SQL' });
    },
  );
});

test('what there is to be seen is read anew when another process has changed it', async () => {
  await insert('acme', 'Hello');
  const other = new Sqlite(file);
  other.function('current_tenant', () => null);
  other.exec(`
    create table things_all (tenant_id text not null default (current_tenant()), name text);
    create view things as select name from things_all where tenant_id = (select current_tenant())`);
  other.close();
  await as('acme', () => db.insertInto('things').values({ name: 'one' }).execute());
  expect(await names()).toContain('things');
  await expect(as('acme', () => db.deleteFrom('things_all').execute())).rejects.toMatchObject({
    code: 'E_TENANT_SQL',
  });
});
