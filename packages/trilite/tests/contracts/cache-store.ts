import * as fc from 'fast-check';
import { clock } from 'trilite';
import { travel, travelBack, travelTo } from 'trilite/testing';
import type { CacheStore } from '../../src/cache/cache-store';
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
      await store.put('key', 'value', undefined);
      expect(await store.get('key')).toEqual({ value: 'value' });
    });

    test('put replaces value and expiry, whatever was there', async () => {
      await store.put('key', 'first', NOW + 1000);
      await store.put('key', { second: true }, undefined);
      travel('1h');
      expect(await store.get('key')).toEqual({ value: { second: true } });
      await store.put('key', 'third', NOW + 3_600_001);
      travel('1ms');
      expect(await store.get('key')).toBeUndefined();
    });

    test('keys differ by every character', async () => {
      const keys = ['a', 'A', 'a ', 'ä', 'a\u0000', "a'", 'a%', 'toString', '__proto__'];
      await Promise.all(keys.map((key) => store.put(key, `value of ${key}`, undefined)));
      for (const key of keys) expect(await store.get(key)).toEqual({ value: `value of ${key}` });
    });

    testExpiry(() => store);
    testAdd(() => store);
    testIncrement(() => store);
    testRemoval(() => store);
    testValues(() => store);

    test('any sequence of calls ends as in a simple model', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
          travelTo(NOW);
          await store.clear();
          const model = new CacheModel();
          for (const one of steps) {
            if (one.do === 'travel') travel(one.milliseconds / 1000);
            else expect(await perform(store, one)).toStrictEqual(await perform(model, one));
          }
        }),
        { numRuns: 200 },
      );
    });
  });
}

function testExpiry(store: () => CacheStore): void {
  test('an entry lives until the moment it expires, and not a millisecond longer', async () => {
    await store().put('key', 'value', NOW + 1000);
    travel('999ms');
    expect(await store().get('key')).toEqual({ value: 'value' });
    travel('1ms');
    expect(await store().get('key')).toBeUndefined();
  });

  test('an entry without an expiry lives for ever', async () => {
    await store().put('key', 'value', undefined);
    travelTo(Date.UTC(2400, 0, 1));
    expect(await store().get('key')).toEqual({ value: 'value' });
  });

  test('an entry put with an expiry in the past is as good as none', async () => {
    await store().put('key', 'value', NOW);
    expect(await store().get('key')).toBeUndefined();
    expect(await store().forget('key')).toBe(false);
  });
}

function testAdd(store: () => CacheStore): void {
  test('add writes where there is no entry', async () => {
    expect(await store().add('key', 'value', undefined)).toBe(true);
    expect(await store().get('key')).toEqual({ value: 'value' });
  });

  test('add leaves a live entry and its expiry as they are', async () => {
    await store().put('key', 'first', NOW + 1000);
    expect(await store().add('key', 'second', undefined)).toBe(false);
    expect(await store().get('key')).toEqual({ value: 'first' });
    travel('1s');
    expect(await store().get('key')).toBeUndefined();
  });

  test.each([null, undefined, false, 0])(
    'add leaves a live entry of %p as it is',
    async (value) => {
      await store().put('key', value, undefined);
      expect(await store().add('key', 'second', undefined)).toBe(false);
      expect(await store().get('key')).toStrictEqual({ value });
    },
  );

  test('add writes over an expired entry, with the new expiry', async () => {
    await store().put('key', 'first', NOW + 1000);
    travel('1s');
    expect(await store().add('key', 'second', NOW + 2000)).toBe(true);
    expect(await store().get('key')).toEqual({ value: 'second' });
    travel('1s');
    expect(await store().get('key')).toBeUndefined();
  });

  test('of many who add at once, one succeeds, and its value is there', async () => {
    const values = Array.from({ length: 50 }, (_, index) => index);
    const added = await Promise.all(values.map((value) => store().add('key', value, NOW + 1000)));
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
    await store().put('key', 10, NOW + 1000);
    expect(await store().increment('key', 3)).toBe(13);
    expect(await store().get('key')).toEqual({ value: 13 });
    travel('1s');
    expect(await store().get('key')).toBeUndefined();
  });

  test('increment starts an expired entry at 0 again, for ever', async () => {
    await store().put('key', 10, NOW + 1000);
    travel('1s');
    expect(await store().increment('key', 3)).toBe(3);
    travelTo(Date.UTC(2400, 0, 1));
    expect(await store().get('key')).toEqual({ value: 3 });
  });

  test('increment starts an expired entry that held no number at 0 again', async () => {
    await store().put('key', 'text', NOW + 1000);
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
    await store().put('key', start, undefined);
    expect(await store().increment('key', by)).toBe(sum);
    expect(await store().get('key')).toEqual({ value: sum });
  });

  test.each([['5'], ['text'], [null], [undefined], [true], [[1]], [{ a: 1 }], [5n], [NaN]])(
    'increment refuses a live %p and leaves it there',
    async (value) => {
      await store().put('key', value, undefined);
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
    await store().put('key', undefined, undefined);
    expect(await store().forget('key')).toBe(true);
    expect(await store().get('key')).toBeUndefined();
    expect(await store().forget('key')).toBe(false);
  });

  test('forget says of an expired entry that there was none', async () => {
    await store().put('key', 'value', NOW + 1000);
    travel('1s');
    expect(await store().forget('key')).toBe(false);
  });

  test('forget leaves other entries alone', async () => {
    await store().put('key', 1, undefined);
    await store().put('other', 2, undefined);
    await store().forget('key');
    expect(await store().get('other')).toEqual({ value: 2 });
  });

  test('clear removes every entry, with and without an expiry', async () => {
    await store().put('a', 1, undefined);
    await store().put('b', 2, NOW + 1000);
    await store().clear();
    expect(await store().get('a')).toBeUndefined();
    expect(await store().get('b')).toBeUndefined();
    expect(await store().add('a', 3, undefined)).toBe(true);
  });
}

function testValues(store: () => CacheStore): void {
  test.each(SURVIVING_VALUES)('%s comes back as it went in', async (_, value) => {
    await store().put('put', value, undefined);
    await store().add('added', value, undefined);
    expect(await store().get('put')).toStrictEqual({ value });
    expect(await store().get('added')).toStrictEqual({ value });
  });

  test('a value that holds itself comes back holding itself', async () => {
    await store().put('key', cyclic(), undefined);
    const value = (await store().get('key'))?.value as ReturnType<typeof cyclic>;
    expect(value.self).toBe(value);
    expect(value.list[0]).toBe(value);
    expect(value.map.get('self')).toBe(value);
  });

  test('a key "__proto__" in a value stays a key', async () => {
    await store().put('key', JSON.parse('{"__proto__":{"isAdmin":true}}'), undefined);
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
    await store().put('key', given, undefined);
    change(given as never);
    change((await store().get('key'))?.value as never);
    expect(await store().get('key')).toStrictEqual({ value: make() });
  });

  test.each(REFUSED_VALUES)('%s is refused, and nothing is written', async (_, value, path) => {
    const refusal = {
      code: 'E_VALUE_NOT_SERIALIZABLE',
      message: expect.stringContaining(`"${path}"`),
    };
    await expect(store().put('key', value, undefined)).rejects.toMatchObject(refusal);
    await expect(store().add('key', value, undefined)).rejects.toMatchObject(refusal);
    expect(await store().get('key')).toBeUndefined();
  });

  test('a value that is refused leaves the old one there', async () => {
    await store().put('key', 'old', undefined);
    await expect(store().put('key', () => undefined, undefined)).rejects.toThrow();
    expect(await store().get('key')).toEqual({ value: 'old' });
  });
}

/** The contract in its simplest form: a Map. */
class CacheModel implements CacheStore {
  readonly #entries = new Map<string, { value: unknown; expiresAt: number | undefined }>();

  async get(key: string) {
    const entry = this.#live(key);
    return entry && { value: entry.value };
  }

  async put(key: string, value: unknown, expiresAt: number | undefined) {
    this.#entries.set(key, { value, expiresAt });
  }

  async add(key: string, value: unknown, expiresAt: number | undefined) {
    if (this.#live(key) !== undefined) return false;
    this.#entries.set(key, { value, expiresAt });
    return true;
  }

  async increment(key: string, by: number) {
    const { value, expiresAt } = this.#live(key) ?? { value: 0, expiresAt: undefined };
    if (typeof value !== 'number') throw new Error('not numeric');
    this.#entries.set(key, { value: value + by, expiresAt });
    return value + by;
  }

  async forget(key: string) {
    return this.#live(key) !== undefined && this.#entries.delete(key);
  }

  async clear() {
    this.#entries.clear();
  }

  #live(key: string) {
    const entry = this.#entries.get(key);
    return (entry?.expiresAt ?? Infinity) > clock.now() ? entry : undefined;
  }
}

const key = fc.constantFrom('a', 'b', 'c');
const value = fc.oneof(
  fc.integer(),
  fc.constantFrom('5', 'text', null, undefined, true),
  fc.date({ noInvalidDate: true }),
);
const livesMs = fc.option(fc.integer({ min: -5, max: 50 }), { nil: undefined });

type Call =
  | { readonly do: 'put' | 'add'; key: string; value: unknown; livesMs: number | undefined }
  | { readonly do: 'increment'; key: string; by: number }
  | { readonly do: 'get' | 'forget'; key: string }
  | { readonly do: 'clear' };
type Step = Call | { readonly do: 'travel'; milliseconds: number };

function weighted<T>(weight: number, arbitrary: fc.Arbitrary<T>) {
  return { weight, arbitrary };
}

const step: fc.Arbitrary<Step> = fc.oneof(
  weighted(4, fc.record({ do: fc.constantFrom('put', 'add'), key, value, livesMs })),
  weighted(3, fc.record({ do: fc.constant('increment'), key, by: fc.integer() })),
  weighted(4, fc.record({ do: fc.constantFrom('get', 'forget'), key })),
  weighted(
    3,
    fc.record({ do: fc.constant('travel'), milliseconds: fc.integer({ min: 1, max: 30 }) }),
  ),
  weighted(1, fc.record({ do: fc.constant('clear') })),
);

async function perform(store: CacheStore, call: Call): Promise<unknown> {
  switch (call.do) {
    case 'put':
    case 'add': {
      const expiresAt = call.livesMs === undefined ? undefined : clock.now() + call.livesMs;
      return store[call.do](call.key, call.value, expiresAt);
    }
    case 'increment':
      return store.increment(call.key, call.by).catch(() => 'refused');
    case 'get':
    case 'forget':
      return store[call.do](call.key);
    case 'clear':
      return store.clear();
  }
}
