import type { CacheSettings, CacheStoreSettings } from '../config/schema';
import type { ConnectionDirectory } from '../database/database';
import { CacheRepository } from './cache-repository';
import type { CacheStore } from './cache-store';
import { CacheStoreUnknownError } from './errors';

/** The declared cache stores by name; only the drivers in use are loaded. */
export class CacheRegistry {
  readonly #settings: CacheSettings;
  readonly #connections: ConnectionDirectory;
  readonly #stores = new Map<string, CacheStore>();

  constructor(settings: CacheSettings, connections: ConnectionDirectory) {
    this.#settings = settings;
    this.#connections = connections;
  }

  /** The names declared in config/cache.ts. */
  get names(): readonly string[] {
    return Object.keys(this.#settings.stores);
  }

  /** The name of the default store. */
  get defaultName(): string {
    return this.#settings.default;
  }

  /**
   * The repository of a store, by default of the default one.
   *
   * @throws E_CACHE_STORE_UNKNOWN
   */
  store(name: string = this.defaultName): CacheRepository {
    this.#find(name);
    return new CacheRepository(() => this.#find(name), { prefix: this.#settings.prefix });
  }

  /** Puts a store in place of the declared one, for whoever holds its repository too. For fakes. */
  use(name: string, store: CacheStore): void {
    this.#stores.set(name, store);
  }

  #find(name: string): CacheStore {
    const known = this.#stores.get(name);
    if (known !== undefined) return known;
    const { stores } = this.#settings;
    const settings = Object.hasOwn(stores, name) ? stores[name] : undefined;
    if (settings === undefined) throw CacheStoreUnknownError.named(name, this.names);
    const store = this.#createStore(settings);
    this.#stores.set(name, store);
    return store;
  }

  #createStore(settings: CacheStoreSettings): CacheStore {
    switch (settings.driver) {
      case 'sqlite': {
        // Only the drivers in use are loaded
        const { SqliteCacheStore } =
          require('./sqlite-cache-store') as typeof import('./sqlite-cache-store');
        return new SqliteCacheStore(this.#connections.connection(settings.connection));
      }
      case 'memory': {
        // Only the drivers in use are loaded
        const { MemoryCacheStore } =
          require('./memory-cache-store') as typeof import('./memory-cache-store');
        return new MemoryCacheStore(settings);
      }
    }
  }
}
