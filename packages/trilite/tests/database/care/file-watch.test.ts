import { watchFile } from '../../../src/database/care/file-watch';
import * as clock from '../../../src/support/clock';
import { holdLock } from '../../helpers/lock-holder';
import { createTemporaryFile, type TemporaryFile } from '../../helpers/temporary-file';

let file: TemporaryFile;

beforeEach(async () => {
  file = await createTemporaryFile([]);
});

afterEach(() => file.close());

const isLinux = process.platform === 'linux';
const watch = () => watchFile(file.connection, 100);

test('finds the write lock of a quiet file free each time', async () => {
  const report = await watch();
  expect(report.samples).toBeGreaterThan(0);
  expect(report).toMatchObject({ busySamples: 0, longestBusyMs: 0, writers: [], longReaders: [] });
});

test('finds it taken while another process writes, and says by whom', async () => {
  const writer = await holdLock(file.connection.file, 'write');
  const report = await watch();
  await writer.release();
  expect(report.busySamples).toBe(report.samples);
  expect(report.longestBusyMs).toBeGreaterThan(0);
  if (isLinux) expect(report).toMatchObject({ writers: [writer.pid], openers: [writer.pid] });
});

test('says who was reading all the time', async () => {
  const reader = await holdLock(file.connection.file, 'read');
  const report = await watch();
  await reader.release();
  expect(report.busySamples).toBe(0);
  if (isLinux) expect(report.longReaders).toEqual([reader.pid]);
});

test('says of nobody who ended meanwhile that he was', async () => {
  const reader = await holdLock(file.connection.file, 'read');
  const pause = jest.spyOn(clock, 'delayMs').mockImplementation(() => reader.release());
  expect((await watch()).longReaders).toEqual([]);
  pause.mockRestore();
});

test('tells the frames of the -wal, and does not move them', async () => {
  await file.connection.write((handle) => handle.exec('create table posts (id)'));
  const first = await watch();
  expect(first.walFrames).toBeGreaterThan(first.checkpointedFrames);
  expect(first.walBytes).toBeGreaterThan(first.walFrames * 4096);
  expect(await watch()).toMatchObject({ walFrames: first.walFrames });
});

test('keeps nobody from writing', async () => {
  const watched = watch();
  await file.connection.write((handle) => handle.exec('create table posts (id)'));
  await watched;
});

test('a file outside WAL mode has no frames', async () => {
  await file.connection.write((handle) => handle.pragma('journal_mode = delete'));
  await file.connection.close();
  expect(await watch()).toMatchObject({ walFrames: 0, checkpointedFrames: 0 });
});
