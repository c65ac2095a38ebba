import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';
import { changeStates, stateChangeInput } from '../tenant-state-change';

const signature = defineSignature({
  name: 'tenants:down',
  description: 'Keep requests and jobs of tenants out while something is done to them',
  ...stateChangeInput,
});

export class TenantsDownCommand implements Command<typeof signature> {
  static readonly signature = signature;

  handle(context: CommandContext<typeof signature>): Promise<number> {
    return changeStates(context, {
      command: signature.name,
      from: ['active'],
      change: (tenancy, id) => tenancy.down(id),
      outcome: 'down',
    });
  }
}
