import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import { defineSignature } from '../signature';
import { tenantAsJson } from '../tenant-facts';
import { readTenant, tenantNameOptions } from '../tenant-input';

const signature = defineSignature({
  name: 'tenants:rename',
  description: 'Change the slug or the name of a tenant; its id and files stay',
  arguments: { id: { description: 'The tenant, by id' } },
  options: { ...tenantNameOptions, json: { description: 'Print JSON and nothing else' } },
});

export class TenantsRenameCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    arguments: { id },
    options,
    output,
  }: CommandContext<typeof signature>): Promise<void> {
    const changes = readTenant(options);
    if (Object.keys(changes).length === 0) {
      throw CommandUsageError.because(signature.name, 'Say what changes: --slug or --name');
    }
    const { tenancy } = await app();
    const tenant = await tenancy.rename(id, changes);
    if (options.json) output.json(tenantAsJson(tenant));
    else {
      output.success(`The tenant "${id}" is called "${tenant.name}", its slug "${tenant.slug}".`);
    }
  }
}
