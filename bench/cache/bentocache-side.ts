import { loadPeer, NOT_INSTALLED } from '../lib/peers';
import { openRaw, type Raw, type RawFile } from '../lib/raw';
import type { CacheSide, CacheSideOrReason } from './cache-side';

// What is used of Bentocache and of Kysely. Bentocache asks Kysely's own classes who they are: both have to load the same module.

interface Store {
  useL1Layer(driver: unknown): Store;
  useL2Layer(driver: unknown): Store;
}

interface Bentocache {
  readonly bentostore: () => Store;
  readonly BentoCache: new (options: { default: 'only'; stores: { only: Store } }) => BentoCache;
}

interface BentoCache {
  get(options: { key: string }): Promise<unknown>;
  set(options: { key: string; value: unknown; ttl: string }): Promise<unknown>;
  disconnectAll(): Promise<void>;
}

interface MemoryDriver {
  readonly memoryDriver: (options: { maxItems: number }) => unknown;
}

interface KyselyDriver {
  readonly kyselyDriver: (options: { connection: unknown }) => unknown;
}

interface Kysely {
  readonly Kysely: new (options: { dialect: unknown }) => unknown;
  readonly SqliteDialect: new (options: { database: Raw }) => unknown;
}

/** As many as the benchmark has keys, and more. */
const MEMORY_ITEMS = 100_000;

/** Bentocache on a file that nothing else uses, with its memory before it or without. */
export async function bentocacheSide(
  file: RawFile,
  { hasMemory }: { readonly hasMemory: boolean },
): Promise<CacheSideOrReason> {
  const [bentocache, memory, driver, kysely] = await Promise.all([
    loadPeer<Bentocache>('bentocache'),
    loadPeer<MemoryDriver>('bentocache/drivers/memory'),
    loadPeer<KyselyDriver>('bentocache/drivers/kysely'),
    loadPeer<Kysely>('kysely'),
  ]);
  if (!bentocache || !memory || !driver || !kysely) return NOT_INSTALLED;
  const dialect = new kysely.SqliteDialect({ database: openRaw(file, 0) });
  const connection = new kysely.Kysely({ dialect });
  const sqlite = bentocache.bentostore().useL2Layer(driver.kyselyDriver({ connection }));
  const only = hasMemory
    ? sqlite.useL1Layer(memory.memoryDriver({ maxItems: MEMORY_ITEMS }))
    : sqlite;
  return sideOf(new bentocache.BentoCache({ default: 'only', stores: { only } }));
}

/** It has no call that puts many. */
function sideOf(cache: BentoCache): CacheSide {
  const put: CacheSide['put'] = ({ key, value }) => cache.set({ key, value, ttl: '1h' });
  return {
    get: (key) => cache.get({ key }),
    put,
    putAll: (entries) => Promise.all(entries.map(put)),
    close: () => cache.disconnectAll(),
  };
}
