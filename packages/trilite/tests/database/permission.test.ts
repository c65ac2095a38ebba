import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';

const SCRIPT = join(__dirname, '../fixtures/open-as-nobody.js');

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trilite-permission-'));
  file = join(folder, 'notes.sqlite');
  const db = new BetterSqlite3(file);
  db.pragma('journal_mode = wal');
  db.close();
});

afterEach(() => {
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true });
});

/** What a process that may do no more than the modes of file and folder say fails with. */
async function failure(
  modes: { readonly folder: number; readonly file?: number },
  action = 'read',
): Promise<{ code: string; message: string }> {
  if (modes.file !== undefined) chmodSync(file, modes.file);
  chmodSync(folder, modes.folder);
  const child = fork(SCRIPT, [file, action], { execArgv: [] });
  const [[told]] = (await Promise.all([once(child, 'message'), once(child, 'exit')])) as [
    [{ code: string; message: string }],
    unknown,
  ];
  return told;
}

test('a file that may not be read is named', async () => {
  const { code, message } = await failure({ folder: 0o755, file: 0o000 });
  expect(code).toBe('E_DATABASE_PERMISSION');
  expect(message).toContain(`"${file}"`);
});

test('a folder that may not be looked into is named, not the file as missing', async () => {
  const { code, message } = await failure({ folder: 0o000 });
  expect(code).toBe('E_DATABASE_PERMISSION');
  expect(message).toContain(`read and write "${folder}"`);
});

test('a folder that may not be written, where -wal and -shm belong, is named', async () => {
  const { code, message } = await failure({ folder: 0o555, file: 0o666 });
  expect(code).toBe('E_DATABASE_PERMISSION');
  expect(message).toContain(`read and write "${folder}"`);
});

test('a file that may only be read refuses a write as read-only', async () => {
  const { code } = await failure({ folder: 0o777, file: 0o444 });
  expect(code).toBe('E_DATABASE_READ_ONLY');
});

test('a file cannot be created where this process may not write', async () => {
  rmSync(file);
  expect((await failure({ folder: 0o555 }, 'create')).code).toBe('E_DATABASE_PERMISSION');
});
