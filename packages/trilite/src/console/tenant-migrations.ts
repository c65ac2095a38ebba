import { requireOwnFiles } from './own-files';
import { tenantsOf } from './tenant-runs';
import type { ConsoleApplication } from './console-application';
import type { TenantsMigrator } from '../tenancy/tenants-migrator';

/** Says that tenants wait for "tenants:migrate"; undefined when none does, as far as is noted. */
export async function outdatedText({ tenancy }: ConsoleApplication): Promise<string | undefined> {
  const count = tenancy.isOn ? await tenancy.countOutdated() : 0;
  if (count === 0) return undefined;
  return `The files of ${tenantsOf(count)} may lack migrations: that they have all is not noted since these changed, or since a run ended before their turn.`;
}

/** What brings the files of an application's tenants up to date. */
export function tenantsMigrator(app: ConsoleApplication): TenantsMigrator {
  requireOwnFiles(app, 'migrate each tenant by itself', 'migrate');
  // Only here: `list` is to answer at once
  const { TenantMigrationStore } =
    require('../tenancy/tenant-migration-store') as typeof import('../tenancy/tenant-migration-store');
  const migrators =
    require('../tenancy/tenants-migrator') as typeof import('../tenancy/tenants-migrator');
  return new migrators.TenantsMigrator({
    tenancy: app.tenancy,
    store: new TenantMigrationStore(app.connections.connection()),
    migrator: (tenant, scope) => app.tenantMigrator(tenant, scope),
  });
}
