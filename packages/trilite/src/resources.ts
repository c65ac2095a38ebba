import { CacheEvents } from './cache/cache-events';
import { CacheRegistry } from './cache/cache-registry';
import { CacheRepository } from './cache/cache-repository';
import type { RateLimitStore } from './cache/limits/rate-limit-store';
import { RateLimiter } from './cache/limits/rate-limiter';
import { SqliteRateLimitStore } from './cache/limits/sqlite-rate-limit-store';
import type { LockStore } from './cache/locks/lock-store';
import { Locks } from './cache/locks/locks';
import { SqliteLockStore } from './cache/locks/sqlite-lock-store';
import type { Config } from './config/load-config';
import { outboxConnections } from './config/outbox-connections';
import type { ConnectionOptions } from './database/connection';
import { ConnectionRegistry } from './database/connection-registry';
import { Database, type ConnectionDirectory } from './database/database';
import type { NamedMigration } from './database/migrations/migration';
import type { Announce } from './queue/announce';
import type { JobRegistry } from './queue/job-registry';
import { QueueDispatcher } from './queue/queue-dispatcher';
import { QueueRegistry, type RunForTenant } from './queue/queue-registry';
import type { Scope } from './tenancy/container';

/** Settings of what work reads and writes: those of the application, or of one tenant. */
export type ResourceSettings = Pick<Config, 'database' | 'cache' | 'queue'>;

/** What resources are made of. */
export interface ResourcesParts {
  readonly settings: ResourceSettings;
  readonly jobs: JobRegistry;
  /** Whether a file holds nothing but caches. */
  readonly isDisposable: (connection: string) => boolean;
  /** Told of what nobody waits for. */
  readonly onError: (error: unknown, what: string) => void;
  /** Told of what happens in caches and to locks. */
  readonly cacheEvents: CacheEvents;
  /** Jobs that may wait. Default: any number. */
  readonly maxWaiting?: number | undefined;
  /** Told before jobs are stored. Default: nobody. */
  readonly announce?: Announce | undefined;
  /** Throws when the current work may use none of them. */
  readonly guard?: (() => void) | undefined;
  /** How a connection of that name is opened. Default: as its settings say. */
  readonly connectionOptions?: ((connection: string) => ConnectionOptions) | undefined;
  /** Runs the jobs of tenants that share these queues. Default: they are refused. */
  readonly forTenant?: RunForTenant | undefined;
  /** What differs for a tenant's. */
  readonly tenant?: TenantParts | undefined;
}

/** What a tenant's resources have beyond those of the application. */
export interface TenantParts {
  readonly id: string;
  /** The application's: what lies in no file of a tenant's is shared with it. */
  readonly central: Resources;
  /** Text before every key of what is shared. */
  readonly prefix: string;
  /** How files of its own are opened; undefined for a tenant without any, which shares those of the application. */
  readonly ownFiles: TenantFileParts | undefined;
}

/** What differs for a tenant's own files. */
export interface TenantFileParts {
  readonly connectionOptions: (connection: string) => ConnectionOptions;
  /** Whether the tenant is gone, with all of its files. */
  readonly isGone: () => boolean;
  /** What a cache file that is made anew has beside the tables of a cache. */
  readonly freshMigrations: (connection: string) => readonly NamedMigration[];
}

/** The connections, caches, locks, limits and queues that the work of one scope uses. None is opened before it is used. */
export class Resources {
  readonly settings: ResourceSettings;
  readonly connections: ConnectionRegistry;
  readonly caches: CacheRegistry;
  /** Locks across all processes, on the connection "lockConnection" or the server of "lockStore" of config/cache.ts. */
  readonly locks: Locks;
  /** Counts hits across all processes, on the same connection. */
  readonly limiter: RateLimiter;
  readonly queues: QueueRegistry;
  /** Where they lie, whoever else has something there. */
  readonly #files: ConnectionDirectory;
  #scope: Scope | undefined;

  constructor(parts: ResourcesParts) {
    const { settings, guard, tenant, cacheEvents, isDisposable } = parts;
    this.settings = settings;
    const ownFiles = tenant?.ownFiles;
    const shared = ownFiles === undefined ? tenant?.central.connections : undefined;
    this.connections = new ConnectionRegistry(settings.database, {
      guard,
      connectionOptions: ownFiles?.connectionOptions ?? parts.connectionOptions,
      offload: tenant?.central.connections.offload,
      shared,
    });
    this.#files = shared ?? this.connections;
    const prefix = this.#areLocksShared(tenant)
      ? `${tenant?.prefix}${settings.cache.prefix}`
      : settings.cache.prefix;
    const lockStores = this.#lockStores();
    const guarded = <T>(take: () => T): T => {
      guard?.();
      return take();
    };
    this.locks = new Locks(() => guarded(lockStores).locks, {
      prefix,
      onEvent: (event) => cacheEvents.emit(event),
    });
    this.limiter = new RateLimiter(() => guarded(lockStores).limits, {
      prefix,
      base: tenant?.central.limiter,
    });
    this.caches = new CacheRegistry({
      settings: settings.cache,
      connections: this.#files,
      events: cacheEvents,
      locks: this.locks,
      isDisposable,
      guard,
      isGone: ownFiles?.isGone,
      freshMigrations: ownFiles?.freshMigrations,
      sharing: tenant && {
        registry: tenant.central.caches,
        prefix: tenant.prefix,
        withFiles: ownFiles === undefined,
      },
    });
    this.queues = this.#createQueues(parts);
  }

  /** Says whose container makes jobs, and whose work they are: it is opened with these resources. */
  use(scope: Scope): void {
    this.#scope = scope;
  }

  /** @throws E_CACHE_STORE_UNKNOWN */
  cache(name?: string): CacheRepository {
    return this.caches.store(name);
  }

  /** @throws E_QUEUE_CONNECTION_UNKNOWN */
  queue(name?: string): QueueDispatcher {
    return this.queues.dispatcher(name);
  }

  /** The query builder of a connection; its name is looked up at its first query. */
  database(name?: string): Database {
    return new Database(this.connections.guarded, name);
  }

  /** Hands over what was counted, and has open files rest. What is used again opens again. */
  async rest(): Promise<void> {
    await this.caches.rest();
    this.connections.rest();
  }

  /** Finishes what was asked for, and closes every file; twice without harm. */
  async close(): Promise<void> {
    await this.queues.close();
    await this.caches.close();
    await this.connections.close();
  }

  #createQueues(parts: ResourcesParts): QueueRegistry {
    const { settings, jobs, guard, announce, maxWaiting, onError, tenant, forTenant } = parts;
    const sharesQueues = tenant !== undefined && tenant.ownFiles === undefined;
    const scope = (): Scope => this.#scope as Scope;
    return new QueueRegistry({
      settings: settings.queue,
      connections: this.#files,
      jobs,
      make: (token) => scope().make(token),
      enter: (work) => scope().run(work),
      outboxSources: () => outboxConnections(settings).map((name) => this.#files.connection(name)),
      guard,
      announce,
      maxWaiting,
      onError,
      forTenant,
      central: tenant?.central.queues,
      sharing: sharesQueues ? { registry: tenant.central.queues, tenantId: tenant.id } : undefined,
    });
  }

  /** Where locks and rate limits live. */
  #lockStores(): () => { readonly locks: LockStore; readonly limits: RateLimitStore } {
    const { lockConnection, lockStore } = this.settings.cache;
    if (lockStore !== undefined) return () => this.caches.redis(lockStore);
    const connection = this.#files.connection(lockConnection);
    const stores = {
      locks: new SqliteLockStore(connection),
      limits: new SqliteRateLimitStore(connection),
    };
    return () => stores;
  }

  #areLocksShared(tenant: TenantParts | undefined): boolean {
    if (tenant === undefined) return false;
    return tenant.ownFiles === undefined || this.settings.cache.lockStore !== undefined;
  }
}
