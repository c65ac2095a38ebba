import { toDomain } from '../../tenancy/tenancy';
import type { Tenant } from '../../tenancy/tenant';
import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import type { Output } from '../output';
import { defineSignature } from '../signature';
import { wordsOf } from '../tenant-selection';

const signature = defineSignature({
  name: 'tenants:domains',
  description: 'Show, add or remove the host names of a tenant',
  arguments: { id: { description: 'The tenant, by id' } },
  options: {
    add: { type: 'string', value: 'a,b', description: 'Host names to be its own as well' },
    remove: { type: 'string', value: 'a,b', description: 'Host names that are its own no more' },
    json: { description: 'Print JSON and nothing else' },
  },
});

export class TenantsDomainsCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    arguments: { id },
    options,
    output,
  }: CommandContext<typeof signature>): Promise<void> {
    const [added, removed] = [readDomains(options.add), readDomains(options.remove)];
    const { tenancy } = await app();
    let tenant = await tenancy.findOrFail(id);
    const stranger = removed.find((domain) => !tenant.domains.includes(domain));
    if (stranger !== undefined) {
      throw CommandUsageError.because(signature.name, `"${stranger}" is no host name of "${id}"`);
    }
    if (added.length + removed.length > 0) {
      const kept = tenant.domains.filter((domain) => !removed.includes(domain));
      tenant = await tenancy.rename(id, { domains: [...kept, ...added] });
    }
    if (options.json) output.json({ id, domains: tenant.domains });
    else print(tenant, output);
  }
}

function print({ id, domains }: Tenant, output: Output): void {
  if (domains.length === 0) return output.info(`The tenant "${id}" has no host name.`);
  output.heading(id);
  for (const domain of domains) output.line(`  ${domain}`);
  output.line();
}

function readDomains(text = ''): string[] {
  return wordsOf(text).map((word) => {
    const domain = toDomain(word);
    if (domain !== undefined) return domain;
    throw CommandUsageError.because(signature.name, `"${word}" is no host name`);
  });
}
