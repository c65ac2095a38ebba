import { KEPT_STATES, type Tenancy } from '../../tenancy/tenancy';
import type { TenantRun } from '../../tenancy/run-each';
import type { Tenant } from '../../tenancy/tenant';
import type {
  TenantMigrationResult,
  TenantMigrationRun,
} from '../../tenancy/tenant-migration-store';
import type { TenantsMigrator } from '../../tenancy/tenants-migrator';
import type { Command, CommandContext } from '../command';
import { asking, confirmDestroying } from '../confirmation';
import { CommandUsageError } from '../errors';
import { defineSignature } from '../signature';
import { MigrationTally } from '../migration-tally';
import { tenantsMigrator } from '../tenant-migrations';
import { pretend } from '../tenant-pretence';
import { endRun, printMeant, reportRun, runAsJson, runShown, tenantsOf } from '../tenant-runs';
import { isChoosing, readTenantFilter, selectTenants, tenantRunOptions } from '../tenant-selection';

const signature = defineSignature({
  name: 'tenants:migrate',
  description:
    'Bring the files of tenants up to date; what fails can be gone on with, or taken back',
  options: {
    ...tenantRunOptions,
    canary: {
      type: 'integer',
      value: 'n',
      description: 'This many first, one by one; when one of them fails, no other is begun',
      default: 0,
    },
    continue: { description: 'Go on with the others past one that fails' },
    step: { description: 'Make each migration a batch of its own, to be rolled back alone' },
    pretend: { description: 'Print the SQL that would run, and change nothing' },
    resume: { description: 'Go on with the last run that is not finished' },
    'only-failed': { description: 'Of the last run that is not finished, those that failed' },
    'rollback-run': {
      type: 'string',
      value: 'id',
      description: 'Take back what one run has run, and nothing else',
    },
    force: { description: 'Ask nobody, even in production, before a run is taken back' },
  },
});

type Context = CommandContext<typeof signature>;

/** Whose turn it is, and in which run. */
interface Turn {
  readonly run: string;
  readonly tenants: readonly Tenant[];
}

export class TenantsMigrateCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: Context): Promise<number> {
    const { options } = context;
    refuseContradictions(options);
    const app = await context.app();
    const migrator = tenantsMigrator(app);
    const undone = options['rollback-run'];
    if (undone !== undefined) return takeBack(context, app.tenancy, migrator, undone);
    if (options.resume || options['only-failed']) return goOn(context, app.tenancy, migrator);
    const filter = readTenantFilter(signature.name, options, KEPT_STATES);
    const tenants = await selectTenants(app.tenancy, filter);
    if (options['dry-run']) return onlySay(context, tenants);
    if (options.pretend) return pretend(context, tenants, { migrator, direction: 'up' });
    const run = await migrator.store.add(tenants.map(({ id }) => id));
    return migrate(context, migrator, { run, tenants });
  }
}

function refuseContradictions(options: Context['options']): void {
  const ways = ['resume', 'only-failed', 'rollback-run', 'pretend'] as const;
  const given = ways.filter((way) => options[way] !== undefined && options[way] !== false);
  const [first, second] = given;
  if (second !== undefined) {
    throw CommandUsageError.because(
      signature.name,
      `--${String(first)} and --${second} exclude each other`,
    );
  }
  if (first !== undefined && first !== 'pretend' && isChoosing(options)) {
    throw CommandUsageError.because(
      signature.name,
      `--${first} is about the tenants of a run: no other choice goes with it`,
    );
  }
}

function onlySay(context: Context, tenants: readonly Tenant[]): number {
  printMeant(tenants, context);
  return 0;
}

async function migrate(
  context: Context,
  migrator: TenantsMigrator,
  { run, tenants }: Turn,
): Promise<number> {
  const { options } = context;
  const { step, canary } = options;
  const tally = new MigrationTally('ran');
  const result = await runShown(
    context,
    tenants,
    async (tenant) => tally.add(tenant.id, await migrator.migrate(run, tenant, { step })),
    { stops: !options.continue, canary, told: (id) => tally.of(id) },
  );
  await migrator.finish(run);
  return report(context, { run, result, tally });
}

/** What a run came to. */
interface Outcome {
  readonly run: string;
  readonly result: TenantRun;
  readonly tally: MigrationTally;
}

function report({ options, output }: Context, { run, result, tally }: Outcome): number {
  const isBad = result.failed.length > 0;
  if (options.json) {
    output.json({ run, ...runAsJson(result), migrations: tally.names });
    return isBad ? 1 : 0;
  }
  const code = reportRun(result, output, { sum: tally.sum });
  output.twoColumn('Run', run);
  if (isBad) {
    output.line(`  Go on with "artisan ${signature.name} --resume", or take it back with`);
    output.line(`  "artisan ${signature.name} --rollback-run=${run}".`);
  }
  output.line();
  return code;
}

/** Goes on with a run: with all who are not done, or those who failed. */
async function goOn(
  context: Context,
  tenancy: Tenancy,
  migrator: TenantsMigrator,
): Promise<number> {
  const { options } = context;
  const { store } = migrator;
  const onlyFailed = options['only-failed'];
  const run = await (onlyFailed ? store.lastFailed() : store.lastUnfinished());
  if (run === undefined) return sayNothingToDo(context, 'No run is to be gone on with.');
  const isMeant = ({ status }: TenantMigrationResult): boolean =>
    onlyFailed ? status === 'failed' : status !== 'done';
  const tenants = await tenantsOfRun(context, tenancy, {
    run,
    results: (await store.results(run.id)).filter(isMeant),
  });
  if (options['dry-run']) return onlySay(context, tenants);
  return migrate(context, migrator, { run: run.id, tenants });
}

async function takeBack(
  context: Context,
  tenancy: Tenancy,
  migrator: TenantsMigrator,
  id: string,
): Promise<number> {
  const { options } = context;
  const { store } = migrator;
  const run = await migrator.findRun(id);
  const results = (await store.results(id)).filter(
    ({ status, migrations }) => status !== 'rolled-back' && migrations.length > 0,
  );
  const tenants = await tenantsOfRun(context, tenancy, { run, results });
  if (options['dry-run']) return onlySay(context, tenants);
  const what = `Taking the run back from ${tenantsOf(tenants.length)} drops tables and columns with what is in them`;
  if (!(await confirmDestroying(asking(context), signature.name, { what, force: options.force }))) {
    return 1;
  }
  await store.close(id);
  const migrations = new Map(results.map((result) => [result.tenantId, result.migrations]));
  const tally = new MigrationTally('rolled back');
  const result = await runShown(
    context,
    tenants,
    async (tenant) =>
      tally.add(tenant.id, await migrator.rollBack(id, tenant, migrations.get(tenant.id) ?? [])),
    { stops: !options.continue, told: (one) => tally.of(one) },
  );
  return endRun(context, result, { run: id, migrations: tally.names }, { sum: tally.sum });
}

/** Those of a run that are still there, and says who is not. */
async function tenantsOfRun(
  { options, output }: Context,
  tenancy: Tenancy,
  {
    run,
    results,
  }: {
    readonly run: TenantMigrationRun;
    readonly results: readonly TenantMigrationResult[];
  },
): Promise<Tenant[]> {
  const meant = new Set(results.map(({ tenantId }) => tenantId));
  const tenants = (await tenancy.list()).filter(({ id }) => meant.has(id));
  if (options.json) return tenants;
  output.info(`The run ${run.id}, begun ${new Date(run.startedAt).toISOString()}.`);
  const gone = meant.size - tenants.length;
  if (gone > 0) output.warn(`${tenantsOf(gone)} of it were deleted since, and are left out.`);
  return tenants;
}

function sayNothingToDo({ options, output }: Context, text: string): number {
  if (options.json) output.json({ run: null, done: [], failed: [], skipped: [] });
  else output.info(text);
  return 0;
}
