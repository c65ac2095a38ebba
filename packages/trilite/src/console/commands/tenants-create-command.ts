import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';
import { tenantAsJson } from '../tenant-facts';
import { readTenant, tenantNameOptions } from '../tenant-input';

const signature = defineSignature({
  name: 'tenants:create',
  description: 'Create a tenant with its three files, migrated',
  arguments: {
    id: { description: 'Its id, for ever: 1 to 40 characters "a" to "z", "0" to "9" and "-"' },
  },
  options: {
    ...tenantNameOptions,
    domains: {
      type: 'string',
      value: 'a,b',
      description: 'Host names that are its own, the primary one first',
    },
    weight: { type: 'integer', value: 'n', description: 'Turns of its jobs', default: 1, min: 1 },
    json: { description: 'Print JSON and nothing else' },
  },
});

export class TenantsCreateCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    arguments: { id },
    options,
    output,
  }: CommandContext<typeof signature>): Promise<void> {
    const { tenancy } = await app();
    const tenant = await tenancy.create({ id, ...readTenant(options), weight: options.weight });
    if (options.json) output.json(tenantAsJson(tenant));
    else output.success(`The tenant "${tenant.id}" is there.`);
  }
}
