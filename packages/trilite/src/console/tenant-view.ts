import type { Scope } from '../tenancy/container';
import type { Tenant } from '../tenancy/tenant';
import type { ConsoleApplication } from './console-application';

/**
 * An application as the work of one tenant sees it: what a command asks for is the tenant's. To be used in that work alone.
 *
 * Backups go to the tenant's own folder: in that of the application they would bear the names of its own, and count as such.
 */
export function tenantView(
  app: ConsoleApplication,
  tenant: Tenant,
  scope: Scope,
): ConsoleApplication {
  const { CacheRegistry, ConnectionRegistry, Locks, QueueRegistry, TenantPaths } = loadTokens();
  const paths = new TenantPaths(app.config.storagePath);
  return {
    basePath: app.basePath,
    config: { ...app.config, storagePath: paths.folder(tenant.id) },
    logger: app.logger,
    tenancy: app.tenancy,
    connections: scope.make(ConnectionRegistry),
    caches: scope.make(CacheRegistry),
    locks: scope.make(Locks),
    queues: scope.make(QueueRegistry),
    events: app.events,
    schedule: app.schedule,
    walKeeper: app.walKeeper,
    maintenance: app.maintenance,
    observation: app.observation,
    make: (token) => scope.make(token),
    scheduler: (tell, options) => app.scheduler(tell, options),
    database: (name) => app.database(name),
    migrator: () => app.tenantMigrator(tenant, scope),
    workIndex: app.workIndex,
    tenantWorker: (options, told) => app.tenantWorker(options, told),
    tenantMigrator: (other, its) => app.tenantMigrator(other, its),
    tableTypes: () => app.tableTypes(),
    migratedTables: () => app.migratedTables(),
    seed: (seeder, report) => app.seed(seeder, report),
    http: () => app.http(),
    about: () => app.about(),
    close: async () => undefined,
  };
}

/** Lazily: `list` is to answer at once, and these load what they are made of. */
function loadTokens() {
  return {
    ...(require('../cache/cache-registry') as typeof import('../cache/cache-registry')),
    ...(require('../cache/locks/locks') as typeof import('../cache/locks/locks')),
    ...(require('../database/connection-registry') as typeof import('../database/connection-registry')),
    ...(require('../tenancy/tenant-paths') as typeof import('../tenancy/tenant-paths')),
    ...(require('../queue/queue-registry') as typeof import('../queue/queue-registry')),
  };
}
