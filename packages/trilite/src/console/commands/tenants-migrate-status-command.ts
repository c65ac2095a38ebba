import type { MigrationStatus } from '../../database/migrations/migrator';
import { KEPT_STATES } from '../../tenancy/tenancy';
import type { TenantMigrationRun } from '../../tenancy/tenant-migration-store';
import type { Command, CommandContext } from '../command';
import type { Output } from '../output';
import { defineSignature } from '../signature';
import { tenantsMigrator } from '../tenant-migrations';
import { gather, type Gathered } from '../tenant-gathering';
import { readTenantFilter, selectTenants, tenantOptions } from '../tenant-selection';

/** Runs that are listed. */
const RUNS = 20;

const signature = defineSignature({
  name: 'tenants:migrate:status',
  description: 'Show whose files are older than the code, or newer; or the last runs',
  options: {
    ...tenantOptions,
    pending: {
      description:
        'Show those alone whose files are not as the code has it; exit code 1 when there are any',
    },
    runs: { description: 'List the last runs of "tenants:migrate" instead' },
    json: { description: 'Print JSON and nothing else' },
  },
});

/** Where the migrations of a tenant stand. */
interface Standing {
  readonly ran: number;
  readonly pending: readonly string[];
  /** Those that the code does not know. */
  readonly newer: readonly string[];
}

export class TenantsMigrateStatusCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<number> {
    const booted = await app();
    const migrator = tenantsMigrator(booted);
    if (options.runs) {
      const runs = await migrator.store.list(RUNS);
      if (options.json) output.json(runs.map(runAsJson));
      else printRuns(runs, output);
      return 0;
    }
    const filter = readTenantFilter(signature.name, options, KEPT_STATES);
    const tenants = await selectTenants(booted.tenancy, filter);
    const all = await gather(tenants, async (tenant) => standingOf(await migrator.status(tenant)));
    const chosen = options.pending ? all.filter((one) => !isCurrent(one)) : all;
    if (options.json) output.json(chosen);
    else if (all.length > 0 && chosen.length === 0) output.info('The files of all are current.');
    else print(chosen, output);
    return all.some(({ error }) => error !== undefined) || (options.pending && chosen.length > 0)
      ? 1
      : 0;
  }
}

function standingOf(statuses: readonly MigrationStatus[]): Standing {
  const isPending = ({ batch, isFilling }: MigrationStatus): boolean =>
    batch === undefined || isFilling;
  return {
    ran: statuses.filter((status) => !isPending(status)).length,
    pending: statuses.filter(isPending).map(({ name }) => name),
    newer: statuses.filter(({ hasFile }) => !hasFile).map(({ name }) => name),
  };
}

function isCurrent({ result }: Gathered<Standing>): boolean {
  return result !== undefined && result.pending.length + result.newer.length === 0;
}

function print(all: readonly Gathered<Standing>[], output: Output): void {
  if (all.length === 0) return output.info('There is no such tenant.');
  const { green, yellow, red, dim } = output.colors;
  output.heading('Tenant', 'Migrations');
  for (const { tenant, result, error } of all) {
    if (error !== undefined) {
      output.twoColumn(tenant, red('FAIL'));
      output.line(`    ${error.message}`);
    } else if (result !== undefined) {
      const { ran, pending, newer } = result;
      const words = [
        ...(pending.length > 0 ? [yellow(`${pending.length} pending`)] : []),
        ...(newer.length > 0 ? [red(`${newer.length} newer than the code`)] : []),
      ];
      output.twoColumn(tenant, `${dim(`${ran} ran`)} ${words.join(', ') || green('Current')}`);
      for (const name of [...pending, ...newer]) output.line(`    ${dim(name)}`);
    }
  }
  output.line();
}

function printRuns(runs: readonly TenantMigrationRun[], output: Output): void {
  if (runs.length === 0) return output.info('No run was made.');
  const headings = ['Run', 'Begun', 'Ended', 'Tenants', 'Done', 'Failed', 'Waiting', 'Rolled back'];
  const rows = runs.map((run) => [
    run.id,
    new Date(run.startedAt).toISOString(),
    run.endedAt === undefined ? '' : new Date(run.endedAt).toISOString(),
    run.tenants,
    run.done,
    run.failed,
    run.waiting,
    run.rolledBack,
  ]);
  output.table(headings, rows);
}

function runAsJson({ startedAt, endedAt, ...run }: TenantMigrationRun): object {
  return {
    ...run,
    startedAt: new Date(startedAt),
    endedAt: endedAt === undefined ? null : new Date(endedAt),
  };
}
