import type { Command, CommandContext } from '../command';
import { asking, confirm } from '../confirmation';
import { defineSignature } from '../signature';
import { tenantsOf } from '../tenant-runs';
import { changeStates, stateChangeInput } from '../tenant-state-change';

const signature = defineSignature({
  name: 'tenants:delete',
  description: 'Put tenants into the trash, from which "tenants:restore" brings them back',
  arguments: stateChangeInput.arguments,
  options: { ...stateChangeInput.options, force: { description: 'Ask nobody' } },
});

export class TenantsDeleteCommand implements Command<typeof signature> {
  static readonly signature = signature;

  handle(context: CommandContext<typeof signature>): Promise<number> {
    return changeStates(context, {
      command: signature.name,
      from: ['active', 'suspended', 'down'],
      change: (tenancy, id) => tenancy.delete(id),
      outcome: 'in the trash: "artisan tenants:restore" brings it back',
      mayBegin: (tenants) =>
        confirm(asking(context), signature.name, {
          what: `This takes ${tenantsOf(tenants.length)} away from whoever works with them`,
          force: context.options.force,
        }),
    });
  }
}
