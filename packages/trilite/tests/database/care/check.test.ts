import fs from 'node:fs';
import Database from 'better-sqlite3';
import { checkConnection } from '../../../src/database/care/check';
import { databaseSchema } from '../../../src/config/schema';
import { ConnectionRegistry } from '../../../src/database/connection-registry';
import { errorWith } from '../../helpers/errors';
import { createFiles, writeNotes, type TestFiles } from '../../helpers/files';

let files: TestFiles;
let file: string;

beforeEach(() => {
  files = createFiles();
  file = files.at('default.sqlite');
});

afterEach(() => files.close());

const check = (quick = false) => checkConnection(files.connections.connection(), { quick });

/** A table whose index lacks an entry: the pages are whole, and only the full check compares the two. */
function writeBrokenIndex(): void {
  const db = new Database(file);
  db.exec('create table words (word text); create index by_word on words (word)');
  db.exec("insert into words values ('one'), ('two')");
  db.unsafeMode(true);
  db.exec(`pragma writable_schema = on;
    update sqlite_schema set sql = 'create index by_word on words (upper(word))' where name = 'by_word'`);
  db.close();
}

test('a sound file has no findings', async () => {
  writeNotes(file, 'one');
  expect(await check()).toEqual({ problems: [], violations: [] });
  expect(await check(true)).toEqual({ problems: [], violations: [] });
});

test('an index that does not hold what its table does is found, but not by the quick check', async () => {
  writeBrokenIndex();
  expect((await check()).problems).toContainEqual(expect.stringContaining('by_word'));
  expect((await check(true)).problems).toEqual([]);
});

test('damaged pages are found', async () => {
  writeNotes(file, ...Array.from({ length: 200 }, () => 'x'.repeat(500)));
  const bytes = fs.readFileSync(file);
  fs.writeFileSync(file, bytes.fill(0xff, 4096 * 5, 4096 * 9));
  const { problems } = await check();
  expect(problems.length).toBeGreaterThan(0);
});

test('a file that is no database, and one that is missing, are found', async () => {
  fs.writeFileSync(file, 'not a database '.repeat(100));
  expect((await check()).problems).toEqual([expect.stringContaining('no SQLite database')]);
  fs.rmSync(file);
  expect((await check()).problems).toEqual([expect.stringContaining('is not there')]);
  expect(fs.existsSync(file)).toBe(false);
});

test('rows that break a foreign key are counted by table and parent', async () => {
  const db = new Database(file);
  db.pragma('foreign_keys = off');
  db.exec(`create table posts (id integer primary key); create table users (id integer primary key);
    create table comments (post integer references posts (id), author integer references users (id));
    insert into comments values (1, 1), (2, 1), (null, 2)`);
  db.exec('insert into users values (2)');
  db.close();
  expect((await check()).violations).toEqual([
    { table: 'comments', parent: 'posts', rows: 2 },
    { table: 'comments', parent: 'users', rows: 2 },
  ]);
});

test('a foreign key to what is no key is found', async () => {
  const db = new Database(file);
  db.pragma('foreign_keys = off');
  db.exec(`create table words (word text); create table uses (word text references words (word));
    insert into uses values ('one')`);
  db.close();
  expect((await check()).violations).toEqual([{ table: 'uses', parent: 'words', rows: 0 }]);
});

test('a connection in memory has no file to check', async () => {
  const connections = new ConnectionRegistry(
    databaseSchema.parse({
      default: 'memory',
      connections: { memory: { driver: 'sqlite', file: ':memory:' } },
    }),
  );
  await expect(checkConnection(connections.connection())).rejects.toThrow(
    errorWith('E_CONNECTION_IN_MEMORY', 'memory'),
  );
  await connections.close();
});
