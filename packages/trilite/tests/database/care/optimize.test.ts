import { statSync } from 'node:fs';
import { fileFacts } from '../../../src/database/care/file-facts';
import { optimize } from '../../../src/database/care/optimize';
import * as clock from '../../../src/support/clock';
import * as fileSystem from '../../../src/support/file-system';
import { errorWith } from '../../helpers/errors';
import { holdLock } from '../../helpers/lock-holder';
import { createTemporaryFile, type TemporaryFile } from '../../helpers/temporary-file';

let file: TemporaryFile;

beforeEach(async () => {
  file = await createTemporaryFile([]);
});

afterEach(async () => {
  jest.restoreAllMocks();
  await file.close();
});

const run = (sql: string) => file.elsewhere.write((handle) => handle.exec(sql));
const ask = (vacuum = false) => optimize(file.connection, { vacuum });
const walBytes = () => statSync(`${file.connection.file}-wal`).size;

async function freePages(pages: number): Promise<void> {
  await run(`create table blobs (data); insert into blobs values (zeroblob(${pages} * 4096))`);
  await run('delete from blobs');
}

test('gives tables without statistics some', async () => {
  await run('create table posts (title); create index titles on posts (title)');
  await run("insert into posts values ('a'), ('b')");
  expect((await ask()).analyzed).toEqual(['posts']);
  expect((await ask()).analyzed).toEqual([]);
});

test('gives all free pages back, in more than one step, and empties the -wal', async () => {
  await freePages(500);
  const report = await ask();
  expect(report).toMatchObject({ freePages: 0, isWalEmpty: true, heldBy: [] });
  expect(report.freedPages).toBeGreaterThan(490);
  expect(report.bytesAfter).toBeLessThan(report.bytesBefore - 490 * 4096);
  expect(walBytes()).toBe(0);
});

test('lets others write between two steps', async () => {
  await freePages(1000);
  await run('create table posts (id integer primary key)');
  const left: number[] = [];
  jest.spyOn(clock, 'delayMs').mockImplementation(async () => {
    await run('insert into posts default values');
    left.push((await fileFacts(file.connection, { counts: false })).freePages);
  });
  await ask();
  expect(left.length).toBeGreaterThan(5);
  expect(left).toEqual([...left].sort((a, b) => b - a));
});

test('waits for the write lock, as every writer does', async () => {
  await freePages(10);
  const session = await file.elsewhere.begin();
  const optimized = ask();
  await session.commit();
  expect((await optimized).freePages).toBe(0);
});

test('does not wait for a reader to end, but says who it is', async () => {
  await run('create table posts (id integer primary key)');
  const reader = await holdLock(file.connection.file, 'read');
  const report = await ask();
  await reader.release();
  expect(report.isWalEmpty).toBe(false);
  if (process.platform === 'linux') expect(report.heldBy).toEqual([reader.pid]);
  expect((await ask()).isWalEmpty).toBe(true);
});

test('leaves the free pages of a file that is not incremental, and says how many', async () => {
  await run('PRAGMA auto_vacuum = none; VACUUM');
  await freePages(50);
  expect(await ask()).toMatchObject({ freedPages: 0, freePages: expect.any(Number) as number });
  expect((await ask()).freePages).toBeGreaterThan(40);
});

test('with vacuum gives those back too, and the file its configured auto-vacuum', async () => {
  await run('PRAGMA auto_vacuum = none; VACUUM');
  await freePages(50);
  const report = await ask(true);
  expect(report).toMatchObject({ freePages: 0, isRewritten: true });
  expect(report.bytesAfter).toBeLessThan(report.bytesBefore - 40 * 4096);
  const { settings } = await fileFacts(file.connection, { counts: false });
  expect(settings.autoVacuum).toBe('incremental');
});

test('with vacuum refuses a disk that could not hold the file twice more', async () => {
  jest.spyOn(fileSystem, 'freeBytes').mockReturnValue(1000);
  await expect(ask(true)).rejects.toThrow(errorWith('E_DISK_SPACE', '1000 B free'));
  await ask();
});
