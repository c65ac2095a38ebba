import { existsSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Connection } from '../../../src/database/connection';
import { fileFacts } from '../../../src/database/care/file-facts';
import { ROWS_COUNTED } from '../../../src/database/care/schema-facts';
import { errorWith } from '../../helpers/errors';
import { createTemporaryFile, type TemporaryFile } from '../../helpers/temporary-file';

let file: TemporaryFile;

beforeEach(async () => {
  file = await createTemporaryFile([]);
});

afterEach(() => file.close());

const facts = (counts = false) => fileFacts(file.connection, { counts });

function run(sql: string): Promise<void> {
  return file.elsewhere.write((handle) => handle.exec(sql));
}

test('tells the settings in force under the keys of the configuration', async () => {
  expect((await facts()).settings).toEqual({
    journalMode: 'wal',
    synchronous: 'normal',
    foreignKeys: true,
    cacheSize: 8 * 1024 * 1024,
    mmapSize: 0,
    autoVacuum: 'incremental',
    journalSizeLimit: 64 * 1024 * 1024,
    busyTimeout: 5000,
  });
});

test('tells sizes that fit together', async () => {
  await run('create table posts (id integer primary key, body)');
  const { bytes, walBytes, pageSize, pageCount, encoding } = await facts();
  expect(bytes + walBytes).toBeGreaterThanOrEqual(pageSize * pageCount);
  expect({ pageSize, encoding }).toEqual({ pageSize: 4096, encoding: 'UTF-8' });
});

test('tells pages that a deletion left free', async () => {
  await run('create table posts (body); insert into posts values (zeroblob(100000))');
  await run('delete from posts');
  expect((await facts()).freePages).toBeGreaterThan(20);
});

test('tells every table, its rows, and its bytes with its indexes', async () => {
  await run('create table posts (id integer primary key, title); insert into posts values (1, 2)');
  await run('create index titles on posts (title); create view titled as select * from posts');
  await run('create virtual table words using fts5 (text)');
  const { tables } = await facts();
  const table = (name: string) => tables.find((one) => one.name === name);
  expect(table('posts')).toEqual({
    name: 'posts',
    type: 'table',
    rows: 1,
    isExact: true,
    bytes: 2 * 4096,
  });
  expect(table('titled')).toMatchObject({ type: 'view', rows: null, bytes: null });
  expect(table('words')).toMatchObject({ type: 'virtual', rows: 0 });
  expect(table('words_data')).toMatchObject({ type: 'shadow' });
  expect(tables.filter(({ name }) => name.startsWith('sqlite_'))).toEqual([]);
});

test('counts rows up to a limit, and all of them when asked', async () => {
  const rows = ROWS_COUNTED + 1;
  await run('create table many (id integer primary key)');
  await run(
    `with recursive n (id) as (select 1 union all select id + 1 from n where id < ${rows}) insert into many select id from n`,
  );
  const many = async (counts: boolean) =>
    (await facts(counts)).tables.find(({ name }) => name === 'many');
  expect(await many(false)).toMatchObject({ rows: ROWS_COUNTED, isExact: false });
  expect(await many(true)).toMatchObject({ rows, isExact: true });
});

test('leaves a file as it found it: its journal mode, and no -wal', async () => {
  await file.connection.write((handle) => handle.pragma('journal_mode = delete'));
  await file.connection.close();
  expect((await facts()).settings.journalMode).toBe('delete');
  expect((await facts()).settings.journalMode).toBe('delete');
  expect(readdirSync(dirname(file.connection.file))).toEqual(['test.sqlite']);
});

test('a file that is not there is said, and not made', async () => {
  const path = `${file.connection.file}-missing`;
  const missing = new Connection('missing', { ...file.connection.settings, file: path });
  await expect(fileFacts(missing, { counts: false })).rejects.toThrow(
    errorWith('E_DATABASE_FILE_MISSING', path),
  );
  expect(existsSync(path)).toBe(false);
});
