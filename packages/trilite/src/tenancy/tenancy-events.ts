import { Listeners } from '../support/listeners';
import type { Tenant } from './tenant';

/** What was done to a tenant by this process, and what the tenant is since; of one that was purged, what it was. */
export interface TenancyEvent {
  readonly kind:
    | 'created'
    | 'changed'
    | 'suspended'
    | 'resumed'
    | 'down'
    | 'up'
    | 'deleted'
    | 'restored'
    | 'purged';
  readonly tenant: Tenant;
}

/** Tells who wants to know what becomes of tenants. */
export class TenancyEvents extends Listeners<TenancyEvent> {
  constructor() {
    super('tenants');
  }
}
