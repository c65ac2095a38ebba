import { travel, travelBack, travelTo } from 'trilite/testing';
import { MemoryCacheStore } from '../../../src/cache/stores/memory-cache-store';
import { testCacheStore } from '../../contracts/cache-store';
import { put } from '../../helpers/cache';

const LIMITS = { maxBytes: 1024 * 1024, maxEntries: 1000 };

testCacheStore('MemoryCacheStore', async () => ({
  store: new MemoryCacheStore(LIMITS),
  close: async () => undefined,
}));

afterEach(() => travelBack());

test('beyond maxEntries the entry goes that was used longest ago', async () => {
  const store = new MemoryCacheStore({ ...LIMITS, maxEntries: 2 });
  await put(store, 'a', 1, undefined);
  await put(store, 'b', 2, undefined);
  await store.get('a');
  await put(store, 'c', 3, undefined);
  expect(await store.get('b')).toBeUndefined();
  expect(await store.get('a')).toEqual({ value: 1 });
  expect(await store.get('c')).toEqual({ value: 3 });
});

test('beyond maxBytes the entry goes that was used longest ago', async () => {
  const store = new MemoryCacheStore({ ...LIMITS, maxBytes: 10_000 });
  await put(store, 'a', 'x'.repeat(2000), undefined);
  await put(store, 'b', Buffer.alloc(4000), undefined);
  expect(await store.get('a')).toBeDefined();
  await put(store, 'c', 'x'.repeat(2000), undefined);
  expect(await store.get('b')).toBeUndefined();
  expect(await store.get('a')).toBeDefined();
  expect(await store.get('c')).toBeDefined();
});

test('a value larger than the whole cache is not kept, and the old one does not stay in its place', async () => {
  const store = new MemoryCacheStore({ ...LIMITS, maxBytes: 1000 });
  await put(store, 'a', 'old', undefined);
  await put(store, 'a', 'x'.repeat(2000), undefined);
  expect(await store.get('a')).toBeUndefined();
});

test('two stores share nothing', async () => {
  const first = new MemoryCacheStore(LIMITS);
  await put(first, 'key', 1, undefined);
  expect(await new MemoryCacheStore(LIMITS).get('key')).toBeUndefined();
});

test('an entry that expired makes room', async () => {
  travelTo(1000);
  const store = new MemoryCacheStore({ ...LIMITS, maxEntries: 2 });
  await put(store, 'a', 1, 2000);
  await put(store, 'b', 2, undefined);
  travel('1s');
  expect(await store.get('a')).toBeUndefined();
  await put(store, 'c', 3, undefined);
  expect(await store.get('b')).toEqual({ value: 2 });
});

test('tags that nothing is left to clear of are forgotten, and those that still matter are not', async () => {
  const store = new MemoryCacheStore(LIMITS);
  await put(store, 'kept', 1, { tags: ['kept'] });
  await put(store, 'cleared', 1, { tags: ['cleared'] });
  await store.forgetTags(['cleared']);
  for (let tag = 0; tag < 5000; tag += 1) await store.forgetTags([`tag ${tag}`]);
  expect(await store.get('cleared')).toBeUndefined();
  expect(await store.get('kept')).toEqual({ value: 1 });
  await store.forgetTags(['kept']);
  expect(await store.get('kept')).toBeUndefined();
});
