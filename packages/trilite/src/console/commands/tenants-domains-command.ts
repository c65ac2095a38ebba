import { hostOfRequest } from '../../tenancy/tenant-domain';
import type { Tenant } from '../../tenancy/tenant';
import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import type { Output } from '../output';
import { defineSignature } from '../signature';
import { wordsOf } from '../tenant-selection';

const signature = defineSignature({
  name: 'tenants:domains',
  description: 'Show, add or remove the host names of a tenant; links lead to the primary one',
  arguments: { id: { description: 'The tenant, by id' } },
  options: {
    add: { type: 'string', value: 'a,b', description: 'Host names to be its own as well' },
    remove: { type: 'string', value: 'a,b', description: 'Host names that are its own no more' },
    primary: { type: 'string', value: 'host', description: 'The one of them that links lead to' },
    json: { description: 'Print JSON and nothing else' },
  },
});

type Options = CommandContext<typeof signature>['options'];

export class TenantsDomainsCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    arguments: { id },
    options,
    output,
  }: CommandContext<typeof signature>): Promise<void> {
    const { tenancy } = await app();
    let tenant = await tenancy.findOrFail(id);
    const { add, remove, primary } = options;
    if ([add, remove, primary].some((given) => given !== undefined)) {
      tenant = await tenancy.rename(id, { domains: changed(tenant, options) });
    }
    if (options.json) output.json({ id, domains: tenant.domains });
    else print(tenant, output);
  }
}

/** The domains that a tenant is to have, the primary one first. */
function changed({ id, domains }: Tenant, { add, remove, primary }: Options): readonly string[] {
  const read = (text = ''): string[] => wordsOf(text).map(hostOfRequest);
  const removed = read(remove);
  refuseStranger(id, removed, domains);
  const kept = domains.filter((domain) => !removed.includes(domain));
  // What is added is checked by the registry as it was typed
  const all = [...kept, ...wordsOf(add ?? '')];
  const first = read(primary);
  refuseStranger(id, first, all.map(hostOfRequest));
  return [...first, ...all];
}

function refuseStranger(id: string, named: readonly string[], own: readonly string[]): void {
  const stranger = named.find((domain) => !own.includes(domain));
  if (stranger === undefined) return;
  throw CommandUsageError.because(signature.name, `"${stranger}" is no host name of "${id}"`);
}

function print({ id, domains }: Tenant, output: Output): void {
  const [primary, ...others] = domains;
  if (primary === undefined) return output.info(`The tenant "${id}" has no host name.`);
  output.heading(id);
  output.line(`  ${primary} ${output.colors.dim('primary')}`);
  for (const domain of others) output.line(`  ${domain}`);
  output.line();
}
