import type { Command, CommandContext } from '../command';
import { change, maintenanceOf } from '../maintenance';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'up',
  description: 'End the maintenance of the application',
});

/** Boots nothing, as "down". */
export class UpCommand implements Command<typeof signature> {
  static readonly signature = signature;

  handle({ codePath, output }: CommandContext<typeof signature>): void {
    const wasDown = change(maintenanceOf(codePath).maintenance, (its) => its.end());
    if (wasDown) output.success('The application is up again.');
    else output.info('The application was up.');
  }
}
