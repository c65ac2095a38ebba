import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'queue:failed',
  description: 'List the failed jobs, latest first',
  options: {
    connection: {
      type: 'string',
      value: 'name',
      description: 'The queue connection; by default the default one',
    },
    json: { description: 'Print JSON and nothing else' },
  },
});

export class QueueFailedCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<void> {
    const { queues } = await app();
    const failed = await queues.store(options.connection).failed();
    if (options.json) return output.json(failed);
    if (failed.length === 0) return output.info('No failed jobs.');
    output.line();
    for (const { id, queue, job, message, failedAt } of failed) {
      output.twoColumn(
        `${output.colors.dim(new Date(failedAt).toISOString())} ${id} ${output.colors.dim(queue)}`,
        job,
      );
      output.line(`    ${output.colors.red(message.split('\n')[0] ?? '')}`);
    }
    output.line();
  }
}
