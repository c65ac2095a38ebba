import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sql, type Migrator } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { createProject, exportDefault, type TestProject } from '../../helpers/project';

let project: TestProject;
let app: TestApplication;

const table = (name: string) =>
  exportDefault(`{
    up: (db) => db.schema.createTable('${name}').addColumn('id', 'integer').execute(),
    down: (db) => db.schema.dropTable('${name}').execute(),
  }`);

beforeEach(async () => {
  project = createProject({
    'database/migrations/default/01_a.js': table('a'),
    'database/migrations/default/02_b.js': table('b'),
    'database/migrations/queue/01_notes.js': table('notes'),
  });
  app = await createTestApplication({ basePath: project.path, migrate: false });
});

afterEach(async () => {
  await app.close();
  project.remove();
});

async function run(steps: ReturnType<Migrator['prepare']>): Promise<string[]> {
  const names: string[] = [];
  for (const { connection, name, run: once } of await steps) {
    await once();
    names.push(`${connection}: ${name}`);
  }
  return names;
}

/** What a file has beside, whose transactions may dispatch. */
const OF_TRILITE = ['file_generation', 'outbox', 'sessions', 'sqlite_sequence'];

async function tables(connection = 'default'): Promise<string[]> {
  const { rows } = await sql<{
    name: string;
  }>`select name from sqlite_schema where type = 'table' order by name`.execute(
    app.database(connection),
  );
  return rows.map(({ name }) => name).filter((name) => !OF_TRILITE.includes(name));
}

const own = (lines: readonly string[]) => lines.filter((line) => !line.includes('trilite/'));

test('rolling back takes the last batch of all connections, the last migration first', async () => {
  await run(app.migrator().prepare());
  project.write('database/migrations/default/03_c.js', table('c'));
  project.write('database/migrations/queue/02_more.js', table('more'));
  await run(app.migrator().prepare());
  expect(await run(app.migrator().prepareRollback())).toEqual(['default: 03_c', 'queue: 02_more']);
  expect(await run(app.migrator().prepareRollback())).toEqual([
    'default: 02_b',
    'default: 01_a',
    'queue: 01_notes',
  ]);
  expect(await run(app.migrator().prepareRollback())).toEqual([]);
  expect(await tables()).toEqual(['migrations']);
});

test("Trilite's own tables are never rolled back", async () => {
  await run(app.migrator().prepare());
  await run(app.migrator().prepareRollback({ all: true }));
  expect(await tables('queue')).toEqual(
    expect.arrayContaining(['failed_jobs', 'jobs', 'locks', 'migrations', 'rate_limits']),
  );
  expect(await tables('queue')).not.toContain('notes');
  expect(await tables('cache')).toEqual([
    'cache_claims',
    'cache_counts',
    'cache_entries',
    'cache_tags',
    'migrations',
  ]);
});

test('what is rolled back can be run again', async () => {
  await run(app.migrator().prepare());
  await run(app.migrator().prepareRollback());
  expect(await run(app.migrator().prepare())).toEqual([
    'default: 01_a',
    'default: 02_b',
    'queue: 01_notes',
  ]);
});

test('the last few, one batch or one connection can be chosen', async () => {
  await run(app.migrator().prepare({ step: true }));
  expect(await run(app.migrator().prepareRollback({ steps: 1, connection: 'default' }))).toEqual([
    'default: 02_b',
  ]);
  const statuses = await app.migrator().status({ connection: 'default' });
  const first = statuses.find(({ name }) => name === '01_a');
  expect(await run(app.migrator().prepareRollback({ batch: first?.batch }))).toEqual([
    'default: 01_a',
  ]);
  expect(own(await run(app.migrator().prepare({ connection: 'default' })))).toEqual([
    'default: 01_a',
    'default: 02_b',
  ]);
  await expect(app.migrator().prepare({ connection: 'nowhere' })).rejects.toMatchObject({
    code: 'E_CONNECTION_UNKNOWN',
  });
});

test('with step each migration is a batch of its own', async () => {
  await run(app.migrator().prepare({ step: true }));
  const batches = (await app.migrator().status()).map(({ batch }) => batch);
  expect(new Set(batches).size).toBe(batches.length);
});

test('a migration that has no way back stops the rollback before it begins', async () => {
  project.write('database/migrations/default/03_c.js', exportDefault('{ up: async () => {} }'));
  await run(app.migrator().prepare());
  await expect(app.migrator().prepareRollback()).rejects.toMatchObject({
    code: 'E_MIGRATION_NO_WAY_BACK',
    message: expect.stringContaining('"03_c"') as string,
  });
  expect(await tables()).toEqual(['a', 'b', 'migrations']);
});

test('a migration whose file is gone is shown as such, and cannot be rolled back', async () => {
  await run(app.migrator().prepare());
  rmSync(join(project.path, 'database/migrations/default/02_b.js'));
  const status = await app.migrator().status({ connection: 'default' });
  expect(status.find(({ name }) => name === '02_b')).toMatchObject({ hasFile: false });
  await expect(app.migrator().prepareRollback()).rejects.toMatchObject({
    code: 'E_MIGRATION_NO_WAY_BACK',
    message: expect.stringContaining('its file is not there') as string,
  });
});

test('a rollback that fails half-way leaves the file as it was', async () => {
  project.write(
    'database/migrations/default/03_c.js',
    exportDefault(`{
      up: (db) => db.schema.createTable('c').addColumn('id', 'integer').execute(),
      async down(db) {
        await db.schema.dropTable('c').execute();
        await db.schema.dropTable('nowhere').execute();
      },
    }`),
  );
  await run(app.migrator().prepare({ step: true }));
  await expect(run(app.migrator().prepareRollback({ steps: 1 }))).rejects.toMatchObject({
    code: 'E_MIGRATION_FAILED',
  });
  expect(await tables()).toContain('c');
});

describe('foreign keys', () => {
  const parents = exportDefault(`{
    async up(db) {
      await db.schema.createTable('parents').addColumn('id', 'integer', (column) => column.primaryKey()).execute();
      await db.schema.createTable('children')
        .addColumn('parent_id', 'integer', (column) => column.references('parents.id').onDelete('cascade'))
        .execute();
      await db.insertInto('parents').values([{ id: 1 }, { id: 2 }]).execute();
      await db.insertInto('children').values([{ parent_id: 1 }, { parent_id: 2 }]).execute();
    },
  }`);
  const deleting = (options = '') =>
    exportDefault(
      `{ ${options} up: (db) => db.deleteFrom('parents').where('id', '=', 1).execute() }`,
    );
  const children = async (): Promise<number> => {
    const { rows } = await sql`select * from children`.execute(app.database());
    return rows.length;
  };

  beforeEach(() => project.write('database/migrations/default/03_parents.js', parents));

  test('a migration that leaves rows without their parent fails, and the file is as it was', async () => {
    project.write('database/migrations/default/04_delete.js', deleting());
    await expect(run(app.migrator().prepare())).rejects.toMatchObject({
      code: 'E_MIGRATION_FAILED',
      cause: { code: 'E_MIGRATION_ORPHANS' },
      message: expect.stringContaining('"children" (of "parents")') as string,
    });
    expect(await children()).toBe(2);
    expect((await app.migrator().pending()).map(({ name }) => name)).toContain('04_delete');
  });

  test('rows that had no parent before are not its fault', async () => {
    await run(app.migrator().prepare());
    await app
      .database()
      .transaction((trx) => sql`insert into children (parent_id) values (99)`.execute(trx), {
        foreignKeys: false,
      });
    project.write(
      'database/migrations/default/04_insert.js',
      exportDefault(`{ up: (db) => db.insertInto('parents').values({ id: 3 }).execute() }`),
    );
    expect(await run(app.migrator().prepare())).toContain('default: 04_insert');
  });

  test.each([
    [
      'deletes by a word that the ledger has',
      `db.deleteFrom('parents').where('id', '=', 1).where('id', 'not in', (eb) => eb.selectFrom('migrations').select('batch').where('batch', '>', 99)).execute()`,
    ],
    [
      'adds a column that refers to nothing',
      `require('trilite').sql\`alter table children add column other integer references parents default 9\`.execute(db)`,
    ],
  ])('a migration that %s is found out', async (_name, up) => {
    project.write(
      'database/migrations/default/04_orphans.js',
      exportDefault(`{ up: (db) => ${up} }`),
    );
    await expect(run(app.migrator().prepare())).rejects.toMatchObject({
      cause: { code: 'E_MIGRATION_ORPHANS' },
    });
    expect(await children()).toBe(2);
  });

  test('new orphans of a table without rowid are told from old ones', async () => {
    await run(app.migrator().prepare());
    await app.database().transaction(
      async (trx) => {
        await sql`create table bare (id text primary key, parent_id references parents) without rowid`.execute(
          trx,
        );
        await sql`insert into bare values ('old', 99), ('new', 1)`.execute(trx);
      },
      { foreignKeys: false },
    );
    const remove = (id: number) =>
      exportDefault(`{ async up(db) {
        await db.deleteFrom('children').execute();
        await db.deleteFrom('parents').where('id', '=', ${id}).execute();
      } }`);
    project.write('database/migrations/default/04_fine.js', remove(2));
    expect(await run(app.migrator().prepare())).toContain('default: 04_fine');
    project.write('database/migrations/default/05_orphan.js', remove(1));
    await expect(run(app.migrator().prepare())).rejects.toMatchObject({
      cause: { code: 'E_MIGRATION_ORPHANS' },
    });
  });

  test('with foreignKeys a migration deletes as any other statement does', async () => {
    project.write('database/migrations/default/04_delete.js', deleting('foreignKeys: true,'));
    await run(app.migrator().prepare());
    expect(await children()).toBe(1);
  });

  test('they are enforced again after a migration', async () => {
    await run(app.migrator().prepare());
    const insert = sql`insert into children (parent_id) values (99)`.execute(app.database());
    await expect(insert).rejects.toMatchObject({ sqliteCode: 'SQLITE_CONSTRAINT_FOREIGNKEY' });
  });
});

describe('pretending', () => {
  test('tells the SQL of what would run, and neither creates nor changes a file', async () => {
    const pretended = await app.migrator().pretend('up');
    const ofApplication = pretended.filter(
      ({ connection, name }) => connection === 'default' && !name.startsWith('trilite/'),
    );
    expect(ofApplication).toEqual([
      { connection: 'default', name: '01_a', sql: ['create table "a" ("id" integer)'] },
      { connection: 'default', name: '02_b', sql: ['create table "b" ("id" integer)'] },
    ]);
    expect(existsSync(join(app.storagePath, 'database.sqlite'))).toBe(false);
    await run(app.migrator().prepare());
    project.write('database/migrations/default/03_c.js', table('c'));
    expect(await app.migrator().pretend('up')).toMatchObject([{ name: '03_c' }]);
    expect(await tables()).toEqual(['a', 'b', 'migrations']);
  });

  test('says of a table that is still being filled that it will go on', async () => {
    project.write(
      'database/migrations/default/03_fill.js',
      exportDefault(`{
        up: (db) => db.insertInto('a').values({ id: 1 }).execute(),
        backfill: { table: 'a', rows: async () => { throw new Error('stopped'); } },
      }`),
    );
    await expect(run(app.migrator().prepare())).rejects.toThrow('stopped');
    expect(await app.migrator().pretend('up', { connection: 'default' })).toEqual([
      {
        connection: 'default',
        name: '03_fill',
        sql: [expect.stringContaining('still being filled')],
      },
    ]);
  });

  test('to roll back tells the SQL as well', async () => {
    await run(app.migrator().prepare());
    const pretended = await app.migrator().pretend('down', { connection: 'default' });
    expect(pretended.map(({ sql: texts }) => texts)).toEqual([
      ['drop table "b"'],
      ['drop table "a"'],
    ]);
    expect(await tables()).toEqual(['a', 'b', 'migrations']);
  });
});

describe('filling a table', () => {
  const filling = (rows: string) =>
    exportDefault(`{
      async up(db) {
        await db.schema.alterTable('a').addColumn('text', 'text').execute();
        for (let id = 1; id <= 5; id += 1) await db.insertInto('a').values({ id }).execute();
      },
      backfill: { table: 'a', size: 2, rows: ${rows} },
    }`);
  const fill = `async (db, rows) => {
    if (globalThis.failAt === rows[0].id) throw new Error('stopped');
    for (const { id } of rows) await db.updateTable('a').set({ text: 'row ' + id }).where('id', '=', id).execute();
  }`;

  afterEach(() => void Object.assign(globalThis, { failAt: undefined }));

  test('that is interrupted is unfinished in the status, and the next run goes on with it', async () => {
    project.write('database/migrations/default/03_fill.js', filling(fill));
    Object.assign(globalThis, { failAt: 3 });
    await expect(run(app.migrator().prepare())).rejects.toMatchObject({
      message: expect.stringContaining('The backfill of the migration "03_fill"') as string,
    });
    expect(await app.migrator().pending({ connection: 'default' })).toMatchObject([
      { name: '03_fill', isFilling: true },
    ]);
    Object.assign(globalThis, { failAt: undefined });
    expect(own(await run(app.migrator().prepare()))).toContain('default: 03_fill');
    const { rows } = await sql`select text from a order by id`.execute(app.database());
    expect(rows).toEqual([1, 2, 3, 4, 5].map((id) => ({ text: `row ${id}` })));
    expect(await app.migrator().pending()).toEqual([]);
  });
});
