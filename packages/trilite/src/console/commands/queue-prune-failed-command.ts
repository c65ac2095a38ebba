import { clock } from '../../support/clock';
import { chooseQueue, queueConnectionOption } from '../chosen-queue';
import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'queue:prune-failed',
  description: 'Forget the failed jobs that nobody has put back for long; asks nothing',
  options: {
    connection: queueConnectionOption,
    hours: {
      type: 'integer',
      value: 'n',
      description: 'How long ago they failed, at least',
      default: 24,
    },
  },
});

const HOUR_MS = 3_600_000;

export class QueuePruneFailedCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<void> {
    const { store } = chooseQueue(await app(), options.connection);
    const failedBefore = clock.now() - options.hours * HOUR_MS;
    const forgotten = await store.forget({ failedBefore });
    const jobs = `${forgotten} failed job${forgotten === 1 ? '' : 's'}`;
    output.success(`Forgot ${jobs} older than ${options.hours} h.`);
  }
}
