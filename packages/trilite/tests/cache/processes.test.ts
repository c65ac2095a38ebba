import { existsSync, readFileSync } from 'node:fs';
import { SqliteCacheFile } from '../../src/cache/sqlite/sqlite-cache-file';
import { SqliteCacheStore } from '../../src/cache/sqlite/sqlite-cache-store';
import { TieredCacheStore } from '../../src/cache/sqlite/tiered-cache-store';
import { nextTurn } from '../../src/support/clock';
import { CacheProcess } from '../helpers/cache-process';
import { createCacheFile } from '../helpers/damage';
import { createFiles, type TestFiles } from '../helpers/files';

/*
 * Real processes on one cache file, some of them killed.
 */

let pool: TestFiles;
let processes: CacheProcess[];
let files: TestFiles;

beforeAll(async () => {
  pool = createFiles();
  processes = await CacheProcess.start(pool, 8);
});

beforeEach(async () => {
  files = createFiles(['cache']);
  await createCacheFile(files.at('cache.sqlite'));
  await Promise.all(processes.map((one) => one.open(files)));
});

afterEach(async () => {
  await Promise.all(processes.map((one) => one.close()));
  await files.close();
});

afterAll(() => pool.close());

/** Which processes computed, in order. */
function computed(): number[] {
  return readFileSync(files.at('journal'), 'utf8').trimEnd().split('\n').map(Number);
}

test('processes that increment one key at once lose nothing', async () => {
  await Promise.all(processes.map((one) => one.run('increment', 'counter', 10_000)));
  expect(await processes[0]?.run('get', 'counter')).toBe(80_000);
});

test('of processes that add the same keys at once one wins each', async () => {
  const won = (await Promise.all(processes.map((one) => one.run('add', 1000)))) as number[][];
  const all = won.flat().sort((a, b) => a - b);
  expect(all).toEqual(Array.from({ length: 1000 }, (_, index) => index));
});

test('of processes that miss a key at once one computes, and all get what it got', async () => {
  const values = await Promise.all(processes.map((one) => one.run('remember', 'key', 100)));
  expect(computed()).toHaveLength(1);
  expect(new Set(values)).toEqual(new Set(computed()));
});

// Without /proc nobody can tell that a process is gone: its claim would be held for ten seconds.
const testOnLinux = existsSync('/proc/self/stat') ? test : test.skip;

/** Less than the lease of a claim: another computes before that ends. */
const LIMIT_MS = 9000;

testOnLinux(
  'of processes of which the computing one is killed another computes',
  async () => {
    const [dying] = await CacheProcess.start(files, 1);
    if (dying === undefined) throw new Error('It was not started.');
    await dying.open(files);
    const dies = dying.run('remember', 'key', Infinity);
    while (!existsSync(files.at('journal'))) await nextTurn();
    const values = Promise.all(processes.map((one) => one.run('remember', 'key', 1)));
    await Promise.all(processes.map((one) => one.run('get', 'another'))); // now they wait for it
    dying.child.kill('SIGKILL');
    await expect(dies).rejects.toThrow('It died (SIGKILL).');
    const got = new Set(await values);
    expect(computed()).toHaveLength(2);
    expect(computed()[0]).toBe(dying.child.pid);
    expect(got).toEqual(new Set(computed().slice(1)));
  },
  LIMIT_MS,
);

test('a memory in front of the file gives nothing older than what another process has told of', async () => {
  const [writer] = processes;
  const connection = files.connections.connection();
  const below = new SqliteCacheStore(new SqliteCacheFile(connection, { store: 'cache' }), {
    name: 'cache',
  });
  const store = new TieredCacheStore(below, { maxBytes: 1_000_000, maxEntries: 100 });
  const read = async (): Promise<number> => Number((await store.get('key'))?.value ?? 0);
  const late: string[] = [];
  let reads = 0;
  writer?.child.on('message', ({ written }: { written?: number }) => {
    if (written === undefined) return;
    void read().then((value) => {
      reads += 1;
      if (value < written) late.push(`${value} after ${written} was told of`);
    });
  });
  let counting = writer?.run('count', 'key', 2000);
  void counting?.then(() => (counting = undefined));
  for (let last = 0; counting !== undefined;) {
    for (let index = 0; index < 10; index += 1) {
      const value = await read();
      if (value < last) late.push(`${value} after ${last} was read`);
      last = value;
    }
    await nextTurn();
  }
  expect(late).toEqual([]);
  expect(reads).toBe(2000);
  expect(await read()).toBe(2000);
});
