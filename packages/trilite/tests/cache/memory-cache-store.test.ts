import { travel, travelBack, travelTo } from 'trilite/testing';
import { MemoryCacheStore } from '../../src/cache/memory-cache-store';
import { testCacheStore } from '../contracts/cache-store';

const LIMITS = { maxBytes: 1024 * 1024, maxEntries: 1000 };

testCacheStore('MemoryCacheStore', async () => ({
  store: new MemoryCacheStore(LIMITS),
  close: async () => undefined,
}));

afterEach(() => travelBack());

test('beyond maxEntries the entry goes that was used longest ago', async () => {
  const store = new MemoryCacheStore({ ...LIMITS, maxEntries: 2 });
  await store.put('a', 1, undefined);
  await store.put('b', 2, undefined);
  await store.get('a');
  await store.put('c', 3, undefined);
  expect(await store.get('b')).toBeUndefined();
  expect(await store.get('a')).toEqual({ value: 1 });
  expect(await store.get('c')).toEqual({ value: 3 });
});

test('beyond maxBytes the entry goes that was used longest ago', async () => {
  const store = new MemoryCacheStore({ ...LIMITS, maxBytes: 10_000 });
  await store.put('a', 'x'.repeat(2000), undefined);
  await store.put('b', Buffer.alloc(4000), undefined);
  expect(await store.get('a')).toBeDefined();
  await store.put('c', 'x'.repeat(2000), undefined);
  expect(await store.get('b')).toBeUndefined();
  expect(await store.get('a')).toBeDefined();
  expect(await store.get('c')).toBeDefined();
});

test('a value larger than the whole cache is not kept, and the old one does not stay in its place', async () => {
  const store = new MemoryCacheStore({ ...LIMITS, maxBytes: 1000 });
  await store.put('a', 'old', undefined);
  await store.put('a', 'x'.repeat(2000), undefined);
  expect(await store.get('a')).toBeUndefined();
});

test('two stores share nothing', async () => {
  const first = new MemoryCacheStore(LIMITS);
  await first.put('key', 1, undefined);
  expect(await new MemoryCacheStore(LIMITS).get('key')).toBeUndefined();
});

test('an entry that expired makes room', async () => {
  travelTo(1000);
  const store = new MemoryCacheStore({ ...LIMITS, maxEntries: 2 });
  await store.put('a', 1, 2000);
  await store.put('b', 2, undefined);
  travel('1s');
  expect(await store.get('a')).toBeUndefined();
  await store.put('c', 3, undefined);
  expect(await store.get('b')).toEqual({ value: 2 });
});
