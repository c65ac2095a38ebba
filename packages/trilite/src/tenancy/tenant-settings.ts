import type { Config } from '../config/load-config';
import type { SqliteSettings } from '../config/schema';
import type { TenantConnections, TenantRole } from '../config/tenant-connections';
import type { Tenant } from './tenant';
import type { TenantPaths } from './tenant-paths';

/** Bytes of a page: what SQLite counts the size of a file in. */
const PAGE_BYTES = 4096;

type Settings = Pick<Config, 'database' | 'cache' | 'queue'>;

/** The settings of the application with the files of one tenant in place of its own, and what lies in any other file left out. */
export function tenantSettings(
  settings: Settings,
  { connections, paths, tenant }: TenantSettingsParts,
): Settings {
  const { database, cache, queue } = settings;
  const roles = Object.entries(connections) as [TenantRole, string][];
  const own = new Set(Object.values(connections));
  const files = roles.map(([role, name]): [string, SqliteSettings] => {
    const settingsOfRole = database.connections[name] as SqliteSettings;
    const pragmas = { ...settingsOfRole.pragmas, ...quotaPragma(tenant, role) };
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

/** SQLite counts a quota in pages, for each handle anew. */
function quotaPragma({ quotas }: Tenant, role: TenantRole): Record<string, number> {
  const bytes = quotas[`${role}Bytes`];
  return bytes === undefined ? {} : { max_page_count: Math.max(1, Math.ceil(bytes / PAGE_BYTES)) };
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
