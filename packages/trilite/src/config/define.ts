/** A span of time with a unit: `'500ms'`, `'90s'`, `'10m'`, `'1h'`, `'7d'`. Bare numbers are refused in configuration. */
export type DurationText = `${number}${'ms' | 's' | 'm' | 'h' | 'd' | 'w'}`;

/** A size with a unit of 1024: `'64kb'`, `'16mb'`, `'2gb'`. */
export type BytesText = `${number}${'b' | 'kb' | 'mb' | 'gb'}`;

/** What config/app.ts sets. */
export interface AppOptions {
  /** Name shown in pages, logs and `about`. Default: 'Trilite'. */
  readonly name?: string;
  /** 'development', 'testing', 'production' or a name of your own. Default: 'production'. */
  readonly env?: string;
  /** The secret that signs and encrypts: `base64:` and 32 bytes. Tokens of tenants are signed with it, cookies encrypted. */
  readonly key?: string | undefined;
  /** What `key` was before: cookies that it encrypted are still read, addresses and tokens that it signed still good. Default: none. */
  readonly previousKeys?: readonly string[];
  /** Whether error pages show stacks. Default: false. */
  readonly debug?: boolean | undefined;
  /** The address people reach the application at. Default: none; `about` then shows http://localhost:{http.port}. */
  readonly url?: string | undefined;
  /** Service providers, in the order of their `register`, `boot` and (reversed) `shutdown`. Default: none. */
  readonly providers?: readonly (new (...args: never[]) => object)[];
  /** The web server. */
  readonly http?: {
    /** Address to listen on. Default: '127.0.0.1'. */
    readonly host?: string;
    /** Port to listen on; 0 takes a free one. Default: 3000. */
    readonly port?: number;
    /** Largest request body. Default: '1mb'. */
    readonly bodyLimit?: BytesText;
    /**
     * Proxies whose X-Forwarded headers are believed: how many there are, or their addresses, 'loopback, 10.0.0.0/8'. `true` believes everybody: only
     * where nobody but the proxy reaches the server. Default: false.
     */
    readonly trustProxy?: boolean | number | string;
    /** How long a request may take to come in, body included. Default: '2m'. */
    readonly requestTimeout?: DurationText;
    /** How long its headers may take. Default: '20s'. */
    readonly headersTimeout?: DurationText;
    /** How long a connection is kept for the next request: longer than a proxy in front keeps it. Default: '65s'. */
    readonly keepAliveTimeout?: DurationText;
    /** How long a client may take nothing of its answer, until its connection is ended. Default: '60s'. */
    readonly sendTimeout?: DurationText;
    /** Most bytes of the headers of a request, '1kb' to '1mb'. Default: '16kb'. */
    readonly maxHeaderBytes?: BytesText;
    /** How long a stop waits for open requests. Default: '10s'. */
    readonly shutdownTimeout?: DurationText;
    /** What forms with files may hold, whatever their routes take. */
    readonly uploads?: UploadLimitOptions;
    /**
     * Where Prometheus may ask for metrics, and with which token, of 16 characters or more; without one, programs on this machine alone may. Default:
     * false, nowhere.
     */
    readonly metrics?: false | { readonly path?: string; readonly token?: string | undefined };
  };
}

/** What a form with files may hold at most. */
export interface UploadLimitOptions {
  /** Where files wait until they are stored, absolute or relative to the storage folder; it is made when it is missing. Default: 'uploads'. */
  readonly folder?: string;
  /** Largest request with files. Default: '16mb'. */
  readonly maxBytes?: BytesText;
  /** Most files of a request. Default: 20. */
  readonly maxFiles?: number;
  /** Most fields of text of a request; all together are at most `bodyLimit`. Default: 200. */
  readonly maxFields?: number;
}

/** One SQLite file. */
export interface SqliteConnectionOptions {
  readonly driver: 'sqlite';
  /** The file, absolute or relative to the storage folder, or ':memory:'. */
  readonly file: string;
  /** Journal mode. Default: 'wal'. @see https://sqlite.org/wal.html */
  readonly journalMode?: 'wal' | 'delete' | 'truncate' | 'persist' | 'memory';
  /** When SQLite waits for the disk. 'normal' survives a crash, 'full' a power cut too. Default: 'normal'. */
  readonly synchronous?: 'off' | 'normal' | 'full' | 'extra';
  /** How long a statement waits for a lock, without blocking the event loop. Default: '5s'. */
  readonly busyTimeout?: DurationText;
  /** Whether foreign keys are enforced. Default: true. */
  readonly foreignKeys?: boolean;
  /** Page cache of each handle. Default: '8mb'. */
  readonly cacheSize?: BytesText;
  /** Bytes of the file mapped into memory; a disk error then ends the process. Default: '0b'. */
  readonly mmapSize?: BytesText;
  /** Size the -wal file is cut back to after a checkpoint. Default: '64mb'. */
  readonly journalSizeLimit?: BytesText;
  /** How free pages are given back; takes effect in new files. Default: 'incremental'. */
  readonly autoVacuum?: 'none' | 'full' | 'incremental';
  /** Most streams that are read at once, each with a handle of its own. Default: 8. */
  readonly readers?: number;
  /** Queries that take this long, their wait included, are logged as warnings; false logs none. Default: '500ms'. */
  readonly slowQuery?: DurationText | false;
  /** Opens the file for reading alone. Default: false. */
  readonly readOnly?: boolean;
  /** Further pragmas, set after all others. Default: none. */
  readonly pragmas?: Readonly<Record<string, string | number>>;
}

/** What config/database.ts sets. */
export interface DatabaseOptions {
  /** The connection an injected `Database` uses. */
  readonly default: string;
  /** Connections by name. */
  readonly connections: Readonly<Record<string, SqliteConnectionOptions>>;
}

/** A cache in a SQLite file. */
export interface SqliteCacheOptions {
  readonly driver: 'sqlite';
  /** The database connection it lives on. */
  readonly connection: string;
  /** Text before every key, instead of the common one. Two stores on one connection need different ones. Default: the common one. */
  readonly prefix?: string;
  /** Bytes of the file beyond which the oldest unused entries go; not for a file that holds something else. Default: no bound. */
  readonly maxBytes?: BytesText;
  /** Entries of the file beyond which the oldest unused ones go. Default: no bound. */
  readonly maxEntries?: number;
  /** Bytes from which on values are stored compressed. Default: none are. */
  readonly compressFrom?: BytesText;
}

/** A cache in this process's memory. */
export interface MemoryCacheOptions {
  readonly driver: 'memory';
  /** Text before every key, instead of the common one. Default: the common one. */
  readonly prefix?: string;
  /** Bytes kept before the least recently used entry goes. Default: '64mb'. */
  readonly maxBytes?: BytesText;
  /** Entries kept before the least recently used one goes. Default: 100000. */
  readonly maxEntries?: number;
}

/** A cache on a Redis server. */
export interface RedisCacheOptions {
  readonly driver: 'redis';
  /** Where the server is: `redis://user:password@host:port/database`, or `rediss://` with TLS. */
  readonly url: string;
  /** Text before every key, instead of the common one. Default: the common one. */
  readonly prefix?: string;
  /** What everything the store writes begins with, before the prefix: applications on one server need different ones. Default: 'trilite:'. */
  readonly namespace?: string;
  /** How long a call waits for the connection, and for its answer; then the store does not answer. Default: '1s'. */
  readonly timeout?: DurationText;
}

/** A cache that keeps nothing. */
export interface NullCacheOptions {
  readonly driver: 'null';
}

/** A memory in front of a SQLite cache, coherent with every process. */
export interface TieredCacheOptions {
  readonly driver: 'tiered';
  /** The store behind it, of driver sqlite. */
  readonly store: string;
  /** Bytes kept in memory. Default: '64mb'. */
  readonly maxBytes?: BytesText;
  /** Entries kept in memory. Default: 100000. */
  readonly maxEntries?: number;
}

/** The first of several stores that answers. */
export interface FailoverCacheOptions {
  readonly driver: 'failover';
  /** The names of the stores, the preferred one first. */
  readonly stores: readonly string[];
}

/** A cache by a driver that a provider adds with `caches.extend`. */
export interface CustomCacheOptions {
  readonly driver: 'custom';
  /** The name the driver was added by. */
  readonly name: string;
  /** Text before every key, instead of the common one. Default: the common one. */
  readonly prefix?: string;
  /** What the driver's factory is given. Default: nothing. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** One cache store, by its driver. */
export type CacheStoreOptions =
  | SqliteCacheOptions
  | MemoryCacheOptions
  | RedisCacheOptions
  | NullCacheOptions
  | TieredCacheOptions
  | FailoverCacheOptions
  | CustomCacheOptions;

/** What config/cache.ts sets. */
export interface CacheOptions {
  /** The store an injected `CacheRepository` uses. */
  readonly default: string;
  /** Text before every key, and every name of a lock or a rate limit; at most 64 characters. Default: ''. */
  readonly prefix?: string;
  /** The database connection that locks and rate limits live on. Default: that of the default queue, else the default one. */
  readonly lockConnection?: string;
  /** The store of driver redis whose server keeps locks and rate limits, for processes on several machines. Default: they live on `lockConnection`. */
  readonly lockStore?: string;
  /** Stores by name. */
  readonly stores: Readonly<Record<string, CacheStoreOptions>>;
}

/** A queue in a SQLite file. */
export interface SqliteQueueOptions {
  readonly driver: 'sqlite';
  /** The database connection it lives on. */
  readonly connection: string;
  /** How long a silent worker keeps a job; a running one renews it. Default: '90s', at least '1s'. */
  readonly lease?: DurationText;
  /** How long jobs stay readable that are done or cancelled; '0s' forgets them at once. Default: '1h'. */
  readonly keepFinished?: DurationText;
  /** Size of the largest payload. Default: '1mb'. */
  readonly maxPayload?: BytesText;
}

/** A queue in this process's memory, gone with it. For tests, and for scripts that are their own worker. */
export interface MemoryQueueOptions {
  readonly driver: 'memory';
  /** As of a queue in a file. */
  readonly lease?: DurationText;
  /** As of a queue in a file. */
  readonly keepFinished?: DurationText;
  /** As of a queue in a file. */
  readonly maxPayload?: BytesText;
}

/** A queue that runs each job where it is dispatched. */
export interface SyncQueueOptions {
  readonly driver: 'sync';
}

/** A queue that forgets every job. */
export interface NullQueueOptions {
  readonly driver: 'null';
}

/** The first of several queue connections that answers. Each has workers of its own. */
export interface FailoverQueueOptions {
  readonly driver: 'failover';
  /** The names of the queue connections, the preferred one first. */
  readonly connections: readonly string[];
}

/** One queue connection, by its driver. */
export type QueueConnectionOptions =
  | SqliteQueueOptions
  | MemoryQueueOptions
  | SyncQueueOptions
  | NullQueueOptions
  | FailoverQueueOptions;

/** What config/queue.ts sets. */
export interface QueueOptions {
  /** The connection an injected `QueueDispatcher` uses. */
  readonly default: string;
  /** Queue connections by name. */
  readonly connections: Readonly<Record<string, QueueConnectionOptions>>;
}

/** How it is told whose a request is. */
export interface IdentificationOptions {
  /**
   * What may name the tenant of a request; all of them are asked, and have to agree. 'header', 'query' and 'cookie' name one that the function
   * `membership` of app/http/kernel.ts must grant. Default: ['domain'].
   */
  readonly chain?: readonly (
    'token' | 'domain' | 'subdomain' | 'path' | 'header' | 'query' | 'cookie'
  )[];
  /** The domain whose subdomains are slugs of tenants, for 'subdomain'. Default: none. */
  readonly baseDomain?: string;
  /**
   * Hosts that are the application's own, beside `baseDomain` and the host of `url` in config/app.ts. Default: those of this machine,
   * ['localhost', '127.0.0.1', '[::1]'].
   */
  readonly centralDomains?: readonly string[];
  /** What stands before the slug of a tenant in the path, for 'path'. Default: '/t'. */
  readonly path?: string;
  /** The header that holds a tenant's id, for 'header'. Default: 'X-Tenant'. */
  readonly header?: string;
  /** The parameter of the query that holds a tenant's id, for 'query'. Default: 'tenant'. */
  readonly query?: string;
  /** The cookie that holds a tenant's id, for 'cookie'. Default: 'tenant'. */
  readonly cookie?: string;
  /** The header that holds what `TenantTokens` signed, for 'token'. Default: 'X-Tenant-Token'. */
  readonly token?: string;
  /** Whose a request is that names no tenant: the application's, or nobody's, which answers 404 on all but the central hosts. Default: 'central'. */
  readonly onMissing?: 'central' | 'refuse';
}

/** What config/tenancy.ts sets. */
export interface TenancyOptions {
  /**
   * How tenants are kept: 'off' for an application without them, 'files' for three files of its own for each tenant, 'single' for tenants who
   * share those of the application: SQLite itself keeps their rows apart. Default: 'off'.
   * In 'files', data, cache and queue must be SQLite files of their own in config/database.ts: a tenant has its own of each.
   */
  readonly mode?: 'off' | 'files' | 'single';
  /** What happens when the first work for a tenant finds its files with other migrations than the code has. */
  readonly migrations?: {
    /**
     * 'refuse' takes no work for it, 'migrate' runs what is pending first, 'allow-newer' refuses older files alone: while two versions of the
     * code are in use, each has what it needs. Default: 'refuse'.
     */
    readonly onOpen?: 'refuse' | 'migrate' | 'allow-newer';
  };
  /** How it is told whose a request is. */
  readonly identification?: IdentificationOptions;
  /** How much each tenant may have, unless the tenant itself says otherwise. Default: without limit. */
  readonly quotas?: {
    /** Size of the data file, at least '64kb'. */
    readonly database?: BytesText;
    /** Size of the cache file, at least '64kb'. */
    readonly cache?: BytesText;
    /** Size of the queue file, at least '256kb'. */
    readonly queue?: BytesText;
    /** Jobs that wait. */
    readonly jobsPending?: number;
  };
}

/** What config/session.ts sets. The file may be missing: every key has a default. */
export interface SessionOptions {
  /** How long a session lives after its last use, at least '1m'. Default: '2h'. */
  readonly lifetime?: DurationText;
  /** How long it lives at most, from when it was given its id. Default: '30d'. */
  readonly maxLifetime?: DurationText;
  /** Whether the browser forgets it when it is closed. Default: false. */
  readonly expireOnClose?: boolean;
  /** The database connection that sessions live on; no cache may live there. Default: the default one. */
  readonly connection?: string;
  /**
   * The name of the cookie. A tenant's has a hash of its id behind it, and over HTTPS, without `domain` and on the path '/', it begins with
   * `__Host-`. Default: the application's name in lower case and `_session`.
   */
  readonly cookie?: string;
  /** Below which path the cookie is sent. Default: '/'; for a tenant that its path names, that path. */
  readonly path?: string;
  /** The domain whose hosts get the cookie, too. Default: none; the host that set it alone. */
  readonly domain?: string;
  /** Whether the cookie is sent over HTTPS alone; 'auto' where the request came so, or `url` in config/app.ts says so. Default: 'auto'. */
  readonly secure?: boolean | 'auto';
  /** Whether the cookie is sent with requests that come from other sites. Default: 'lax'. */
  readonly sameSite?: 'lax' | 'strict' | 'none';
}

/** What config/logging.ts sets. */
export interface LoggingOptions {
  /** Lowest level written. Default: 'info'. */
  readonly level?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** 'json' for machines, 'pretty' for a terminal. Default: 'json'. */
  readonly format?: 'json' | 'pretty';
  /**
   * Whether there is a line for each request, at the level 'info'; with `ip: true` it holds the address of who asked, which is personal data. Default:
   * true, but false in the environments 'development', where "serve" prints a line of its own, and 'testing'.
   */
  readonly access?: boolean | { readonly ip?: boolean };
}

/** Describes the application: name, environment, key, providers, web server. */
export const defineApp = (options: AppOptions): AppOptions => options;

/** Describes the database connections. */
export const defineDatabase = (options: DatabaseOptions): DatabaseOptions => options;

/** Describes the cache stores. */
export const defineCache = (options: CacheOptions): CacheOptions => options;

/** Describes the queue connections. */
export const defineQueue = (options: QueueOptions): QueueOptions => options;

/** Describes how tenants are kept. */
export const defineTenancy = (options: TenancyOptions): TenancyOptions => options;

/** Describes the sessions of visitors. */
export const defineSession = (options: SessionOptions): SessionOptions => options;

/** Describes how the application logs. */
export const defineLogging = (options: LoggingOptions): LoggingOptions => options;
