import type { CacheStore } from '../../../src/cache/cache-store';
import { CacheUnavailableError, CacheValueNotNumericError } from '../../../src/cache/errors';
import { FailoverCacheStore } from '../../../src/cache/stores/failover-cache-store';
import { MemoryCacheStore } from '../../../src/cache/stores/memory-cache-store';
import { testCacheStore } from '../../contracts/cache-store';
import { put } from '../../helpers/cache';

const LIMITS = { maxBytes: 1024 * 1024, maxEntries: 1000 };

testCacheStore('FailoverCacheStore', async () => {
  const stores = [
    { name: 'down', store: storeThatIsDown() },
    { name: 'memory', store: new MemoryCacheStore(LIMITS) },
  ];
  return { store: new FailoverCacheStore(stores), close: async () => undefined };
});

/** A store no method of which answers. */
function storeThatIsDown(asked: () => void = () => undefined): CacheStore {
  return new Proxy({} as CacheStore, {
    get: (_, method) => async () => {
      if (method === 'close') return;
      asked();
      throw CacheUnavailableError.because('down', new Error('no answer'));
    },
  });
}

test('the first store that answers is asked', async () => {
  const [first, second] = [new MemoryCacheStore(LIMITS), new MemoryCacheStore(LIMITS)];
  const store = new FailoverCacheStore([
    { name: 'first', store: first },
    { name: 'second', store: second },
  ]);
  await put(store, 'key', 1);
  expect(await first.get('key')).toEqual({ value: 1 });
  expect(await second.get('key')).toBeUndefined();
});

test('a store that does not answer is told of once, and left alone for a while', async () => {
  const asked = jest.fn();
  const told = jest.fn();
  const store = new FailoverCacheStore(
    [
      { name: 'down', store: storeThatIsDown(asked) },
      { name: 'memory', store: new MemoryCacheStore(LIMITS) },
    ],
    told,
  );
  for (let time = 0; time < 3; time += 1) await store.get('key');
  expect(told).toHaveBeenCalledTimes(1);
  expect(told).toHaveBeenCalledWith('down', expect.any(CacheUnavailableError));
  expect(asked).toHaveBeenCalledTimes(1);
});

test('when no store answers, the caller is told so', async () => {
  const store = new FailoverCacheStore([
    { name: 'one', store: storeThatIsDown() },
    { name: 'two', store: storeThatIsDown() },
  ]);
  await expect(store.get('key')).rejects.toMatchObject({ code: 'E_CACHE_UNAVAILABLE' });
  await expect(store.forget(['key'])).rejects.toMatchObject({ code: 'E_CACHE_UNAVAILABLE' });
});

test('an error of the caller is no reason to ask the next store', async () => {
  const [first, second] = [new MemoryCacheStore(LIMITS), new MemoryCacheStore(LIMITS)];
  const store = new FailoverCacheStore([
    { name: 'first', store: first },
    { name: 'second', store: second },
  ]);
  await put(first, 'key', 'text');
  await expect(store.increment('key', 1)).rejects.toThrow(CacheValueNotNumericError);
  expect(await second.get('key')).toBeUndefined();
});

test('what is forgotten is forgotten in every store that answers', async () => {
  const [first, second] = [new MemoryCacheStore(LIMITS), new MemoryCacheStore(LIMITS)];
  const store = new FailoverCacheStore([
    { name: 'first', store: first },
    { name: 'second', store: second },
  ]);
  for (const one of [first, second]) await put(one, 'key', 1, { tags: ['t'] });
  await store.forgetTags(['t']);
  expect(await second.get('key')).toBeUndefined();
  for (const one of [first, second]) await put(one, 'key', 1);
  expect(await store.forget(['key'])).toBe(1);
  expect(await second.get('key')).toBeUndefined();
});

test('what has expired is pruned in every store that answers', async () => {
  const [first, second] = [new MemoryCacheStore(LIMITS), new MemoryCacheStore(LIMITS)];
  const store = new FailoverCacheStore([
    { name: 'first', store: first },
    { name: 'down', store: storeThatIsDown() },
    { name: 'second', store: second },
  ]);
  for (const one of [first, second]) await put(one, 'key', 1, 1);
  expect(await store.prune()).toBe(2);
});
