import * as fc from 'fast-check';
import { travel, travelBack, travelTo } from 'trilite/testing';
import type { CacheStore } from '../../src/cache/cache-store';
import { add, forget, put } from '../helpers/cache';
import { CacheModel, perform, step } from '../helpers/cache-model';
import { testClaims } from './cache-store-claims';
import { testSeveral, testTouchAndPull } from './cache-store-several';
import { testTags } from './cache-store-tags';
import { cyclic, REFUSED_VALUES, SURVIVING_VALUES } from '../helpers/values';

/** A store to be tried, empty; `close` ends it. */
export interface CacheStoreUnderTest {
  readonly store: CacheStore;
  close(): Promise<void>;
}

const NOW = Date.UTC(2026, 0, 1);

/** Every promise of `CacheStore`, to be kept by every driver. */
export function testCacheStore(name: string, create: () => Promise<CacheStoreUnderTest>): void {
  describe(`${name} keeps the contract of a cache store`, () => {
    let subject: CacheStoreUnderTest;
    let store: CacheStore;

    beforeEach(async () => {
      subject = await create();
      store = subject.store;
      travelTo(NOW);
    });

    afterEach(async () => {
      travelBack();
      await subject.close();
    });

    test('get finds nothing where nothing was put', async () => {
      expect(await store.get('key')).toBeUndefined();
    });

    test('get finds what was put', async () => {
      await put(store, 'key', 'value');
      expect(await store.get('key')).toEqual({ value: 'value' });
    });

    test('put replaces value and expiry, whatever was there', async () => {
      await put(store, 'key', 'first', NOW + 1000);
      await put(store, 'key', { second: true });
      travel('1h');
      expect(await store.get('key')).toEqual({ value: { second: true } });
      await put(store, 'key', 'third', NOW + 3_600_001);
      travel('1ms');
      expect(await store.get('key')).toBeUndefined();
    });

    test('keys differ by every character', async () => {
      const keys = ['a', 'A', 'a ', 'ä', 'a\u0000', "a'", 'a%', 'toString', '__proto__'];
      await Promise.all(keys.map((key) => put(store, key, `value of ${key}`)));
      for (const key of keys) expect(await store.get(key)).toEqual({ value: `value of ${key}` });
    });

    testExpiry(() => store);
    testAdd(() => store);
    testIncrement(() => store);
    testRemoval(() => store);
    testValues(() => store);
    testSeveral(() => store);
    testTouchAndPull(() => store);
    testStaleness(() => store);
    testCare(() => store);
    testTags(() => store);
    testClaims(() => store);

    test('any sequence of calls ends as in a simple model', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
          travelTo(NOW);
          await store.clear('');
          await store.forgetTags(['t', 'u']);
          const model = new CacheModel();
          for (const one of steps) {
            if (one.do === 'travel') travel(one.milliseconds / 1000);
            else expect(await perform(store, one)).toEqual(await perform(model, one));
          }
        }),
        { numRuns: 200 },
      );
    });
  });
}

function testExpiry(store: () => CacheStore): void {
  test('an entry lives until the moment it expires, and not a millisecond longer', async () => {
    await put(store(), 'key', 'value', NOW + 1000);
    travel('999ms');
    expect(await store().get('key')).toEqual({ value: 'value' });
    travel('1ms');
    expect(await store().get('key')).toBeUndefined();
  });

  test('an entry without an expiry lives for ever', async () => {
    await put(store(), 'key', 'value');
    travelTo(Date.UTC(2400, 0, 1));
    expect(await store().get('key')).toEqual({ value: 'value' });
  });

  test('an entry put with an expiry in the past is as good as none', async () => {
    await put(store(), 'key', 'value', NOW);
    expect(await store().get('key')).toBeUndefined();
    expect(await forget(store(), 'key')).toBe(false);
  });
}

function testAdd(store: () => CacheStore): void {
  test('add writes where there is no entry', async () => {
    expect(await add(store(), 'key', 'value')).toBe(true);
    expect(await store().get('key')).toEqual({ value: 'value' });
  });

  test('add leaves a live entry and its expiry as they are', async () => {
    await put(store(), 'key', 'first', NOW + 1000);
    expect(await add(store(), 'key', 'second')).toBe(false);
    expect(await store().get('key')).toEqual({ value: 'first' });
    travel('1s');
    expect(await store().get('key')).toBeUndefined();
  });

  test.each([null, undefined, false, 0])(
    'add leaves a live entry of %p as it is',
    async (value) => {
      await put(store(), 'key', value);
      expect(await add(store(), 'key', 'second')).toBe(false);
      expect(await store().get('key')).toStrictEqual({ value });
    },
  );

  test('add writes over an expired entry, with the new expiry', async () => {
    await put(store(), 'key', 'first', NOW + 1000);
    travel('1s');
    expect(await add(store(), 'key', 'second', NOW + 2000)).toBe(true);
    expect(await store().get('key')).toEqual({ value: 'second' });
    travel('1s');
    expect(await store().get('key')).toBeUndefined();
  });

  test('of many who add at once, one succeeds, and its value is there', async () => {
    const values = Array.from({ length: 50 }, (_, index) => index);
    const added = await Promise.all(values.map((value) => add(store(), 'key', value, NOW + 1000)));
    expect(added.filter(Boolean)).toHaveLength(1);
    expect(await store().get('key')).toEqual({ value: added.indexOf(true) });
  });
}

function testIncrement(store: () => CacheStore): void {
  test('increment starts a missing entry at 0', async () => {
    expect(await store().increment('key', 5)).toBe(5);
    expect(await store().get('key')).toEqual({ value: 5 });
  });

  test('an entry that increment made lives for ever', async () => {
    await store().increment('key', 1);
    travelTo(Date.UTC(2400, 0, 1));
    expect(await store().get('key')).toEqual({ value: 1 });
  });

  test('increment adds to a live entry, which keeps its expiry', async () => {
    await put(store(), 'key', 10, NOW + 1000);
    expect(await store().increment('key', 3)).toBe(13);
    expect(await store().get('key')).toEqual({ value: 13 });
    travel('1s');
    expect(await store().get('key')).toBeUndefined();
  });

  test('increment starts an expired entry at 0 again, for ever', async () => {
    await put(store(), 'key', 10, NOW + 1000);
    travel('1s');
    expect(await store().increment('key', 3)).toBe(3);
    travelTo(Date.UTC(2400, 0, 1));
    expect(await store().get('key')).toEqual({ value: 3 });
  });

  test('increment starts an expired entry that held no number at 0 again', async () => {
    await put(store(), 'key', 'text', NOW + 1000);
    travel('1s');
    expect(await store().increment('key', 3)).toBe(3);
  });

  test.each([
    [10, -3, 7],
    [1, -1, 0],
    [1.5, 0.25, 1.75],
    [0.1, 0.2, 0.1 + 0.2],
    [0, 0, 0],
    [-0, 5, 5],
    [1_234_567_890_123_456, 1, 1_234_567_890_123_457],
    [Number.MAX_SAFE_INTEGER - 1, 1, Number.MAX_SAFE_INTEGER],
    [1e21, 1e21, 2e21],
    [1e-9, 1e-9, 2e-9],
  ])('increment of %p by %p is %p', async (start, by, sum) => {
    await put(store(), 'key', start);
    expect(await store().increment('key', by)).toBe(sum);
    expect(await store().get('key')).toEqual({ value: sum });
  });

  test.each([['5'], ['text'], [null], [undefined], [true], [[1]], [{ a: 1 }], [5n], [NaN]])(
    'increment refuses a live %p and leaves it there',
    async (value) => {
      await put(store(), 'key', value);
      await expect(store().increment('key', 1)).rejects.toMatchObject({
        code: 'E_CACHE_VALUE_NOT_NUMERIC',
        message: expect.stringContaining('"key"'),
      });
      expect(await store().get('key')).toStrictEqual({ value });
    },
  );

  test('many who increment at once lose nothing and see every sum once', async () => {
    const sums = await Promise.all(Array.from({ length: 100 }, () => store().increment('key', 1)));
    expect([...sums].sort((a, b) => a - b)).toEqual(Array.from(sums, (_, index) => index + 1));
    expect(await store().get('key')).toEqual({ value: 100 });
  });
}

function testRemoval(store: () => CacheStore): void {
  test('forget removes a live entry and says that there was one', async () => {
    await put(store(), 'key', undefined);
    expect(await forget(store(), 'key')).toBe(true);
    expect(await store().get('key')).toBeUndefined();
    expect(await forget(store(), 'key')).toBe(false);
  });

  test('forget says of an expired entry that there was none', async () => {
    await put(store(), 'key', 'value', NOW + 1000);
    travel('1s');
    expect(await forget(store(), 'key')).toBe(false);
  });

  test('forget leaves other entries alone', async () => {
    await put(store(), 'key', 1);
    await put(store(), 'other', 2);
    await forget(store(), 'key');
    expect(await store().get('other')).toEqual({ value: 2 });
  });

  test('clear removes every entry, with and without an expiry', async () => {
    await put(store(), 'a', 1);
    await put(store(), 'b', 2, NOW + 1000);
    await store().clear('');
    expect(await store().get('a')).toBeUndefined();
    expect(await store().get('b')).toBeUndefined();
    expect(await add(store(), 'a', 3)).toBe(true);
  });
}

function testValues(store: () => CacheStore): void {
  test.each(SURVIVING_VALUES)('%s comes back as it went in', async (_, value) => {
    await put(store(), 'put', value);
    await add(store(), 'added', value);
    expect(await store().get('put')).toStrictEqual({ value });
    expect(await store().get('added')).toStrictEqual({ value });
  });

  test('a value that holds itself comes back holding itself', async () => {
    await put(store(), 'key', cyclic());
    const value = (await store().get('key'))?.value as ReturnType<typeof cyclic>;
    expect(value.self).toBe(value);
    expect(value.list[0]).toBe(value);
    expect(value.map.get('self')).toBe(value);
  });

  test('a key "__proto__" in a value stays a key', async () => {
    await put(store(), 'key', JSON.parse('{"__proto__":{"isAdmin":true}}'));
    const value = (await store().get('key'))?.value as object;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect('isAdmin' in value).toBe(false);
  });

  test.each<[what: string, value: () => object, change: (value: never) => unknown]>([
    ['a list', () => [1], (list: number[]) => list.push(2)],
    ['an object', () => ({ a: 1 }), (object: { a: number }) => (object.a = 2)],
    ['a Date', () => new Date(1), (date: Date) => date.setTime(2)],
    ['a Map', () => new Map([['a', 1]]), (map: Map<string, number>) => map.clear()],
    ['a Buffer', () => Buffer.from([1]), (bytes: Buffer) => bytes.fill(2)],
    ['a Uint8Array', () => new Uint8Array([1]), (bytes: Uint8Array) => bytes.fill(2)],
    ['a Float64Array', () => new Float64Array([1]), (floats: Float64Array) => floats.fill(2)],
  ])('changing %s that was put, or got, changes nothing in the store', async (_, make, change) => {
    const given = make();
    await put(store(), 'key', given);
    change(given as never);
    change((await store().get('key'))?.value as never);
    expect(await store().get('key')).toStrictEqual({ value: make() });
  });

  test.each(REFUSED_VALUES)('%s is refused, and nothing is written', async (_, value, path) => {
    const refusal = {
      code: 'E_VALUE_NOT_SERIALIZABLE',
      message: expect.stringContaining(`"${path}"`),
    };
    await expect(put(store(), 'key', value)).rejects.toMatchObject(refusal);
    await expect(add(store(), 'key', value)).rejects.toMatchObject(refusal);
    expect(await store().get('key')).toBeUndefined();
  });

  test('a value that is refused leaves the old one there', async () => {
    await put(store(), 'key', 'old');
    await expect(put(store(), 'key', () => undefined)).rejects.toThrow();
    expect(await store().get('key')).toEqual({ value: 'old' });
  });
}

function testStaleness(store: () => CacheStore): void {
  test('a hit tells from when on it is stale', async () => {
    await put(store(), 'key', 1, { expiresAt: NOW + 2000, staleAt: NOW + 1000 });
    travel('1500ms');
    expect(await store().get('key')).toEqual({ value: 1, staleAt: NOW + 1000 });
    expect(await store().many(['key'])).toEqual([{ value: 1, staleAt: NOW + 1000 }]);
    expect(await store().pull('key')).toEqual({ value: 1, staleAt: NOW + 1000 });
  });

  test.each<[how: string, change: (store: CacheStore) => Promise<unknown>]>([
    ['put', (one) => put(one, 'key', 2)],
    ['touch', (one) => one.touch('key', undefined)],
    ['increment', (one) => one.increment('key', 1)],
  ])('what %s writes is fresh', async (_, change) => {
    await put(store(), 'key', 1, { staleAt: NOW + 1000 });
    await change(store());
    expect((await store().get('key'))?.staleAt).toBeUndefined();
  });
}

function testCare(store: () => CacheStore): void {
  test('contents sums up what is live below a prefix', async () => {
    await put(store(), 'p:a:1', 'one');
    travel('1s');
    await put(store(), 'p:a:2', 'two');
    await put(store(), 'p:b', 'x'.repeat(1000));
    await put(store(), 'q:c', 1);
    await put(store(), 'p:dead', 1, NOW + 1500);
    travel('1s');
    const contents = await store().contents('p:');
    expect(contents).toMatchObject({ entries: 3, oldest: NOW });
    expect(contents.prefixes.map(({ prefix, entries }) => [prefix, entries])).toEqual([
      ['', 1],
      ['a', 2],
    ]);
    expect(contents.bytes).toBeGreaterThan(1000);
  });

  test('prune removes what is expired and nothing else', async () => {
    await put(store(), 'live', 1, NOW + 5000);
    await put(store(), 'for ever', 1);
    await put(store(), 'renewed', 1, NOW + 1000);
    await put(store(), 'renewed', 2, NOW + 5000);
    await store().putMany(
      Array.from({ length: 30 }, (_, index) => ({
        key: `dead ${index}`,
        value: 1,
        expiresAt: NOW + 500,
      })),
    );
    travel('2s');
    expect(await store().prune()).toBe(30);
    expect(await store().many(['live', 'for ever', 'renewed'])).toEqual([
      { value: 1 },
      { value: 1 },
      { value: 2 },
    ]);
    expect((await store().contents('')).dead).toBe(0);
  });

  test('counts add up', async () => {
    const none = { hits: 0, misses: 0, writes: 0, forgets: 0, evictions: 0, errors: 0 };
    await store().count({ ...none, hits: 2, misses: 1 });
    await store().count({ ...none, hits: 3, evictions: 7 });
    expect(await store().counts()).toEqual({ ...none, hits: 5, misses: 1, evictions: 7 });
  });

  test('a value beyond 64 MB is refused, and one below is kept', async () => {
    const large = Buffer.alloc(64 * 1024 * 1024 + 1, 7);
    await expect(put(store(), 'key', large)).rejects.toMatchObject({
      code: 'E_CACHE_VALUE_TOO_LARGE',
      message: expect.stringContaining('"key"'),
    });
    expect(await store().get('key')).toBeUndefined();
  });

  test('close does no harm twice', async () => {
    await store().close();
    await store().close();
  });
}
