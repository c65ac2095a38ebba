import { existsSync, linkSync, symlinkSync } from 'node:fs';
import { fileUsers, lockHolders } from '../../../src/database/care/file-users';
import { createFiles, ended, message, writeNotes, type TestFiles } from '../../helpers/files';

const onLinux = existsSync('/proc/locks') ? test : test.skip;
let files: TestFiles;
let file: string;

beforeEach(() => {
  files = createFiles();
  file = files.at('default.sqlite');
  writeNotes(file, 'one');
});

afterEach(() => files.close());

test('a file that nobody has open, or that is not there, has no holders and no users', () => {
  for (const path of [file, files.at('missing.sqlite')]) {
    expect(lockHolders(path)).toEqual([]);
    expect(fileUsers(path)).toEqual([]);
  }
});

onLinux('holders are told with the strongest lock they hold, the writer first', async () => {
  const open = files.start('hold.js', file, 'open');
  const read = files.start('hold.js', file, 'read');
  await Promise.all([message(open), message(read)]);
  const write = files.start('hold.js', file, 'write');
  await message(write);

  expect(lockHolders(file)).toEqual([
    { pid: write.pid, holds: 'write' },
    { pid: read.pid, holds: 'read' },
    { pid: open.pid, holds: 'open' },
  ]);
  expect(new Set(fileUsers(file))).toEqual(new Set([open.pid, read.pid, write.pid]));
});

onLinux('a holder is told by whichever path leads to the file', async () => {
  const holder = files.start('hold.js', file, 'write');
  await message(holder);
  symlinkSync(file, files.at('link.sqlite'));
  expect(lockHolders(files.at('link.sqlite'))).toEqual([{ pid: holder.pid, holds: 'write' }]);
  linkSync(file, files.at('second name.sqlite'));
  expect(fileUsers(files.at('second name.sqlite'))).toEqual([holder.pid]);
});

onLinux('a process that has ended holds nothing', async () => {
  const holder = files.start('hold.js', file, 'open');
  await message(holder);
  holder.send('stop');
  await ended(holder);
  expect(fileUsers(file)).toEqual([]);
});

onLinux('this process is a user, too', async () => {
  await files.connections.connection().check();
  expect(fileUsers(file)).toEqual([process.pid]);
  expect(lockHolders(file)).toEqual([{ pid: process.pid, holds: 'open' }]);
});

onLinux('a file with a rollback journal has users and a writer, and no idle holder', async () => {
  await files.close();
  files = createFiles(['default'], 'storage', { journalMode: 'delete' });
  file = files.at('default.sqlite');
  await files.connections.connection().create();
  expect(fileUsers(file)).toEqual([process.pid]);
  expect(lockHolders(file)).toEqual([]);
  const writer = files.start('hold.js', file, 'write');
  await message(writer);
  expect(lockHolders(file)).toEqual([{ pid: writer.pid, holds: 'write' }]);
});
