import { wipe } from '../../../src/database/care/wipe';
import { holdLock } from '../../helpers/lock-holder';
import { createTemporaryFile, type TemporaryFile } from '../../helpers/temporary-file';

let file: TemporaryFile;

beforeEach(async () => {
  file = await createTemporaryFile([]);
});

afterEach(() => file.close());

async function holding(sql: string): Promise<void> {
  await file.elsewhere.write((handle) => handle.exec(`PRAGMA foreign_keys = 0; ${sql}`));
}

async function left(): Promise<unknown[]> {
  return file.elsewhere.read((handle) =>
    handle.statement("select name from sqlite_schema where name not like 'sqlite%'").pluck().all(),
  );
}

test('drops tables, views, triggers and indexes, the ledger too, and names what it dropped', async () => {
  await holding(`
    create table posts (id integer primary key autoincrement, title text unique);
    insert into posts (title) values ('one');
    create index titles on posts (title);
    create view titled as select * from posts;
    create trigger kept instead of delete on titled begin select 1; end;
    create table "a ""name""" (a any) strict`);
  expect(await wipe(file.connection)).toEqual(['a "name"', 'migrations', 'posts', 'titled']);
  expect(await left()).toEqual([]);
});

test('drops tables whose foreign keys form circles, restrict, and are broken already', async () => {
  await holding(`
    create table a (id integer primary key, b references b (id) on delete restrict deferrable initially deferred);
    create table b (id integer primary key, a references a (id) on delete restrict);
    create table itself (id integer primary key, parent references itself (id));
    create table orphans (a references a (id), nowhere references missing (id), mismatch references b (a));
    insert into a values (1, 1); insert into b values (1, 1); insert into itself values (1, 1);
    insert into orphans values (1, 7, 7), (99, 7, 7)`);
  await wipe(file.connection);
  expect(await left()).toEqual([]);
});

test('drops virtual tables with their shadow tables, and what is left of one that is gone', async () => {
  await holding(`
    create virtual table words using fts5 (text); insert into words values ('one');
    create virtual table boxes using rtree (id, low, high); insert into boxes values (1, 1, 2);
    create table lost_content (id integer primary key)`);
  expect(await wipe(file.connection)).toEqual(['boxes', 'lost_content', 'migrations', 'words']);
  expect(await left()).toEqual([]);
});

test('starts numbering anew', async () => {
  const create = 'create table posts (id integer primary key autoincrement)';
  await holding(`${create}; insert into posts values (41)`);
  await wipe(file.connection);
  await holding(`${create}; insert into posts default values`);
  expect(
    await file.elsewhere.read((handle) => handle.statement('select id from posts').pluck().get()),
  ).toBe(1);
});

test('joins a transaction, and is undone with it', async () => {
  const lost = file.connection.transaction(async () => {
    await wipe(file.connection);
    throw new Error('after all');
  });
  await expect(lost).rejects.toThrow('after all');
  expect(await left()).toEqual(['migrations']);
});

test('keeps readers of another process reading what was there', async () => {
  const reader = await holdLock(file.connection.file, 'read');
  await wipe(file.connection);
  expect(await left()).toEqual([]);
  await reader.release();
});
