import { loadPeer, NOT_INSTALLED } from '../lib/peers';
import type { RawFile } from '../lib/raw';
import { TTL_MS, type CacheSide, type CacheSideOrReason, type Entry } from './cache-side';

// What is used of Keyv.

interface KeyvModule {
  readonly Keyv: new (options: { store: unknown; ttl: number; throwOnErrors: true }) => Keyv;
}

interface Keyv {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<boolean>;
  setMany(entries: readonly Entry[]): Promise<boolean[]>;
  disconnect(): Promise<void>;
}

interface KeyvSqliteModule {
  readonly KeyvSqlite: new (options: { uri: string }) => KeyvSqlite;
}

interface KeyvSqlite {
  query(sql: string): Promise<unknown>;
}

/**
 * Keyv on a file of its own, which it makes. Its driver is sqlite3, in threads: another copy of SQLite, and two copies in one process must
 * not have the same file open.
 */
export async function keyvSide({ file, pragmas }: RawFile): Promise<CacheSideOrReason> {
  // By itself first: a native part that is missing below a module of ES would end the process, caught or not
  if ((await loadPeer('sqlite3')) === undefined) return NOT_INSTALLED;
  const [keyv, driver] = await Promise.all([
    loadPeer<KeyvModule>('keyv'),
    loadPeer<KeyvSqliteModule>('@keyv/sqlite'),
  ]);
  if (!keyv || !driver) return NOT_INSTALLED;
  const store = new driver.KeyvSqlite({ uri: `sqlite://${file}` });
  await store.query('pragma journal_mode = wal');
  for (const [name, value] of Object.entries(pragmas)) {
    await store.query(`pragma ${name} = ${value}`);
  }
  return sideOf(new keyv.Keyv({ store, ttl: TTL_MS, throwOnErrors: true }));
}

function sideOf(keyv: Keyv): CacheSide {
  return {
    get: (key) => keyv.get(key),
    put: ({ key, value }) => keyv.set(key, value),
    putAll: (entries) => keyv.setMany(entries),
    close: () => keyv.disconnect(),
  };
}
