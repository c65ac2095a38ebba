import { chooseQueue, queueConnectionOption } from '../chosen-queue';
import type { Command, CommandContext } from '../command';
import { confirmDestroying } from '../confirmation';
import { defineSignature } from '../signature';
import { readQueues } from '../work-options';

const signature = defineSignature({
  name: 'queue:clear',
  description: 'Remove the waiting jobs of a queue, delayed ones included',
  options: {
    connection: queueConnectionOption,
    queue: { type: 'string', value: 'a,b', description: 'The queues', default: 'default' },
    force: { description: 'Ask nothing, not even in production' },
  },
});

export class QueueClearCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: CommandContext<typeof signature>): Promise<number> {
    const { app, options, output } = context;
    const names = readQueues('queue:clear', options.queue);
    const { store } = chooseQueue(await app(), options.connection);
    const what = `Clearing removes the waiting jobs of ${names.map((name) => `"${name}"`).join(', ')}`;
    const { force } = options;
    if (!(await confirmDestroying(context, 'queue:clear', { what, force }))) return 1;
    output.line();
    for (const name of names) {
      const removed = await store.clear(name);
      output.twoColumn(name, `${removed} job${removed === 1 ? '' : 's'} removed`);
    }
    output.line();
    return 0;
  }
}
