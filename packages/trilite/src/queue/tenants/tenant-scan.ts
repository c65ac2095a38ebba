import type { Scope } from '../../tenancy/container';
import type { FoundWork } from '../../tenancy/work-index/work-index-store';
import type { Tenant } from '../../tenancy/tenant';
import { clock } from '../../support/clock';
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
  const store = registry.store(connection);
  const facts = { tenantId: tenant.id, weight: tenant.weight };
  const found: FoundWork[] = [];
  for (const { queue } of await store.status()) {
    const readyAt = await store.nextLookAt(queue);
    if (readyAt !== undefined) found.push({ ...facts, queue, readyAt });
  }
  const isCommitted = (await registry.outbox.waiting()).some(({ target }) => target === connection);
  // Whichever queue it is for: each turn relays all
  if (isCommitted) {
    found.push({ ...facts, queue: found[0]?.queue ?? 'default', readyAt: clock.now() });
  }
  return found;
}
