import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';
import { changeStates, stateChangeInput } from '../tenant-state-change';

const signature = defineSignature({
  name: 'tenants:resume',
  description: 'End the suspension of tenants',
  ...stateChangeInput,
});

export class TenantsResumeCommand implements Command<typeof signature> {
  static readonly signature = signature;

  handle(context: CommandContext<typeof signature>): Promise<number> {
    return changeStates(context, {
      command: signature.name,
      from: ['suspended'],
      change: (tenancy, id) => tenancy.resume(id),
      outcome: 'active again',
    });
  }
}
