import type { FailedJob } from '../../queue/job-records';
import { chooseQueue, queueConnectionOption } from '../chosen-queue';
import type { Command, CommandContext } from '../command';
import type { Output } from '../output';
import { defineSignature } from '../signature';
import { printable } from '../sql-values';

const signature = defineSignature({
  name: 'queue:failed',
  description: 'List the failed jobs, latest first',
  options: {
    connection: queueConnectionOption,
    queue: { type: 'string', value: 'name', description: 'Those of this queue alone' },
    class: { type: 'string', value: 'name', description: 'Those of the job of this name alone' },
    limit: {
      type: 'integer',
      value: 'n',
      description: 'Jobs shown at most',
      default: 100,
      min: 1,
    },
    json: { description: 'Print JSON and nothing else' },
  },
});

export class QueueFailedCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<void> {
    const { connection, queue, class: job, limit } = options;
    const { store } = chooseQueue(await app(), connection);
    const found = await store.failed({
      limit: limit + 1,
      ...(queue !== undefined && { queue }),
      ...(job !== undefined && { job }),
    });
    const failed = found.slice(0, limit);
    if (options.json) return output.json(failed);
    if (failed.length === 0) return output.info('No failed jobs.');
    output.line();
    for (const one of failed) print(one, output);
    if (found.length > limit) output.line(`\n  The latest ${limit}; --limit shows more.`);
    output.line();
  }
}

function print({ id, queue, job, message, failedAt }: FailedJob, output: Output): void {
  const { dim, red } = output.colors;
  output.twoColumn(`${dim(new Date(failedAt).toISOString())} ${id} ${dim(queue)}`, job);
  output.line(`    ${red(printable(message.split('\n')[0] ?? ''))}`);
}
