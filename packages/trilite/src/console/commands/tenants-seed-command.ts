import type { Command, CommandContext } from '../command';
import { asking, confirmDestroying } from '../confirmation';
import { defineSignature } from '../signature';
import { endRun, printMeant, runShown } from '../tenant-runs';
import { leftOut, readTenantFilter, selectTenants, tenantRunOptions } from '../tenant-selection';

const signature = defineSignature({
  name: 'tenants:seed',
  description: 'Fill the tables of tenants with data',
  options: {
    ...tenantRunOptions,
    class: {
      type: 'string',
      value: 'name',
      description: 'The seeder of database/seeders to run',
      default: 'TenantSeeder',
    },
    continue: { description: 'Go on with the others past one that fails' },
    force: { description: 'Seed in production unasked' },
  },
});

export class TenantsSeedCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: CommandContext<typeof signature>): Promise<number> {
    const { options } = context;
    const app = await context.app();
    const { tenancy } = app;
    const filter = readTenantFilter(signature.name, options, ['active']);
    const tenants = await selectTenants(tenancy, filter);
    const others = await leftOut(tenancy, filter, options);
    if (options['dry-run']) {
      printMeant(tenants, context, others);
      return 0;
    }
    const asked = { what: 'Seeding writes into the data of tenants', force: options.force };
    if (!(await confirmDestroying(asking(context), signature.name, asked))) return 1;
    const run = await runShown(
      context,
      tenants,
      (tenant) => tenancy.run(tenant, () => app.seed(options.class), { states: filter.states }),
      { stops: !options.continue },
    );
    return endRun(context, run, {}, { leftOut: others });
  }
}
