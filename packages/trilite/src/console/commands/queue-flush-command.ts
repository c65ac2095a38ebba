import { clock } from '../../support/clock';
import { chooseQueue, queueConnectionOption } from '../chosen-queue';
import type { Command, CommandContext } from '../command';
import { confirmDestroying } from '../confirmation';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'queue:flush',
  description: 'Forget every failed job for good, or the old ones',
  options: {
    connection: queueConnectionOption,
    hours: { type: 'integer', value: 'n', description: 'Those alone that failed longer ago' },
    queue: { type: 'string', value: 'name', description: 'Those of this queue alone' },
    force: { description: 'Ask nothing, not even in production' },
  },
});

const HOUR_MS = 3_600_000;

export class QueueFlushCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: CommandContext<typeof signature>): Promise<number> {
    const { app, options, output } = context;
    const { hours, queue, force } = options;
    const { name, store } = chooseQueue(await app(), options.connection);
    const what = `Flushing forgets the failed jobs of ${queue === undefined ? `"${name}"` : `the queue "${queue}"`}`;
    if (!(await confirmDestroying(context, 'queue:flush', { what, force }))) return 1;
    const forgotten = await store.forget({
      ...(hours !== undefined && { failedBefore: clock.now() - hours * HOUR_MS }),
      ...(queue !== undefined && { queue }),
    });
    output.success(`Forgot ${forgotten} failed job${forgotten === 1 ? '' : 's'}.`);
    return 0;
  }
}
