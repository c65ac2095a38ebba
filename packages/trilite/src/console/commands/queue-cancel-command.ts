import { chooseQueue, queueConnectionOption, type ChosenQueue } from '../chosen-queue';
import type { Command, CommandContext } from '../command';
import type { Output } from '../output';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'queue:cancel',
  description: 'Cancel jobs: those that wait never run, those that run are told',
  arguments: { ids: { description: 'Ids of jobs', variadic: true } },
  options: { connection: queueConnectionOption },
});

export class QueueCancelCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    arguments: { ids },
    options,
    output,
  }: CommandContext<typeof signature>): Promise<number> {
    const chosen = chooseQueue(await app(), options.connection);
    let missed = 0;
    output.line();
    for (const id of new Set(ids)) {
      if (!(await cancel(id, chosen, output))) missed += 1;
    }
    output.line();
    return missed === 0 ? 0 : 1;
  }
}

/** @returns whether it never runs, or is told */
async function cancel(id: string, { dispatcher }: ChosenQueue, output: Output): Promise<boolean> {
  const { green, red, yellow } = output.colors;
  const outcome = await dispatcher.cancel(id);
  if (outcome === undefined) {
    const record = await dispatcher.find(id);
    const why = record === undefined ? 'NO JOB HAS THIS ID' : `HAS ENDED: ${record.state}`;
    output.twoColumn(id, red(why.toUpperCase()));
    return false;
  }
  output.twoColumn(id, outcome === 'cancelled' ? green('CANCELLED') : yellow('IS TOLD TO STOP'));
  return true;
}
