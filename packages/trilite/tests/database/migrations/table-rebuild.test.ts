import { rebuildTable, sql, type Database, type TableRebuild } from 'trilite';
import { createNotes, type Notes } from '../../helpers/notes';

let notes: Notes;
let db: Database;

beforeEach(async () => {
  notes = await createNotes();
  db = notes.db;
  await run(`create table authors (id integer primary key autoincrement, name text)`);
  await run(`create table books (id integer primary key, title text,
    author_id integer not null references authors (id) on delete cascade)`);
  await run(`create index authors_name on authors (name)`);
  await run(`create trigger authors_upper after insert on authors begin
    update authors set name = upper(name) where id = new.id; end`);
  await run(`create view author_names as select name from authors`);
  await run(`insert into authors (name) values ('ada'), ('bob'), (null)`);
  await run(`insert into books (title, author_id) values ('one', 1), ('two', 1), ('three', 2)`);
});

afterEach(() => notes.close());

const run = (text: string) => sql.raw(text).execute(db);

async function all<T>(text: string): Promise<T[]> {
  const { rows } = await sql.raw<T>(text).execute(db);
  return rows;
}

const strictNames: TableRebuild = {
  create: (trx, name) =>
    trx.schema
      .createTable(name)
      .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('born', 'integer')
      .execute(),
  values: { name: sql`coalesce(name, 'nobody')` },
};

const rebuild = (table: string, spec: TableRebuild) =>
  db.transaction((trx) => rebuildTable(trx, table, spec), { foreignKeys: false });

test('a rebuilt table has its new form and every row', async () => {
  await rebuild('authors', strictNames);
  expect(await all('select * from authors order by id')).toEqual([
    { id: 1, name: 'ADA', born: null },
    { id: 2, name: 'BOB', born: null },
    { id: 3, name: 'nobody', born: null },
  ]);
  await expect(run('insert into authors (name) values (null)')).rejects.toMatchObject({
    sqliteCode: 'SQLITE_CONSTRAINT_NOTNULL',
  });
});

test('rows that refer to it stay, and refer to the new one', async () => {
  await rebuild('authors', strictNames);
  expect(await all('select count(*) as books from books')).toEqual([{ books: 3 }]);
  expect(await all('pragma foreign_key_check')).toEqual([]);
  await run('delete from authors where id = 1');
  expect(await all('select title from books')).toEqual([{ title: 'three' }]);
  expect(await all("select sql from sqlite_schema where name = 'books'")).toEqual([
    { sql: expect.stringContaining('references authors (id)') as string },
  ]);
});

test('its indexes, triggers and the views on it work on', async () => {
  await rebuild('authors', strictNames);
  await run(`insert into authors (name) values ('eve')`);
  expect(await all("select name from author_names where name = 'EVE'")).toEqual([{ name: 'EVE' }]);
  expect(
    await all(
      "select name from sqlite_schema where tbl_name = 'authors' and type <> 'table' order by name",
    ),
  ).toEqual([{ name: 'authors_name' }, { name: 'authors_upper' }]);
});

test('AUTOINCREMENT never gives an id again, not even of a row that was deleted before', async () => {
  await run('delete from authors where id = 3');
  await rebuild('authors', strictNames);
  await run(`insert into authors (name) values ('eve')`);
  expect(await all('select max(id) as id from authors')).toEqual([{ id: 4 }]);
  await run('delete from authors');
  await rebuild('authors', strictNames);
  await run(`insert into authors (name) values ('fay')`);
  expect(await all('select id from authors')).toEqual([{ id: 5 }]);
});

test('a table that refers to itself can be rebuilt', async () => {
  await run(`create table nodes (id integer primary key, parent integer references nodes (id))`);
  await run(`insert into nodes (id, parent) values (1, null), (2, 1)`);
  await rebuild('nodes', {
    create: (trx, name) =>
      sql`create table ${sql.id(name)} (id integer primary key, parent integer references nodes (id) on delete cascade)`.execute(
        trx,
      ),
  });
  await run('delete from nodes where id = 1');
  expect(await all('select * from nodes')).toEqual([]);
});

test('columns that are computed are computed anew', async () => {
  await run('create table sums (a integer, b integer generated always as (a * 2) stored)');
  await run('insert into sums (a) values (1), (2)');
  await rebuild('sums', {
    create: (trx, name) =>
      sql`create table ${sql.id(name)} (a integer, b integer generated always as (a * 3) stored)`.execute(
        trx,
      ),
  });
  expect(await all('select b from sums')).toEqual([{ b: 3 }, { b: 6 }]);
});

test('what was computed until now goes over into a plain column', async () => {
  await run(`create table sums (a integer, b integer as (a * 2) stored, c integer as (a * 3))`);
  await run('insert into sums (a) values (1), (2)');
  await rebuild('sums', {
    create: (trx, name) =>
      sql`create table ${sql.id(name)} (a integer, b integer, c integer)`.execute(trx),
  });
  expect(await all('select * from sums')).toEqual([
    { a: 1, b: 2, c: 3 },
    { a: 2, b: 4, c: 6 },
  ]);
});

test('names are compared as SQLite does: another case is the same column and table', async () => {
  await run('delete from authors where id = 3');
  await rebuild('AUTHORS', {
    create: (trx, name) =>
      trx.schema
        .createTable(name)
        .addColumn('ID', 'integer', (column) => column.primaryKey().autoIncrement())
        .addColumn('Name', 'text')
        .execute(),
  });
  expect(await all('select ID, Name from authors order by id')).toEqual([
    { ID: 1, Name: 'ADA' },
    { ID: 2, Name: 'BOB' },
  ]);
  await run(`insert into authors (name) values ('eve')`);
  expect(await all('select max(id) as id from authors')).toEqual([{ id: 4 }]);
});

describe('is refused, and the table stays as it was,', () => {
  afterEach(async () => {
    expect(await all('select id, name from authors order by id')).toHaveLength(3);
    expect(await all('select count(*) as books from books')).toEqual([{ books: 3 }]);
  });

  const refused = { code: 'E_TABLE_REBUILD' };

  test('where foreign keys are enforced and somebody refers to it', async () => {
    const work = db.transaction((trx) => rebuildTable(trx, 'authors', strictNames));
    await expect(work).rejects.toMatchObject(refused);
  });

  test('when the table is not there', async () => {
    await expect(rebuild('nowhere', strictNames)).rejects.toMatchObject(refused);
  });

  test('when its new form was created under another name', async () => {
    const create: TableRebuild['create'] = (trx) =>
      trx.schema.createTable('elsewhere').addColumn('id', 'integer').execute();
    await expect(rebuild('authors', { create })).rejects.toMatchObject(refused);
  });

  test('when an index does not fit the new form', async () => {
    const create: TableRebuild['create'] = (trx, name) =>
      trx.schema.createTable(name).addColumn('id', 'integer').execute();
    await expect(rebuild('authors', { create })).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('index "authors_name"') as string,
    });
  });

  test.each(['insert', 'update of name', 'delete'])(
    'when a trigger on %s does not fit the new form',
    async (moment) => {
      await run('alter table authors add column born integer');
      await run(`create trigger authors_born after ${moment} on authors begin
        insert into books (title) values (${moment === 'insert' ? 'new' : 'old'}.born); end`);
      const create: TableRebuild['create'] = (trx, name) =>
        sql`create table ${sql.id(name)} (id integer primary key, name text)`.execute(trx);
      await expect(rebuild('authors', { create })).rejects.toMatchObject({
        ...refused,
        message: expect.stringContaining('trigger "authors_born"') as string,
      });
    },
  );

  test('when its new form refers to itself by the temporary name', async () => {
    const create: TableRebuild['create'] = (trx, name) =>
      trx.schema
        .createTable(name)
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('name', 'text')
        .addColumn('parent_id', 'integer', (column) => column.references(`${name}.id`))
        .execute();
    await expect(rebuild('authors', { create })).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('refers to itself') as string,
    });
  });

  test('when rows would get lost', async () => {
    const create: TableRebuild['create'] = async (trx, name) => {
      await strictNames.create(trx, name);
      await sql`create trigger swallow before insert on ${sql.id(name)} when new.id = 2 begin select raise(ignore); end`.execute(
        trx,
      );
    };
    await expect(rebuild('authors', { ...strictNames, create })).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('2 of its 3 rows') as string,
    });
  });
});
