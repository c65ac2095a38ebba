import { fileLocks } from '../../src/database/file-locks';
import { holdLock } from '../helpers/lock-holder';
import { createTemporaryFile, type TemporaryFile } from '../helpers/temporary-file';

let file: TemporaryFile;

beforeEach(async () => {
  file = await createTemporaryFile([]);
});

afterEach(() => file.close());

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('the process that writes is told, and only while it does', async () => {
  const holder = await holdLock(file.connection.file, 'write');
  expect(fileLocks(file.connection.file).writers).toEqual([holder.pid]);
  await holder.release();
  expect(fileLocks(file.connection.file).writers).toEqual([]);
});

onLinux('processes that read are told, each once', async () => {
  const holders = [
    await holdLock(file.connection.file, 'read'),
    await holdLock(file.connection.file, 'read'),
  ];
  const { readers, writers } = fileLocks(file.connection.file);
  expect([...readers].sort()).toEqual(holders.map(({ pid }) => pid).sort());
  expect(writers).toEqual([]);
  for (const holder of holders) await holder.release();
});

onLinux('who has the file open is told, this process among them', async () => {
  await file.connection.check();
  const holder = await holdLock(file.connection.file, 'read');
  const { openers } = fileLocks(file.connection.file);
  expect([...openers].sort()).toEqual([process.pid, holder.pid].sort());
  await holder.release();
});

test('a file that nobody has open, or that is not there, is held by nobody', () => {
  const nobody = { writers: [], readers: [], openers: [] };
  expect(fileLocks(`${file.connection.file}-missing`)).toEqual(nobody);
});
