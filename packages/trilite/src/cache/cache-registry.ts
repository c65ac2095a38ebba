import type { CacheSettings, CacheStoreSettings } from '../config/schema';
import type { ConnectionDirectory } from '../database/database';
import type { NamedMigration } from '../database/migrations/migration';
import { within } from '../support/clock';
import { toError } from '../support/errors';
import type { CacheEvents } from './cache-events';
import { CacheObserver } from './cache-observer';
import { CacheRepository } from './cache-repository';
import type { CacheStore } from './cache-store';
import { Computations } from './computations';
import {
  CacheDriverNotInstalledError,
  CacheDriverUnknownError,
  CacheStoreUnknownError,
} from './errors';
import type { LockEvent } from './locks/lock';
import type { LockStore } from './locks/lock-store';
import { Locks } from './locks/locks';
import { MemoryLockStore } from './locks/memory-lock-store';
import type { RedisStores } from './redis/redis-stores';
import type { SqliteCacheStore } from './sqlite/sqlite-cache-store';

/** How long a closing application waits for what is being computed. */
const COMPUTE_MS = 5000;

/** Drivers whose stores have no file. */
const SHARED: ReadonlySet<string> = new Set(['memory', 'redis', 'null', 'custom']);

/** How often counts are handed to the stores, which all processes share. */
const FLUSH_MS = 10_000;

/** What a registry makes stores of. */
export interface CacheRegistryParts {
  readonly settings: CacheSettings;
  readonly connections: ConnectionDirectory;
  /** Who is told what happens in all stores. */
  readonly events: CacheEvents;
  /** Where locks are kept, but for those of stores that keep their own. */
  readonly locks: Locks;
  /** Whether nothing but caches lies in the file of a connection: a damaged or missing one is made anew. */
  readonly isDisposable: (connection: string) => boolean;
  /** Whether whoever has these stores is gone, with all files: their use is an error then, and no miss. Default: never. */
  readonly isGone?: (() => boolean) | undefined;
  /** What a file that is made anew has beside the tables of a cache. Default: nothing. */
  readonly freshMigrations?: ((connection: string) => readonly NamedMigration[]) | undefined;
  /** Called before each use of a repository; throws when it is not for the current work. */
  readonly guard?: (() => void) | undefined;
  /** Whose stores are shared with it. For the registries of tenants. Default: nobody's. */
  readonly sharing?: CacheSharing | undefined;
}

/** How the stores of another registry are shared. */
export interface CacheSharing {
  readonly registry: CacheRegistry;
  /** What stands before each key of what is shared. */
  readonly prefix: string;
  /** Whether stores in files are shared as well; else there are files of its own. */
  readonly withFiles: boolean;
}

/** What the factory of a custom driver is given. */
export interface CacheDriverFacts {
  /** The store's name in config/cache.ts. */
  readonly name: string;
  /** What config/cache.ts gives the store as `options`. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** Makes a store of a custom driver. Called once for each store that uses it. */
export type CacheDriverFactory = (facts: CacheDriverFacts) => CacheStore;

/** What repositories on one store share. */
interface Shared {
  readonly observer: CacheObserver;
  readonly computations: Computations;
  readonly locks: Locks;
}

/** The declared cache stores by name; only the drivers in use are loaded. */
export class CacheRegistry {
  /** Tells what happens in all stores. */
  readonly events: CacheEvents;
  readonly #parts: CacheRegistryParts;
  readonly #settings: CacheSettings;
  readonly #drivers = new Map<string, CacheDriverFactory>();
  readonly #stores = new Map<string, CacheStore>();
  /** Those among them that a memory may stand before. */
  readonly #sqliteStores = new Map<string, SqliteCacheStore>();
  readonly #redisStores = new Map<string, RedisStores>();
  readonly #memoryLocks = new Map<string, LockStore>();
  readonly #shared = new Map<string, Shared>();
  #flushing: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(parts: CacheRegistryParts) {
    this.events = parts.events;
    this.#parts = parts;
    this.#settings = parts.settings;
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
   * @throws E_CACHE_STORE_UNKNOWN, E_CACHE_DRIVER_UNKNOWN
   */
  store(name: string = this.defaultName): CacheRepository {
    this.#find(name);
    const { guard } = this.#parts;
    const find = (): CacheStore => {
      guard?.();
      return this.#find(name);
    };
    return new CacheRepository(find, {
      prefix: this.prefixOf(name),
      ...this.#sharedOf(name),
    });
  }

  /**
   * The store behind a repository, for who looks after it: without prefix, counts and events.
   *
   * @throws E_CACHE_STORE_UNKNOWN, E_CACHE_DRIVER_UNKNOWN
   */
  driver(name: string = this.defaultName): CacheStore {
    return this.#find(name);
  }

  /**
   * What a store of driver redis keeps on its server, locks and rate limits included.
   *
   * @throws E_CACHE_STORE_UNKNOWN
   */
  redis(name: string): RedisStores {
    const { sharing } = this.#parts;
    if (sharing !== undefined) return sharing.registry.redis(name);
    const known = this.#redisStores.get(name);
    const settings = this.#settingsOf(name);
    if (known !== undefined) return known;
    if (settings.driver !== 'redis') throw CacheStoreUnknownError.named(name, this.names);
    // Only the drivers in use are loaded
    const { redisStores } =
      require('./redis/redis-stores') as typeof import('./redis/redis-stores');
    const stores = redisStores(name, settings);
    this.#redisStores.set(name, stores);
    return stores;
  }

  /** The locks of a memory store, which outlive the registries of tenants as its entries do. */
  memoryLocks(name: string): LockStore {
    const { sharing } = this.#parts;
    if (sharing !== undefined) return sharing.registry.memoryLocks(name);
    const store = this.#memoryLocks.get(name) ?? new MemoryLockStore();
    this.#memoryLocks.set(name, store);
    return store;
  }

  /**
   * The locks of a store: on its server, in this process's memory, or where all locks are.
   *
   * @throws E_CACHE_STORE_UNKNOWN
   */
  locks(name: string): Locks {
    return this.#sharedOf(name).locks;
  }

  /**
   * Refuses stores whose drivers are not there, before the first request needs one.
   *
   * @throws E_CACHE_DRIVER_UNKNOWN, E_CACHE_DRIVER_NOT_INSTALLED
   */
  refuseMissingDrivers(): void {
    for (const [name, settings] of Object.entries(this.#settings.stores)) {
      if (settings.driver === 'custom') this.#factoryOf(name, settings.name);
      if (settings.driver === 'redis') refuseMissingPackage(name, 'ioredis');
    }
  }

  /** Removes what this application keeps on servers. For tests, whose entries no file holds that goes with them. */
  async clearServers(): Promise<void> {
    const clear = ({ cache }: RedisStores): Promise<void> => cache.clear('').catch(() => undefined);
    await Promise.all([...this.#redisStores.values()].map(clear));
  }

  /** The text before every key of a store. */
  prefixOf(name: string): string {
    const settings = this.#settingsOf(name);
    if (settings.driver === 'tiered') return this.prefixOf(settings.store);
    const own = ('prefix' in settings ? settings.prefix : undefined) ?? this.#settings.prefix;
    // Of a list, some may be
    const isShared = this.#isShared(settings) || settings.driver === 'failover';
    return isShared ? `${this.#parts.sharing?.prefix ?? ''}${own}` : own;
  }

  /**
   * Adds a driver: stores of `driver: 'custom'` with this `name` in config/cache.ts are made by it. In the `boot` of a provider.
   *
   * @example
   * import { CacheRegistry, NullCacheStore, Provider, type Resolver } from 'trilite';
   *
   * export class CacheProvider extends Provider {
   *   override boot(resolver: Resolver) {
   *     resolver.make(CacheRegistry).extend('nothing', () => new NullCacheStore());
   *   }
   * }
   */
  extend(driver: string, factory: CacheDriverFactory): void {
    this.#drivers.set(driver, factory);
  }

  /** Puts a store in place of the declared one, for whoever holds its repository too. For fakes. */
  use(name: string, store: CacheStore): void {
    this.#stores.set(name, store);
  }

  /** Hands what was counted in this process to the stores. */
  async flush(): Promise<void> {
    const flush = async ([name, { observer }]: [string, Shared]): Promise<void> => {
      const store = this.#stores.get(name);
      if (store !== undefined) await observer.flush(store);
    };
    await Promise.all([...this.#shared].map(flush));
  }

  /** Hands over what was counted, and does so no more until it is used again. */
  async rest(): Promise<void> {
    clearInterval(this.#flushing);
    this.#flushing = undefined;
    await this.flush();
  }

  /** Waits for what is being computed, 5 seconds at most, hands over the counts, lets go of what is open; twice without harm. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#flushing);
    const computations = [...this.#shared.values()].map((shared) => shared.computations);
    await within(COMPUTE_MS, Promise.all(computations.map((one) => one.settled())));
    await this.flush();
    const redisStores = [...this.#redisStores.values()].map(({ cache }) => cache);
    const own = [...this.#stores].filter(([name]) => !this.#isShared(this.#settingsOf(name)));
    const stores = new Set([...own.map(([, store]) => store), ...redisStores]);
    await Promise.all([...stores].map((store) => store.close()));
  }

  #sharedOf(name: string): Shared {
    const known = this.#shared.get(name);
    if (known !== undefined) return known;
    const observer = new CacheObserver(name, this.events);
    const shared = { observer, computations: new Computations(), locks: this.#locksOf(name) };
    this.#shared.set(name, shared);
    if (!this.#isClosed) this.#flushing ??= setInterval(() => void this.flush(), FLUSH_MS).unref();
    return shared;
  }

  /** A memory store is of this process alone, and one on a server of all machines that share it; so are their locks. */
  #locksOf(name: string): Locks {
    const { driver } = this.#settingsOf(name);
    const onEvent = (event: LockEvent): void => this.events.emit(event);
    const options = { prefix: this.prefixOf(name), onEvent };
    if (driver === 'memory') return new Locks(() => this.memoryLocks(name), options);
    return driver === 'redis'
      ? new Locks(() => this.redis(name).locks, options)
      : this.#parts.locks;
  }

  #settingsOf(name: string): CacheStoreSettings {
    const { stores } = this.#settings;
    const settings = Object.hasOwn(stores, name) ? stores[name] : undefined;
    if (settings === undefined) throw CacheStoreUnknownError.named(name, this.names);
    return settings;
  }

  #find(name: string): CacheStore {
    const known = this.#stores.get(name);
    if (known !== undefined) return known;
    const settings = this.#settingsOf(name);
    const store = this.#isShared(settings)
      ? (this.#parts.sharing as { registry: CacheRegistry }).registry.driver(name)
      : this.#createStore(name, settings);
    this.#stores.set(name, store);
    return store;
  }

  /** In one memory, on one server, or in one file, the keys of all lie together. */
  #isShared({ driver }: CacheStoreSettings): boolean {
    const { sharing } = this.#parts;
    return sharing !== undefined && (sharing.withFiles || SHARED.has(driver));
  }

  #createStore(name: string, settings: CacheStoreSettings): CacheStore {
    switch (settings.driver) {
      case 'sqlite':
        return this.#findSqlite(name);
      case 'memory': {
        // Only the drivers in use are loaded
        const { MemoryCacheStore } =
          require('./stores/memory-cache-store') as typeof import('./stores/memory-cache-store');
        return new MemoryCacheStore({ ...settings, onEvicted: this.#onEvicted(name) });
      }
      case 'redis':
        return this.redis(name).cache;
      case 'null': {
        const { NullCacheStore } =
          require('./stores/null-cache-store') as typeof import('./stores/null-cache-store');
        return new NullCacheStore();
      }
      case 'tiered': {
        const { TieredCacheStore } =
          require('./sqlite/tiered-cache-store') as typeof import('./sqlite/tiered-cache-store');
        return new TieredCacheStore(this.#findSqlite(settings.store), settings);
      }
      case 'failover': {
        const { FailoverCacheStore } =
          require('./stores/failover-cache-store') as typeof import('./stores/failover-cache-store');
        const stores = settings.stores.map((one) => ({ name: one, store: this.#find(one) }));
        return new FailoverCacheStore(stores, (from, error) =>
          this.events.emit({ kind: 'failed-over', store: name, from, error }),
        );
      }
      case 'custom':
        return this.#createCustom(name, settings);
    }
  }

  #findSqlite(name: string): SqliteCacheStore {
    const known = this.#sqliteStores.get(name);
    const settings = this.#settingsOf(name);
    if (known !== undefined) return known;
    if (settings.driver !== 'sqlite') throw CacheStoreUnknownError.named(name, this.names);
    const store = this.#createSqlite(name, settings);
    this.#sqliteStores.set(name, store);
    return store;
  }

  #createSqlite(
    name: string,
    settings: Extract<CacheStoreSettings, { readonly driver: 'sqlite' }>,
  ): SqliteCacheStore {
    // Only the drivers in use are loaded
    const { SqliteCacheFile } =
      require('./sqlite/sqlite-cache-file') as typeof import('./sqlite/sqlite-cache-file');
    const { SqliteCacheStore: Store } =
      require('./sqlite/sqlite-cache-store') as typeof import('./sqlite/sqlite-cache-store');
    const { connections, isDisposable, isGone, freshMigrations } = this.#parts;
    const file = new SqliteCacheFile(connections.connection(settings.connection), {
      store: name,
      isDisposable: isDisposable(settings.connection),
      isGone,
      freshMigrations: freshMigrations?.(settings.connection),
      onRecreated: (recreated) => {
        if ('kept' in recreated) {
          this.events.emit({ kind: 'recreated', store: name, kept: recreated.kept });
        } else {
          this.events.emit({ kind: 'unavailable', store: name, error: toError(recreated) });
        }
      },
    });
    return new Store(file, { ...settings, name, onEvicted: this.#onEvicted(name) });
  }

  #createCustom(
    name: string,
    settings: Extract<CacheStoreSettings, { readonly driver: 'custom' }>,
  ): CacheStore {
    return this.#factoryOf(name, settings.name)({ name, options: settings.options });
  }

  #factoryOf(store: string, driver: string): CacheDriverFactory {
    const factory = this.#drivers.get(driver);
    if (factory !== undefined) return factory;
    throw CacheDriverUnknownError.named(driver, store, [...this.#drivers.keys()]);
  }

  #onEvicted(name: string): (keys: readonly string[]) => void {
    const prefix = this.prefixOf(name);
    const { observer } = this.#sharedOf(name);
    // Of a file that several stores share the oldest entry goes, whose ever it is
    return (keys) => {
      const own = keys.filter((key) => key.startsWith(prefix));
      observer.evicted(
        own.map((key) => key.slice(prefix.length)),
        keys.length,
      );
    };
  }
}

function refuseMissingPackage(store: string, name: string): void {
  try {
    require.resolve(name);
  } catch {
    throw CacheDriverNotInstalledError.of(store, name);
  }
}
