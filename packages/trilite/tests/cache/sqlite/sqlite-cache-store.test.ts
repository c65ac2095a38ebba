import { travel, travelBack, travelTo } from 'trilite/testing';
import { cacheMigrations } from '../../../src/cache/sqlite/schema';
import type { SqliteCacheStore } from '../../../src/cache/sqlite/sqlite-cache-store';
import { testCacheStore } from '../../contracts/cache-store';
import { add, forget, put, sqliteStore } from '../../helpers/cache';
import { createTemporaryFile, type TemporaryFile } from '../../helpers/temporary-file';

testCacheStore('SqliteCacheStore', async () => {
  const file = await createTemporaryFile(cacheMigrations);
  return { store: sqliteStore(file.connection), close: () => file.close() };
});

describe('two SqliteCacheStores on one file', () => {
  let file: TemporaryFile;
  let here: SqliteCacheStore;
  let there: SqliteCacheStore;

  beforeEach(async () => {
    file = await createTemporaryFile(cacheMigrations);
    here = sqliteStore(file.connection);
    there = sqliteStore(file.elsewhere);
  });

  afterEach(async () => {
    travelBack();
    await file.close();
  });

  test('each sees what the other wrote, and what it removed', async () => {
    await put(here, 'key', new Map([['a', 1n]]), undefined);
    expect(await there.get('key')).toEqual({ value: new Map([['a', 1n]]) });
    await forget(there, 'key');
    expect(await here.get('key')).toBeUndefined();
  });

  test('of two who add at once, one succeeds', async () => {
    for (let round = 0; round < 20; round += 1) {
      const added = await Promise.all(
        [here, there].map((store) => add(store, `key ${round}`, 1, undefined)),
      );
      expect(added.filter(Boolean)).toHaveLength(1);
    }
  });

  test('of two who add at once over an expired entry, one succeeds', async () => {
    travelTo(1000);
    await put(here, 'key', 'old', 2000);
    travel('1s');
    const added = await Promise.all([here, there].map((store) => add(store, 'key', 1, 3000)));
    expect(added.filter(Boolean)).toHaveLength(1);
  });

  test('two who increment at once lose nothing', async () => {
    const sums = await Promise.all(
      Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? here : there).increment('n', 1)),
    );
    expect(new Set(sums).size).toBe(100);
    expect(await here.get('n')).toEqual({ value: 100 });
  });
});

describe('a SqliteCacheStore', () => {
  let file: TemporaryFile;
  let store: SqliteCacheStore;

  beforeEach(async () => {
    file = await createTemporaryFile(cacheMigrations);
    store = sqliteStore(file.connection);
  });

  afterEach(() => file.close());

  function typeOf(key: string): Promise<unknown> {
    return file.elsewhere.read((handle) =>
      handle.statement('select typeof(value) from cache_entries where key = ?').pluck().get(key),
    );
  }

  test('keeps plain JSON as text, and anything else as a blob', async () => {
    await put(store, 'json', { a: [1, 'two', null] }, undefined);
    await put(store, 'date', { at: new Date() }, undefined);
    expect(await typeOf('json')).toBe('text');
    expect(await typeOf('date')).toBe('blob');
  });

  test('prune forgets tags that nothing is left to clear of, and no others', async () => {
    await put(store, 'a', 1, { tags: ['a'] });
    await store.forgetTags(['b', 'c']);
    await put(store, 'd', 1, { tags: ['d'] });
    await store.forgetTags(['a']);
    const tags = (): Promise<unknown> =>
      file.elsewhere.read((handle) =>
        handle.statement('select tag from cache_tags order by tag').pluck().all(),
      );
    await store.prune();
    expect(await tags()).toEqual(['', 'a']);
    await store.forget(['d']);
    await store.prune();
    expect(await tags()).toEqual(['']);
    await put(store, 'e', 1, { tags: ['a'] });
    expect(await store.get('e')).toEqual({ value: 1 });
  });

  test('a tag cleared while a value is computed stays known until that is written', async () => {
    await store.claim({ key: 'key', owner: 'me', until: Date.now() + 60_000 });
    await store.forgetTags(['t']);
    await store.prune();
    await store.fill({ key: 'key', value: 1, tags: ['t'] }, 'me');
    expect(await store.get('key')).toBeUndefined();
  });

  test('sees its own writes although they are not awaited', async () => {
    const written = put(store, 'key', 1);
    expect(await store.get('key')).toEqual({ value: 1 });
    await written;
  });

  test('writes of one turn share a transaction, and one that fails undoes itself alone', async () => {
    await put(store, 'text', 'no number', undefined);
    const results = await Promise.allSettled([
      put(store, 'a', 1, undefined),
      store.increment('text', 1),
      put(store, 'b', 2, undefined),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await store.get('a')).toEqual({ value: 1 });
    expect(await store.get('b')).toEqual({ value: 2 });
  });

  test('says so when a value is not what it wrote', async () => {
    await file.elsewhere.write((handle) =>
      handle
        .statement(
          "insert into cache_entries (key, value, written_at, version) values ('key', '{broken', 0, 0)",
        )
        .run(),
    );
    await expect(store.get('key')).rejects.toMatchObject({ code: 'E_VALUE_NOT_READABLE' });
  });
});
