import { readdirSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { nextTurn } from '../../../src/support/clock';
import { CacheProcess } from '../../helpers/cache-process';
import { createCacheFile, damage, DAMAGES } from '../../helpers/damage';
import { createFiles, type TestFiles } from '../../helpers/files';

/*
 * What becomes of processes whose cache file is damaged while they are in the middle of writing to it.
 */

let pool: TestFiles;
let all: CacheProcess[];
let files: TestFiles;
let path: string;

beforeAll(async () => {
  pool = createFiles();
  all = await CacheProcess.start(pool, 8);
});

beforeEach(async () => {
  files = createFiles(['cache']);
  path = files.at('cache.sqlite');
  await createCacheFile(path);
});

afterEach(() => files.close());

afterAll(async () => {
  expect(await Promise.all(all.map((one) => one.end()))).toEqual(Array(8).fill(0));
  await pool.close();
});

/** Some processes that have the file open. */
async function open(count: number): Promise<CacheProcess[]> {
  const processes = all.slice(0, count);
  await Promise.all(processes.map((one) => one.open(files)));
  return processes;
}

/** Resolves when what each process writes is what all others read. */
async function untilOneFile(processes: readonly CacheProcess[]): Promise<void> {
  for (let round = 0; ; round += 1) {
    for (const [index, one] of processes.entries()) await one.run('put', `of ${index}`, round);
    const seen = await Promise.all(
      processes.flatMap((one) => processes.map((_, index) => one.run('get', `of ${index}`))),
    );
    if (seen.every((value) => value === round)) return;
    await nextTurn();
  }
}

function integrity(): unknown {
  const db = new Sqlite(path);
  try {
    return db.pragma('integrity_check', { simple: true });
  } finally {
    db.close();
  }
}

/** What lies in the folder, but for the cache file and what SQLite keeps beside it. */
function others(): string[] {
  return readdirSync(files.path).filter(
    (name) => !/^cache\.sqlite(-wal|-shm|-repair)?$/.test(name),
  );
}

describe.each(DAMAGES)('a cache file that is %s', (how) => {
  test('while processes write to it is one sound file for all of them in the end', async () => {
    const processes = await open(4);
    const writing = processes.map((one) => one.run('write'));
    await Promise.all(processes.map((one) => one.run('get', 'key')));
    await damage(path, how);
    await untilOneFile(processes);
    await Promise.all(processes.map((one) => one.run('stop')));
    await Promise.all(writing);
    await untilOneFile(processes);
    await Promise.all(processes.map((one) => one.close()));
    expect(integrity()).toBe('ok');
    expect(others().filter((name) => name.includes('.partial'))).toEqual([]);
  });
});

test('processes that find a file damaged at the same moment make one new file', async () => {
  const processes = await open(8);
  await damage(path, 'overwritten with garbage');
  await Promise.all(processes.map((one) => one.run('put', 'key', 1)));
  const recreated = await Promise.all(processes.map((one) => one.run('recreated')));
  expect(recreated.sort()).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
  expect(others()).toEqual([expect.stringMatching(/^cache\.sqlite\.damaged-\d+$/)]);
  await untilOneFile(processes);
  await Promise.all(processes.map((one) => one.close()));
});
