import { clock } from '../../support/clock';
import { isDurationText, toMilliseconds } from '../../support/duration';
import { chooseQueue, queueConnectionOption, readQueue, statusOf } from '../chosen-queue';
import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'queue:pause',
  description: 'Have no worker begin a job of a queue, or of any; running jobs go on',
  arguments: { queue: { description: 'The queue; by default every one', required: false } },
  options: {
    connection: queueConnectionOption,
    for: {
      type: 'string',
      value: 'duration',
      description: 'How long, as "10m"; by default until "queue:resume"',
    },
  },
});

export class QueuePauseCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    arguments: given,
    options,
    output,
  }: CommandContext<typeof signature>): Promise<void> {
    const queue = given.queue === undefined ? undefined : readQueue('queue:pause', given.queue);
    const forMs = options.for === undefined ? undefined : readDuration(options.for);
    const booted = await app();
    const chosen = chooseQueue(booted, options.connection);
    const isKnown =
      queue === undefined || (await statusOf(booted, chosen)).some((one) => one.queue === queue);
    const until = forMs === undefined ? undefined : clock.now() + forMs;
    await chosen.store.pause(queue, until);
    const what = queue === undefined ? `Every queue of "${chosen.name}"` : `The queue "${queue}"`;
    const end = until === undefined ? '' : ` until ${new Date(until).toISOString()}`;
    output.success(`${what} is paused${end}.`);
    if (!isKnown) output.warn(`No job of "${queue}" is there, and no job class names it.`);
  }
}

function readDuration(text: string): number {
  const milliseconds = isDurationText(text) ? toMilliseconds(text) : 0;
  if (milliseconds > 0) return milliseconds;
  throw CommandUsageError.because('queue:pause', `"--for=${text}" is no duration such as "10m"`);
}
