import type { ApplicationHosts } from './application-hosts';
import { checkTenantChanges } from './tenant-changes';
import { parseTenantId } from './tenant-id';
import type { NewTenant, TenantChanges } from './tenant-store';

/** What a new tenant is to be: the slug is the id, and the name the slug, unless said otherwise. */
export type WantedTenant = TenantChanges & { readonly id: string };

/**
 * A new tenant, all of it said and checked.
 *
 * @throws E_TENANT_ID_INVALID, E_TENANT_DOMAIN_INVALID, and TypeError or RangeError for a name, weight, setting or quota that is none
 */
export function toNewTenant(wanted: string | WantedTenant, hosts: ApplicationHosts): NewTenant {
  // A copy: of null, which plain JavaScript may give, there is nothing to be read
  const given = typeof wanted === 'object' ? { ...wanted } : { id: wanted };
  const id = parseTenantId(given.id);
  const { slug = id, name = slug, ...facts } = checkTenantChanges(given, hosts);
  return { ...facts, id, slug, name };
}
