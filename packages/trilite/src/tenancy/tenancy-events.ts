import { Listeners } from '../support/listeners';
import type { Tenant, TenantState } from './tenant';

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

/** From which states to which, and what is told of it. */
export interface StateChange {
  readonly to: TenantState;
  readonly from: readonly TenantState[];
  readonly tell?: TenancyEvent['kind'];
}

/** Tells who wants to know what becomes of tenants. */
export class TenancyEvents extends Listeners<TenancyEvent> {
  constructor() {
    super('tenants');
  }
}
