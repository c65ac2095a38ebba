import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import { defineSignature } from '../signature';
import { tenantAsJson } from '../tenant-facts';

const signature = defineSignature({
  name: 'tenants:rename',
  description: 'Change the slug or the name of a tenant; its id and files stay',
  arguments: { id: { description: 'The tenant, by id' } },
  options: {
    slug: { type: 'string', value: 'slug', description: 'A readable name, of the form of an id' },
    name: { type: 'string', value: 'name', description: 'What people call it' },
    json: { description: 'Print JSON and nothing else' },
  },
});

export class TenantsRenameCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    arguments: { id },
    options: { slug, name, json },
    output,
  }: CommandContext<typeof signature>): Promise<void> {
    if (slug === undefined && name === undefined) {
      throw CommandUsageError.because(signature.name, 'Say what changes: --slug or --name');
    }
    const { tenancy } = await app();
    const tenant = await tenancy.rename(id, {
      ...(slug !== undefined && { slug }),
      ...(name !== undefined && { name }),
    });
    if (json) output.json(tenantAsJson(tenant));
    else {
      output.success(`The tenant "${id}" is called "${tenant.name}", its slug "${tenant.slug}".`);
    }
  }
}
