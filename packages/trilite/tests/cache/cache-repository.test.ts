import { CacheRepository } from 'trilite';
import { travel, travelBack, travelTo } from 'trilite/testing';
import { CacheObserver } from '../../src/cache/cache-observer';
import { cacheMigrations } from '../../src/cache/sqlite/schema';
import type { SqliteCacheStore } from '../../src/cache/sqlite/sqlite-cache-store';
import { MemoryCacheStore } from '../../src/cache/stores/memory-cache-store';
import { sqliteStore } from '../helpers/cache';
import { gate } from '../helpers/gate';
import { createTemporaryFile, type TemporaryFile } from '../helpers/temporary-file';

const NOW = Date.UTC(2026, 0, 1);

let file: TemporaryFile;
let store: SqliteCacheStore;
let cache: CacheRepository;

beforeEach(async () => {
  file = await createTemporaryFile(cacheMigrations);
  store = sqliteStore(file.connection);
  cache = new CacheRepository(() => store);
  travelTo(NOW);
});

afterEach(async () => {
  travelBack();
  await file.close();
});

describe('a key', () => {
  const calls: [name: string, call: (key: string) => Promise<unknown>][] = [
    ['get', (key) => cache.get(key)],
    ['has', (key) => cache.has(key)],
    ['put', (key) => cache.put(key, 1)],
    ['add', (key) => cache.add(key, 1)],
    ['remember', (key) => cache.remember(key, '1m', () => 1)],
    ['increment', (key) => cache.increment(key)],
    ['decrement', (key) => cache.decrement(key)],
    ['forget', (key) => cache.forget(key)],
  ];

  test.each(calls)('of 1 and of 512 characters is taken by %s', async (_, call) => {
    await expect(call('k')).resolves.not.toThrow();
    await expect(call('k'.repeat(512))).resolves.not.toThrow();
  });

  test.each(calls)('that is empty or longer is refused by %s', async (_, call) => {
    await expect(call('')).rejects.toMatchObject({
      code: 'E_CACHE_KEY_INVALID',
      message: expect.stringContaining('has 0 characters; a key has 1 to 512'),
    });
    await expect(call('k'.repeat(513))).rejects.toMatchObject({
      code: 'E_CACHE_KEY_INVALID',
      message: expect.stringContaining('has 513 characters'),
    });
  });

  test('is counted with the prefix', async () => {
    const prefixed = new CacheRepository(() => store, { prefix: 'app:' });
    await expect(prefixed.put('k'.repeat(508), 1)).resolves.toBeUndefined();
    await expect(prefixed.put('k'.repeat(509), 1)).rejects.toMatchObject({
      code: 'E_CACHE_KEY_INVALID',
    });
    await expect(prefixed.get('')).rejects.toMatchObject({ code: 'E_CACHE_KEY_INVALID' });
  });
});

describe('a prefix', () => {
  test('keeps the entries of two repositories on one store apart', async () => {
    const a = new CacheRepository(() => store, { prefix: 'a:' });
    const b = new CacheRepository(() => store, { prefix: 'b:' });
    await a.put('key', 'of a');
    expect(await b.add('key', 'of b')).toBe(true);
    expect(await a.get('key')).toBe('of a');
    expect(await cache.get('b:key')).toBe('of b');
    expect(await a.increment('n')).toBe(1);
    expect(await b.has('n')).toBe(false);
    expect(await b.forget('n')).toBe(false);
    expect(await a.remember('n', undefined, () => 9)).toBe(1);
  });
});

describe('a ttl', () => {
  test.each([
    ['text', '10m', 600_000],
    ['text with a fraction', '1.5s', 1500],
    ['milliseconds', '1ms', 1],
    ['seconds', 90, 90_000],
    ['a fraction of a second', 0.25, 250],
    ['a Date', new Date(NOW + 5000), 5000],
  ])('as %s lasts so long and no longer, for put and for add', async (_, ttl, milliseconds) => {
    await cache.put('put', 1, ttl);
    expect(await cache.add('added', 1, ttl)).toBe(true);
    travelTo(NOW + milliseconds - 1);
    expect([await cache.has('put'), await cache.has('added')]).toEqual([true, true]);
    travelTo(NOW + milliseconds);
    expect([await cache.has('put'), await cache.has('added')]).toEqual([false, false]);
  });

  test('that is not given lasts for ever', async () => {
    await cache.put('key', 1);
    travelTo(Date.UTC(2400, 0, 1));
    expect(await cache.get('key')).toBe(1);
  });

  test.each([
    ['0', 0],
    ['negative', -5],
    ['"0s"', '0s'],
    ['a Date of the past', new Date(NOW - 1)],
    ['the Date of now', new Date(NOW)],
  ])('that is %s forgets the entry on put, and adds none', async (_, ttl) => {
    await cache.put('key', 'old');
    await cache.put('key', 'new', ttl);
    expect(await cache.has('key')).toBe(false);
    expect(await cache.add('key', 'new', ttl)).toBe(false);
    expect(await cache.has('key')).toBe(false);
  });

  test.each([
    ['NaN', NaN],
    ['Infinity', Infinity],
    ['"soon"', 'soon'],
    ['"10"', '10'],
    ['"-5s"', '-5s'],
    ['empty', ''],
    ['an invalid Date', new Date(NaN)],
  ])('that is %s is refused, and the entry stays', async (_, ttl) => {
    await cache.put('key', 'old');
    await expect(cache.put('key', 'new', ttl)).rejects.toThrow(TypeError);
    await expect(cache.add('other', 'new', ttl)).rejects.toThrow(TypeError);
    await expect(cache.remember('other', ttl, () => 1)).rejects.toThrow(TypeError);
    expect(await cache.get('key')).toBe('old');
    expect(await cache.has('other')).toBe(false);
  });
});

describe('get', () => {
  test('answers a miss with undefined, or with the default', async () => {
    expect(await cache.get('key')).toBeUndefined();
    expect(await cache.get('key', 'default')).toBe('default');
    expect(await cache.get('key', null)).toBeNull();
  });

  test('answers a miss with what the default function returns or promises', async () => {
    expect(await cache.get('key', () => 'made')).toBe('made');
    expect(await cache.get('key', async () => 'made later')).toBe('made later');
  });

  test('stores no default', async () => {
    await cache.get('key', 'default');
    await cache.get('key', () => 'default');
    expect(await cache.has('key')).toBe(false);
  });

  test.each([null, undefined, false, 0, ''])(
    'answers %p where it was put, and calls no default',
    async (value) => {
      const fallback = jest.fn();
      await cache.put('key', value);
      expect(await cache.get('key', fallback)).toBe(value);
      expect(await cache.get('key', 'default')).toBe(value);
      expect(fallback).not.toHaveBeenCalled();
    },
  );

  test('throws what the default function throws', async () => {
    const fallback = (): never => {
      throw new Error('No default');
    };
    await expect(cache.get('key', fallback)).rejects.toThrow('No default');
  });
});

describe('has', () => {
  test.each([null, undefined, false, 0])('tells an entry of %p from a miss', async (value) => {
    expect(await cache.has('key')).toBe(false);
    await cache.put('key', value);
    expect(await cache.has('key')).toBe(true);
    await cache.forget('key');
    expect(await cache.has('key')).toBe(false);
  });
});

describe('remember', () => {
  test('computes on a miss, and puts the value for the ttl', async () => {
    const compute = jest.fn(() => ({ builtAt: new Date(NOW) }));
    for (let time = 0; time < 2; time += 1) {
      expect(await cache.remember('key', '1m', compute)).toEqual({ builtAt: new Date(NOW) });
    }
    expect(compute).toHaveBeenCalledTimes(1);
    travel('1m');
    await cache.remember('key', '1m', compute);
    expect(compute).toHaveBeenCalledTimes(2);
  });

  test('without a ttl computes once for ever', async () => {
    await cache.remember('key', undefined, () => 1);
    travelTo(Date.UTC(2400, 0, 1));
    expect(await cache.remember('key', undefined, () => 2)).toBe(1);
  });

  test.each([null, undefined])('computes %p once', async (value) => {
    const compute = jest.fn(async () => value);
    await cache.remember('key', '1m', compute);
    expect(await cache.remember('key', '1m', compute)).toBe(value);
    expect(compute).toHaveBeenCalledTimes(1);
  });

  test('counts the ttl from the end of the computation', async () => {
    const { opened, open } = gate();
    const remembered = cache.remember('key', '1m', () => opened.then(() => 1));
    travel('5m');
    open();
    await remembered;
    travel('59s');
    expect(await cache.has('key')).toBe(true);
  });

  test('stores nothing when the computation fails', async () => {
    await expect(
      cache.remember('key', '1m', () => Promise.reject(new Error('It broke'))),
    ).rejects.toThrow('It broke');
    expect(await cache.has('key')).toBe(false);
  });
});

describe('increment and decrement', () => {
  test('count by 1, or by what they are given', async () => {
    expect(await cache.increment('n')).toBe(1);
    expect(await cache.increment('n', 10)).toBe(11);
    expect(await cache.decrement('n')).toBe(10);
    expect(await cache.decrement('n', 4)).toBe(6);
    expect(await cache.get('n')).toBe(6);
  });

  test('give what they make its tags, even while somebody clears these', async () => {
    const tagged = cache.tags('a');
    const increment = store.increment.bind(store);
    jest.spyOn(store, 'increment').mockImplementationOnce(async (...values) => {
      await tagged.clear();
      return increment(...values);
    });
    expect(await tagged.increment('n')).toBe(1);
    await tagged.clear();
    expect(await cache.has('n')).toBe(false);
  });

  test.each([NaN, Infinity, -Infinity])('refuse to count by %p', async (by) => {
    await expect(cache.increment('n', by)).rejects.toThrow(TypeError);
    await expect(cache.decrement('n', by)).rejects.toThrow(TypeError);
    expect(await cache.has('n')).toBe(false);
  });
});

test('forget tells whether there was a live entry, and clear removes all', async () => {
  await cache.put('a', undefined);
  await cache.put('b', 1);
  expect(await cache.forget('a')).toBe(true);
  expect(await cache.forget('a')).toBe(false);
  await cache.clear();
  expect(await cache.has('b')).toBe(false);
});

test('a repository works on any store', async () => {
  const store = new MemoryCacheStore({ maxBytes: 1000, maxEntries: 10 });
  const memory = new CacheRepository(() => store);
  await memory.put('key', new Set([1]), '1m');
  expect(await memory.get('key')).toEqual(new Set([1]));
  travel('1m');
  expect(await memory.get('key')).toBeUndefined();
});

test('what is told of keys is without the prefix, and with the namespace', async () => {
  const told: unknown[] = [];
  const observer = new CacheObserver('sqlite');
  observer.events.listen((event) => told.push('keys' in event ? event.keys : event));
  const shop = new CacheRepository(() => store, { prefix: 'app:', observer }).namespace('shop');
  await shop.namespace('eu').put('a', 1);
  await shop.putMany({ b: 1, c: 2 });
  await shop.forgetMany(['b']);
  expect(told).toEqual([['shop:eu:a'], ['shop:b', 'shop:c'], ['shop:b']]);
  told.length = 0;
  expect(await shop.many(['c'])).toEqual(new Map([['c', 2]]));
  expect(told).toEqual([{ kind: 'hit', store: 'sqlite', key: 'shop:c' }]);
});
