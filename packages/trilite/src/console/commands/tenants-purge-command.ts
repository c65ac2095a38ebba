import { clock } from '../../support/clock';
import { isDurationText, toMilliseconds } from '../../support/duration';
import type { Tenant } from '../../tenancy/tenant';
import type { Tenancy } from '../../tenancy/tenancy';
import type { Command, CommandContext } from '../command';
import { asking, confirm } from '../confirmation';
import { CommandUsageError } from '../errors';
import { defineSignature } from '../signature';
import { endRun, printMeant, runShown, tenantsOf } from '../tenant-runs';
import { readIds } from '../tenant-selection';

const signature = defineSignature({
  name: 'tenants:purge',
  description: 'Remove deleted tenants for good; their ids stay taken',
  arguments: { ids: { description: 'The tenants, by id', required: false, variadic: true } },
  options: {
    'older-than': {
      type: 'string',
      value: 'duration',
      description: 'All that were deleted longer ago than this, as "30d"',
    },
    force: { description: 'Ask nobody' },
    'dry-run': { description: 'Say which tenants are meant, and do nothing' },
    json: { description: 'Print JSON and nothing else' },
  },
});

type Context = CommandContext<typeof signature>;

export class TenantsPurgeCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: Context): Promise<number> {
    const { options, output, terminal } = context;
    const { tenancy } = await context.app();
    const tenants = await chosen(tenancy, context);
    const running = { output, terminal, options: { ...options, concurrency: 1 } };
    if (options['dry-run']) {
      printMeant(tenants, running);
      return 0;
    }
    const what = `This removes ${tenantsOf(tenants.length)} with all data for good`;
    const { force } = options;
    const isAsked = tenants.length > 0;
    if (isAsked && !(await confirm(asking(context), signature.name, { what, force }))) return 1;
    const run = await runShown(running, tenants, ({ id }) => tenancy.purge(id));
    return endRun(running, run);
  }
}

async function chosen(
  tenancy: Tenancy,
  { arguments: { ids }, options }: Context,
): Promise<Tenant[]> {
  const age = options['older-than'];
  if ((age === undefined) === (ids.length === 0)) {
    throw CommandUsageError.because(signature.name, 'Say which tenants: by id, or by --older-than');
  }
  if (age === undefined) {
    return tenancy.select({ tenants: readIds(signature.name, ids), states: ['deleted'] });
  }
  const before = clock.now() - readAge(age);
  const trash = await tenancy.list(['deleted']);
  return trash.filter(({ deletedAt = Infinity }) => deletedAt <= before);
}

function readAge(text: string): number {
  if (isDurationText(text)) return toMilliseconds(text);
  throw CommandUsageError.because(
    signature.name,
    `"--older-than=${text}" is no duration such as "30d"`,
  );
}
