import { join } from 'node:path';
import { aboutApplication } from './about';
import { bindServices } from './bindings';
import { CacheEvents } from './cache/cache-events';
import { logCacheTroubles } from './cache/cache-log';
import { CacheRegistry } from './cache/cache-registry';
import { CacheRepository } from './cache/cache-repository';
import { RateLimiter } from './cache/limits/rate-limiter';
import { Locks } from './cache/locks/locks';
import { loadConfig, type Config } from './config/load-config';
import { projectAt, type Project } from './config/project';
import { isCommandClass, type CommandClass } from './console/command';
import type { About, ConsoleApplication } from './console/console-application';
import type { ConsoleKernelOptions } from './console/console-kernel-options';
import { ScheduledCommands } from './console/scheduled-commands';
import type { WalKeeper } from './database/care/wal-keeper';
import { ConnectionRegistry } from './database/connection-registry';
import type { Database } from './database/database';
import type { Migrator } from './database/migrations/migrator';
import type { SeederClass } from './database/seeding/seeder';
import { SeederRunner, type SeederReport } from './database/seeding/seeder-runner';
import { readMigratedTables } from './database/types/migrated-tables';
import { printTables } from './database/types/print-tables';
import { createWalKeeper, logSlowQueries } from './database-log';
import { createEvents } from './event-wiring';
import type { EventDispatcher } from './events/event-dispatcher';
import { isListener } from './events/listener';
import { createMigrator, holdsCachesAlone } from './framework-migrations';
import { tellOfApplication, tellOfResources, type Audience } from './happenings';
import type { HttpKernel } from './http/http-kernel';
import type { HttpKernelOptions } from './http/middleware';
import type { RouteFile } from './http/router';
import type { ViewOptions } from './http/views/view-options';
import { observe, type Observation } from './observation';
import type { JobClass } from './queue/job';
import { isJobClass, JobRegistry } from './queue/job-registry';
import { QueueDispatcher } from './queue/queue-dispatcher';
import { QueueRegistry } from './queue/queue-registry';
import type {
  TenantWorker,
  TenantWorkerParts,
  TenantWorkOptions,
} from './queue/tenants/tenant-worker';
import { Resources } from './resources';
import type { ScheduleFile } from './schedule/schedule';
import { ScheduleRegistry } from './schedule/schedule-registry';
import type { Scheduler, SchedulerOptions } from './schedule/scheduler';
import type { TellSchedulerEvent } from './schedule/scheduler-events';
import { loadExports, sourceFile, sourceFiles } from './support/file-discovery';
import { createLogger, type Logger } from './support/logger';
import { Maintenance } from './support/maintenance';
import { CENTRAL } from './support/scope-holder';
import { Container, type Scope } from './tenancy/container';
import { createProviders, type Provider } from './tenancy/provider';
import { refuseUnresolvable } from './tenancy/resolution-check';
import { centralConnectionOptions, refuseOthers } from './tenancy/scope-guard';
import { Tenancy } from './tenancy/tenancy';
import type { Tenant } from './tenancy/tenant';
import type { Token } from './tenancy/token';
import type { WorkIndex } from './tenancy/work-index/work-index';
import { Tenants } from './tenants';

/** Where an application is, and what differs from what its files say. */
export interface ApplicationOptions {
  /** The folder of config/, routes/ and app/: the application's own, or dist/ once built. */
  readonly basePath: string;
  /** Another storage folder than STORAGE_PATH says. For tests. */
  readonly storagePath?: string;
  /** Values that win over the environment and the .env files. For tests. */
  readonly env?: Readonly<Record<string, string>>;
  /** Job classes beside those of app/jobs. For tests. */
  readonly jobs?: readonly JobClass[];
  /** Routes beside those of routes/. For tests. */
  readonly routes?: RouteFile;
  /** Routes beside those of routes/tenant.ts. For tests. */
  readonly tenantRoutes?: RouteFile;
  /** Tasks beside those of routes/console.ts. For tests. */
  readonly schedule?: ScheduleFile;
}

/**
 * Boots an application: reads its configuration, finds its parts, binds its services, checks that all of it can be made. Opens no file:
 * each is opened when something first uses it.
 *
 * @throws E_CONFIG_FILE, E_CONFIG_INVALID, E_ENVIRONMENT_INVALID, E_STORAGE_NOT_WRITABLE
 * @throws E_CONTAINER_UNRESOLVABLE, E_JOB_INVALID, E_LISTENER_INVALID, E_SCHEDULE_INVALID and what providers throw
 * @example
 * import { CacheRepository, createApplication } from 'trilite';
 *
 * async function main() {
 *   const app = await createApplication({ basePath: __dirname });
 *   await app.make(CacheRepository).put('greeting', 'Hello', '1h');
 *   await app.close();
 * }
 */
export async function createApplication(options: ApplicationOptions): Promise<Application> {
  const app = new Application(options);
  try {
    await app.boot();
  } catch (error) {
    await app.close();
    throw error;
  }
  return app;
}

/** One application: its settings, its files, its container. */
export class Application implements ConsoleApplication {
  readonly basePath: string;
  readonly config: Config;
  /** Who the work is for, and the tenants there are. */
  readonly tenancy: Tenancy;
  /** Tells listeners what happened. */
  readonly events: EventDispatcher;
  /** The tasks of routes/console.ts, and what became of them. */
  readonly schedule: ScheduleRegistry;
  /** Keeps the -wal files small in a process that runs for long. "serve" and "queue:work" start it; `close` stops it. */
  readonly walKeeper: WalKeeper;
  readonly logger: Logger;
  /** Whether it is down for maintenance, in all of its processes. */
  readonly maintenance: Maintenance;
  readonly #options: ApplicationOptions;
  readonly #project: Project;
  readonly #jobs = new JobRegistry();
  readonly #container = new Container();
  readonly #central: Resources;
  readonly #tenants: Tenants;
  readonly #providers: readonly Provider[];
  readonly #scope: Scope;
  /** Who looks at its work beside it. */
  readonly observation: Observation;
  #http: HttpKernel | undefined;
  #closed: Promise<void> | undefined;
  readonly #booted: Provider[] = [];

  constructor(options: ApplicationOptions) {
    this.#options = options;
    this.#project = projectAt(options.basePath, options.env);
    this.basePath = this.#project.basePath;
    this.config = loadConfig(this.#project, options.storagePath);
    this.logger = createLogger(this.config.logging);
    this.maintenance = new Maintenance(this.config.storagePath, this.logger);
    const cacheEvents = new CacheEvents();
    logCacheTroubles(cacheEvents, this.logger);
    const onError = (error: unknown, what: string): void => this.logger.error({ err: error }, what);
    this.events = createEvents({ jobs: this.#jobs, tenancy: () => this.tenancy, onError });
    this.observation = observe(this, () => this.#tenants.openConnections);
    const audience: Audience = { events: this.events, witness: this.observation.witness };
    this.#central = this.#createCentral(cacheEvents, onError);
    this.#tenants = new Tenants({
      project: this.#project,
      config: this.config,
      container: this.#container,
      central: this.#central,
      centralScope: () => this.#scope,
      jobs: this.#jobs,
      cacheEvents,
      onError,
      onOpen: (resources, scope) => tellOfResources(audience, resources, scope),
    });
    this.tenancy = this.#tenants.tenancy;
    logSlowQueries(this.connections, this.logger);
    this.walKeeper = createWalKeeper(this.connections, this.logger);
    this.#addJobsAndListeners();
    this.#providers = createProviders(this.config);
    this.#bind();
    this.#scope = this.#container.open(CENTRAL);
    this.#central.use(this.#scope);
    const sources = { central: this.#central, cacheEvents, tenancy: this.tenancy };
    tellOfApplication(audience, sources, this.#scope);
    const made = [...this.#jobs.classes, ...this.#commands(), ...this.events.classes];
    refuseUnresolvable(made, this.#scope);
    this.schedule = this.#createSchedule();
  }

  /** Calls `boot` of every provider, and looks whether the drivers in config/cache.ts are there. Called once, by `createApplication`. */
  async boot(): Promise<void> {
    for (const provider of this.#providers) {
      this.#booted.unshift(provider);
      await this.#scope.run(() => provider.boot(this.#scope));
    }
    this.caches.refuseMissingDrivers();
  }

  /** The application's own connections, whatever the current work is. */
  get connections(): ConnectionRegistry {
    return this.#central.connections;
  }

  /** The application's own cache stores. */
  get caches(): CacheRegistry {
    return this.#central.caches;
  }

  /** The application's own locks: across all processes, on the connection "lockConnection" or the server of "lockStore" of config/cache.ts. */
  get locks(): Locks {
    return this.#central.locks;
  }

  /** Counts hits across all processes, where its locks are. */
  get limiter(): RateLimiter {
    return this.#central.limiter;
  }

  /** The application's own queues. */
  get queues(): QueueRegistry {
    return this.#central.queues;
  }

  /**
   * What a token stands for: in the work of a tenant the tenant's, else the application's.
   *
   * @throws E_CONTAINER_UNRESOLVABLE
   */
  make<T>(token: Token<T>): T {
    return this.tenancy.scope.make(token);
  }

  /**
   * A cache store by name, by default the default one: in the work of a tenant the tenant's.
   *
   * @throws E_CACHE_STORE_UNKNOWN
   */
  cache(name?: string): CacheRepository {
    return this.make(Resources).cache(name);
  }

  /**
   * The dispatcher of a queue connection by name, by default of the default one: in the work of a tenant the tenant's.
   *
   * @throws E_QUEUE_CONNECTION_UNKNOWN
   */
  queue(name?: string): QueueDispatcher {
    return this.make(Resources).queue(name);
  }

  /** A worker for the queues of all tenants; it does nothing before `run`. */
  tenantWorker(
    options: TenantWorkOptions,
    told?: Pick<TenantWorkerParts, 'tell' | 'onError'>,
  ): TenantWorker {
    return this.#tenants.worker(options, told);
  }

  /** Which tenants have work, in storage/tenancy.sqlite. */
  get workIndex(): WorkIndex {
    return this.#tenants.workIndex;
  }

  /** Runs the tasks of routes/console.ts as they become due; it does nothing before `run` or `runDue`. */
  scheduler(tell?: TellSchedulerEvent, options?: SchedulerOptions): Scheduler {
    return this.schedule.scheduler(tell, options);
  }

  /** The query builder of a connection by name, by default of the default one: in the work of a tenant the tenant's. */
  database(name?: string): Database {
    return this.make(Resources).database(name);
  }

  /**
   * Migrations of every connection: the framework's own for caches, queues, locks and the schedule, then those of database/migrations.
   *
   * @throws E_MIGRATION_INVALID
   */
  migrator(): Migrator {
    return createMigrator(this.#project, this.config, this.connections);
  }

  /**
   * Migrations of the files of a tenant, to be used in its work alone.
   *
   * @throws E_MIGRATION_INVALID, E_DATABASE_FILE_MISSING
   */
  tenantMigrator(tenant: Tenant, { identity }: Scope): Migrator {
    return this.#tenants.migrator(tenant, this.#tenants.resourcesOf(identity));
  }

  /** The interfaces of `migratedTables`, as a file of TypeScript. @throws E_MIGRATION_FAILED, E_TABLE_TYPES_CONFLICT */
  async tableTypes(): Promise<string> {
    return printTables(await this.migratedTables());
  }

  /**
   * The tables that database/migrations makes, those of tenants included, by name. Needs and touches no database file.
   *
   * @throws E_MIGRATION_FAILED, E_TABLE_TYPES_CONFLICT
   */
  migratedTables(): ReturnType<typeof readMigratedTables> {
    return readMigratedTables(
      this.config.database,
      centralConnectionOptions(this.config),
      (connections) => createMigrator(this.#project, this.config, connections),
      ...this.#tenants.typeSources,
    );
  }

  /**
   * Runs a seeder for whom the current work is, by its class or the name of one in database/seeders. `report` stands around the run of each, of called ones too.
   *
   * @throws E_SEEDER_UNKNOWN, E_SEEDER_AMBIGUOUS, E_SEEDER_FAILED, E_CONTAINER_UNRESOLVABLE
   */
  seed(
    seeder: SeederClass | string = 'DatabaseSeeder',
    report: SeederReport = (_name, run) => run(),
  ): Promise<void> {
    const runner = new SeederRunner({
      folder: join(this.#project.codePath, 'database/seeders'),
      make: (type) => {
        const { scope } = this.tenancy;
        refuseUnresolvable([type], scope);
        return scope.make(type);
      },
      report,
    });
    return this.tenancy.scope.run(() => runner.run(seeder));
  }

  /**
   * The web side: routes of routes/*.ts, middleware of app/http/kernel.ts.
   *
   * @throws E_ROUTE_INVALID, E_CONTAINER_UNRESOLVABLE
   */
  http(): HttpKernel {
    this.#http ??= this.#createHttp();
    return this.#http;
  }

  /** What the application is made of, by section. */
  async about(): Promise<About> {
    return aboutApplication(this);
  }

  /** Shuts providers down in reverse order, finishes what was asked for, closes every file. Twice without harm. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    try {
      await this.#http?.settled();
      for (const provider of this.#booted) await provider.shutdown();
      await this.events.settled();
    } finally {
      await this.walKeeper.stop();
      await this.#tenants.close();
      await this.#central.close();
    }
  }

  #addJobsAndListeners(): void {
    const jobs = [...this.#discover('app/jobs', isJobClass), ...(this.#options.jobs ?? [])];
    for (const job of jobs) this.#jobs.add(job);
    for (const type of this.#discover('app/listeners', isListener)) this.events.subscribe(type);
  }

  /** Binds what every scope has, then what providers add. */
  #bind(): void {
    bindServices(this.#container, {
      app: this,
      codePath: this.#project.codePath,
      central: this.#central,
      tenants: this.#tenants,
      routes: () => this.http().routes,
      views: () => this.#loadDefault<ViewOptions>('app', 'views') ?? {},
    });
    for (const provider of this.#providers) provider.register(this.#container);
    this.#container.freeze();
  }

  #createCentral(
    cacheEvents: CacheEvents,
    onError: (error: unknown, what: string) => void,
  ): Resources {
    return new Resources({
      settings: this.config,
      jobs: this.#jobs,
      cacheEvents,
      onError,
      isDisposable: holdsCachesAlone(this.#project, this.config, () => this.connections),
      guard: this.config.tenancy.mode === 'off' ? undefined : () => refuseOthers(CENTRAL),
      connectionOptions: centralConnectionOptions(this.config),
      forTenant: (tenantId, work) => this.#tenants.runFor(tenantId, work),
    });
  }

  #createHttp(): HttpKernel {
    // A worker never needs express
    const { createHttpKernel } = require('./front-door') as typeof import('./front-door');
    return createHttpKernel({
      config: this.config,
      options: this.#loadDefault<HttpKernelOptions>('app/http', 'kernel') ?? {},
      routes: {
        load: (stem) => this.#loadDefault<RouteFile>('routes', stem),
        central: this.#options.routes,
        tenant: this.#options.tenantRoutes,
      },
      scope: this.#scope,
      tenancy: this.tenancy,
      connections: this.connections,
      logger: this.logger,
      maintenance: this.maintenance,
      basePath: this.basePath,
      observation: this.observation,
    });
  }

  #createSchedule(): ScheduleRegistry {
    const { codePath } = this.#project;
    const commands = new ScheduledCommands({ codePath, app: this });
    return new ScheduleRegistry({
      sources: [
        {
          file: 'routes/console.ts',
          declare: this.#loadDefault<ScheduleFile>('routes', 'console'),
        },
        { file: 'the option "schedule"', declare: this.#options.schedule },
      ],
      config: this.config,
      jobs: this.#jobs,
      queues: this.queues,
      locks: this.locks,
      tenancy: this.tenancy,
      basePath: this.basePath,
      connection: () => this.connections.connection(this.config.cache.lockConnection),
      make: (token) => this.make(token),
      enter: (work) => this.#scope.run(work),
      isDown: () => this.maintenance.isDown,
      commandNames: () => commands.names,
      runCommand: (argv, run) => commands.run(argv, run),
      commandProgram: (argv) => commands.program(argv),
    });
  }

  #commands(): readonly CommandClass[] {
    const kernel = this.#loadDefault<ConsoleKernelOptions>('app/console', 'kernel');
    return [...this.#discover('app/console/commands', isCommandClass), ...(kernel?.commands ?? [])];
  }

  #loadDefault<T>(folder: string, stem: string): T | undefined {
    const file = sourceFile(join(this.#project.codePath, folder), stem);
    return file === undefined ? undefined : (loadExports(file)['default'] as T | undefined);
  }

  #discover<T>(folder: string, is: (value: unknown) => value is T): T[] {
    const files = sourceFiles(join(this.#project.codePath, folder), { deep: true });
    return files.flatMap((file) => Object.values(loadExports(file)).filter(is));
  }
}
