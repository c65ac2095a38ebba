import { join } from 'node:path';
import { existsSync } from 'node:fs';
import type { CacheEvents } from './cache/cache-events';
import { clock } from './support/clock';
import { CacheRegistry } from './cache/cache-registry';
import { SqliteRateLimitStore } from './cache/limits/sqlite-rate-limit-store';
import { Locks } from './cache/locks/locks';
import { releaseBoundLocks } from './cache/locks/sqlite-lock-store';
import type { Config } from './config/load-config';
import type { Project } from './config/project';
import type { SqliteSettings } from './config/schema';
import {
  tenantConnections,
  type TenantConnections,
  type TenantRole,
} from './config/tenant-connections';
import type { ConnectionOptions } from './database/connection';
import { ConnectionPool } from './database/connection-pool';
import type { ConnectionRegistry } from './database/connection-registry';
import { DatabaseFileMissingError } from './database/errors';
import { Migrator } from './database/migrations/migrator';
import type { ReadyQueues } from './queue/announce';
import type { JobRegistry } from './queue/job-registry';
import { scanTenant } from './queue/tenants/tenant-scan';
import type {
  TenantWorker,
  TenantWorkerParts,
  TenantWorkOptions,
} from './queue/tenants/tenant-worker';
import { forgetOutbox } from './queue/outbox/sqlite-outbox-store';
import { QueueRegistry } from './queue/queue-registry';
import { releaseRunning } from './queue/sqlite/sqlite-handover-store';
import { Resources, type TenantFileParts } from './resources';
import type { ScopeIdentity } from './support/scope-holder';
import { ApplicationHosts } from './tenancy/application-hosts';
import type { TenantArchivesParts } from './tenancy/archive/archive-parts';
import { TenantArchives } from './tenancy/archive/tenant-archives';
import type { Container, Scope } from './tenancy/container';
import { stampMigrations } from './tenancy/schema';
import { TenantsShareFilesError } from './tenancy/errors';
import { refuseOthers } from './tenancy/scope-guard';
import { SharedTenantPlaces } from './tenancy/shared-tenant-places';
import { KEPT_STATES, Tenancy } from './tenancy/tenancy';
import type { Tenant } from './tenancy/tenant';
import { TenantFiles } from './tenancy/tenant-files';
import type { TenantId } from './tenancy/tenant-id';
import { TenantPaths } from './tenancy/tenant-paths';
import { TenantScopes, type OpenTenant } from './tenancy/tenant-scopes';
import { quotasOf, tenantSettings } from './tenancy/tenant-settings';
import { forgetRows } from './tenancy/tenant-row-store';
import { refuseWrongStamp } from './tenancy/tenant-stamp-store';
import { TenantStore } from './tenancy/tenant-store';
import { WorkIndex } from './tenancy/work-index/work-index';
import type { FoundWork } from './tenancy/work-index/work-index-store';
import { TenantSchema } from './tenant-schema';

/** What an application gives to its tenants. */
export interface TenantsParts {
  readonly project: Project;
  readonly config: Config;
  readonly container: Container;
  /** The application's own. */
  readonly central: Resources;
  readonly centralScope: () => Scope;
  readonly jobs: JobRegistry;
  readonly cacheEvents: CacheEvents;
  readonly onError: (error: unknown, what: string) => void;
  /** Called with what a tenant works on, and its scope, before anything is done with it. */
  readonly onOpen: (resources: Resources, scope: Scope) => void;
}

/** Composes what tenants are made of: their files, their scopes, and what each works on. */
export class Tenants {
  readonly tenancy: Tenancy;
  /** Tenants as files that are handed over. */
  readonly archives: TenantArchives;
  readonly #parts: TenantsParts;
  readonly #paths: TenantPaths;
  readonly #connections: TenantConnections;
  /** Whether each tenant has files of its own. */
  readonly #hasFiles: boolean;
  readonly #schema: TenantSchema;
  readonly #resources = new WeakMap<ScopeIdentity, Resources>();
  /** How many of the tenants' files are open at a time. */
  readonly #pool = new ConnectionPool();
  #workIndex: WorkIndex | undefined;

  constructor(parts: TenantsParts) {
    this.#parts = parts;
    const { config, central } = parts;
    this.#hasFiles = config.tenancy.mode !== 'single';
    this.#paths = new TenantPaths(config.storagePath);
    // All three are there unless tenants are off: config/tenancy.ts was checked
    this.#connections = tenantConnections(config) as TenantConnections;
    this.#schema = new TenantSchema({
      project: parts.project,
      config,
      connections: this.#connections,
      settings: (role) => this.#settingsOf(role),
    });
    const files = this.#hasFiles ? this.#createFiles() : undefined;
    const store = new TenantStore(central.connections.connection());
    this.tenancy = new Tenancy({
      store: config.tenancy.mode === 'off' ? undefined : () => store,
      files: files ?? this.#createSharedPlaces(),
      scopes: new TenantScopes((tenant) => this.#open(tenant)),
      hosts: new ApplicationHosts({
        identification: config.tenancy.identification,
        url: config.app.url,
      }),
      schemaKey: this.#hasFiles ? () => this.#schema.key : undefined,
      central: parts.centralScope,
      exclusively: (id, work) => this.#exclusively(id, work),
      // A queue that all share is watched by its workers themselves
      onServed: this.#hasFiles
        ? (tenant) =>
            this.#announceWaiting(tenant).catch((error: unknown) => {
              parts.onError(error, `What waits for the tenant "${tenant.id}" cannot be looked for`);
            })
        : undefined,
      onChanged: this.#hasFiles ? (tenant) => this.#noteChange(tenant) : undefined,
    });
    const { tenancy } = this;
    this.archives = new TenantArchives(tenancy.isOn, files && this.#archiveParts(tenancy, files));
  }

  /** How many connections to files of tenants are open now. */
  get openConnections(): number {
    return this.#pool.statistics.open;
  }

  /** Which tenants have work, in storage/tenancy.sqlite. */
  get workIndex(): WorkIndex {
    this.#workIndex ??= new WorkIndex({
      settings: {
        ...this.#settingsOf('queue'),
        file: join(this.#parts.config.storagePath, 'tenancy.sqlite'),
        synchronous: 'off', // it can be made anew
      },
      scan: () => this.#scan(),
    });
    return this.#workIndex;
  }

  /** A worker for the queues of all tenants; it does nothing before `run`. */
  worker(
    options: TenantWorkOptions,
    told: Pick<TenantWorkerParts, 'tell' | 'onError'> = {},
  ): TenantWorker {
    if (!this.#hasFiles) {
      const help = 'Run "artisan queue:work" without "--tenants": it does the jobs of all of them.';
      throw TenantsShareFilesError.cannot('look through the queues of tenants', help);
    }
    // A web server never needs it
    const { TenantWorker: Worker } =
      require('./queue/tenants/tenant-worker') as typeof import('./queue/tenants/tenant-worker');
    const { WorkerWatchdog } =
      require('./queue/worker/watchdog') as typeof import('./queue/worker/watchdog');
    const { queues } = this.#parts.central;
    const facts = { name: this.#connections.queue, settings: this.#settingsOf('queue') };
    const isWatched = options.isWatched !== false;
    return new Worker({
      ...told,
      tenancy: this.tenancy,
      index: this.workIndex,
      connection: this.#queueConnection,
      options,
      central: queues.store(this.#queueConnection),
      watchdog: isWatched ? new WorkerWatchdog(facts, options.concurrency) : undefined,
    });
  }

  /** What makes the tables of tenants, if there are any, for who writes down their types. */
  get typeSources(): readonly ((connections: ConnectionRegistry) => Migrator)[] {
    if (!this.tenancy.isOn || !this.#hasFiles) return [];
    return [(connections) => new Migrator(connections, this.#schema.plans())];
  }

  /** Lets go of every tenant's files, and of the index. */
  async close(): Promise<void> {
    await this.tenancy.close();
    this.#pool.rest();
    await this.#workIndex?.close();
  }

  /** What the work of a scope uses. */
  resourcesOf(identity: ScopeIdentity): Resources {
    return this.#resources.get(identity) ?? this.#parts.central;
  }

  /**
   * Migrations of a tenant's three files, run on its own connections.
   *
   * @throws E_DATABASE_FILE_MISSING for a file with data or jobs, which nobody makes anew
   */
  migrator(tenant: Tenant, { connections }: Resources): Migrator {
    if (!this.#hasFiles) {
      const help = 'Run "artisan migrate": it is for all of them.';
      throw TenantsShareFilesError.cannot('migrate each tenant by itself', help);
    }
    for (const role of ['database', 'queue'] as const) {
      const connection = connections.connection(this.#connections[role]);
      if (!existsSync(connection.file)) throw DatabaseFileMissingError.at(connection);
    }
    return new Migrator(connections, this.#schema.plans(tenant.id));
  }

  /** Runs work in that of a tenant, with its queues. @throws as `Tenancy.run` */
  runFor<T>(tenantId: string, work: (queues: QueueRegistry) => Promise<T>): Promise<T> {
    return this.tenancy.run(tenantId, (_tenant, scope) => work(scope.make(QueueRegistry)), {
      allowSwitch: true,
    });
  }

  #open(tenant: Tenant): OpenTenant {
    const identity: ScopeIdentity = Object.freeze({ kind: 'tenant', tenantId: tenant.id });
    const resources = this.#createResources(tenant, identity);
    this.#resources.set(identity, resources);
    const scope = this.#parts.container.open(identity);
    resources.use(scope);
    this.#parts.onOpen(resources, scope);
    return {
      scope,
      prepare: async () => {
        if (!this.#hasFiles) return;
        const isMigrated = await this.#schema.prepare(this.migrator(tenant, resources), tenant.id);
        if (isMigrated) await this.tenancy.noteSchema(tenant.id, true);
      },
      rest: () => resources.rest(),
      close: () => resources.close(),
    };
  }

  /** The queue connection whose jobs lie in the tenants' queue files. */
  get #queueConnection(): string {
    const { default: preferred, connections } = this.#parts.config.queue;
    const isOwn = (name: string): boolean => {
      const settings = connections[name];
      return settings?.driver === 'sqlite' && settings.connection === this.#connections.queue;
    };
    return [preferred, ...Object.keys(connections)].find(isOwn) ?? preferred;
  }

  async #scan(): Promise<FoundWork[]> {
    const found: FoundWork[] = [];
    if (!this.#hasFiles) return found;
    await this.tenancy.each(
      { states: KEPT_STATES },
      async (tenant, scope) => {
        found.push(...(await scanTenant(tenant, scope, this.#queueConnection)));
      },
      {
        anySchema: true,
        onError: 'collect',
        onEnd: ({ id, error }) => {
          if (error) this.#parts.onError(error, `The queue of the tenant "${id}" cannot be read`);
        },
      },
    );
    return found;
  }

  /** One process at a time moves the folder of a tenant. The lock is the application's. */
  #exclusively<T>(id: TenantId, work: () => Promise<T>): Promise<T> {
    const { central, centralScope } = this.#parts;
    return centralScope().run(() =>
      central.locks.withoutOverlapping(`tenancy:${id}`, work, { lockFor: '10m', waitFor: '1m' }),
    );
  }

  /** What waited while a tenant took no work. */
  async #announceWaiting(tenant: Tenant): Promise<void> {
    // Known of before anybody can look: a worker that finds nothing there forgets it again
    const { queueNames } = this.#parts.central.queues;
    await this.#touch(
      tenant,
      queueNames.map((queue) => [queue, clock.now()]),
    );
    const found = await this.tenancy.run(
      tenant,
      (_tenant, scope) => scanTenant(tenant, scope, this.#queueConnection),
      { anySchema: true, allowSwitch: true },
    );
    await this.#touch(
      tenant,
      found.map(({ queue, readyAt }) => [queue, readyAt]),
    );
  }

  /** Says in the index that there is work in queues of a tenant, and from when on. */
  async #touch({ id, weight }: Tenant, ready: Iterable<readonly [string, number]>): Promise<void> {
    for (const [queue, readyAt] of ready) {
      await this.workIndex.touch(id, queue, Math.floor(readyAt), weight);
    }
  }

  async #noteChange({ id, state, weight }: Tenant): Promise<void> {
    if (state === 'deleted') await this.workIndex.forget(id);
    else await this.workIndex.setWeight(id, weight);
  }

  /** Says in the index where a tenant's jobs will be, and again once they are stored: a look in between may have put them off. */
  async #announce<T>(tenant: Tenant, ready: ReadyQueues, work: () => Promise<T>): Promise<T> {
    await this.#touch(tenant, ready);
    const result = await work();
    // It is stored: whoever asked for it is not told that it was not
    await this.#touch(tenant, ready).catch((error: unknown) => {
      this.#parts.onError(error, `A job of the tenant "${tenant.id}" may be found late`);
    });
    return result;
  }

  #createResources(tenant: Tenant, identity: ScopeIdentity): Resources {
    const { config, central, jobs, cacheEvents, onError } = this.#parts;
    const connections = this.#connections;
    const { id } = tenant;
    return new Resources({
      settings: this.#hasFiles
        ? tenantSettings(config, { connections, paths: this.#paths, tenant })
        : config,
      jobs,
      cacheEvents,
      onError,
      isDisposable: (connection) => connection === connections.cache,
      guard: () => refuseOthers(identity),
      announce: this.#hasFiles ? (ready, work) => this.#announce(tenant, ready, work) : undefined,
      maxWaiting: quotasOf(tenant, config).jobsPending,
      tenant: {
        id,
        central,
        prefix: prefixOf(id),
        ownFiles: this.#hasFiles ? this.#fileParts(id) : undefined,
      },
    });
  }

  #fileParts(id: TenantId): TenantFileParts {
    return {
      connectionOptions: (connection) => this.#connectionOptions(id, connection),
      isGone: () => !existsSync(this.#paths.folder(id)),
      freshMigrations: () => stampMigrations(id, 'cache'),
    };
  }

  #connectionOptions(tenantId: TenantId, connection: string): ConnectionOptions {
    const role = this.#roleOf(connection);
    const file = this.#paths.file(tenantId, role);
    return {
      verify: (handle) => refuseWrongStamp(handle, { file, tenantId, role }),
      isStrict: true,
      pool: this.#pool,
    };
  }

  #createSharedPlaces(): SharedTenantPlaces {
    return new SharedTenantPlaces({ paths: this.#paths, forget: (id) => this.#forget(id) });
  }

  /** What a tenant has in the files of the application: jobs that are committed, and not relayed yet, among it. */
  async #forget(id: TenantId): Promise<void> {
    const { caches, queues, connections } = this.#parts.central;
    await queues.outbox.relay();
    for (const name of queues.names) await queues.store(name).forgetTenant(id);
    const run = { states: ['deleted'], anySchema: true, allowSwitch: true } as const;
    await this.tenancy.run(
      id,
      async (_tenant, scope) => {
        for (const name of caches.names) await scope.make(CacheRegistry).store(name).clear();
        const locks = scope.make(Locks);
        for (const { name, owner } of await locks.held()) {
          await locks.restoreLock(name, owner).release();
        }
        await this.#forgetLimits(id);
        for (const name of connections.names) {
          const connection = connections.connection(name);
          const isThere = connection.file === ':memory:' || existsSync(connection.file);
          if (isThere && !connection.settings.readOnly) await forgetRows(connection, id);
        }
      },
      run,
    );
  }

  /** On a server, windows end by themselves. */
  async #forgetLimits(id: TenantId): Promise<void> {
    const { central, config } = this.#parts;
    const { lockConnection, lockStore, prefix } = config.cache;
    if (lockStore !== undefined) return;
    const store = new SqliteRateLimitStore(central.connections.connection(lockConnection));
    await store.forgetBelow(`${prefixOf(id)}${prefix}`);
  }

  #createFiles(): TenantFiles {
    return new TenantFiles({
      paths: this.#paths,
      settings: (role) => this.#settingsOf(role),
      templateKey: () => this.#schema.key,
      buildTemplate: (files) => this.#schema.build(files),
    });
  }

  #archiveParts(tenancy: Tenancy, files: TenantFiles): TenantArchivesParts {
    return {
      tenancy,
      files,
      paths: this.#paths,
      settings: (role) => this.#settingsOf(role),
      schema: this.#schema,
      settle: (handle, { withoutQueue }) => {
        releaseRunning(handle);
        releaseBoundLocks(handle);
        if (withoutQueue) forgetOutbox(handle);
      },
    };
  }

  #settingsOf(role: TenantRole): SqliteSettings {
    const { connections } = this.#parts.config.database;
    return connections[this.#connections[role]] as SqliteSettings;
  }

  #roleOf(connection: string): TenantRole {
    const { database, cache } = this.#connections;
    if (connection === database) return 'database';
    return connection === cache ? 'cache' : 'queue';
  }
}

/** Text before every key of a tenant's, where it lies among those of others. */
function prefixOf(id: TenantId): string {
  return `tenant:${id}:`;
}
