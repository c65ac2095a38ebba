import { existsSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { query } from '../../../src/database/care/query';
import { errorWith } from '../../helpers/errors';
import { createTemporaryFile, type TemporaryFile } from '../../helpers/temporary-file';

let file: TemporaryFile;

beforeEach(async () => {
  file = await createTemporaryFile([]);
  await file.connection.write((handle) =>
    handle.exec('create table posts (id integer primary key, title text)'),
  );
  await file.connection.write((handle) =>
    handle.exec("insert into posts values (1, 'one'), (2, null), (3, 'three')"),
  );
});

afterEach(() => file.close());

const ask = (sql: string, options = {}) => query(file.connection, sql, options);

function count(): Promise<unknown> {
  return file.connection.read((handle) =>
    handle.statement('select count(*) from posts').pluck().get(),
  );
}

describe('a read', () => {
  test('answers with values as SQLite holds them', async () => {
    expect(await ask("select 9007199254740993 as a, 1.5 as b, null as c, x'00ff' as d")).toEqual({
      columns: ['a', 'b', 'c', 'd'],
      rows: [[9007199254740993n, 1.5, null, Buffer.from([0, 255])]],
      hasMore: false,
      changes: null,
    });
  });

  test('tells columns of one name apart', async () => {
    expect((await ask('select 1 as id, 2 as id, 3 as id')).columns).toEqual(['id', 'id:1', 'id:2']);
  });

  test('stops at the limit, and says whether there is more', async () => {
    expect(await ask('select id from posts', { limit: 2 })).toMatchObject({
      rows: [[1n], [2n]],
      hasMore: true,
    });
    expect(await ask('select id from posts', { limit: 3 })).toMatchObject({ hasMore: false });
  });

  test.each([
    'delete from posts',
    'delete from posts returning id',
    "with gone as (select 1) insert into posts (title) select 'x' from gone",
    'drop table posts',
    'create temp table t (a)',
    'pragma user_version = 5',
    'pragma journal_mode = delete',
    'begin immediate',
  ])('refuses "%s"', async (sql) => {
    await expect(ask(sql)).rejects.toThrow(errorWith('E_QUERY_REFUSED', 'more than read'));
    expect(await count()).toBe(3);
  });

  test('writes no other file either', async () => {
    const other = `${file.connection.file}-other`;
    for (const sql of [`vacuum into '${other}'`, `attach '${other}' as other`]) {
      await expect(ask(sql)).rejects.toThrow(errorWith('E_SQL_REFUSED'));
      await expect(ask(sql, { write: true })).rejects.toThrow(errorWith('E_SQL_REFUSED'));
    }
    expect(existsSync(other)).toBe(false);
  });

  test('explains what a write would do', async () => {
    const { rows } = await ask('explain query plan update posts set title = 1 where id = 1');
    expect(rows).toHaveLength(1);
  });

  test('leaves no -wal behind when nobody else has the file open', async () => {
    const path = file.connection.file;
    await file.connection.close();
    await ask('select 1 from posts');
    expect(readdirSync(dirname(path))).toEqual(['test.sqlite']);
  });
});

describe('a write', () => {
  test('says how many rows it changed, and returns what it is asked to', async () => {
    expect(await ask('delete from posts where id < 3', { write: true })).toMatchObject({
      changes: 2,
    });
    const sql = "insert into posts (title) values ('a'), ('b') returning id";
    expect(await ask(sql, { write: true, limit: 1 })).toMatchObject({
      rows: [[4n]],
      hasMore: true,
      changes: 2,
    });
    expect(await count()).toBe(3);
  });

  test('that begins a transaction is refused, and holds no lock', async () => {
    for (const sql of ['begin immediate', 'savepoint a']) {
      await expect(ask(sql, { write: true })).rejects.toThrow(errorWith('E_QUERY_REFUSED'));
    }
    await file.connection.write((handle) => handle.exec('delete from posts'));
  });

  test('may be one that no transaction takes', async () => {
    expect(await ask('vacuum', { write: true })).toMatchObject({ columns: [] });
  });

  test('waits for the lock of another process', async () => {
    const session = await file.elsewhere.begin();
    const deleted = ask('delete from posts', { write: true });
    await session.run((handle) => handle.exec("insert into posts (title) values ('late')"));
    await session.commit();
    expect(await deleted).toMatchObject({ changes: 4 });
  });
});

test.each([
  ['select 1; select 2', /more than one statement/],
  ['-- nothing', /no statements/],
  ['select :a', /parameter/],
])('"%s" is refused for what it is', async (sql, message) => {
  for (const write of [false, true]) {
    await expect(ask(sql, { write })).rejects.toMatchObject({
      code: 'E_QUERY_REFUSED',
      message: expect.stringMatching(message) as string,
    });
  }
});

test('a mistake in the SQL is told as SQLite tells it', async () => {
  await expect(ask('selec 1')).rejects.toThrow(errorWith('E_DATABASE_QUERY', 'near "selec"'));
});
