import fs, {
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { travelBack, travelTo } from 'trilite/testing';
import { backupConnection, type BackupOptions } from '../../../src/database/care/backup';
import { listBackups } from '../../../src/database/care/backup-files';
import { Handle } from '../../../src/database/connection-handle';
import { errorWith } from '../../helpers/errors';
import {
  createFiles,
  ended,
  killed,
  message,
  readNotes,
  writeNotes,
  type TestFiles,
} from '../../helpers/files';

let files: TestFiles;
let file: string;

beforeEach(() => {
  files = createFiles();
  file = files.at('default.sqlite');
});

afterEach(async () => {
  travelBack();
  jest.restoreAllMocks();
  await files.close();
});

function backUp(options: Partial<BackupOptions> = {}) {
  return backupConnection(files.connections.connection(), { folder: files.backups, ...options });
}

/** A file of some thousand pages: its copy takes many turns. */
function writeLargeFile(): void {
  const db = new Database(file);
  db.pragma('journal_mode = wal');
  db.exec('create table numbers (number integer primary key); create table ballast (bytes blob)');
  const insert = db.prepare('insert into ballast (bytes) values (zeroblob(3500))');
  db.transaction(() => {
    for (let row = 0; row < 2000; row += 1) insert.run();
  })();
  db.close();
}

test('a backup is one file with a name, and holds what the file holds', async () => {
  writeNotes(file, 'one', 'two');
  const backup = await backUp();
  expect(readdirSync(files.backups)).toEqual([backup.name]);
  expect(backup).toMatchObject({ connection: 'default', violations: [], removed: [] });
  expect(backup.bytes).toBe(statSync(backup.path).size);
  expect(readNotes(backup.path)).toEqual(['one', 'two']);
});

test('a backup holds what lies in the -wal alone, and leaves the file in use as it is', async () => {
  writeNotes(file, 'one');
  const connection = files.connections.connection();
  await connection.write((handle) => handle.exec("insert into notes values ('in the wal')"));
  expect(readNotes((await backUp()).path)).toEqual(['one', 'in the wal']);
  await connection.write((handle) => handle.exec("insert into notes values ('after')"));
  expect(await connection.read((handle) => handle.pragma('journal_mode'))).toBe('wal');
});

test('a backup made while another process writes is what was committed at one moment', async () => {
  writeLargeFile();
  const writer = files.start('write.js', file);
  await message(writer);
  const reader = new Database(file, { readonly: true });
  const last = (): number =>
    reader.prepare('select max(number) from numbers').pluck().get() as number;
  const before = last();
  const done: number[] = [];

  const backup = await backUp({
    onProgress(pages) {
      if (pages <= (done.at(-1) ?? -1)) throw new Error('The copy has begun anew.');
      done.push(pages);
      // Another commit before the copy goes on: without a snapshot it would begin anew each time, and never end.
      for (const seen = last(); last() === seen;);
    },
  });
  reader.close();
  writer.send('stop');
  const committed = (await message(writer)) as number;

  expect(done.length).toBeGreaterThan(5);
  const copy = new Database(backup.path);
  expect(copy.pragma('integrity_check', { simple: true })).toBe('ok');
  const numbers = copy.prepare('select number from numbers order by number').pluck().all();
  copy.close();
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  expect(numbers.length % 3).toBe(0);
  expect(numbers.length).toBeGreaterThanOrEqual(before);
  expect(numbers.length).toBeLessThan(committed);
});

test('a backup that is killed leaves nothing that looks like one, and the next removes what it left', async () => {
  writeLargeFile();
  const child = files.start('backup-and-die.js', file, files.backups);
  expect(await ended(child)).toBe('SIGKILL');
  const left = readdirSync(files.backups);
  expect(left.length).toBeGreaterThan(0);
  for (const name of left) {
    expect(name).toMatch(new RegExp(`^\\.default-.*\\.sqlite\\.${child.pid ?? ''}\\.partial`));
  }
  expect(listBackups(files.backups)).toEqual([]);

  const { name } = await backUp();
  expect(readdirSync(files.backups)).toEqual([name]);
});

test('partials stay while their process may be at work, for a day', async () => {
  writeNotes(file);
  mkdirSync(files.backups);
  const at = (name: string): string => join(files.backups, name);
  const running = at(`.a.sqlite.${process.ppid}.partial`);
  const untouched = at(`.b.sqlite.${process.ppid}.partial`);
  const ofAnEarlierProcess = at(`.c.sqlite.${process.pid}.partial`);
  const foreign = at('.d.sqlite.partial');
  for (const path of [running, untouched, ofAnEarlierProcess, foreign]) writeFileSync(path, '');
  utimesSync(untouched, new Date(), new Date(Date.now() - 2 * 86_400_000));
  const { name } = await backUp();
  expect(readdirSync(files.backups).sort()).toEqual(
    [basename(running), basename(foreign), name].sort(),
  );
});

describe('keep', () => {
  const day = (number: number): Date => new Date(Date.UTC(2026, 1, number));

  test('removes the oldest backups of that connection beyond the number, and nothing else', async () => {
    writeNotes(file);
    for (const number of [1, 2, 3]) {
      travelTo(day(number));
      await backUp();
    }
    const others = ['other-20250101T000000000Z.sqlite', 'default-mine.sqlite', 'default.sqlite'];
    for (const name of others) writeFileSync(join(files.backups, name), '');
    travelTo(day(4));
    const { name, removed } = await backUp({ keep: 2 });
    expect([...removed].sort()).toEqual([
      'default-20260201T000000000Z.sqlite',
      'default-20260202T000000000Z.sqlite',
    ]);
    expect(readdirSync(files.backups).sort()).toEqual(
      [...others, 'default-20260203T000000000Z.sqlite', name].sort(),
    );
  });

  test('keeps the one it has made, even when the clock was put back', async () => {
    writeNotes(file);
    travelTo(day(9));
    await backUp();
    travelTo(day(1));
    const { name } = await backUp({ keep: 1 });
    expect(readdirSync(files.backups)).toEqual([name]);
  });

  test('removes nothing when the backup fails', async () => {
    writeNotes(file);
    const { name } = await backUp();
    jest.spyOn(Handle.prototype, 'backup').mockRejectedValue(new Error('no'));
    await expect(backUp({ keep: 1 })).rejects.toThrow(errorWith('E_BACKUP_FAILED', 'no'));
    expect(readdirSync(files.backups)).toEqual([name]);
  });

  test.each([0, -1, 1.5, NaN])('is refused as %p', async (keep) => {
    writeNotes(file);
    await expect(backUp({ keep })).rejects.toThrow(RangeError);
  });
});

test('two backups of one moment are two files', async () => {
  writeNotes(file);
  travelTo(new Date(0));
  const [first, second] = [await backUp(), await backUp()];
  expect(first.name).not.toBe(second.name);
  expect(listBackups(files.backups)).toHaveLength(2);
});

test('a lock that is held for a moment when it begins is waited for', async () => {
  await files.connections.connection().create();
  writeNotes(file, 'one');
  const statement = jest.spyOn(Handle.prototype, 'statement').mockImplementationOnce(() => {
    throw Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY_RECOVERY' });
  });
  expect(readNotes((await backUp()).path)).toEqual(['one']);
  expect(statement).toHaveBeenCalled();
});

test('rows that break a foreign key are told, and are no failure', async () => {
  const db = new Database(file);
  db.pragma('foreign_keys = off');
  db.exec(`create table posts (id integer primary key);
    create table comments (post integer references posts (id)); insert into comments values (5), (6)`);
  db.close();
  expect((await backUp()).violations).toEqual([{ table: 'comments', parent: 'posts', rows: 2 }]);
});

test('a damaged file gives no backup, and keeps the older ones', async () => {
  writeLargeFile();
  const { name } = await backUp();
  const bytes = fs.readFileSync(file);
  bytes.fill(0xff, 4096 * 20, 4096 * 40);
  writeFileSync(file, bytes);
  await expect(backUp({ keep: 1 })).rejects.toThrow(errorWith('E_BACKUP_DAMAGED', file));
  expect(readdirSync(files.backups)).toEqual([name]);
});

test.each([
  ['SQLITE_FULL', 'E_BACKUP_FULL'],
  ['SQLITE_IOERR_WRITE', 'E_BACKUP_FAILED'],
])('%s while copying is answered with %s, and leaves no partial', async (code, expected) => {
  writeNotes(file);
  jest.spyOn(Handle.prototype, 'backup').mockImplementation((partial: string) => {
    writeFileSync(partial, 'half of it');
    return Promise.reject(Object.assign(new Error('the disk says no'), { code }));
  });
  await expect(backUp()).rejects.toThrow(errorWith(expected, files.backups));
  expect(readdirSync(files.backups)).toEqual([]);
});

test('a disk that is full only when the copy is to be taken is answered the same', async () => {
  writeNotes(file);
  jest.spyOn(fs, 'fsyncSync').mockImplementation(() => {
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  });
  await expect(backUp()).rejects.toThrow(errorWith('E_BACKUP_FULL'));
  expect(readdirSync(files.backups)).toEqual([]);
});

test('a missing file is told, and makes no folder', async () => {
  await expect(backUp()).rejects.toThrow(errorWith('E_DATABASE_FILE_MISSING'));
  expect(existsSync(files.backups)).toBe(false);
});

test('a backup is not more readable than its file', async () => {
  writeNotes(file);
  fs.chmodSync(file, 0o640);
  expect(statSync((await backUp()).path).mode & 0o777).toBe(0o640);
});

test('folders with odd names are taken as they are', async () => {
  await files.close();
  files = createFiles(['default'], `it's "odd" % $HOME ?mode=ro`);
  file = files.at('default.sqlite');
  writeNotes(file, 'one');
  expect(readNotes((await backUp()).path)).toEqual(['one']);
});

test('a writer that dies in the middle of a transaction leaves nothing of it in a backup', async () => {
  writeLargeFile();
  const writer = files.start('write.js', file);
  await message(writer);
  await killed(writer);
  const backup = await backUp();
  const copy = new Database(backup.path);
  const count = copy.prepare('select count(*) from numbers').pluck().get() as number;
  copy.close();
  expect(count % 3).toBe(0);
  expect(count).toBeGreaterThan(0);
});
