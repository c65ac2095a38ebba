import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';
import { changeStates, stateChangeInput } from '../tenant-state-change';

const signature = defineSignature({
  name: 'tenants:up',
  description: 'End the maintenance of tenants',
  ...stateChangeInput,
});

export class TenantsUpCommand implements Command<typeof signature> {
  static readonly signature = signature;

  handle(context: CommandContext<typeof signature>): Promise<number> {
    return changeStates(context, {
      command: signature.name,
      from: ['down'],
      change: (tenancy, id) => tenancy.up(id),
      outcome: 'up again',
    });
  }
}
