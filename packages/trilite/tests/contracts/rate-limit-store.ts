import * as fc from 'fast-check';
import { clock } from 'trilite';
import { travel, travelBack, travelTo } from 'trilite/testing';
import type {
  RateClaim,
  RateLimitStore,
  RateWindow,
} from '../../src/cache/limits/rate-limit-store';

/** A store to be tried, empty; `elsewhere` leads to the same windows as another process would, where the driver has more than one. */
export interface RateLimitStoreUnderTest {
  readonly store: RateLimitStore;
  readonly elsewhere: RateLimitStore;
  close(): Promise<void>;
}

type Subject = () => RateLimitStoreUnderTest;

const NOW = Date.UTC(2026, 0, 1);

function claim(differences: Partial<RateClaim> = {}): RateClaim {
  return { key: 'key', max: 2, windowMs: 1000, ...differences };
}

/** Every promise of `RateLimitStore`, to be kept by every driver. */
export function testRateLimitStore(
  name: string,
  create: () => Promise<RateLimitStoreUnderTest>,
): void {
  describe(`${name} keeps the contract of a rate limit store`, () => {
    let subject: RateLimitStoreUnderTest;

    beforeEach(async () => {
      subject = await create();
      travelTo(NOW);
    });

    afterEach(async () => {
      travelBack();
      await subject.close();
    });

    testTake(() => subject);
    testSeveral(() => subject);
    testHit(() => subject);
    testSweep(() => subject);

    test('any sequence of calls ends as in a simple model', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          travelTo(NOW);
          for (const key of ['a', 'b', 'c']) await subject.store.clear(key);
          const model = new RateLimitModel();
          for (const one of steps) {
            if (one.do === 'travel') travel(one.milliseconds / 1000);
            else {
              expect(await perform(subject.store, one)).toStrictEqual(await perform(model, one));
            }
          }
        }),
        { numRuns: 200 },
      );
    });
  });
}

function testTake(subject: Subject): void {
  test('a window has room for so many hits, and begins with the first', async () => {
    const { store, elsewhere } = subject();
    const resetsAt = NOW + 1000;
    expect(await store.take([claim()])).toStrictEqual({
      isAllowed: true,
      windows: [{ key: 'key', hits: 1, resetsAt }],
    });
    travel('600ms');
    expect(await elsewhere.take([claim()])).toStrictEqual({
      isAllowed: true,
      windows: [{ key: 'key', hits: 2, resetsAt }],
    });
    expect(await store.take([claim()])).toStrictEqual({
      isAllowed: false,
      windows: [{ key: 'key', hits: 2, resetsAt }],
    });
    expect(await store.find('key')).toStrictEqual({ key: 'key', hits: 2, resetsAt });
  });

  test('a window ends at the millisecond it was said to, and the next one begins with the next hit', async () => {
    const { store } = subject();
    await store.take([claim({ max: 1 })]);
    travel('999ms');
    expect((await store.take([claim({ max: 1 })])).isAllowed).toBe(false);
    travel('1ms');
    expect(await store.find('key')).toBeUndefined();
    travel('500ms');
    expect(await store.take([claim({ max: 1 })])).toStrictEqual({
      isAllowed: true,
      windows: [{ key: 'key', hits: 1, resetsAt: NOW + 2500 }],
    });
  });

  test('a claim that has room for none is refused, and opens no window', async () => {
    const { store } = subject();
    const refused = { isAllowed: false, windows: [] };
    expect(await store.take([claim({ max: 0 })])).toStrictEqual(refused);
    expect(await store.find('key')).toBeUndefined();
  });

  test('keys differ by every character', async () => {
    const { store } = subject();
    for (const key of ['a', 'A', 'a ', 'ä', 'a\u0000', "a'", 'a"', '__proto__', '😀', '']) {
      expect((await store.take([claim({ key, max: 1 })])).isAllowed).toBe(true);
      expect(await store.find(key)).toMatchObject({ key, hits: 1 });
    }
  });

  test('of many who ask at once as many are allowed as there is room for', async () => {
    const { store, elsewhere } = subject();
    const verdicts = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        (index % 2 === 0 ? store : elsewhere).take([claim({ max: 7 })]),
      ),
    );
    expect(verdicts.filter(({ isAllowed }) => isAllowed)).toHaveLength(7);
    expect(await store.find('key')).toMatchObject({ hits: 7 });
  });
}

function testSeveral(subject: Subject): void {
  test('of several claims all are counted, or none', async () => {
    const { store } = subject();
    const claims = [
      claim({ key: 'wide', max: 3, windowMs: 5000 }),
      claim({ key: 'strict', max: 1 }),
    ];
    const taken = await store.take(claims);
    expect(taken.isAllowed).toBe(true);
    expect(taken.windows).toHaveLength(2);
    expect(taken.windows).toEqual(
      expect.arrayContaining([
        { key: 'wide', hits: 1, resetsAt: NOW + 5000 },
        { key: 'strict', hits: 1, resetsAt: NOW + 1000 },
      ]),
    );
    expect((await store.take(claims)).isAllowed).toBe(false);
    expect((await store.take([...claims].reverse())).isAllowed).toBe(false);
    expect(await store.find('wide')).toMatchObject({ hits: 1 });
    travel('1s');
    expect((await store.take(claims)).isAllowed).toBe(true);
    expect(await store.find('wide')).toMatchObject({ hits: 2 });
  });

  test('no claim is allowed', async () => {
    expect(await subject().store.take([])).toEqual({ isAllowed: true, windows: [] });
  });
}

function testHit(subject: Subject): void {
  test('hits are counted beyond every limit', async () => {
    const { store, elsewhere } = subject();
    const window = { key: 'key', resetsAt: NOW + 1000 };
    expect(await store.hit('key', 1000, 1)).toStrictEqual({ ...window, hits: 1 });
    travel('400ms');
    expect(await elsewhere.hit('key', 9000, 5)).toStrictEqual({ ...window, hits: 6 });
    expect((await store.take([claim()])).isAllowed).toBe(false);
    travel('600ms');
    expect(await store.hit('key', 2000, 3)).toStrictEqual({
      key: 'key',
      hits: 3,
      resetsAt: NOW + 3000,
    });
  });

  test('many who hit at once lose nothing', async () => {
    const { store, elsewhere } = subject();
    const windows = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        (index % 2 === 0 ? store : elsewhere).hit('key', 1000, 1),
      ),
    );
    expect(new Set(windows.map(({ hits }) => hits)).size).toBe(50);
  });

  test('a window is forgotten, and it is told whether there was one', async () => {
    const { store } = subject();
    expect(await store.clear('key')).toBe(false);
    await store.hit('key', 1000, 1);
    await store.hit('other', 1000, 1);
    expect(await store.clear('key')).toBe(true);
    expect(await store.find('key')).toBeUndefined();
    expect(await store.find('other')).toMatchObject({ hits: 1 });
    travel('1s');
    expect(await store.clear('other')).toBe(false);
  });
}

function testSweep(subject: Subject): void {
  test('windows that have ended are gone after some more hits, and open ones are not', async () => {
    const { store } = subject();
    for (let index = 0; index < 20; index += 1) await store.hit(`old ${index}`, 1000, 1);
    await store.hit('open', 3_600_000, 1);
    travel('1s');
    for (let index = 0; index < 25; index += 1) {
      await store.hit('new', 1000, 1);
      await store.take([claim({ key: 'new', max: 100 })]);
    }
    travelTo(NOW); // what is there still would be open again
    const found = await Promise.all(
      Array.from({ length: 20 }, (_, index) => store.find(`old ${index}`)),
    );
    expect(found.filter((window) => window !== undefined)).toEqual([]);
    expect(await store.find('open')).toMatchObject({ hits: 1 });
    expect(await store.find('new')).toMatchObject({ hits: 50 });
  });
}

/** The contract in its simplest form: a Map. */
class RateLimitModel implements RateLimitStore {
  readonly #windows = new Map<string, RateWindow>();

  async take(claims: readonly RateClaim[]) {
    const isAllowed = claims.every(({ key, max }) => (this.#open(key)?.hits ?? 0) < max);
    const windows = claims.flatMap(({ key, windowMs }) =>
      isAllowed ? this.#count(key, windowMs, 1) : (this.#open(key) ?? []),
    );
    return { isAllowed, windows };
  }

  async hit(key: string, windowMs: number, by: number) {
    return this.#count(key, windowMs, by);
  }

  async find(key: string) {
    return this.#open(key);
  }

  async clear(key: string) {
    return this.#open(key) !== undefined && this.#windows.delete(key);
  }

  #count(key: string, windowMs: number, by: number) {
    const { hits, resetsAt } = this.#open(key) ?? { hits: 0, resetsAt: clock.now() + windowMs };
    const window = { key, hits: hits + by, resetsAt };
    this.#windows.set(key, window);
    return window;
  }

  #open(key: string) {
    const window = this.#windows.get(key);
    return (window?.resetsAt ?? 0) > clock.now() ? window : undefined;
  }
}

const key = fc.constantFrom('a', 'b', 'c');
const windowMs = fc.integer({ min: 1, max: 50 });
const claims = fc.uniqueArray(fc.record({ key, max: fc.integer({ min: 0, max: 5 }), windowMs }), {
  selector: (one) => one.key,
});

type Call =
  | { readonly do: 'take'; claims: RateClaim[] }
  | { readonly do: 'hit'; key: string; windowMs: number; by: number }
  | { readonly do: 'find' | 'clear'; key: string };
type Step = Call | { readonly do: 'travel'; milliseconds: number };

function weighted<T>(weight: number, arbitrary: fc.Arbitrary<T>) {
  return { weight, arbitrary };
}

const step: fc.Arbitrary<Step> = fc.oneof(
  weighted(8, fc.record({ do: fc.constant('take'), claims })),
  weighted(
    3,
    fc.record({ do: fc.constant('hit'), key, windowMs, by: fc.integer({ min: 1, max: 3 }) }),
  ),
  weighted(2, fc.record({ do: fc.constant('find'), key })),
  weighted(1, fc.record({ do: fc.constant('clear'), key })),
  weighted(
    3,
    fc.record({ do: fc.constant('travel'), milliseconds: fc.integer({ min: 1, max: 30 }) }),
  ),
);

async function perform(store: RateLimitStore, call: Call): Promise<unknown> {
  switch (call.do) {
    case 'take': {
      const { isAllowed, windows } = await store.take(call.claims);
      return { isAllowed, windows: [...windows].sort((a, b) => (a.key < b.key ? -1 : 1)) };
    }
    case 'hit':
      return store.hit(call.key, call.windowMs, call.by);
    case 'find':
    case 'clear':
      return store[call.do](call.key);
  }
}
