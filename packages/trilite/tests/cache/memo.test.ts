import { CacheRepository } from 'trilite';
import { travel, travelBack, travelTo } from 'trilite/testing';
import { cacheMigrations } from '../../src/cache/sqlite/schema';
import type { SqliteCacheStore } from '../../src/cache/sqlite/sqlite-cache-store';
import { CENTRAL, runInScope } from '../../src/support/scope-holder';
import { put, sqliteStore } from '../helpers/cache';
import { gate } from '../helpers/gate';
import { createTemporaryFile, type TemporaryFile } from '../helpers/temporary-file';

let file: TemporaryFile;
let store: SqliteCacheStore;
let cache: CacheRepository;

beforeEach(async () => {
  file = await createTemporaryFile(cacheMigrations);
  store = sqliteStore(file.connection);
  cache = new CacheRepository(() => store);
});

afterEach(async () => {
  jest.restoreAllMocks();
  travelBack();
  await file.close();
});

/** Does something as one request, or one job, does it. */
function inRequest<T>(work: () => Promise<T>): Promise<T> {
  return runInScope(CENTRAL, work);
}

describe('memo, in a request or a job', () => {
  test('reads each key once, by whichever repository on the store', async () => {
    await cache.put('key', 1);
    const get = jest.spyOn(store, 'get');
    await inRequest(async () => {
      const memo = cache.memo();
      expect(await memo.get('key')).toBe(1);
      expect(await memo.has('key')).toBe(true);
      expect(await cache.memo().integer('key')).toBe(1);
      expect(await memo.many(['key'])).toEqual(new Map([['key', 1]]));
      expect(await memo.remember('key', '1h', () => 2)).toBe(1);
    });
    expect(get).toHaveBeenCalledTimes(1);
  });

  test('remembers misses, and what many found', async () => {
    await cache.putMany({ a: 1 });
    const get = jest.spyOn(store, 'get');
    const many = jest.spyOn(store, 'many');
    await inRequest(async () => {
      const memo = cache.memo();
      expect(await memo.many(['a', 'b'])).toEqual(new Map([['a', 1]]));
      expect(await memo.get('a')).toBe(1);
      expect(await memo.get('b')).toBeUndefined();
      expect(await memo.missing('c')).toBe(true);
      expect(await memo.get('c', 'fallback')).toBe('fallback');
    });
    expect(get).toHaveBeenCalledTimes(1);
    expect(many).toHaveBeenCalledTimes(1);
  });

  test('gives each caller a value of its own', async () => {
    await cache.put('key', { list: [1] });
    await inRequest(async () => {
      const first = await cache.memo().get<{ list: number[] }>('key');
      first?.list.push(2);
      expect(await cache.memo().get('key')).toEqual({ list: [1] });
    });
  });

  test('does not see what others write meanwhile, nor that an entry expires', async () => {
    travelTo(0);
    await cache.put('key', 1, '1m');
    await inRequest(async () => {
      const memo = cache.memo();
      await memo.get('key');
      await put(sqliteStore(file.elsewhere), 'key', 2);
      expect(await memo.get('key')).toBe(1);
      travel('1h');
      expect(await memo.get('key')).toBe(1);
      expect(await cache.get('key')).toBe(2);
    });
  });

  const WRITES: readonly (readonly [
    string,
    (memo: CacheRepository) => Promise<unknown>,
    unknown,
  ])[] = [
    ['put', (memo) => memo.put('key', 2), 2],
    ['putMany', (memo) => memo.putMany({ key: 2 }), 2],
    ['increment', (memo) => memo.increment('key'), 2],
    ['forget', (memo) => memo.forget('key'), undefined],
    ['pull', (memo) => memo.pull('key'), undefined],
    ['clear', (memo) => memo.clear(), undefined],
    ['clear of a tag', (memo) => memo.tags('t').clear(), undefined],
    ['put with a ttl that is over', (memo) => memo.put('key', 2, 0), undefined],
  ];

  test.each(WRITES)('sees what is written through it by %s', async (_, write, expected) => {
    await cache.tags('t').put('key', 1);
    await inRequest(async () => {
      const memo = cache.memo();
      expect(await memo.get('key')).toBe(1);
      await write(memo);
      expect(await memo.get('key')).toBe(expected);
    });
  });

  test('sees what add wrote, where it remembered a miss', async () => {
    await inRequest(async () => {
      const memo = cache.memo();
      await memo.get('key');
      expect(await memo.add('key', 1)).toBe(true);
      expect(await memo.get('key')).toBe(1);
    });
  });

  test('gives what remember computed', async () => {
    await inRequest(async () => {
      const memo = cache.memo();
      await memo.get('key');
      expect(await memo.remember('key', '1h', () => 'computed')).toBe('computed');
      expect(await memo.get('key')).toBe('computed');
    });
  });

  test('gives what another request computed, when remember has', async () => {
    const { opened, open } = gate<string>();
    const leading = inRequest(() => cache.memo().remember('key', '1h', () => opened));
    await inRequest(async () => {
      const memo = cache.memo();
      const following = memo.remember('key', '1h', () => 'never');
      open('computed');
      expect(await following).toBe('computed');
      expect(await memo.get('key')).toBe('computed');
    });
    await leading;
  });

  test('gives what another process computed, when remember has', async () => {
    await inRequest(async () => {
      const memo = cache.memo();
      await memo.get('key');
      await put(sqliteStore(file.elsewhere), 'key', 'of another');
      expect(await memo.remember('key', '1h', () => 'never')).toBe('of another');
      expect(await memo.get('key')).toBe('of another');
    });
  });

  test('keeps requests apart that run at once', async () => {
    const { opened, open } = gate();
    await cache.put('key', 1);
    const first = inRequest(async () => {
      const memo = cache.memo();
      await memo.get('key');
      await opened;
      return memo.get('key');
    });
    await inRequest(() => cache.memo().put('key', 2));
    open();
    expect(await first).toBe(1);
    expect(await inRequest(() => cache.memo().get('key'))).toBe(2);
  });
});

test('memo outside of a request or a job keeps nothing', async () => {
  const memo = cache.memo();
  expect(await memo.get('key')).toBeUndefined();
  await cache.put('key', 1);
  expect(await memo.get('key')).toBe(1);
  await cache.put('key', 2);
  expect(await memo.many(['key'])).toEqual(new Map([['key', 2]]));
});

test('memo is memo in a namespace and with tags', async () => {
  const get = jest.spyOn(store, 'get');
  await inRequest(async () => {
    const memo = cache.memo().namespace('shop').tags('t');
    await memo.put('key', 1);
    for (let time = 0; time < 2; time += 1) expect(await memo.get('key')).toBe(1);
    await memo.clear();
    expect(await memo.get('key')).toBeUndefined();
  });
  expect(get).toHaveBeenCalledTimes(2);
});
