import { CacheRepository } from 'trilite';
import { travel, travelBack, travelTo } from 'trilite/testing';
import type { CacheEvent } from '../../src/cache/cache-events';
import { CacheObserver } from '../../src/cache/cache-observer';
import { Computations } from '../../src/cache/computations';
import { CacheUnavailableError } from '../../src/cache/errors';
import { cacheMigrations } from '../../src/cache/sqlite/schema';
import type { SqliteCacheStore } from '../../src/cache/sqlite/sqlite-cache-store';
import { nextTurn } from '../../src/support/clock';
import { put, sqliteStore } from '../helpers/cache';
import { gate } from '../helpers/gate';
import { createTemporaryFile, type TemporaryFile } from '../helpers/temporary-file';

const NOW = Date.UTC(2026, 0, 1);

let file: TemporaryFile;
let store: SqliteCacheStore;
let cache: CacheRepository;
/** Another process, which shares nothing but the file. */
let elsewhere: CacheRepository;
let computations: Computations;
let events: CacheEvent[];

beforeEach(async () => {
  file = await createTemporaryFile(cacheMigrations);
  store = sqliteStore(file.connection);
  events = [];
  computations = new Computations();
  const observer = new CacheObserver('sqlite');
  observer.events.listen((event) => events.push(event));
  cache = new CacheRepository(() => store, { observer, computations });
  const there = sqliteStore(file.elsewhere);
  elsewhere = new CacheRepository(() => there);
  travelTo(NOW);
});

afterEach(async () => {
  jest.restoreAllMocks();
  await computations.settled();
  travelBack();
  await file.close();
});

/** A store that does not answer to one of its methods. */
function breakDown(method: 'get' | 'claim' | 'fill' | 'release' | 'put'): void {
  const refuse = (): Promise<never> =>
    Promise.reject(CacheUnavailableError.because('sqlite', new Error('It broke down.')));
  jest.spyOn(store, method).mockImplementation(refuse);
}

describe('of many who miss a key at once', () => {
  const fifty = Array.from({ length: 50 }, (_, index) => index);

  test('one computes, and each gets a value of its own', async () => {
    const { opened, open } = gate<{ rows: number[] }>();
    const compute = jest.fn(() => opened);
    const all = Promise.all(fifty.map(() => cache.remember('key', '1m', compute)));
    open({ rows: [1] });
    const values = await all;
    expect(compute).toHaveBeenCalledTimes(1);
    expect(new Set(values).size).toBe(50);
    values[0]?.rows.push(2);
    expect(values[1]).toEqual({ rows: [1] });
    expect(await cache.get('key')).toEqual({ rows: [1] });
  });

  test('all get what the computation failed with, and the next one computes again', async () => {
    const { opened, open } = gate();
    const compute = jest.fn(async () => {
      await opened;
      throw new Error('It broke');
    });
    const all = Promise.allSettled(fifty.map(() => cache.remember('key', '1m', compute)));
    open();
    const reasons = (await all).map((one) => one.status === 'rejected' && String(one.reason));
    expect(new Set(reasons)).toEqual(new Set(['Error: It broke']));
    expect(compute).toHaveBeenCalledTimes(1);
    expect(await cache.remember('key', '1m', () => 'again')).toBe('again');
  });

  test('one of each key computes', async () => {
    const compute = jest.fn((value: number) => value);
    const values = await Promise.all(
      fifty.map((index) => cache.remember(`key ${index % 5}`, '1m', () => compute(index % 5))),
    );
    expect(values).toEqual(fifty.map((index) => index % 5));
    expect(compute).toHaveBeenCalledTimes(5);
  });

  test('in two processes one computes', async () => {
    const { opened, open } = gate<string>();
    const compute = jest.fn(() => opened);
    const here = cache.remember('key', '1m', compute);
    while (compute.mock.calls.length === 0) await nextTurn();
    const there = elsewhere.remember('key', '1m', compute);
    open('computed');
    expect(await Promise.all([here, there])).toEqual(['computed', 'computed']);
    expect(compute).toHaveBeenCalledTimes(1);
  });

  test('in two processes the other computes when the one fails', async () => {
    const { opened, open } = gate();
    const compute = jest.fn(async () => {
      await opened;
      throw new Error('It broke');
    });
    const here = cache.remember('key', '1m', compute);
    while (compute.mock.calls.length === 0) await nextTurn();
    const there = elsewhere.remember('key', '1m', () => 'computed there');
    open();
    await expect(here).rejects.toThrow('It broke');
    expect(await there).toBe('computed there');
  });

  test('who waits for another process no longer computes too', async () => {
    const { opened, open } = gate<string>();
    const compute = jest.fn(() => opened);
    const here = cache.remember('key', '1m', compute);
    while (compute.mock.calls.length === 0) await nextTurn();
    const value = await elsewhere.remember('key', '1m', () => 'impatient', { wait: 0 });
    expect(value).toBe('impatient');
    open('patient');
    expect(await here).toBe('patient');
    expect(await cache.get('key')).toBe('impatient');
  });
});

describe('a ttl', () => {
  test('as a function is given the value', async () => {
    const ttl = jest.fn((value: { seconds: number }) => value.seconds);
    await cache.remember('key', ttl, () => ({ seconds: 5 }));
    expect(ttl).toHaveBeenCalledWith({ seconds: 5 });
    travel('4s');
    expect(await cache.has('key')).toBe(true);
    travel('1s');
    expect(await cache.has('key')).toBe(false);
  });

  test('as a function that gives none puts for ever', async () => {
    await cache.remember(
      'key',
      () => undefined,
      () => 1,
    );
    travelTo(Date.UTC(2400, 0, 1));
    expect(await cache.has('key')).toBe(true);
  });

  test.each([0, -1, '0s', () => 0])(
    'of %p puts nothing, and the next one computes again',
    async (ttl) => {
      expect(await cache.remember('key', ttl, () => 1)).toBe(1);
      expect(await cache.has('key')).toBe(false);
      expect(await cache.remember('key', ttl, () => 2)).toBe(2);
      expect(await elsewhere.remember('key', ttl, () => 3, { wait: 0 })).toBe(3);
    },
  );

  test('as a function that throws, or gives nonsense, fails, and holds nobody up', async () => {
    const fail = (): never => {
      throw new Error('No ttl');
    };
    await expect(cache.remember('key', fail, () => 1)).rejects.toThrow('No ttl');
    await expect(
      cache.remember(
        'key',
        () => 'soon',
        () => 1,
      ),
    ).rejects.toThrow(TypeError);
    expect(await cache.remember('key', '1m', () => 2)).toBe(2);
  });
});

describe('what is computed', () => {
  /** Computes a key, and does something before the computation ends. */
  async function during(change: () => Promise<unknown>, repository = cache): Promise<unknown> {
    const { opened, open } = gate();
    const compute = jest.fn(() => opened.then(() => 'computed'));
    const value = repository.remember('key', '1m', compute);
    while (compute.mock.calls.length === 0) await nextTurn();
    await change();
    open();
    return value;
  }

  test.each<[how: string, change: () => Promise<unknown>]>([
    ['forget', () => cache.forget('key')],
    ['clear', () => cache.clear()],
    ['pull', () => cache.pull('key')],
    ['put and forget', () => cache.put('key', 1).then(() => cache.forget('key'))],
    ['forget of another process', () => elsewhere.forget('key')],
    ['clear of another process', () => elsewhere.clear()],
  ])('is returned and not put after %s meanwhile', async (_, change) => {
    expect(await during(change)).toBe('computed');
    expect(await cache.has('key')).toBe(false);
    expect(await cache.remember('key', '1m', () => 'again')).toBe('again');
  });

  test.each<[where: string, remember: () => CacheRepository['remember']]>([
    ['this process', () => cache.remember.bind(cache)],
    ['another process', () => elsewhere.remember.bind(elsewhere)],
  ])(
    'by who of %s waits no longer is not put when the key is forgotten meanwhile',
    async (_, remember) => {
      let seen: unknown[] = [];
      await during(async () => {
        const compute = (): Promise<string> => cache.forget('key').then(() => 'impatient');
        const value = await remember()('key', '1m', compute, { wait: 0 });
        seen = [value, await cache.has('key')];
      });
      expect(seen).toEqual(['impatient', false]);
      expect(await cache.has('key')).toBe(false);
    },
  );

  test('is not put by a right that others had meanwhile and that is renewed', async () => {
    const renewals = jest.spyOn(globalThis, 'setInterval');
    const value = await during(async () => {
      const [[renew] = []] = renewals.mock.calls;
      await elsewhere.forget('key');
      await elsewhere.remember('key', '1m', () => 'computed there');
      await elsewhere.forget('key');
      renew?.();
    });
    expect(renewals).toHaveBeenCalled();
    expect(value).toBe('computed');
    expect(await cache.has('key')).toBe(false);
  });

  test.each<[how: string, change: () => Promise<unknown>]>([
    ['here', () => cache.tags('t').clear()],
    ['in another process', () => elsewhere.tags('t', 'u').clear()],
  ])('is returned and not kept when one of its tags is cleared %s meanwhile', async (_, change) => {
    const tagged = cache.tags('t', 's');
    expect(await during(change, tagged)).toBe('computed');
    expect(await cache.has('key')).toBe(false);
    expect(await tagged.remember('key', '1m', () => 'again')).toBe('again');
    expect(await cache.get('key')).toBe('again');
  });

  test('is kept when another key is forgotten, or another tag cleared, meanwhile', async () => {
    await during(async () => {
      await elsewhere.forget('other');
      await elsewhere.tags('other').clear();
    }, cache.tags('t'));
    expect(await cache.get('key')).toBe('computed');
  });

  test.each<[how: string, change: () => Promise<unknown>, value: unknown]>([
    ['put', () => cache.put('key', 'put'), 'put'],
    ['put in another process', () => elsewhere.put('key', 'put'), 'put'],
    ['added', () => elsewhere.add('key', 'put'), 'put'],
    ['incremented', () => elsewhere.increment('key'), 1],
  ])('is returned, and what was %s meanwhile stays', async (_, change, value) => {
    expect(await during(change)).toBe('computed');
    expect(await cache.get('key')).toBe(value);
  });

  test('that cannot be kept fails, and holds nobody up', async () => {
    const compute = (): unknown => ({ method: () => 1 });
    await expect(cache.remember('key', '1m', compute)).rejects.toMatchObject({
      code: 'E_VALUE_NOT_SERIALIZABLE',
    });
    expect(await cache.remember('key', '1m', () => 2)).toBe(2);
  });

  test('by a function that throws at once fails, and holds nobody up', async () => {
    const compute = (): never => {
      throw new Error('At once');
    };
    await expect(cache.remember('key', '1m', compute)).rejects.toThrow('At once');
    expect(await cache.remember('key', '1m', () => 2)).toBe(2);
  });
});

describe('a store that does not answer', () => {
  test.each(['get', 'claim', 'fill'] as const)(
    'to %s takes no value from anybody',
    async (method) => {
      breakDown(method);
      expect(await cache.remember('key', '1m', () => 'computed')).toBe('computed');
      expect(events.filter(({ kind }) => kind === 'unavailable').length).toBeGreaterThan(0);
      jest.restoreAllMocks();
      // Nobody waits for a claim that is left
      expect(await elsewhere.remember('key', '1m', () => 'there', { wait: '8s' })).toMatch(
        /computed|there/,
      );
    },
    4000,
  );

  test('to anything takes no value from anybody', async () => {
    for (const method of ['get', 'claim', 'fill', 'release', 'put'] as const) breakDown(method);
    expect(await cache.remember('key', '1m', () => 'computed')).toBe('computed');
    expect(await cache.flexible('key', ['1m', '1h'], () => 'computed')).toBe('computed');
  });
});

describe('flexible', () => {
  const TTLS = ['1m', '1h'] as const;

  function kinds(): string[] {
    return events.map(({ kind }) => kind);
  }

  test('computes on a miss, and gives what is fresh', async () => {
    const compute = jest.fn(() => 'computed');
    expect(await cache.flexible('key', TTLS, compute)).toBe('computed');
    travel('59s');
    expect(await cache.flexible('key', TTLS, compute)).toBe('computed');
    await nextTurn();
    await computations.settled();
    expect(compute).toHaveBeenCalledTimes(1);
  });

  test('gives what is stale at once, and computes it anew once, for all', async () => {
    await cache.flexible('key', TTLS, () => 'old');
    travel('1m');
    const { opened, open } = gate<string>();
    const compute = jest.fn(() => opened);
    const stale = Array.from({ length: 50 }, () => cache.flexible('key', TTLS, compute));
    expect(new Set(await Promise.all(stale))).toEqual(new Set(['old']));
    while (compute.mock.calls.length === 0) await nextTurn();
    expect(await cache.flexible('key', TTLS, compute)).toBe('old');
    open('new');
    await computations.settled();
    expect(compute).toHaveBeenCalledTimes(1);
    expect(await cache.flexible('key', TTLS, compute)).toBe('new');
    travel('59s');
    expect(await cache.flexible('key', TTLS, compute)).toBe('new');
    await nextTurn();
    expect(compute).toHaveBeenCalledTimes(1);
  });

  test('computes what is stale once, of two processes', async () => {
    await cache.flexible('key', TTLS, () => 'old');
    travel('1m');
    const { opened, open } = gate<string>();
    const compute = jest.fn(() => opened);
    await Promise.all([
      cache.flexible('key', TTLS, compute),
      elsewhere.flexible('key', TTLS, compute),
    ]);
    while (compute.mock.calls.length === 0) await nextTurn();
    for (let turn = 0; turn < 20; turn += 1) await nextTurn();
    open('new');
    await computations.settled();
    expect(compute).toHaveBeenCalledTimes(1);
  });

  test('does not compute before the caller has gone on', async () => {
    await cache.flexible('key', TTLS, () => 'old');
    travel('1m');
    const compute = jest.fn(() => 'new');
    await cache.flexible('key', TTLS, compute);
    expect(compute).not.toHaveBeenCalled();
    await nextTurn();
    await computations.settled();
    expect(compute).toHaveBeenCalledTimes(1);
  });

  test('tells of a refresh that failed, and the stale value stays', async () => {
    await cache.flexible('key', TTLS, () => 'old');
    travel('1m');
    const fail = (): Promise<string> => Promise.reject(new Error('It broke'));
    for (let time = 1; time <= 2; time += 1) {
      expect(await cache.flexible('key', TTLS, fail)).toBe('old');
      while (kinds().filter((kind) => kind === 'refresh-failed').length < time) await nextTurn();
    }
    expect(events.at(-1)).toMatchObject({ key: 'key', error: { message: 'It broke' } });
    expect(await cache.get('key')).toBe('old');
  });

  test('computes what is beyond stale while the caller waits', async () => {
    await cache.flexible('key', TTLS, () => 'old');
    travel('1h');
    expect(await cache.flexible('key', TTLS, () => 'new')).toBe('new');
  });

  test('lets a put during a refresh stay', async () => {
    await cache.flexible('key', TTLS, () => 'old');
    travel('1m');
    const { opened, open } = gate<string>();
    const compute = jest.fn(() => opened);
    await cache.flexible('key', TTLS, compute);
    while (compute.mock.calls.length === 0) await nextTurn();
    await elsewhere.put('key', 'put');
    open('new');
    await computations.settled();
    expect(await cache.get('key')).toBe('put');
  });

  test('lets a key that is forgotten during a refresh be gone', async () => {
    await cache.flexible('key', TTLS, () => 'old');
    travel('1m');
    const { opened, open } = gate<string>();
    const compute = jest.fn(() => opened);
    await cache.flexible('key', TTLS, compute);
    while (compute.mock.calls.length === 0) await nextTurn();
    await elsewhere.forget('key');
    open('new');
    await computations.settled();
    expect(await cache.has('key')).toBe(false);
  });

  test('takes what remember or put wrote for fresh', async () => {
    await put(store, 'key', 'put');
    const compute = jest.fn(() => 'new');
    travel('1d');
    expect(await cache.flexible('key', TTLS, compute)).toBe('put');
    await nextTurn();
    await computations.settled();
    expect(compute).not.toHaveBeenCalled();
  });

  test.each([[['1h', '1m']], [['1m', '1m']], [[60, '1m']], [[-1, 60]], [['0s', '0s']]] as const)(
    'refuses %p, whatever is there',
    async (ttls) => {
      await cache.put('key', 1);
      await expect(cache.flexible('key', ttls, () => 1)).rejects.toThrow(RangeError);
    },
  );

  test('is stale at once with nothing as the first ttl', async () => {
    await cache.flexible('key', [0, '1h'], () => 'old');
    const compute = jest.fn(() => 'new');
    expect(await cache.flexible('key', [0, '1h'], compute)).toBe('old');
    while (compute.mock.calls.length === 0) await nextTurn();
    await computations.settled();
    expect(await cache.get('key')).toBe('new');
  });
});
