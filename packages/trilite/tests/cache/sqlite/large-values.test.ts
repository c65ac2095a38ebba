import { randomBytes } from 'node:crypto';
import { cacheMigrations } from '../../../src/cache/sqlite/schema';
import type { SqliteCacheStore } from '../../../src/cache/sqlite/sqlite-cache-store';
import { TieredCacheStore } from '../../../src/cache/sqlite/tiered-cache-store';
import { add, put, sqliteStore } from '../../helpers/cache';
import { createTemporaryFile, type TemporaryFile } from '../../helpers/temporary-file';

const MB = 1024 * 1024;

let file: TemporaryFile;

beforeEach(async () => {
  file = await createTemporaryFile(cacheMigrations);
});

afterEach(() => file.close());

/** How a value lies in the file. */
async function stored(key: string): Promise<{ readonly type: string; readonly bytes: number }> {
  const row = await file.elsewhere.read((handle) =>
    handle
      .statement(
        'select typeof(value) as type, octet_length(value) as bytes from cache_entries where key = ?',
      )
      .get(key),
  );
  return row as { type: string; bytes: number };
}

describe('a value', () => {
  test('of 64 MB comes back, and one of a byte more is refused', async () => {
    const store = sqliteStore(file.connection);
    const text = 'x'.repeat(64 * MB - 2);
    await put(store, 'text', text);
    expect((await store.get('text'))?.value === text).toBe(true);
    await expect(put(store, 'text', `${text}x`)).rejects.toMatchObject({
      code: 'E_CACHE_VALUE_TOO_LARGE',
    });
    expect((await store.get('text'))?.value === text).toBe(true);
  });

  test('of bytes of some megabytes comes back', async () => {
    const store = sqliteStore(file.connection);
    const bytes = randomBytes(20 * MB);
    await put(store, 'bytes', bytes);
    expect(bytes.equals((await store.get('bytes'))?.value as Buffer)).toBe(true);
  });
});

describe('compressFrom', () => {
  const COMPRESS_FROM = 1000;
  const large = { rows: Array.from({ length: 5000 }, (_, index) => ({ index, name: 'a name' })) };
  const smaller = 'less, and so sooner compressed'.repeat(50);
  let store: SqliteCacheStore;

  beforeEach(() => {
    store = sqliteStore(file.connection, { compressFrom: COMPRESS_FROM });
  });

  test('keeps larger values in fewer bytes, and smaller ones as they are', async () => {
    await put(store, 'large', large);
    await put(store, 'small', { rows: [] });
    const { type, bytes } = await stored('large');
    expect(type).toBe('blob');
    expect(bytes).toBeLessThan(JSON.stringify(large).length / 3);
    expect(await stored('small')).toEqual({ type: 'text', bytes: '{"rows":[]}'.length });
    expect(await store.get('large')).toEqual({ value: large });
    expect(await store.get('small')).toEqual({ value: { rows: [] } });
  });

  test('gives back what is no JSON, and text of every language', async () => {
    const values: Record<string, unknown> = {
      map: new Map(Array.from({ length: 500 }, (_, index) => [index, new Date(index)])),
      bytes: Buffer.alloc(5000, 7),
      text: 'ä€𝄞\u0000'.repeat(2000),
    };
    for (const [key, value] of Object.entries(values)) {
      await put(store, key, value);
      expect((await stored(key)).type).toBe('blob');
      expect(await store.get(key)).toEqual({ value });
    }
    expect((await store.many(Object.keys(values))).map((hit) => hit?.value)).toEqual(
      Object.values(values),
    );
  });

  test('keeps what cannot be compressed as it is', async () => {
    const bytes = randomBytes(5000);
    await put(store, 'bytes', bytes);
    expect((await stored('bytes')).bytes).toBeGreaterThanOrEqual(5000);
    expect(await store.get('bytes')).toEqual({ value: bytes });
    const text = randomBytes(3000).toString('latin1');
    await put(store, 'text', text);
    expect(await store.get('text')).toEqual({ value: text });
  });

  test('keeps the order of writes and reads that are not awaited', async () => {
    const done = await Promise.all([
      put(store, 'key', large),
      put(store, 'key', smaller),
      store.pull('key'),
      put(store, 'key', large),
      put(store, 'key', 'small'),
      store.pull('key'),
      add(store, 'key', large),
      add(store, 'key', smaller),
      store.get('key'),
    ]);
    expect(done[2]).toEqual({ value: smaller });
    expect(done[5]).toEqual({ value: 'small' });
    expect(done.slice(6, 8)).toEqual([true, false]);
    expect(await store.get('key')).toEqual({ value: large });
    expect(done[8]).toEqual({ value: large });
  });

  test('keeps the order of many at once', async () => {
    void store.putMany([
      { key: 'a', value: large },
      { key: 'b', value: smaller },
    ]);
    void store.putMany([
      { key: 'a', value: 'small' },
      { key: 'b', value: 'small' },
    ]);
    await store.putMany([{ key: 'a', value: smaller }]);
    const values = (await store.many(['a', 'b'])).map((hit) => hit?.value);
    expect(values).toEqual([smaller, 'small']);
  });

  test('keeps it with a memory in front too', async () => {
    const tiered = new TieredCacheStore(store, { maxBytes: MB, maxEntries: 100 });
    await put(tiered, 'key', 'old');
    expect(await tiered.get('key')).toEqual({ value: 'old' });
    void put(tiered, 'key', large);
    expect(await tiered.get('key')).toEqual({ value: large });
    void put(tiered, 'key', smaller);
    expect(await tiered.many(['key'])).toEqual([{ value: smaller }]);
  });

  test('says so when compressed bytes are not what it wrote', async () => {
    await put(store, 'large', large);
    await file.elsewhere.write((handle) =>
      handle
        .statement("update cache_entries set value = substr(value, 1, 50) where key = 'large'")
        .run(),
    );
    await expect(store.get('large')).rejects.toMatchObject({ code: 'E_VALUE_NOT_READABLE' });
  });

  test('lets a value be refused, and what comes after it go on', async () => {
    const refused = put(store, 'key', { rows: large.rows, method: () => 1 });
    const written = put(store, 'key', large);
    await expect(refused).rejects.toMatchObject({ code: 'E_VALUE_NOT_SERIALIZABLE' });
    await written;
    expect(await store.get('key')).toEqual({ value: large });
  });
});
