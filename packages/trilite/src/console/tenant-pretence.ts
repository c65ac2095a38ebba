import type { PretendedMigration, Direction } from '../database/migrations/migration-runner';
import type { RollbackOptions } from '../database/migrations/migrator';
import type { Tenant } from '../tenancy/tenant';
import type { TenantsMigrator } from '../tenancy/tenants-migrator';
import { printPretended } from './commands/migrate-command';
import { endRun, runShown, type TenantRunContext } from './tenant-runs';

/** What is pretended. */
export interface Pretence {
  readonly migrator: TenantsMigrator;
  readonly direction: Direction;
  readonly choice?: RollbackOptions;
}

/** Prints the SQL that migrations would run on the files of tenants, and changes nothing. @returns the exit code */
export async function pretend(
  context: TenantRunContext,
  tenants: readonly Tenant[],
  { migrator, direction, choice = {} }: Pretence,
): Promise<number> {
  const { output } = context;
  const found = new Map<string, readonly PretendedMigration[]>();
  const run = await runShown(
    context,
    tenants,
    async (tenant) => {
      const pretended = await migrator.with(tenant, (one) => one.pretend(direction, choice));
      found.set(tenant.id, pretended);
    },
    { after: (id) => printPretended(found.get(id) ?? [], output) },
  );
  return endRun(context, run, { migrations: Object.fromEntries(found) });
}
