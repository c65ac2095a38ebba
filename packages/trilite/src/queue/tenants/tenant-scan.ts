import type { Scope } from '../../tenancy/container';
import type { FoundWork } from '../../tenancy/work-index/work-index-store';
import type { Tenant } from '../../tenancy/tenant';
import { clock } from '../../support/clock';
import { DEFAULT_QUEUE } from '../new-job';
import { QueueRegistry } from '../queue-registry';

/**
 * The work that lies in the files of a tenant: jobs of each queue, and what was committed and is not relayed yet.
 *
 * @param connection name of the queue connection
 */
export async function scanTenant(
  tenant: Tenant,
  scope: Scope,
  connection: string,
): Promise<FoundWork[]> {
  const registry = scope.make(QueueRegistry);
  const looks = new Map(await registry.store(connection).nextLooks());
  const isCommitted = (await registry.outbox.waiting()).some(({ target }) => target === connection);
  // Whichever queue it is for: each turn relays all
  if (isCommitted) looks.set(DEFAULT_QUEUE, clock.now());
  const facts = { tenantId: tenant.id, weight: tenant.weight };
  return [...looks].map(([queue, readyAt]) => ({ ...facts, queue, readyAt }));
}
