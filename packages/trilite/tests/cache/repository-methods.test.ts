import { CacheRepository, defineCacheKeys } from 'trilite';
import { travel, travelBack, travelTo } from 'trilite/testing';
import type { CacheEvent } from '../../src/cache/cache-events';
import { CacheObserver } from '../../src/cache/cache-observer';
import { cacheMigrations } from '../../src/cache/sqlite/schema';
import type { SqliteCacheStore } from '../../src/cache/sqlite/sqlite-cache-store';
import { sqliteStore } from '../helpers/cache';
import { createTemporaryFile, type TemporaryFile } from '../helpers/temporary-file';

const NOW = Date.UTC(2026, 0, 1);

let file: TemporaryFile;
let store: SqliteCacheStore;
let cache: CacheRepository;
let events: CacheEvent[];

beforeEach(async () => {
  file = await createTemporaryFile(cacheMigrations);
  store = sqliteStore(file.connection);
  events = [];
  const observer = new CacheObserver('sqlite');
  observer.events.listen((event) => events.push(event));
  cache = new CacheRepository(() => store, { observer });
  travelTo(NOW);
});

afterEach(async () => {
  travelBack();
  await file.close();
});

describe('many', () => {
  test('finds what is there, by key, in the order asked for', async () => {
    await cache.putMany({ a: 1, b: undefined, c: null });
    await cache.put('gone', 1, '1s');
    travel('1s');
    const found = await cache.many(['c', 'missing', 'a', 'gone', 'b']);
    expect([...found]).toEqual([
      ['c', null],
      ['a', 1],
      ['b', undefined],
    ]);
  });

  test('of no keys is empty, and of one key twice has it once', async () => {
    await cache.put('a', 1);
    expect(await cache.many([])).toEqual(new Map());
    expect(await cache.many(['a', 'a'])).toEqual(new Map([['a', 1]]));
  });

  test('refuses all when one key is wrong', async () => {
    await expect(cache.many(['a', ''])).rejects.toMatchObject({ code: 'E_CACHE_KEY_INVALID' });
  });
});

describe('putMany', () => {
  test('takes a record, a Map and pairs', async () => {
    await cache.putMany({ record: 1 });
    await cache.putMany(new Map([['map', new Date(5)]]));
    await cache.putMany([['pair', 3]]);
    await cache.putMany({});
    expect([...(await cache.many(['record', 'map', 'pair'])).values()]).toEqual([
      1,
      new Date(5),
      3,
    ]);
  });

  test('puts all for the ttl', async () => {
    await cache.putMany({ a: 1, b: 2 }, '1m');
    travel('59s');
    expect((await cache.many(['a', 'b'])).size).toBe(2);
    travel('1s');
    expect((await cache.many(['a', 'b'])).size).toBe(0);
  });

  test.each([0, -1, '0s', new Date(NOW)])('with a ttl of %p forgets all', async (ttl) => {
    await cache.putMany({ a: 1, b: 2, c: 3 });
    await cache.putMany({ a: 4, b: 5 }, ttl);
    expect([...(await cache.many(['a', 'b', 'c'])).keys()]).toEqual(['c']);
  });

  test('puts none when one of them cannot be put', async () => {
    await expect(cache.putMany({ a: 1, b: () => 1 })).rejects.toMatchObject({
      code: 'E_VALUE_NOT_SERIALIZABLE',
    });
    await expect(cache.putMany({ a: 1, '': 2 })).rejects.toMatchObject({
      code: 'E_CACHE_KEY_INVALID',
    });
    await expect(cache.putMany({ a: 1 }, 'soon')).rejects.toThrow(TypeError);
    expect(await cache.missing('a')).toBe(true);
  });

  test('keeps the last of a key that is given twice', async () => {
    await cache.putMany([
      ['a', 1],
      ['a', 2],
    ]);
    expect(await cache.get('a')).toBe(2);
  });
});

describe('pull', () => {
  test('removes what it gives, and answers a miss with the fallback', async () => {
    await cache.put('key', null);
    expect(await cache.pull('key', 'fallback')).toBeNull();
    expect(await cache.pull('key')).toBeUndefined();
    expect(await cache.pull('key', 'fallback')).toBe('fallback');
    expect(await cache.pull('key', async () => 'made')).toBe('made');
    expect(await cache.has('key')).toBe(false);
  });

  test('of many at once gives it to one', async () => {
    await cache.put('key', 'value');
    const pulled = await Promise.all(Array.from({ length: 20 }, () => cache.pull('key')));
    expect(pulled.filter((value) => value === 'value')).toHaveLength(1);
  });
});

test('forgetMany tells how many live entries there were', async () => {
  await cache.putMany({ a: 1, b: 2 });
  await cache.put('expired', 3, '1s');
  travel('1s');
  expect(await cache.forgetMany(['a', 'b', 'b', 'expired', 'never'])).toBe(2);
  expect(await cache.forgetMany([])).toBe(0);
});

test('forever puts without an end, over an end', async () => {
  await cache.put('key', 1, '1s');
  await cache.forever('key', 2);
  travelTo(Date.UTC(2400, 0, 1));
  expect(await cache.get('key')).toBe(2);
});

describe('touch', () => {
  test('gives a live entry another ttl, counted from now', async () => {
    await cache.put('key', 1, '1m');
    travel('30s');
    expect(await cache.touch('key', '1m')).toBe(true);
    travel('59s');
    expect(await cache.has('key')).toBe(true);
    travel('1s');
    expect(await cache.has('key')).toBe(false);
    expect(await cache.touch('key', '1m')).toBe(false);
  });

  test('without a ttl lets it live for ever, and with one of 0 forgets it', async () => {
    await cache.put('key', 1, '1m');
    await cache.touch('key');
    travelTo(Date.UTC(2400, 0, 1));
    expect(await cache.touch('key', 0)).toBe(true);
    expect(await cache.has('key')).toBe(false);
    expect(await cache.touch('key', 0)).toBe(false);
  });
});

type Getter = 'string' | 'integer' | 'float' | 'boolean' | 'array';

/** What a typed getter gives. */
function read(getter: Getter, ...fallback: readonly unknown[]): Promise<unknown> {
  const methods = cache as unknown as Record<
    Getter,
    (...parameters: readonly unknown[]) => Promise<unknown>
  >;
  return methods[getter]('key', ...fallback);
}

describe('a typed getter', () => {
  test.each<[type: Getter, value: unknown, expected: unknown]>([
    ['string', '', ''],
    ['string', '12', '12'],
    ['integer', 0, 0],
    ['integer', -7, -7],
    ['integer', '42', 42],
    ['integer', '-42', -42],
    ['integer', '3.0', 3],
    ['float', 1.5, 1.5],
    ['float', '1.50', 1.5],
    ['float', NaN, NaN],
    ['float', -Infinity, -Infinity],
    ['boolean', false, false],
    ['array', [], []],
    ['array', [1, new Date(0)], [1, new Date(0)]],
  ])('%s reads %p', async (type, value, expected) => {
    await cache.put('key', value);
    expect(await read(type)).toEqual(expected);
  });

  test.each<[type: Getter, value: unknown, message: RegExp]>([
    ['string', 1, /holds 1, and a text was asked for/],
    ['string', null, /holds null/],
    ['integer', 1.5, /holds 1.5, and a whole number/],
    ['integer', '1.5', /holds a text/],
    ['integer', NaN, /holds NaN/],
    ['integer', 2 ** 53, /holds 9007199254740992/],
    ['integer', '12 apples', /holds a text/],
    ['integer', '', /holds a text/],
    ['integer', 5n, /holds 5n/],
    ['float', '1e5', /holds a text, and a number/],
    ['float', ' 1', /holds a text/],
    ['float', true, /holds true/],
    ['boolean', 'true', /holds a text, and true or false/],
    ['boolean', 0, /holds 0/],
    ['array', { length: 0 }, /holds an object, and an array/],
    ['array', new Set([1]), /holds an object/],
    ['array', undefined, /holds undefined/],
  ])('%s refuses %p', async (type, value, message) => {
    await cache.put('key', value);
    await expect(read(type)).rejects.toMatchObject({
      code: 'E_CACHE_VALUE_TYPE',
      message: expect.stringMatching(message),
    });
    await expect(read(type, undefined)).rejects.toMatchObject({
      code: 'E_CACHE_VALUE_TYPE',
    });
  });

  test('tells nobody what a text or an object holds', async () => {
    await cache.put('key', 'secret');
    await expect(cache.integer('key')).rejects.not.toThrow(/secret/);
  });

  test('takes lists of names, and refuses an empty one: it would mean all entries', async () => {
    await cache.put('key', 1);
    const none: string[] = [];
    expect(() => cache.tags(...none)).toThrow(RangeError);
    expect(() => cache.tags([])).toThrow('at least one tag');
    await cache.tags(['a', 'b']).put('tagged', 1);
    await cache.tags('b').clear();
    expect(await cache.has('tagged')).toBe(false);
    expect(await cache.has('key')).toBe(true);
  });

  test('answers a miss with the fallback, and with undefined without one', async () => {
    expect(await cache.string('key')).toBeUndefined();
    expect(await cache.string('key', 'fallback')).toBe('fallback');
    expect(await cache.integer('key', 0)).toBe(0);
    expect(await cache.float('key', 0.5)).toBe(0.5);
    expect(await cache.boolean('key', false)).toBe(false);
    expect(await cache.array('key', [])).toEqual([]);
  });
});

describe('tags', () => {
  const WRITES: readonly (readonly [string, (tagged: CacheRepository) => Promise<unknown>])[] = [
    ['put', (tagged) => tagged.put('key', 1)],
    ['putMany', (tagged) => tagged.putMany({ key: 1 }, '1h')],
    ['add', (tagged) => tagged.add('key', 1)],
    ['increment', (tagged) => tagged.increment('key')],
    ['decrement', (tagged) => tagged.decrement('key')],
    ['remember', (tagged) => tagged.remember('key', '1h', () => 1)],
    ['rememberForever', (tagged) => tagged.rememberForever('key', () => 1)],
    ['flexible', (tagged) => tagged.flexible('key', ['1m', '1h'], () => 1)],
    ['forever', (tagged) => tagged.forever('key', 1)],
    ['a touched put', (tagged) => tagged.put('key', 1).then(() => cache.touch('key', '2h'))],
  ];

  test.each(WRITES)('are borne by what %s writes', async (_, write) => {
    await cache.put('untagged', 1);
    await write(cache.tags('a', 'b'));
    expect(await cache.has('key')).toBe(true);
    await cache.tags('b').clear();
    expect(await cache.has('key')).toBe(false);
    expect(await cache.has('untagged')).toBe(true);
    await write(cache.tags('b'));
    expect(await cache.has('key')).toBe(true);
  });

  test('nest: an entry bears all of them', async () => {
    for (const tag of ['a', 'b']) {
      await cache.tags('a').tags('b').put('key', 1);
      await cache.tags(tag).clear();
      expect(await cache.has('key')).toBe(false);
    }
  });

  test('of an entry are those of its last write', async () => {
    await cache.tags('a').put('key', 1);
    await cache.tags('b').put('key', 2);
    await cache.tags('a').clear();
    expect(await cache.get('key')).toBe(2);
    await cache.put('key', 3);
    await cache.tags('b').clear();
    expect(await cache.get('key')).toBe(3);
  });

  test('stay with an entry that is incremented by whoever does not know of them', async () => {
    await cache.tags('a').put('n', 1);
    await cache.increment('n');
    await cache.tags('a').clear();
    expect(await cache.has('n')).toBe(false);
  });

  test('are cleared across namespaces, and not across prefixes', async () => {
    const other = new CacheRepository(() => store, { prefix: 'other:' });
    await cache.namespace('shop').tags('a').put('key', 1);
    await other.tags('a').put('key', 2);
    await cache.namespace('blog').tags('a').clear();
    expect(await cache.namespace('shop').has('key')).toBe(false);
    expect(await other.get('key')).toBe(2);
  });

  test('of odd names are told apart', async () => {
    const names = ['a', 'A', 'a,b', '["a"]', '%', "'", 'toString', 'ä'];
    for (const name of names) await cache.tags(name).put(`of ${name}`, name);
    for (const [index, name] of names.entries()) {
      await cache.tags(name).clear();
      expect((await cache.many(names.map((one) => `of ${one}`))).size).toBe(
        names.length - index - 1,
      );
    }
  });

  test.each(['', 'x'.repeat(513), 'half \ud800'])('refuse the name %p', (name) => {
    expect(() => cache.tags(name)).toThrow(
      expect.objectContaining({ code: 'E_CACHE_KEY_INVALID' }),
    );
  });
});

describe('namespace', () => {
  test('keeps keys apart, and clear removes no others', async () => {
    const shop = cache.namespace('shop');
    await Promise.all([
      cache.put('key', 0),
      shop.put('key', 1),
      cache.namespace('shop2').put('key', 2),
    ]);
    await shop.namespace('eu').put('key', 3);
    expect(await cache.get('shop:eu:key')).toBe(3);
    expect(await shop.get('key')).toBe(1);
    await shop.namespace('eu').clear();
    expect(await shop.get('key')).toBe(1);
    await shop.put('a', 1);
    await shop.clear();
    expect([await shop.has('key'), await shop.has('a')]).toEqual([false, false]);
    expect(await cache.get('key')).toBe(0);
    expect(await cache.namespace('shop2').get('key')).toBe(2);
  });

  test.each(['%', '_', "it's", '\u{10ffff}', 'a\u{d7ff}', '*?['])(
    'of the odd name %p clears its own',
    async (name) => {
      await cache.namespace(name).put('key', 1);
      await cache.put('other', 2);
      await cache.put(name, 3);
      await cache.namespace(name).clear();
      expect(await cache.namespace(name).has('key')).toBe(false);
      expect([await cache.get('other'), await cache.get(name)]).toEqual([2, 3]);
    },
  );
});

describe('a key that knows its value', () => {
  const keys = defineCacheKeys((key) => ({
    n: key<number>('n'),
    of: (id: number) => key<string[]>(`of:${id}`),
  }));

  test('is taken by every method', async () => {
    await cache.put(keys.of(1), ['a']);
    expect(await cache.array(keys.of(1))).toEqual(['a']);
    expect([...(await cache.many([keys.of(1), keys.of(2)])).keys()]).toEqual(['of:1']);
    expect(await cache.get(keys.of(2), [])).toEqual([]);
    expect(await cache.add(keys.n, 1)).toBe(true);
    expect(await cache.increment(keys.n)).toBe(2);
    expect(await cache.decrement(keys.n)).toBe(1);
    expect(await cache.touch(keys.n, '1m')).toBe(true);
    expect(await cache.integer(keys.n)).toBe(1);
    expect(await cache.has(keys.n)).toBe(true);
    expect(await cache.pull(keys.n)).toBe(1);
    expect(await cache.missing(keys.n)).toBe(true);
    expect(await cache.remember(keys.n, '1m', () => 5)).toBe(5);
    expect(await cache.rememberForever(keys.n, () => 6)).toBe(5);
    expect(await cache.flexible(keys.n, ['1m', '1h'], () => 7)).toBe(5);
    await cache.forever(keys.n, 8);
    expect(await cache.forgetMany([keys.n, keys.of(1)])).toBe(2);
    expect(await cache.forget(keys.n)).toBe(false);
    const names = events.flatMap((event) =>
      'keys' in event ? event.keys : 'key' in event ? event.key : [],
    );
    expect(new Set(names)).toEqual(new Set(['n', 'of:1', 'of:2']));
  });
});

describe('a key', () => {
  const calls: readonly (readonly [string, (key: string) => Promise<unknown>])[] = [
    ['many', (key) => cache.many([key])],
    ['missing', (key) => cache.missing(key)],
    ['integer', (key) => cache.integer(key)],
    ['putMany', (key) => cache.putMany([[key, 1]])],
    ['forever', (key) => cache.forever(key, 1)],
    ['rememberForever', (key) => cache.rememberForever(key, () => 1)],
    ['flexible', (key) => cache.flexible(key, ['1m', '1h'], () => 1)],
    ['touch', (key) => cache.touch(key)],
    ['pull', (key) => cache.pull(key)],
    ['forgetMany', (key) => cache.forgetMany([key])],
    ['put with a ttl that is over', (key) => cache.put(key, 1, 0)],
  ];

  test.each(calls)('with half of a surrogate pair is refused by %s', async (_, call) => {
    for (const key of ['\ud83d', 'a\udc00b', '']) {
      await expect(call(key)).rejects.toMatchObject({ code: 'E_CACHE_KEY_INVALID' });
    }
    await expect(call('😀')).resolves.not.toThrow();
  });

  test.each([undefined, null, 5, {}, Symbol('key'), ['a']])(
    'that is %p is refused',
    async (key) => {
      await expect(cache.get(key as never)).rejects.toThrow(
        /Expected `key` to be a text or a CacheKey/,
      );
      await expect(cache.put(key as never, 1)).rejects.toThrow(TypeError);
    },
  );

  test('of any characters is a key of its own', async () => {
    const odd = [
      '\u0000',
      'a\u0000b',
      'a',
      'A',
      'é',
      'e\u0301',
      '😀',
      '\u{10ffff}',
      '__proto__',
      ' ',
      "'; --",
    ];
    await cache.putMany(new Map(odd.map((key, index) => [key, index])));
    expect([...(await cache.many(odd))]).toEqual(odd.map((key, index) => [key, index]));
    expect(await cache.forgetMany(odd)).toBe(odd.length);
  });
});

test('increment adds large whole numbers exactly', async () => {
  await cache.put('n', 2 ** 53 - 3);
  expect(await cache.increment('n', 2)).toBe(2 ** 53 - 1);
  expect(await cache.decrement('n', 2 ** 52)).toBe(2 ** 52 - 1);
  expect(await cache.integer('n')).toBe(2 ** 52 - 1);
});
