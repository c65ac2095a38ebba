import { tenantConnections } from '../../config/tenant-connections';
import { backupConnection, type Backup } from '../../database/care/backup';
import { backupFolder } from '../../database/care/backup-files';
import { humanBytes } from '../../support/bytes';
import { KEPT_STATES } from '../../tenancy/tenancy';
import type { Tenant } from '../../tenancy/tenant';
import type { Command, CommandContext } from '../command';
import type { ConsoleApplication } from '../console-application';
import { violationLine } from '../finding-lines';
import type { Output } from '../output';
import { requireOwnFiles } from '../own-files';
import { defineSignature } from '../signature';
import { endRun, printMeant, runShown } from '../tenant-runs';
import { readTenantFilter, selectTenants, tenantRunOptions } from '../tenant-selection';
import { tenantView } from '../tenant-view';

const signature = defineSignature({
  name: 'tenants:backup',
  description: 'Back up the data and queue files of tenants while they are in use',
  options: {
    ...tenantRunOptions,
    keep: {
      type: 'integer',
      value: 'n',
      description: 'Remove the oldest backups of each file beyond this number',
      min: 1,
    },
  },
});

export class TenantsBackupCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: CommandContext<typeof signature>): Promise<number> {
    const { options, output } = context;
    const app = await context.app();
    requireOwnFiles(app, 'back up each tenant by itself', 'db:backup');
    const filter = readTenantFilter(signature.name, options, KEPT_STATES);
    const tenants = await selectTenants(app.tenancy, filter);
    if (options['dry-run']) {
      printMeant(tenants, context);
      return 0;
    }
    const made = new Map<string, readonly Backup[]>();
    const run = await runShown(
      context,
      tenants,
      async (tenant) => {
        const backups = await backUp(app, tenant, { keep: options.keep, states: filter.states });
        made.set(tenant.id, backups);
      },
      { after: (id) => print(made.get(id) ?? [], output) },
    );
    const backups = [...made].map(([tenant, files]) => ({ tenant, files: files.map(asJson) }));
    return endRun(context, run, { backups });
  }
}

/** What a cache holds can be computed again. */
function backUp(
  app: ConsoleApplication,
  tenant: Tenant,
  {
    keep,
    states,
  }: { readonly keep: number | undefined; readonly states: readonly Tenant['state'][] },
): Promise<Backup[]> {
  const { database, queue } = tenantConnections(app.config);
  return app.tenancy.run(
    tenant,
    async (current, scope) => {
      const { connections, config } = tenantView(app, current, scope);
      const backups: Backup[] = [];
      for (const name of [database, ...(queue === undefined ? [] : [queue])]) {
        const folder = backupFolder(config.storagePath);
        backups.push(await backupConnection(connections.connection(name), { folder, keep }));
      }
      return backups;
    },
    { states, anySchema: true },
  );
}

function print(backups: readonly Backup[], output: Output): void {
  const { dim } = output.colors;
  for (const { path, bytes, violations } of backups) {
    output.line(`    ${path} ${dim(humanBytes(bytes))}`);
    for (const violation of violations) {
      output.warn(`The data break a foreign key: ${violationLine(violation)}`);
    }
  }
}

function asJson({ madeAt, ...backup }: Backup): object {
  return { ...backup, madeAt: new Date(madeAt) };
}
