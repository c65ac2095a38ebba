import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';
import { tenantAsJson } from '../tenant-facts';
import { wordsOf } from '../tenant-selection';

const signature = defineSignature({
  name: 'tenants:create',
  description: 'Create a tenant with its three files, migrated',
  arguments: {
    id: { description: 'Its id, for ever: 1 to 40 characters "a" to "z", "0" to "9" and "-"' },
  },
  options: {
    slug: { type: 'string', value: 'slug', description: 'A readable name; by default the id' },
    name: {
      type: 'string',
      value: 'name',
      description: 'What people call it; by default the slug',
    },
    domains: { type: 'string', value: 'a,b', description: 'Host names that are its own' },
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
    const { slug, name, domains, weight, json } = options;
    const { tenancy } = await app();
    const wanted = {
      id,
      weight,
      ...(slug !== undefined && { slug }),
      ...(name !== undefined && { name }),
      ...(domains !== undefined && { domains: wordsOf(domains) }),
    };
    const tenant = await tenancy.create(wanted);
    if (json) output.json(tenantAsJson(tenant));
    else output.success(`The tenant "${tenant.id}" is there.`);
  }
}
