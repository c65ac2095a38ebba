import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import Sqlite from 'better-sqlite3';
import { CacheRepository } from 'trilite';
import { CacheEvents, type CacheEvent } from '../../../src/cache/cache-events';
import { CacheObserver } from '../../../src/cache/cache-observer';
import { SqliteCacheFile } from '../../../src/cache/sqlite/sqlite-cache-file';
import { SqliteCacheStore } from '../../../src/cache/sqlite/sqlite-cache-store';
import { databaseSchema } from '../../../src/config/schema';
import { Connection } from '../../../src/database/connection';
import { ConnectionRegistry } from '../../../src/database/connection-registry';
import { nextTurn } from '../../../src/support/clock';
import { createCacheFile, damage, DAMAGES, runSql } from '../../helpers/damage';
import { createFiles, type TestFiles } from '../../helpers/files';

let files: TestFiles;
let path: string;
let events: CacheEvent[];
let connections: ConnectionRegistry;

beforeEach(async () => {
  files = createFiles();
  path = files.at('cache.sqlite');
  events = [];
  await createCacheFile(path);
  connections = connect();
});

afterEach(async () => {
  await connections.close();
  await files.close();
});

function connect(options: object = {}): ConnectionRegistry {
  const sqlite = { driver: 'sqlite', file: path, ...options };
  return new ConnectionRegistry(
    databaseSchema.parse({ default: 'here', connections: { here: sqlite, there: sqlite } }),
  );
}

/** A repository on a connection of its own: to SQLite the same as another process. */
function open(name: 'here' | 'there', isDisposable = true): CacheRepository {
  const observer = new CacheObserver('cache', new CacheEvents());
  observer.events.listen((event) => events.push(event));
  const file = new SqliteCacheFile(connections.connection(name), {
    store: 'cache',
    isDisposable,
    onRecreated: (recreated) => {
      if (!('kept' in recreated)) throw recreated;
      observer.events.emit({ kind: 'recreated', store: 'cache', kept: recreated.kept });
    },
  });
  const store = new SqliteCacheStore(file, { name: 'cache' });
  return new CacheRepository(() => store, { observer });
}

type Call = (cache: CacheRepository) => Promise<unknown>;

const CALLS: readonly Call[] = [
  (cache) => cache.get('a'),
  (cache) => cache.many(['a', 'b']),
  (cache) => cache.string('text'),
  (cache) => cache.put('a', 1),
  (cache) => cache.putMany({ a: 1, b: new Date() }, '1h'),
  (cache) => cache.add('c', 1),
  (cache) => cache.increment('n'),
  (cache) => cache.touch('a', '1h'),
  (cache) => cache.pull('b'),
  (cache) => cache.forget('a'),
  (cache) => cache.remember('r', '1h', () => 'computed'),
  (cache) => cache.flexible('f', ['1m', '1h'], () => 'computed'),
  (cache) => cache.tags('t').put('tagged', 1),
  (cache) => cache.tags('t').clear(),
  (cache) => cache.clear(),
];

/** Resolves when what one of two writes is what the other reads, both ways. */
async function untilOneFile(here: CacheRepository, there: CacheRepository): Promise<void> {
  for (let round = 0; ; round += 1) {
    await here.put('here', round);
    await there.put('there', round);
    const [seenThere, seenHere] = [await there.get('here'), await here.get('there')];
    if (seenThere === round && seenHere === round) return;
    await nextTurn();
  }
}

function integrity(): unknown {
  const db = new Sqlite(path, { readonly: true });
  try {
    return db.pragma('integrity_check', { simple: true });
  } finally {
    db.close();
  }
}

/** The files that were set aside, without what lies beside them. */
function kept(): string[] {
  return readdirSync(files.path).filter((name) => /\.(damaged|foreign)-[\d-]+$/.test(name));
}

function told(kind: CacheEvent['kind']): CacheEvent[] {
  return events.filter((event) => event.kind === kind);
}

describe.each(DAMAGES)('a cache file that is %s', (how) => {
  test('before it is opened is one sound file for all who open it', async () => {
    await damage(path, how);
    const [here, there] = [open('here'), open('there')];
    const calls = CALLS.flatMap((call) => [call(here), call(there)]);
    await expect(Promise.all(calls)).resolves.toBeDefined();
    await untilOneFile(here, there);
    expect(integrity()).toBe('ok');
    expect(kept().length).toBeLessThan(2);
  });

  test('while it is open fails nobody, and is one file for all soon', async () => {
    const [here, there] = [open('here'), open('there')];
    await here.putMany({ a: 1, b: 2 });
    await there.get('a');
    await damage(path, how);
    const calls = CALLS.flatMap((call) => [call(here), call(there)]);
    await expect(Promise.all(calls)).resolves.toBeDefined();
    await untilOneFile(here, there);
    expect(kept().length).toBeLessThan(2);
  });
});

/** Those that every read finds damaged at once. */
const OBVIOUS = [
  'overwritten with garbage',
  'deleted with -wal and -shm',
  'replaced by a file of other tables',
  'replaced by a file with a table of the same name',
  'robbed of its table',
] as const;

describe.each(OBVIOUS)('a cache file that is %s', (how) => {
  test.each(CALLS.map((call) => [nameOf(call), call] as const))('fails no %s', async (_, call) => {
    await damage(path, how);
    const here = open('here');
    await expect(call(here)).resolves.not.toThrow();
    await here.get('key');
    await here.put('key', 'value');
    expect(await here.get('key')).toBe('value');
    expect(integrity()).toBe('ok');
  });

  test('is a miss, and told, and a new file after it', async () => {
    await damage(path, how);
    const here = open('here');
    expect(await here.get('a', 'a miss')).toBe('a miss');
    expect(told('unavailable')).toHaveLength(1);
    const wasThere = how !== 'deleted with -wal and -shm';
    const [name] = kept();
    const where = wasThere ? files.at(name ?? 'nothing') : undefined;
    expect(told('recreated')).toEqual([{ kind: 'recreated', store: 'cache', kept: where }]);
    await here.put('a', 1);
    expect(await here.get('a')).toBe(1);
    expect(told('unavailable')).toHaveLength(1);
  });

  test('stays as it is where not only a cache lies in it', async () => {
    await damage(path, how);
    const before = inodes();
    const here = open('here', false);
    await Promise.allSettled(CALLS.map((call) => call(here)));
    expect(inodes()).toEqual(before);
    expect(told('recreated')).toEqual([]);
  });
});

function nameOf(call: Call): string {
  return String(call).replace(/^\(cache\) => cache\./, '');
}

/** The files in the folder, but for what SQLite itself keeps beside one. */
function inodes(): [name: string, inode: number][] {
  return readdirSync(files.path)
    .filter((name) => !/-(wal|shm)$/.test(name))
    .map((name) => [name, statSync(files.at(name)).ino]);
}

describe('a damaged cache file', () => {
  const garbage = (): Promise<void> => damage(path, 'overwritten with garbage');

  test('where not only a cache lies in it is a miss, and told', async () => {
    await garbage();
    const here = open('here', false);
    expect(await here.get('a', 'a miss')).toBe('a miss');
    expect(await here.remember('a', '1h', () => 'computed')).toBe('computed');
    await expect(here.put('a', 1)).resolves.toBeUndefined();
    expect(told('unavailable').length).toBeGreaterThan(2);
  });

  test('is kept aside once, the latest', async () => {
    for (let round = 1; round <= 3; round += 1) {
      const here = open('here');
      await here.put('round', round);
      await connections.close();
      connections = connect();
      writeFileSync(path, `damaged ${round}`);
      await open('here').get('round');
      expect(kept().map((name) => readFileSync(files.at(name), 'utf8'))).toEqual([
        `damaged ${round}`,
      ]);
      await connections.close();
      connections = connect();
    }
  });

  test('that somebody empties is replaced time and again, for there is nothing in it to keep', async () => {
    await connections.close();
    for (let round = 1; round <= 5; round += 1) {
      for (const side of ['-wal', '-shm']) rmSync(`${path}${side}`, { force: true });
      writeFileSync(path, '');
      connections = connect();
      const here = open('here');
      await here.get('round');
      await here.put('round', round);
      expect(await here.get('round')).toBe(round);
      await connections.close();
    }
    expect(kept()).toEqual([]);
    expect(told('recreated')).toHaveLength(5);
  });

  test('is replaced by one that is read and written as it was', async () => {
    chmodSync(path, 0o640);
    await garbage();
    await open('here').get('a');
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(pragma('journal_mode')).toBe('wal');
    expect(pragma('auto_vacuum')).toBe(2);
  });

  test('is made anew once by two stores on one connection', async () => {
    await garbage();
    const [one, other] = [open('here'), open('here')];
    await Promise.all([one.get('a'), other.get('a')]);
    await one.put('a', 1);
    expect(await other.get('a')).toBe(1);
    expect(told('recreated')).toHaveLength(1);
  });

  test('behind a symbolic link is replaced where it lies', async () => {
    await connections.close();
    mkdirSync(files.at('elsewhere'));
    renameSync(path, files.at('elsewhere/real.sqlite'));
    symlinkSync(files.at('elsewhere/real.sqlite'), path);
    connections = connect();
    await garbage();
    const here = open('here');
    await here.get('a');
    await here.put('a', 1);
    expect(await here.get('a')).toBe(1);
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(kept()).toEqual([]);
    expect(readdirSync(files.at('elsewhere')).some((name) => /\.damaged-/.test(name))).toBe(true);
  });

  test('leaves nothing of one who died while it made the new one', async () => {
    writeFileSync(files.at('.cache.sqlite.999999999.partial'), 'half');
    writeFileSync(files.at('.cache.sqlite.999999999.partial-wal'), 'half');
    await garbage();
    await open('here').get('a');
    expect(readdirSync(files.path).filter((name) => name.includes('.partial'))).toEqual([]);
  });

  test('a stream goes on with the file it began with', async () => {
    const here = open('here');
    await here.putMany(Object.fromEntries(Array.from({ length: 3000 }, (_, n) => [`k${n}`, n])));
    const stream = connections.connection('here').stream({
      sql: 'select key from cache_entries',
      parameters: [],
      size: 500,
    });
    let rows = 0;
    for await (const chunk of stream) {
      rows += chunk.length;
      if (rows === chunk.length) await damage(path, 'replaced by another cache file');
      await untilOneFile(here, open('there'));
    }
    expect(rows).toBe(3000);
  });
});

function pragma(name: string): unknown {
  const db = new Sqlite(path);
  try {
    return db.pragma(name, { simple: true });
  } finally {
    db.close();
  }
}

describe('a cache file in whose place a folder lies', () => {
  test('is a miss, stays, and is made anew when the folder is gone', async () => {
    rmSync(path);
    mkdirSync(path);
    const here = open('here');
    for (const call of CALLS) await expect(call(here)).resolves.not.toThrow();
    expect(told('recreated')).toEqual([]);
    expect(statSync(path).isDirectory()).toBe(true);
    rmdirSync(path);
    await here.get('a');
    await here.put('a', 1);
    expect(await here.get('a')).toBe(1);
  });
});

describe('a cache file that is full', () => {
  test('reads, loses what does not fit, and tells it', async () => {
    await connections.close();
    connections = connect({ pragmas: { max_page_count: 40 } });
    const here = open('here');
    await here.put('small', 1);
    for (let round = 0; round < 50; round += 1) await here.put(`${round}`, 'x'.repeat(5000));
    expect(told('unavailable').length).toBeGreaterThan(5);
    expect(await here.get('small')).toBe(1);
    expect(await here.remember('r', '1h', () => 'y'.repeat(5000))).toBe('y'.repeat(5000));
    for (const call of CALLS) await expect(call(here)).resolves.not.toThrow();
    expect(told('recreated')).toEqual([]);
    await here.clear();
    await here.put('large', 'x'.repeat(5000));
    expect(await here.get('large')).toBe('x'.repeat(5000));
  });
});

describe('a file that is replaced while it is being opened', () => {
  test('is opened anew, for the handle could have the -wal of the other', async () => {
    await createCacheFile(files.at('other.sqlite'));
    runSql(files.at('other.sqlite'), 'create table marker (text text)');
    const replaced = jest.fn(() => renameSync(files.at('other.sqlite'), path));
    let isReplaced = false;
    const settings = connections.connection('here').settings;
    const connection = new Connection('here', {
      ...settings,
      // Read between the opening of the file and the end of it
      get cacheSize() {
        if (!isReplaced) replaced();
        isReplaced = true;
        return settings.cacheSize;
      },
    });
    connection.follow();
    await connection.write((handle) => handle.exec('create table told (by text)'));
    expect(replaced).toHaveBeenCalledTimes(1);
    await connection.close();
    expect(tables()).toEqual(expect.arrayContaining(['marker', 'told']));
    expect(integrity()).toBe('ok');
  });
});

function tables(): unknown[] {
  const db = new Sqlite(path);
  try {
    return db.prepare("select name from sqlite_schema where type = 'table'").pluck().all();
  } finally {
    db.close();
  }
}
