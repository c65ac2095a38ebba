import { existsSync, linkSync, symlinkSync } from 'node:fs';
import { fileUsers } from '../../../src/database/care/file-users';
import { fileLocks } from '../../../src/database/file-locks';
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
    expect(fileLocks(path)).toEqual({ writers: [], readers: [], openers: [] });
    expect(fileUsers(path)).toEqual([]);
  }
});

onLinux('who writes, reads and has the file open is told apart', async () => {
  const open = files.start('hold.js', file, 'open');
  const read = files.start('hold.js', file, 'read');
  await Promise.all([message(open), message(read)]);
  const write = files.start('hold.js', file, 'write');
  await message(write);

  const { writers, readers, openers } = fileLocks(file);
  expect(writers).toEqual([write.pid]);
  expect(readers).toContain(read.pid);
  expect(new Set(openers)).toEqual(new Set([open.pid, read.pid, write.pid]));
  expect(new Set(fileUsers(file))).toEqual(new Set(openers));
});

onLinux('a holder is told by whichever path leads to the file', async () => {
  const holder = files.start('hold.js', file, 'write');
  await message(holder);
  symlinkSync(file, files.at('link.sqlite'));
  expect(fileLocks(files.at('link.sqlite')).writers).toEqual([holder.pid]);
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
  expect(fileLocks(file)).toEqual({ writers: [], readers: [], openers: [process.pid] });
});

onLinux('a file with a rollback journal has users and a writer, and no idle holder', async () => {
  await files.close();
  files = createFiles(['default'], 'storage', { journalMode: 'delete' });
  file = files.at('default.sqlite');
  await files.connections.connection().create();
  expect(fileUsers(file)).toEqual([process.pid]);
  expect(fileLocks(file).openers).toEqual([]);
  const writer = files.start('hold.js', file, 'write');
  await message(writer);
  expect(fileLocks(file).writers).toEqual([writer.pid]);
});
