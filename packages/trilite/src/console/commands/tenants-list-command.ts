import type { Tenant } from '../../tenancy/tenant';
import type { Command, CommandContext } from '../command';
import type { Output } from '../output';
import { defineSignature } from '../signature';
import { stateText, tenantAsJson } from '../tenant-facts';
import {
  isChoosing,
  readTenantFilter,
  selectTenants,
  tenantOptions,
  TENANT_STATES,
} from '../tenant-selection';

const signature = defineSignature({
  name: 'tenants:list',
  description: 'List the tenants, by default all that are not deleted',
  options: { ...tenantOptions, json: { description: 'Print JSON and nothing else' } },
});

export class TenantsListCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<void> {
    const { tenancy } = await app();
    const states =
      options.tenants === undefined
        ? TENANT_STATES.filter((state) => state !== 'deleted')
        : TENANT_STATES;
    const filter = readTenantFilter(signature.name, options, states);
    const tenants = await selectTenants(tenancy, filter);
    if (options.json) output.json(tenants.map(tenantAsJson));
    else if (tenants.length > 0) print(tenants, output);
    else if (isChoosing(options)) output.info('There is no such tenant.');
    else output.info('There is no tenant yet. Create one with "artisan tenants:create".');
  }
}

function print(tenants: readonly Tenant[], output: Output): void {
  const rows = tenants.map((tenant) => [
    tenant.id,
    tenant.slug,
    tenant.name,
    stateText(tenant, output),
    tenant.domains.join(' '),
    new Date(tenant.createdAt).toISOString().slice(0, 10),
  ]);
  output.table(['Id', 'Slug', 'Name', 'State', 'Domains', 'Created'], rows);
}
