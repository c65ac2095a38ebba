import type { CacheEntry, CacheStore } from '../../src/cache/cache-store';
import { SqliteCacheFile } from '../../src/cache/sqlite/sqlite-cache-file';
import {
  SqliteCacheStore,
  type SqliteStoreOptions,
} from '../../src/cache/sqlite/sqlite-cache-store';
import type { Connection } from '../../src/database/connection';

type More = Omit<CacheEntry, 'key' | 'value'>;

/** Puts an entry; a number is when it expires. */
export function put(
  store: CacheStore,
  key: string,
  value: unknown,
  more?: number | More,
): Promise<void> {
  return store.put(entryOf(key, value, more));
}

/** Adds an entry; a number is when it expires. */
export function add(
  store: CacheStore,
  key: string,
  value: unknown,
  more?: number | More,
): Promise<boolean> {
  return store.add(entryOf(key, value, more));
}

/** Forgets one entry; tells whether there was a live one. */
export async function forget(store: CacheStore, key: string): Promise<boolean> {
  return (await store.forget([key])) === 1;
}

/** A store on a connection whose cache tables are there. */
export function sqliteStore(
  connection: Connection,
  options: Partial<SqliteStoreOptions> = {},
): SqliteCacheStore {
  return new SqliteCacheStore(new SqliteCacheFile(connection, { store: 'sqlite' }), {
    name: 'sqlite',
    ...options,
  });
}

function entryOf(key: string, value: unknown, more: number | More = {}): CacheEntry {
  return { key, value, ...(typeof more === 'number' ? { expiresAt: more } : more) };
}
