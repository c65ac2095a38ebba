import type { CacheSettings, DatabaseSettings, QueueSettings } from './schema';

/** Pages at the end of a bounded queue file that dispatches leave to claims and acknowledgements: else what waits in a full file never left it. */
export const QUEUE_RESERVE_PAGES = 64;

/** What a file of a tenant is for. */
export type TenantRole = 'database' | 'cache' | 'queue';

/** Which connection of config/database.ts stands for which of a tenant's files. */
export type TenantConnections = Readonly<Record<TenantRole, string>>;

interface Settings {
  readonly database: DatabaseSettings;
  readonly cache: CacheSettings;
  readonly queue: QueueSettings;
}

/**
 * The connections whose files each tenant has its own of: the default one, and those of the default cache store and the default queue. Undefined
 * for a role that no SQLite file plays.
 */
export function tenantConnections({
  database,
  cache,
  queue,
}: Settings): Partial<TenantConnections> & Pick<TenantConnections, 'database'> {
  return {
    database: database.default,
    ...connectionRole('cache', [cache.stores[cache.default], ...Object.values(cache.stores)]),
    ...connectionRole('queue', [
      queue.connections[queue.default],
      ...Object.values(queue.connections),
    ]),
  };
}

/** What the file of a tenant is for in whose place a connection stands; undefined for one that has no such file. */
export function tenantRoleOf(settings: Settings, connection: string): TenantRole | undefined {
  const roles = Object.entries(tenantConnections(settings)) as [TenantRole, string][];
  return roles.find(([, name]) => name === connection)?.[0];
}

function connectionRole(
  role: TenantRole,
  entries: readonly (object | undefined)[],
): Partial<TenantConnections> {
  const [found] = entries.filter((entry) => entry !== undefined && 'connection' in entry);
  return found === undefined ? {} : { [role]: (found as { connection: string }).connection };
}
