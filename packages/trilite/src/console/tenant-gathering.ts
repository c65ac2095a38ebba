import { runEach } from '../tenancy/run-each';
import type { Tenant } from '../tenancy/tenant';
import { errorAsJson } from './tenant-runs';

/** What was learnt of a tenant, or why not. */
export interface Gathered<T> {
  readonly tenant: string;
  readonly result?: T;
  readonly error?: { readonly code: string | null; readonly message: string };
}

/** Tenants that are looked at together: each waits for its files most of the time. */
const AT_ONCE = 4;

/** Learns something of each tenant, in the order of their ids; one that fails keeps no other from being looked at. */
export async function gather<T>(
  tenants: readonly Tenant[],
  look: (tenant: Tenant) => Promise<T>,
): Promise<Gathered<T>[]> {
  const results = new Map<string, T>();
  const { failed } = await runEach(
    tenants,
    { concurrency: AT_ONCE, onError: 'collect' },
    async (tenant) => void results.set(tenant.id, await look(tenant)),
  );
  const errors = new Map(failed.map(({ id, error }) => [id, errorAsJson(error)]));
  return tenants.map(({ id: tenant }) => {
    const error = errors.get(tenant);
    return error === undefined ? { tenant, result: results.get(tenant) as T } : { tenant, error };
  });
}
