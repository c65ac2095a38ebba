import { CacheRepository } from 'trilite';
import { travel, travelBack } from 'trilite/testing';
import { cacheMigrations } from '../../src/cache/sqlite/schema';
import { MemoryCacheStore } from '../../src/cache/stores/memory-cache-store';
import { sqliteStore } from '../helpers/cache';
import { gate } from '../helpers/gate';
import { createTemporaryFile } from '../helpers/temporary-file';

let cache: CacheRepository;

beforeEach(() => {
  const store = new MemoryCacheStore({ maxBytes: 1_000_000, maxEntries: 1000 });
  cache = new CacheRepository(() => store);
});

test('a value that is computed from itself is refused, by whatever way round', async () => {
  const itself = cache.remember('a', '1m', () => cache.remember('a', '1m', () => 1));
  await expect(itself).rejects.toMatchObject({ code: 'E_CACHE_RECURSION' });
  const round = cache.remember('a', '1m', () =>
    cache.remember('b', '1m', () => cache.remember('a', '1m', () => 1)),
  );
  await expect(round).rejects.toMatchObject({
    code: 'E_CACHE_RECURSION',
    message: expect.stringContaining('"a"') as string,
  });
  expect(await cache.remember('a', '1m', () => 1)).toBe(1);
});

test('a value that is computed from another one is no such case, nor is what outlives its computation', async () => {
  const { opened, open } = gate();
  let later: Promise<number> | undefined;
  const value = await cache.remember('a', '1m', async () => {
    later = opened.then(() => cache.remember('a', '1m', () => 9));
    return cache.remember('b', '1m', () => 2);
  });
  expect(value).toBe(2);
  await cache.forget('a');
  open();
  expect(await later).toBe(9);
});

test('who has waited long enough for a computation of this process computes too', async () => {
  const never = gate<number>();
  void cache.remember('a', '1m', () => never.opened);
  expect(await cache.remember('a', '1m', () => 2, { wait: '20ms' })).toBe(2);
  expect(await cache.get('a')).toBe(2);
});

test.each<[how: string, change: () => Promise<unknown>]>([
  ['forgotten', () => cache.forget('a')],
  ['cleared with all', () => cache.clear()],
  ['cleared with a tag', () => cache.tags('words').clear()],
])('who asks after a key was %s does not get what began before', async (_, change) => {
  const [begun, old] = [gate(), gate<string>()];
  const first = cache.tags('words').remember('a', '1m', () => {
    begun.open();
    return old.opened;
  });
  await begun.opened;
  await change();
  expect(await cache.remember('a', '1m', () => 'new')).toBe('new');
  old.open('old');
  expect(await first).toBe('old');
  expect(await cache.get('a')).toBe('new');
});

test('who misses what is computed anew behind a stale value gets the new one', async () => {
  await cache.flexible('a', ['1m', '1h'], () => 'old');
  travel('1m');
  const [begun, fresh] = [gate(), gate<string>()];
  const compute = jest.fn(() => {
    begun.open();
    return fresh.opened;
  });
  expect(await cache.flexible('a', ['1m', '1h'], compute)).toBe('old');
  await begun.opened;
  travel('1h');
  const missed = cache.flexible('a', ['1m', '1h'], compute);
  fresh.open('new');
  expect(await missed).toBe('new');
  travelBack();
});

test('moments of flexible may be fractions of a millisecond', async () => {
  const file = await createTemporaryFile(cacheMigrations);
  const store = sqliteStore(file.connection);
  const own = new CacheRepository(() => store);
  expect(await own.flexible('a', [1 / 3, 10 + 1 / 7], () => 1)).toBe(1);
  expect(await own.get('a')).toBe(1);
  await file.close();
});

test('inside a transaction of the same connection nobody is waited for', async () => {
  const file = await createTemporaryFile(cacheMigrations);
  const store = sqliteStore(file.connection);
  const own = new CacheRepository(() => store);
  const { opened, open } = gate<number>();
  const started = gate();
  const outside = own.remember('a', '1m', () => {
    started.open();
    return opened;
  });
  await started.opened;
  await file.connection.transaction(async () => {
    expect(await own.remember('a', '1m', () => 2)).toBe(2);
  });
  open(1);
  expect(await outside).toBe(1);
  expect(await own.get('a')).toBe(2);
  await file.close();
});
