import { inspect } from 'node:util';
import { SMALLEST_TENANT_FILE } from '../config/bytes';
import { requireWholeNumber } from '../support/argument';
import type { ApplicationHosts } from './application-hosts';
import type { TenantQuotas } from './tenant';
import { parseTenantDomain } from './tenant-domain';
import { parseTenantSlug } from './tenant-id';
import type { TenantChanges } from './tenant-store';

/** The least each quota may be. */
const SMALLEST: Readonly<Record<keyof TenantQuotas, number>> = {
  databaseBytes: SMALLEST_TENANT_FILE.database,
  cacheBytes: SMALLEST_TENANT_FILE.cache,
  queueBytes: SMALLEST_TENANT_FILE.queue,
  jobsPending: 1,
};

/**
 * Checks what is to be of a tenant, before any of it is. What is left out stays out.
 *
 * @throws E_TENANT_ID_INVALID for what is no slug, E_TENANT_DOMAIN_INVALID, TypeError, RangeError
 */
export function checkTenantChanges(
  { slug, name, domains, weight, config, quotas }: TenantChanges,
  hosts: ApplicationHosts,
): TenantChanges {
  return {
    ...(slug !== undefined && { slug: parseTenantSlug(slug) }),
    ...(name !== undefined && { name: requireName(name) }),
    ...(domains !== undefined && { domains: requireDomains(domains, hosts) }),
    ...(weight !== undefined && { weight: requireWeight(weight) }),
    ...(config !== undefined && { config: requireObject('config', config) }),
    ...(quotas !== undefined && { quotas: requireQuotas(quotas) }),
  };
}

function requireName(name: unknown): string {
  if (typeof name === 'string' && name.trim() !== '') return name;
  throw new TypeError(`Expected \`name\` to be a text that is not empty, got ${shown(name)}.`);
}

/** The first is the primary one. */
function requireDomains(domains: unknown, hosts: ApplicationHosts): string[] {
  if (!Array.isArray(domains)) {
    throw new TypeError(`Expected \`domains\` to be a list of host names, got ${shown(domains)}.`);
  }
  return [...new Set(domains.map((one) => parseTenantDomain(one, hosts)))];
}

function requireWeight(weight: unknown): number {
  if (typeof weight === 'number' && Number.isFinite(weight) && weight > 0) return weight;
  throw new RangeError(`Expected \`weight\` to be a number above 0, got ${shown(weight)}.`);
}

function requireQuotas(quotas: unknown): TenantQuotas {
  for (const [name, value] of Object.entries(requireObject('quotas', quotas))) {
    const least = Object.hasOwn(SMALLEST, name) ? SMALLEST[name as keyof TenantQuotas] : undefined;
    if (least === undefined) {
      const names = Object.keys(SMALLEST).join(', ');
      throw new TypeError(`Expected \`quotas\` to have ${names} alone, got \`${name}\`.`);
    }
    if (value !== undefined) requireWholeNumber(`quotas.${name}`, value as number, least);
  }
  return quotas as TenantQuotas;
}

function requireObject(what: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new TypeError(`Expected \`${what}\` to be an object, got ${shown(value)}.`);
}

function shown(value: unknown): string {
  return `\`${inspect(value, { depth: 0, breakLength: Infinity })}\``;
}
