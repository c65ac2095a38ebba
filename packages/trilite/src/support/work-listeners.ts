import { Listeners } from './listeners';
import { currentTenantId } from './scope-holder';

/** Tells of what happens in the work of many: who listens from the work of a tenant hears of that tenant's alone. */
export class WorkListeners<Event> extends Listeners<Event> {
  override listen(listener: (event: Event) => void): () => void {
    const tenantId = currentTenantId();
    if (tenantId === undefined) return super.listen(listener);
    return super.listen((event) => {
      if (currentTenantId() === tenantId) listener(event);
    });
  }
}
