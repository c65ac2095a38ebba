import { backupFolder, listBackups, type BackupFile } from '../../database/care/backup-files';
import { humanBytes } from '../../support/bytes';
import { TenantPaths } from '../../tenancy/tenant-paths';
import { KEPT_STATES } from '../../tenancy/tenancy';
import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';
import { readTenantFilter, selectTenants, tenantOptions } from '../tenant-selection';

const signature = defineSignature({
  name: 'tenants:backups',
  description: 'List the backups of tenants, newest first',
  options: { ...tenantOptions, json: { description: 'Print JSON and nothing else' } },
});

type TenantBackup = BackupFile & { readonly tenant: string };

export class TenantsBackupsCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<void> {
    const { tenancy, config } = await app();
    const paths = new TenantPaths(config.storagePath);
    const filter = readTenantFilter(signature.name, options, KEPT_STATES);
    const tenants = await selectTenants(tenancy, filter);
    const backups = tenants.flatMap(({ id }): TenantBackup[] =>
      listBackups(backupFolder(paths.folder(id))).map((backup) => ({ tenant: id, ...backup })),
    );
    if (options.json) {
      return output.json(backups.map((one) => ({ ...one, madeAt: new Date(one.madeAt) })));
    }
    if (backups.length === 0) return output.info('There is no backup of these tenants.');
    output.table(
      ['Tenant', 'Connection', 'Backup', 'Size', 'Made'],
      backups.map(({ tenant, connection, name, bytes, madeAt }) => [
        tenant,
        connection,
        name,
        humanBytes(bytes),
        new Date(madeAt).toISOString().replace('T', ' ').slice(0, 19),
      ]),
    );
  }
}
