import type { Tenant, TenantState } from '../tenancy/tenant';
import type { Tenancy, TenantFilter } from '../tenancy/tenancy';
import type { CommandContext } from './command';
import { CommandUsageError } from './errors';
import { endRun, printMeant, runShown } from './tenant-runs';
import {
  leftOut,
  readIds,
  readTenantFilter,
  requireChoice,
  selectTenants,
  TENANT_STATES,
  chosenTenantRunOptions,
} from './tenant-selection';
import { tenantAsJson } from './tenant-facts';

/** What a command takes that moves tenants from one state to another. */
export const stateChangeInput = {
  arguments: { ids: { description: 'The tenants, by id', required: false, variadic: true } },
  options: chosenTenantRunOptions,
} as const;

type Context = CommandContext<
  typeof stateChangeInput & { readonly name: string; readonly description: string }
>;

/** How a command moves tenants from one state to another. */
export interface StateChange {
  readonly command: string;
  /** States it is meant for: of tenants that are not named one by one, only those in them have their turn. */
  readonly from: readonly TenantState[];
  readonly change: (tenancy: Tenancy, id: string) => Promise<Tenant>;
  /** What a tenant is then, as "suspended". */
  readonly outcome: string;
  /** Asks whether to go on. Default: it goes on. */
  readonly mayBegin?: (tenants: readonly Tenant[]) => Promise<boolean>;
}

/** Moves one tenant that is named, or each of those that are chosen. @returns the exit code */
export async function changeStates(context: Context, change: StateChange): Promise<number> {
  const { options } = context;
  const { mayBegin = async () => true } = change;
  const { tenancy } = await context.app();
  const filter = filterOf(context, change);
  const tenants = await selectTenants(tenancy, filter);
  const others = await leftOut(tenancy, filter, { ...options, tenants: filter.tenants?.join() });
  if (options['dry-run']) {
    printMeant(tenants, context, others);
    return 0;
  }
  if (tenants.length > 0 && !(await mayBegin(tenants))) return 1;
  const [only] = tenants;
  if (only !== undefined && context.arguments.ids.length === 1) {
    return changeOne(context, await change.change(tenancy, only.id), change);
  }
  const run = await runShown(context, tenants, ({ id }) => change.change(tenancy, id));
  return endRun(context, run, {}, { leftOut: others });
}

/** Whoever is named and is in no state for it is to fail by name: there, every state is meant. */
function filterOf(
  { arguments: { ids }, options }: Context,
  { command, from }: StateChange,
): TenantFilter {
  if (ids.length === 0) requireChoice(command, options, 'id');
  if (ids.length > 0 && options.tenants !== undefined) {
    throw CommandUsageError.because(command, 'Ids and --tenants exclude each other');
  }
  const tenants = ids.length > 0 ? readIds(command, ids).join(',') : options.tenants;
  const states = tenants === undefined ? from : TENANT_STATES;
  return readTenantFilter(command, { ...options, tenants }, states);
}

function changeOne({ options, output }: Context, tenant: Tenant, { outcome }: StateChange): number {
  if (options.json) output.json(tenantAsJson(tenant));
  else output.success(`The tenant "${tenant.id}" is ${outcome}.`);
  return 0;
}
