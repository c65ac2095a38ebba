import { join } from 'node:path';
import { lockMigrations } from './cache/locks/schema';
import { cacheMigrations } from './cache/sqlite/schema';
import { lastingConnections } from './config/cache-problems';
import type { Config } from './config/load-config';
import { outboxConnections } from './config/outbox-connections';
import type { Project } from './config/project';
import type { TenantConnections, TenantRole } from './config/tenant-connections';
import type { ConnectionRegistry } from './database/connection-registry';
import { generationMigrations } from './database/generation';
import {
  discoverMigrations,
  mergePlans,
  migrationsIn,
  type MigrationPlan,
} from './database/migrations/migration-files';
import type { NamedMigration } from './database/migrations/migration';
import { Migrator } from './database/migrations/migrator';
import { sharedMigration } from './database/migrations/tenant-migration';
import { sessionMigrations } from './http/session/schema';
import { outboxMigrations } from './queue/outbox/schema';
import { queueMigrations, sharedQueueMigrations } from './queue/sqlite/schema';
import { scheduleMigrations } from './schedule/schema';
import { stampMigrations, tenantMigrations } from './tenancy/schema';
import type { TenantId } from './tenancy/tenant-id';

type Settings = Pick<Config, 'database' | 'cache' | 'queue' | 'session'>;

/** Migrations of every connection: the framework's own for caches, queues, locks, the schedule and sessions, then those of database/migrations. */
export function createMigrator(
  project: Project,
  config: Config,
  connections: ConnectionRegistry,
): Migrator {
  const own = ownPlans(project, connections);
  const every = connections.names.map((connection): MigrationPlan => ({
    connection,
    migrations: [],
  }));
  const { mode } = config.tenancy;
  const connection = config.database.default;
  const ofTenants = mode === 'off' ? [] : [{ connection, migrations: tenantMigrations }];
  const migrations = tenantTables(project).map(sharedMigration);
  const tables = mode === 'single' ? [{ connection, migrations }, ...sharedPlans(config)] : [];
  const plans = mergePlans([...every, ...frameworkPlans(config), ...ofTenants, ...own, ...tables]);
  return new Migrator(connections, plans);
}

/** Tells whether a file has neither data, jobs and locks in it, nor tables that the application's migrations make. */
export function holdsCachesAlone(
  project: Project,
  config: Config,
  connections: () => ConnectionRegistry,
): (connection: string) => boolean {
  return (connection) => {
    if (lastingConnections(config).has(connection)) return false;
    const own = ownPlans(project, connections());
    return own.every((plan) => plan.connection !== connection || plan.migrations.length === 0);
  };
}

/** Whose files are migrated. */
export interface TenantFilesOwner {
  readonly id: TenantId;
  /** Which connection is which of its files. */
  readonly connections: TenantConnections;
}

/** Migrations of one tenant's files: the framework's own, then those of database/migrations/tenant for its data. */
export function tenantPlans(
  project: Project,
  settings: Settings,
  { id, connections }: TenantFilesOwner,
): MigrationPlan[] {
  const roles = Object.entries(connections) as [TenantRole, string][];
  const stamps = roles.map(([role, connection]) => ({
    connection,
    migrations: stampMigrations(id, role),
  }));
  const own = { connection: connections.database, migrations: tenantTables(project) };
  return mergePlans([...stamps, ...frameworkPlans(settings), own]);
}

function ownPlans({ codePath }: Project, connections: ConnectionRegistry): MigrationPlan[] {
  return discoverMigrations(join(codePath, 'database/migrations'), connections);
}

/** What makes the tables of tenants. */
function tenantTables({ codePath }: Project): NamedMigration[] {
  return migrationsIn(join(codePath, 'database/migrations/tenant'));
}

/** What queues have beside their tables where tenants share them. */
function sharedPlans({ queue }: Settings): MigrationPlan[] {
  return connectionsOf(queue.connections).map((connection) => ({
    connection,
    migrations: sharedQueueMigrations,
  }));
}

/** The connections that entries of a configuration name. */
function connectionsOf(entries: Readonly<Record<string, object>>): string[] {
  return Object.values(entries).flatMap((entry) =>
    'connection' in entry ? [String(entry.connection)] : [],
  );
}

/** A cache, a queue, the locks, the schedule and sessions bring their tables to whichever connection the configuration puts them on. */
function frameworkPlans(settings: Settings): MigrationPlan[] {
  const { cache, queue, session } = settings;
  return [
    ...connectionsOf(cache.stores).map((connection) => ({
      connection,
      migrations: cacheMigrations,
    })),
    ...connectionsOf(queue.connections).map((connection) => ({
      connection,
      migrations: queueMigrations,
    })),
    { connection: cache.lockConnection, migrations: [...lockMigrations, ...scheduleMigrations] },
    ...outboxConnections(settings).map((connection) => ({
      connection,
      migrations: [...generationMigrations, ...outboxMigrations],
    })),
    { connection: session.connection, migrations: sessionMigrations },
  ];
}
