import type { Config } from '../config/load-config';
import type { SqliteSettings } from '../config/schema';
import {
  QUEUE_RESERVE_PAGES,
  type TenantConnections,
  type TenantRole,
} from '../config/tenant-connections';
import type { Tenant, TenantQuotas } from './tenant';
import type { TenantPaths } from './tenant-paths';

/** Bytes of a page: what SQLite counts the size of a file in. */
const PAGE_BYTES = 4096;

type Settings = Pick<Config, 'database' | 'cache' | 'queue' | 'tenancy'>;

/** The settings of the application with the files of one tenant in place of its own, and what lies in any other file left out. */
export function tenantSettings(
  settings: Settings,
  { connections, paths, tenant }: TenantSettingsParts,
): Omit<Settings, 'tenancy'> {
  const { database, cache, queue } = settings;
  const roles = Object.entries(connections) as [TenantRole, string][];
  const own = new Set(Object.values(connections));
  const files = roles.map(([role, name]): [string, SqliteSettings] => {
    const settingsOfRole = database.connections[name] as SqliteSettings;
    const quotas = quotasOf(tenant, settings);
    const pragmas = { ...settingsOfRole.pragmas, ...quotaPragma(quotas, role) };
    return [name, { ...settingsOfRole, file: paths.file(tenant.id, role), pragmas }];
  });
  return {
    database: { ...database, connections: Object.fromEntries(files) },
    cache: { ...cache, stores: onOwnFiles(cache.stores, own) },
    queue: { ...queue, connections: onOwnFiles(queue.connections, own) },
  };
}

/** What a tenant's settings are made of. */
export interface TenantSettingsParts {
  readonly connections: TenantConnections;
  readonly paths: TenantPaths;
  readonly tenant: Tenant;
}

/** How much a tenant may have: what is said of it, else what is said of all. */
export function quotasOf({ quotas }: Tenant, { tenancy }: Pick<Config, 'tenancy'>): TenantQuotas {
  const { database, cache, queue, jobsPending } = tenancy.quotas;
  return {
    databaseBytes: quotas.databaseBytes ?? database,
    cacheBytes: quotas.cacheBytes ?? cache,
    queueBytes: quotas.queueBytes ?? queue,
    jobsPending: quotas.jobsPending ?? jobsPending,
  };
}

/** SQLite counts a quota in pages, for each handle anew. */
function quotaPragma(quotas: TenantQuotas, role: TenantRole): Record<string, number> {
  const bytes = quotas[`${role}Bytes`];
  if (bytes === undefined) return {};
  const reserve = role === 'queue' ? QUEUE_RESERVE_PAGES : 0;
  return { max_page_count: Math.max(1, Math.ceil(bytes / PAGE_BYTES)) + reserve };
}

function onOwnFiles<T extends object>(
  entries: Readonly<Record<string, T>>,
  own: ReadonlySet<string>,
): Record<string, T> {
  return Object.fromEntries(
    Object.entries(entries).filter(
      ([, entry]) => !('connection' in entry) || own.has(String(entry.connection)),
    ),
  );
}
