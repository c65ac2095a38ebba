import { nearest } from '../../support/nearest';
import type { Tenant } from '../../tenancy/tenant';
import type { Command, CommandContext } from '../command';
import type { ConsoleApplication } from '../console-application';
import { CommandFailedError, CommandUnknownError, CommandUsageError } from '../errors';
import type { Output } from '../output';
import { defineSignature } from '../signature';
import { tenantsMigrator } from '../tenant-migrations';
import { endRun, printMeant, runShown } from '../tenant-runs';
import { leftOut, readTenantFilter, selectTenants, tenantRunOptions } from '../tenant-selection';
import { tenantView } from '../tenant-view';

const signature = defineSignature({
  name: 'tenants:run',
  description: 'Run another command for each tenant, whose files, cache and queue it then works on',
  arguments: {
    command: {
      description: 'The command; what follows it, options after a "--", is its own',
      variadic: true,
    },
  },
  options: {
    ...tenantRunOptions,
    continue: { description: 'Go on with the others past one that fails' },
  },
});

type Context = CommandContext<typeof signature>;

/** Not of a tenant: they run for the whole application, look at it, or drop the row that says whose a file is. What to do instead. */
const REFUSED: readonly (readonly [RegExp, string])[] = [
  [/^tenants:/, 'it chooses tenants itself, by the same options'],
  [/^queue:work$/, 'one worker serves many with "artisan queue:work --tenants=<a,b>"'],
  [/^schedule:/, 'a task of routes/console.ts that says "perTenant()" runs for each of them'],
  [/^doctor$/, 'see "artisan tenants:doctor"'],
  [
    /^(db:wipe|migrate:fresh)$/,
    'it would drop the row that says whose a file is; "artisan tenants:delete", "tenants:purge" and "tenants:create" of another id begin anew',
  ],
  [/^db:types$/, 'without "tenants:run" it writes the types of the tables of tenants, too'],
  [
    /^(serve|dev|list|help|about|version|key:generate|config:show|route:list|queue:(listen|restart)|db:litestream)$/,
    'it is for the whole application; run it without "tenants:run"',
  ],
];

/** To them it matters little which migrations the files have: they take copies, put them back, or run and show migrations. */
const FOR_ANY_SCHEMA = /^(db:(backup|backups|restore|check|show)|migrate(:status|:rollback)?)$/;

/** What they leave of the migrations of a tenant's files is looked at afterwards; killed, nobody knows. */
const CHANGES_SCHEMA = /^(db:restore|migrate(:(?!status).*)?)$/;

/** What a command came to for a tenant. */
interface Outcome {
  readonly code: number;
  readonly text: string;
}

export class TenantsRunCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: Context): Promise<number> {
    const { options, output, arguments: given } = context;
    const [name = ''] = given.command;
    refuseUnfit(name, context);
    const app = await context.app();
    const filter = readTenantFilter(signature.name, options, ['active']);
    const tenants = await selectTenants(app.tenancy, filter);
    const others = await leftOut(app.tenancy, filter, options);
    if (options['dry-run']) {
      printMeant(tenants, context, others);
      return 0;
    }
    const outcomes = new Map<string, Outcome>();
    const run = await runShown(
      context,
      tenants,
      async (tenant) => {
        const outcome = await call(context, app, { tenant, states: filter.states });
        outcomes.set(tenant.id, outcome);
        if (outcome.code !== 0) throw CommandFailedError.with(name, outcome.code);
      },
      { stops: !options.continue, after: (id) => printText(outcomes.get(id)?.text, output) },
    );
    const facts = { outcomes: Object.fromEntries(outcomes) };
    return endRun(context, run, facts, { leftOut: others });
  }
}

function refuseUnfit(name: string, { commands }: Context): void {
  const names = commands().map(({ signature: { name: known } }) => known);
  if (!names.includes(name)) throw CommandUnknownError.named(name, nearest(name, names));
  const [, instead] = REFUSED.find(([pattern]) => pattern.test(name)) ?? [];
  if (instead === undefined) return;
  throw CommandUsageError.because(
    signature.name,
    `"${name}" is no command for one tenant: ${instead}`,
  );
}

/** Runs the command in the work of a tenant, on what that work sees of the application. */
async function call(
  { callOn, arguments: { command } }: Context,
  app: ConsoleApplication,
  { tenant, states }: { readonly tenant: Tenant; readonly states: readonly Tenant['state'][] },
): Promise<Outcome> {
  const [name = ''] = command;
  const changesSchema = app.config.tenancy.mode === 'files' && CHANGES_SCHEMA.test(name);
  if (changesSchema) await app.tenancy.noteSchema(tenant.id, false);
  let text = '';
  const stream = { write: (more: string) => (text += more) };
  const code = await app.tenancy.run(
    tenant,
    (current, scope) =>
      callOn(
        { app: tenantView(app, current, scope), enter: (work) => scope.run(work), stream },
        command,
      ),
    { states, anySchema: FOR_ANY_SCHEMA.test(name) },
  );
  if (changesSchema && code === 0) await tenantsMigrator(app).noteIfCurrent(tenant);
  return { code, text };
}

function printText(text: string | undefined, output: Output): void {
  const lines = (text ?? '').replace(/^\n+|\n+$/g, '');
  if (lines !== '') output.line(`${lines}\n`);
}
