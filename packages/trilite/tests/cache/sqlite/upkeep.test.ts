import { statSync } from 'node:fs';
import { travel, travelBack, travelTo } from 'trilite/testing';
import { cacheMigrations } from '../../../src/cache/sqlite/schema';
import type {
  SqliteCacheStore,
  SqliteStoreOptions,
} from '../../../src/cache/sqlite/sqlite-cache-store';
import * as clockModule from '../../../src/support/clock';
import { put, sqliteStore } from '../../helpers/cache';
import { createTemporaryFile, type TemporaryFile } from '../../helpers/temporary-file';

const NOW = Date.UTC(2026, 0, 1);
const MB = 1024 * 1024;

let file: TemporaryFile;

beforeEach(async () => {
  file = await createTemporaryFile(cacheMigrations);
  travelTo(NOW);
});

afterEach(async () => {
  jest.restoreAllMocks();
  travelBack();
  await file.close();
});

function store(options: Partial<SqliteStoreOptions> = {}): SqliteCacheStore {
  return sqliteStore(file.connection, options);
}

function pluck(sql: string, ...parameters: readonly unknown[]): Promise<unknown> {
  return file.elsewhere.read((handle) =>
    handle
      .statement(sql)
      .pluck()
      .all(...parameters),
  );
}

function keys(): Promise<unknown> {
  return pluck('select key from cache_entries order by key');
}

async function countRows(): Promise<number> {
  const [count] = (await pluck('select count(*) from cache_entries')) as [number];
  return count;
}

/** Bytes of the pages in use. */
async function bytesInUse(): Promise<number> {
  const [pages] = (await pluck(
    'select page_count - freelist_count from pragma_page_count, pragma_freelist_count',
  )) as [number];
  return pages * 4096;
}

/** Writes often enough for upkeep to come round. */
async function writeAround(one: SqliteCacheStore): Promise<void> {
  for (let round = 0; round < 60; round += 1) await put(one, 'other', round);
}

describe('an expired row', () => {
  test('is swept by later writes', async () => {
    const cache = store();
    for (let index = 0; index < 100; index += 1) await put(cache, `old ${index}`, 1, NOW + 1000);
    travel('1s');
    await writeAround(cache);
    await writeAround(cache);
    expect(await keys()).toEqual(['other']);
  });

  test.each<[how: string, renew: (cache: SqliteCacheStore) => Promise<unknown>]>([
    ['was put for longer', (cache) => put(cache, 'key', 2, NOW + 5000)],
    [
      'was put for longer, with tags',
      (cache) => put(cache, 'key', 2, { expiresAt: NOW + 5000, tags: ['t'] }),
    ],
    ['was touched for longer', (cache) => cache.touch('key', NOW + 5000)],
    ['was put for ever', (cache) => put(cache, 'key', 2)],
    ['was touched for ever', (cache) => cache.touch('key', undefined)],
  ])('is not one that %s', async (_, renew) => {
    const cache = store();
    await put(cache, 'key', 1, NOW + 1000);
    await renew(cache);
    travel('2s');
    await writeAround(cache);
    expect(await cache.get('key')).toBeDefined();
    expect(await cache.prune()).toBe(0);
    expect(await cache.get('key')).toBeDefined();
  });

  test('is one that was renewed once, when it expires at last', async () => {
    const cache = store();
    await put(cache, 'key', 1, NOW + 1000);
    await put(cache, 'key', 2, NOW + 5000);
    travel('2s');
    await writeAround(cache);
    travel('4s');
    await writeAround(cache);
    expect(await keys()).toEqual(['other']);
  });

  test.each<[how: string, write: (cache: SqliteCacheStore) => Promise<unknown>]>([
    ['put', (cache) => put(cache, 'key', 2, NOW + 1000)],
    ['touched', (cache) => cache.touch('key', NOW + 1000)],
  ])('is one that was for ever, and was %s with an expiry', async (_, write) => {
    const cache = store();
    await put(cache, 'key', 1);
    await write(cache);
    travel('1s');
    await writeAround(cache);
    expect(await keys()).toEqual(['other']);
  });

  test('is none once it was incremented, which began at 0 for ever', async () => {
    const cache = store();
    await put(cache, 'key', 1, NOW + 1000);
    travel('1s');
    await cache.increment('key', 3);
    await writeAround(cache);
    expect(await cache.get('key')).toEqual({ value: 3 });
  });
});

describe('maxEntries', () => {
  const write = (cache: SqliteCacheStore, count: number, name = ''): Promise<unknown> =>
    Promise.all(Array.from({ length: count }, (_, index) => put(cache, `${name}${index}`, index)));

  test.each([3, 20, 100, 1000])('of %p is kept, one after the other', async (maxEntries) => {
    const cache = store({ maxEntries });
    for (let index = 0; index < maxEntries * 3; index += 1) {
      await put(cache, `key ${index}`, index);
      if (index % 50 === 0) expect(await countRows()).toBeLessThanOrEqual(maxEntries);
    }
    expect(await countRows()).toBeLessThanOrEqual(maxEntries);
    expect(await countRows()).toBeGreaterThanOrEqual(Math.floor(maxEntries * 0.9) - 1);
  });

  test('is kept in a burst of ten times as many', async () => {
    const cache = store({ maxEntries: 500 });
    await write(cache, 5000);
    expect(await countRows()).toBeLessThanOrEqual(500);
  });

  test('is kept by two who write at once, neither of whom counts what the other writes', async () => {
    const [here, there] = [
      store({ maxEntries: 1000 }),
      sqliteStore(file.elsewhere, { maxEntries: 1000 }),
    ];
    for (let round = 0; round < 20; round += 1) {
      await Promise.all([write(here, 250, `here ${round} `), write(there, 250, `there ${round} `)]);
      expect(await countRows()).toBeLessThanOrEqual(1050);
    }
    expect(await countRows()).toBeGreaterThan(800);
  });

  test('is kept when many are put at once', async () => {
    const cache = store({ maxEntries: 100 });
    for (let round = 0; round < 20; round += 1) {
      const entries = Array.from({ length: 80 }, (_, index) => ({
        key: `${round} ${index}`,
        value: 1,
      }));
      await cache.putMany(entries);
      expect(await countRows()).toBeLessThanOrEqual(100);
    }
  });

  test('is kept although every look at the clock says that upkeep takes too long', async () => {
    const cache = store({ maxEntries: 500 });
    let now = clockModule.monotonicMs();
    jest.spyOn(clockModule, 'monotonicMs').mockImplementation(() => (now += 5));
    for (let round = 0; round < 20; round += 1) await write(cache, 100, `${round} `);
    expect(await countRows()).toBeLessThanOrEqual(550);
  });

  test('makes no entry go while there are fewer', async () => {
    const cache = store({ maxEntries: 1000 });
    await write(cache, 900);
    for (let round = 0; round < 30; round += 1) await write(cache, 100);
    expect(await countRows()).toBe(900);
    await cache.forget(Array.from({ length: 500 }, (_, index) => String(index)));
    await write(cache, 500, 'new ');
    expect(await countRows()).toBe(900);
  });
});

describe('maxBytes', () => {
  const value = 'x'.repeat(2000);
  const write = (cache: SqliteCacheStore, count: number, name = ''): Promise<unknown> =>
    Promise.all(Array.from({ length: count }, (_, index) => put(cache, `${name}${index}`, value)));

  test('bounds a file that ten times as much is written to', async () => {
    const cache = store({ maxBytes: MB });
    for (let index = 0; index < 5000; index += 1) await put(cache, `key ${index}`, value);
    expect(await bytesInUse()).toBeLessThanOrEqual(MB);
    expect(await bytesInUse()).toBeGreaterThan(0.85 * MB);
  });

  test('bounds it in one burst too', async () => {
    const cache = store({ maxBytes: MB });
    await write(cache, 5000);
    expect(await bytesInUse()).toBeLessThanOrEqual(MB);
  });

  test('bounds it when two write at once', async () => {
    const [here, there] = [store({ maxBytes: MB }), sqliteStore(file.elsewhere, { maxBytes: MB })];
    for (let round = 0; round < 5; round += 1) {
      await Promise.all([write(here, 500, `here ${round} `), write(there, 500, `there ${round} `)]);
      expect(await bytesInUse()).toBeLessThanOrEqual(1.1 * MB);
    }
  });

  test('bounds it with values of very different sizes', async () => {
    const cache = store({ maxBytes: MB });
    for (let index = 0; index < 3000; index += 1) {
      await put(cache, `key ${index}`, 'x'.repeat((index * 7919) % 60_000));
    }
    expect(await bytesInUse()).toBeLessThanOrEqual(MB);
  });

  test('keeps no value that is larger than half of it, and the others', async () => {
    const cache = store({ maxBytes: MB });
    await put(cache, 'small', 1);
    await put(cache, 'letters', 'x'.repeat(0.6 * MB));
    await put(cache, 'wide letters', '€'.repeat(0.3 * MB));
    await put(cache, 'bytes', Buffer.alloc(0.6 * MB));
    await put(cache, 'less than half', 'x'.repeat(0.4 * MB));
    const hits = await cache.many(['letters', 'wide letters', 'bytes', 'small', 'less than half']);
    expect(hits.map((hit) => hit !== undefined)).toEqual([false, false, false, true, true]);
  });

  test('keeps nothing in the place of a value that is too large for it', async () => {
    const cache = store({ maxBytes: MB });
    await put(cache, 'key', 'old', { tags: ['t'] });
    await put(cache, 'key', 'x'.repeat(MB));
    expect(await cache.get('key')).toBeUndefined();
    expect(await cache.touch('key', undefined)).toBe(false);
    await put(cache, 'key', 'x'.repeat(MB), { tags: ['t'] });
    expect(await cache.get('key')).toBeUndefined();
    await put(cache, 'key', 'new');
    expect(await cache.get('key')).toEqual({ value: 'new' });
  });
});

describe('what goes', () => {
  test('is told, each key once, and is exactly what is there no more', async () => {
    const evicted: string[] = [];
    const cache = store({ maxEntries: 100, onEvicted: (gone) => evicted.push(...gone) });
    const all = Array.from({ length: 1000 }, (_, index) => `key ${index}`);
    for (const key of all) await put(cache, key, 1);
    expect(new Set(evicted).size).toBe(evicted.length);
    expect([...evicted, ...((await keys()) as string[])].sort()).toEqual([...all].sort());
  });

  test.each<[how: string, use: (cache: SqliteCacheStore, key: string) => Promise<unknown>]>([
    ['was read', (cache, key) => cache.get(key)],
    ['was written again', (cache, key) => put(cache, key, 2)],
    ['was incremented', (cache, key) => cache.increment(key, 1)],
    ['was touched', (cache, key) => cache.touch(key, undefined)],
  ])('is rather what was not used than what %s', async (_, use) => {
    const cache = store({ maxEntries: 1000 });
    for (let index = 0; index < 900; index += 1) await put(cache, `key ${index}`, index);
    const used = Array.from({ length: 300 }, (_key, index) => `key ${index * 3}`);
    for (const key of used) await use(cache, key);
    for (let index = 0; index < 600; index += 1) await put(cache, `new ${index}`, index);
    const left = (await keys()) as string[];
    const usedLeft = used.filter((key) => left.includes(key)).length;
    const oldLeft = left.filter((key) => key.startsWith('key')).length;
    expect(usedLeft).toBe(300);
    expect(oldLeft).toBeLessThan(450);
  });
});

describe('the file', () => {
  const fill = async (cache: SqliteCacheStore, expiresAt?: number): Promise<void> => {
    const value = 'x'.repeat(4000);
    await Promise.all(
      Array.from({ length: 2000 }, (_, index) => put(cache, `key ${index}`, value, expiresAt)),
    );
  };

  function size(): Promise<number> {
    return file.connection.write((handle) => {
      handle.pragma('wal_checkpoint(truncate)');
      return statSync(file.connection.file).size;
    });
  }

  test.each<[how: string, empty: (cache: SqliteCacheStore) => Promise<unknown>]>([
    ['clear', (cache) => cache.clear('')],
    ['prune', (cache) => (travel('1s'), cache.prune())],
  ])('is small again after %s', async (_, empty) => {
    const cache = store();
    await fill(cache, NOW + 1000);
    expect(await size()).toBeGreaterThan(7 * MB);
    await empty(cache);
    expect(await countRows()).toBe(0);
    expect(await size()).toBeLessThan(0.2 * MB);
  });

  test('gives back by and by what later writes sweep', async () => {
    const cache = store();
    await fill(cache, NOW + 1000);
    travel('1s');
    for (let index = 0; index < 6000; index += 1) await put(cache, 'other', index);
    expect(await size()).toBeLessThan(2 * MB);
  });
});
