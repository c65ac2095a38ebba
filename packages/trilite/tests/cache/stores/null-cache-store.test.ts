import { CacheRepository, NullCacheStore } from 'trilite';

const cache = new CacheRepository(() => new NullCacheStore());

test('keeps nothing: every entry is gone at once', async () => {
  await cache.put('key', 1);
  await cache.putMany({ a: 1, b: 2 });
  expect(await cache.get('key', 'fallback')).toBe('fallback');
  expect(await cache.many(['a', 'b'])).toEqual(new Map());
  expect(await cache.add('key', 1)).toBe(true);
  expect(await cache.add('key', 1)).toBe(true);
  expect(await cache.increment('n', 5)).toBe(5);
  expect(await cache.increment('n', 5)).toBe(5);
  expect([await cache.touch('key'), await cache.forget('key')]).toEqual([false, false]);
  expect(await cache.pull('key')).toBeUndefined();
});

test('computes what is remembered each time, and clears without harm', async () => {
  const compute = jest.fn(() => 1);
  for (let time = 0; time < 2; time += 1) {
    expect(await cache.remember('key', '1m', compute)).toBe(1);
  }
  expect(compute).toHaveBeenCalledTimes(2);
  await cache.clear();
  await cache.tags('t').clear();
  expect((await new NullCacheStore().contents()).entries).toBe(0);
});

test('refuses what other stores refuse', async () => {
  await expect(cache.put('key', () => 1)).rejects.toMatchObject({
    code: 'E_VALUE_NOT_SERIALIZABLE',
  });
  await expect(cache.get('')).rejects.toMatchObject({ code: 'E_CACHE_KEY_INVALID' });
});
