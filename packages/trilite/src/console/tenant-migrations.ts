import { requireOwnFiles } from './own-files';
import { tenantsOf } from './tenant-runs';
import type { ConsoleApplication } from './console-application';
import type { Output } from './output';
import type { TenantsMigrator } from '../tenancy/tenants-migrator';

/** Says that tenants wait for "tenants:migrate"; undefined when none does, as far as is noted. */
export async function outdatedText({ tenancy }: ConsoleApplication): Promise<string | undefined> {
  const count = tenancy.isOn ? await tenancy.countOutdated() : 0;
  if (count === 0) return undefined;
  return `The files of ${tenantsOf(count)} may lack migrations: that they have all is not noted since these changed, or since a run ended before their turn.`;
}

/** Warns whoever starts to serve tenants that some of them wait for "tenants:migrate": each of these takes no work until then. */
export async function warnOfOutdated(app: ConsoleApplication, output: Output): Promise<void> {
  if (app.config.tenancy.migrations.onOpen === 'migrate') return;
  const text = await outdatedText(app);
  if (text !== undefined) output.warn(`${text} Run "artisan tenants:migrate".`);
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
