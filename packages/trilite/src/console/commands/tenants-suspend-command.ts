import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';
import { changeStates, stateChangeInput } from '../tenant-state-change';

const signature = defineSignature({
  name: 'tenants:suspend',
  description: 'Keep requests and jobs of tenants out, for a reason that lies with the customer',
  ...stateChangeInput,
});

export class TenantsSuspendCommand implements Command<typeof signature> {
  static readonly signature = signature;

  handle(context: CommandContext<typeof signature>): Promise<number> {
    return changeStates(context, {
      command: signature.name,
      from: ['active', 'down'],
      change: (tenancy, id) => tenancy.suspend(id),
      outcome: 'suspended',
    });
  }
}
