import BetterSqlite3 from 'better-sqlite3';
import { TieredCacheStore } from '../../../src/cache/sqlite/tiered-cache-store';
import { cacheMigrations } from '../../../src/cache/sqlite/schema';
import type { SqliteCacheStore } from '../../../src/cache/sqlite/sqlite-cache-store';
import { nextTurn } from '../../../src/support/clock';
import { testCacheStore } from '../../contracts/cache-store';
import { put, sqliteStore } from '../../helpers/cache';
import { createTemporaryFile, type TemporaryFile } from '../../helpers/temporary-file';

const LIMITS = { maxBytes: 1024 * 1024, maxEntries: 1000 };

testCacheStore('TieredCacheStore', async () => {
  const file = await createTemporaryFile(cacheMigrations);
  const store = new TieredCacheStore(sqliteStore(file.connection), LIMITS);
  return { store, close: () => file.close() };
});

describe('a TieredCacheStore', () => {
  let file: TemporaryFile;
  let below: SqliteCacheStore;
  let elsewhere: SqliteCacheStore;
  let store: TieredCacheStore;

  beforeEach(async () => {
    file = await createTemporaryFile(cacheMigrations);
    below = sqliteStore(file.connection);
    elsewhere = sqliteStore(file.elsewhere);
    store = new TieredCacheStore(below, LIMITS);
  });

  afterEach(() => file.close());

  /** How many rows are read while something is done. */
  async function rowsRead(work: () => Promise<unknown>): Promise<number> {
    let rows = 0;
    await file.connection.read((handle) => {
      const { statement } = handle;
      jest.spyOn(handle, 'statement').mockImplementation((sql) => {
        if (/^\s*select value/.test(sql)) rows += 1;
        return statement.call(handle, sql);
      });
    });
    await work();
    jest.restoreAllMocks();
    return rows;
  }

  test('reads a row once, until it changes', async () => {
    await put(store, 'key', 'value');
    expect(await rowsRead(() => store.get('key'))).toBe(1);
    await nextTurn();
    expect(await rowsRead(() => store.get('key'))).toBe(0);
    await put(elsewhere, 'other', 1);
    await nextTurn();
    expect(await rowsRead(() => store.get('key'))).toBe(0);
    await put(elsewhere, 'key', 'value');
    await nextTurn();
    expect(await rowsRead(() => store.get('key'))).toBe(1);
  });

  test.each<[how: string, change: () => Promise<unknown>]>([
    ['another process puts', () => put(elsewhere, 'key', 2)],
    ['another process increments', () => elsewhere.increment('key', 1)],
    ['the store below puts', () => put(below, 'key', 2)],
    ['the store below increments', () => below.increment('key', 1)],
  ])('gives what %s', async (_, change) => {
    await put(store, 'key', 1);
    expect(await store.get('key')).toEqual({ value: 1 });
    await change();
    expect(await store.get('key')).toEqual({ value: 2 });
  });

  test.each<[how: string, change: () => Promise<unknown>]>([
    ['another process forgets', () => elsewhere.forget(['key'])],
    ['another process clears a tag of', () => elsewhere.forgetTags(['t'])],
    ['another process clears', () => elsewhere.clear('k')],
    ['the store below forgets', () => below.forget(['key'])],
    ['the store below clears a tag of', () => below.forgetTags(['t'])],
    ['the store below clears', () => below.clear('k')],
  ])('does not give what %s', async (_, change) => {
    await put(store, 'key', 1, { tags: ['t'] });
    expect(await store.get('key')).toEqual({ value: 1 });
    await change();
    expect(await store.get('key')).toBeUndefined();
  });

  test('gives what another process has written this very moment', async () => {
    await put(store, 'key', 'old');
    const raw = new BetterSqlite3(file.connection.file);
    expect(await store.get('key')).toEqual({ value: 'old' });
    raw.exec(`update cache_entries set value = '"new"', version = version + 1`);
    expect(await store.get('key')).toEqual({ value: 'new' });
    raw.close();
  });

  test('gives no value that another process forgot and put anew', async () => {
    await put(store, 'key', 'old');
    await store.get('key');
    await elsewhere.forget(['key']);
    await put(elsewhere, 'key', 'new');
    expect(await store.get('key')).toEqual({ value: 'new' });
  });

  test('gives nobody what a transaction wrote and took back', async () => {
    await put(store, 'key', 'committed');
    const session = file.connection.transaction(async () => {
      await put(store, 'key', 'never');
      expect(await store.get('key')).toEqual({ value: 'never' });
      throw new Error('Take it back');
    });
    await expect(session).rejects.toThrow('Take it back');
    expect(await store.get('key')).toEqual({ value: 'committed' });
  });

  test('gives a value that is changed by whoever got it unchanged to the next', async () => {
    await put(store, 'key', [1]);
    const first = (await store.get('key'))?.value as number[];
    first.push(2);
    expect(await store.get('key')).toEqual({ value: [1] });
  });
});
