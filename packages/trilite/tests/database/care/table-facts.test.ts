import { tableFacts } from '../../../src/database/care/table-facts';
import { errorWith } from '../../helpers/errors';
import { createTemporaryFile, type TemporaryFile } from '../../helpers/temporary-file';

let file: TemporaryFile;

beforeEach(async () => {
  file = await createTemporaryFile([]);
  await file.connection.write((handle) =>
    handle.exec(`
      create table users (id integer primary key, name text);
      create table tags (a text, b text, primary key (b, a)) without rowid, strict;
      create table posts (
        id integer primary key,
        user_id integer not null references users on delete cascade,
        slug text unique default 'none',
        words integer generated always as (length(slug)) stored,
        loud text as (upper(slug)),
        tag_a, tag_b,
        foreign key (tag_b, tag_a) references tags (b, a) on update restrict
      );
      create unique index drafts on posts (user_id, slug) where slug is null;
      create index lengths on posts (length(slug), id);
      create trigger counted after insert on posts begin select 1; end;
      create view titled as select slug from posts;
      insert into users values (1, 'Ada');`),
  );
});

afterEach(() => file.close());

const facts = (name: string) => tableFacts(file.connection, name);

test('tells the columns: type, null, default, key, generated', async () => {
  const { columns } = await facts('posts');
  const plain = { isNullable: true, default: null, primaryKey: null, generated: null };
  expect(columns.slice(0, 6)).toEqual([
    { ...plain, name: 'id', type: 'INTEGER', isNullable: false, primaryKey: 1 },
    { ...plain, name: 'user_id', type: 'INTEGER', isNullable: false },
    { ...plain, name: 'slug', type: 'TEXT', default: "'none'" },
    { ...plain, name: 'words', type: 'INTEGER', generated: 'stored' },
    { ...plain, name: 'loud', type: 'TEXT', generated: 'virtual' },
    { ...plain, name: 'tag_a', type: '' },
  ]);
});

test('tells the indexes: columns and expressions, unique, partial', async () => {
  const { indexes } = await facts('posts');
  expect(indexes).toMatchObject([
    { name: 'drafts', columns: ['user_id', 'slug'], isUnique: true, isPartial: true },
    { name: 'lengths', columns: [null, 'id'], isUnique: false, isPartial: false },
    { name: 'sqlite_autoindex_posts_1', columns: ['slug'], isUnique: true, sql: null },
  ]);
});

test('tells the foreign keys, of one column and of several', async () => {
  const { foreignKeys } = await facts('posts');
  expect(foreignKeys).toEqual([
    {
      columns: ['tag_b', 'tag_a'],
      table: 'tags',
      references: ['b', 'a'],
      onUpdate: 'restrict',
      onDelete: 'no action',
    },
    {
      columns: ['user_id'],
      table: 'users',
      references: [],
      onUpdate: 'no action',
      onDelete: 'cascade',
    },
  ]);
});

test('tells what a table is: strict, without rowid, its triggers, its rows, its SQL', async () => {
  expect(await facts('tags')).toMatchObject({
    isStrict: true,
    isWithoutRowid: true,
    columns: [
      { name: 'a', primaryKey: 2, isNullable: false },
      { name: 'b', primaryKey: 1, isNullable: false },
    ],
  });
  expect(await facts('users')).toMatchObject({ rows: 1, isExact: true, isStrict: false });
  expect((await facts('posts')).triggers).toEqual([
    { name: 'counted', sql: expect.stringMatching(/^create trigger counted/i) as string },
  ]);
  expect((await facts('users')).sql).toBe('CREATE TABLE users (id integer primary key, name text)');
});

test('tells the columns of a view, and finds a name in any case', async () => {
  expect(await facts('TITLED')).toMatchObject({
    name: 'titled',
    type: 'view',
    rows: null,
    columns: [{ name: 'slug' }],
  });
});

test('a table that is not there is answered with the nearest names, or with where it is', async () => {
  await expect(facts('post')).rejects.toThrow(errorWith('E_TABLE_UNKNOWN', '"post"'));
  await expect(facts('psts')).rejects.toMatchObject({
    help: expect.stringContaining('"posts"') as string,
  });
  const elsewhere = await createTemporaryFile([]);
  const inEmpty = tableFacts(elsewhere.connection, 'posts', { elsewhere: [file.connection] });
  await expect(inEmpty).rejects.toMatchObject({
    help: expect.stringContaining('--connection=first') as string,
  });
  await elsewhere.close();
});
