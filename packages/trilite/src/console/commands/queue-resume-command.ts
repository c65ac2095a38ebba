import { chooseQueue, queueConnectionOption, readQueue } from '../chosen-queue';
import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'queue:resume',
  description: 'End the pause of a queue, or every pause',
  arguments: { queue: { description: 'The queue; by default every one', required: false } },
  options: { connection: queueConnectionOption },
});

export class QueueResumeCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    arguments: given,
    options,
    output,
  }: CommandContext<typeof signature>): Promise<number> {
    const queue = given.queue === undefined ? undefined : readQueue('queue:resume', given.queue);
    const { name, store } = chooseQueue(await app(), options.connection);
    const wasPaused = await store.resume(queue);
    const { isPaused } = await store.signals('');
    if (isPaused) {
      output.error(`Every queue of "${name}" is paused.`, 'End that with "queue:resume" alone.');
      return 1;
    }
    const what = queue === undefined ? `Every queue of "${name}"` : `The queue "${queue}"`;
    if (wasPaused) output.success(`${what} goes on.`);
    else output.info(`${what} was not paused.`);
    return 0;
  }
}
