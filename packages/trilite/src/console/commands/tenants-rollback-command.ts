import { KEPT_STATES } from '../../tenancy/tenancy';
import type { RollbackOptions } from '../../database/migrations/migrator';
import type { Command, CommandContext } from '../command';
import { asking, confirmDestroying } from '../confirmation';
import { CommandUsageError } from '../errors';
import { defineSignature } from '../signature';
import { MigrationTally } from '../migration-tally';
import { tenantsMigrator } from '../tenant-migrations';
import { pretend } from '../tenant-pretence';
import { endRun, printMeant, runShown, tenantsOf } from '../tenant-runs';
import {
  chosenTenantRunOptions,
  readTenantFilter,
  requireChoice,
  selectTenants,
} from '../tenant-selection';

const signature = defineSignature({
  name: 'tenants:rollback',
  description: 'Take back the last batch of migrations of each tenant',
  options: {
    ...chosenTenantRunOptions,
    step: { type: 'integer', min: 1, description: 'The last so many of each tenant instead' },
    batch: { type: 'integer', min: 1, description: 'Those of one batch instead' },
    continue: { description: 'Go on with the others past one that fails' },
    pretend: { description: 'Print the SQL that would run, and change nothing' },
    force: { description: 'Ask nobody, even in production' },
  },
});

type Context = CommandContext<typeof signature>;

export class TenantsRollbackCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: Context): Promise<number> {
    const { options } = context;
    const { step, batch, force } = options;
    if (step !== undefined && batch !== undefined) {
      throw CommandUsageError.because(signature.name, '--step and --batch exclude each other');
    }
    const app = await context.app();
    const migrator = tenantsMigrator(app);
    requireChoice(signature.name, options);
    const filter = readTenantFilter(signature.name, options, KEPT_STATES);
    const tenants = await selectTenants(app.tenancy, filter);
    const choice: RollbackOptions = { steps: step, batch };
    if (options['dry-run']) {
      printMeant(tenants, context);
      return 0;
    }
    if (options.pretend) return pretend(context, tenants, { migrator, direction: 'down', choice });
    const what = `Rolling back ${tenantsOf(tenants.length)} drops tables and columns with what is in them`;
    if (!(await confirmDestroying(asking(context), signature.name, { what, force }))) return 1;
    const tally = new MigrationTally('rolled back');
    const run = await runShown(
      context,
      tenants,
      async (tenant) => tally.add(tenant.id, await migrator.rollBackLast(tenant, choice)),
      { stops: !options.continue, told: (id) => tally.of(id) },
    );
    return endRun(context, run, { migrations: tally.names }, { sum: tally.sum });
  }
}
