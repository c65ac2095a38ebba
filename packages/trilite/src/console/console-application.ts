import type { CacheRegistry } from '../cache/cache-registry';
import type { Locks } from '../cache/locks/locks';
import type { Config } from '../config/load-config';
import type { WalKeeper } from '../database/care/wal-keeper';
import type { ConnectionRegistry } from '../database/connection-registry';
import type { Database } from '../database/database';
import type { Migrator } from '../database/migrations/migrator';
import type { SeederReport } from '../database/seeding/seeder-runner';
import type { Table } from '../database/types/read-tables';
import type { EventDispatcher } from '../events/event-dispatcher';
import type { HttpKernel } from '../http/http-kernel';
import type { MetricsText } from '../http/metrics-endpoint';
import type { QueueRegistry } from '../queue/queue-registry';
import type { ScheduleRegistry } from '../schedule/schedule-registry';
import type { Scheduler, SchedulerOptions } from '../schedule/scheduler';
import type { TellSchedulerEvent } from '../schedule/scheduler-events';
import type { Logger } from '../support/logger';
import type { Maintenance } from '../support/maintenance';
import type { Resolver, Scope } from '../tenancy/container';
import type {
  TenantWorker,
  TenantWorkerParts,
  TenantWorkOptions,
} from '../queue/tenants/tenant-worker';
import type { Tenancy } from '../tenancy/tenancy';
import type { WorkIndex } from '../tenancy/work-index/work-index';
import type { Tenant } from '../tenancy/tenant';

/** Facts about an application: sections of names and values. */
export type About = Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>;

/**
 * What commands need of an application. The application itself implements it: the console may not know the file that composes all rooms,
 * or every room would know every other.
 */
export interface ConsoleApplication extends Resolver {
  readonly basePath: string;
  readonly config: Config;
  readonly logger: Logger;
  readonly tenancy: Tenancy;
  readonly connections: ConnectionRegistry;
  readonly caches: CacheRegistry;
  readonly locks: Locks;
  readonly queues: QueueRegistry;
  readonly events: EventDispatcher;
  readonly schedule: ScheduleRegistry;
  readonly walKeeper: WalKeeper;
  readonly maintenance: Maintenance;
  /** What this process counts, once it is started; undefined where "http.metrics" is false. */
  readonly observation: {
    readonly metrics: { start(): void; readonly text: MetricsText } | undefined;
  };
  /** Runs the tasks of the schedule; it does nothing before `run` or `runDue`. */
  scheduler(tell?: TellSchedulerEvent, options?: SchedulerOptions): Scheduler;
  /** The query builder of a connection by name, by default of the default one. */
  database(name?: string): Database;
  /** Migrations of every connection, the framework's own first. */
  migrator(): Migrator;
  /** Which tenants have work. */
  readonly workIndex: WorkIndex;
  /** A worker for the queues of all tenants; it does nothing before `run`. */
  tenantWorker(
    options: TenantWorkOptions,
    told?: Pick<TenantWorkerParts, 'tell' | 'onError'>,
  ): TenantWorker;
  /** Migrations of the files of a tenant, the framework's own first. To be used in its work alone. */
  tenantMigrator(tenant: Tenant, scope: Scope): Migrator;
  /** The interfaces of the tables that the application's migrations make, as a file of TypeScript. */
  tableTypes(): Promise<string>;
  /** The tables that they make, by name. */
  migratedTables(): Promise<readonly Table[]>;
  /** Runs a seeder of database/seeders by name for whom the current work is, by default `DatabaseSeeder`; `report` stands around the run of each. */
  seed(seeder?: string, report?: SeederReport): Promise<void>;
  /** The web side; built at the first call. */
  http(): HttpKernel;
  /** What the application is made of, by section. */
  about(): Promise<About>;
  close(): Promise<void>;
}
