import { humanBytes } from '../support/bytes';
import type { Tenant, TenantQuotas } from '../tenancy/tenant';
import type { Output } from './output';

/** A tenant, for JSON. */
export function tenantAsJson({ createdAt, deletedAt, ...tenant }: Tenant): object {
  return {
    ...tenant,
    createdAt: new Date(createdAt),
    deletedAt: deletedAt === undefined ? null : new Date(deletedAt),
  };
}

/** A tenant's state, in colour. */
export function stateText({ state }: Pick<Tenant, 'state'>, { colors }: Output): string {
  const { green, yellow, red } = colors;
  if (state === 'active') return green(state);
  return state === 'deleted' ? red(state) : yellow(state);
}

/** What a tenant may have, as a person reads it. */
export function quotaLines(quotas: TenantQuotas): Readonly<Record<string, string>> {
  const bytes = (size: number | undefined): string =>
    size === undefined ? 'without limit' : humanBytes(size);
  return {
    'Data file': bytes(quotas.databaseBytes),
    'Cache file': bytes(quotas.cacheBytes),
    'Queue file': bytes(quotas.queueBytes),
    'Waiting jobs': quotas.jobsPending === undefined ? 'without limit' : String(quotas.jobsPending),
  };
}
