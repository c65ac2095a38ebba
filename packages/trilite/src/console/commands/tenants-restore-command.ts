import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';
import { changeStates, stateChangeInput } from '../tenant-state-change';

const signature = defineSignature({
  name: 'tenants:restore',
  description: 'Bring deleted tenants back as they were',
  ...stateChangeInput,
});

export class TenantsRestoreCommand implements Command<typeof signature> {
  static readonly signature = signature;

  handle(context: CommandContext<typeof signature>): Promise<number> {
    return changeStates(context, {
      command: signature.name,
      from: ['deleted'],
      change: (tenancy, id) => tenancy.restore(id),
      outcome: 'active again',
    });
  }
}
