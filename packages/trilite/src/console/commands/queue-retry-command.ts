import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'queue:retry',
  description: 'Put failed jobs back into their queue',
  arguments: { ids: { description: 'Ids as "queue:failed" shows them, or "all"', variadic: true } },
  options: {
    connection: {
      type: 'string',
      value: 'name',
      description: 'The queue connection; by default the default one',
    },
  },
});

export class QueueRetryCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    arguments: { ids },
    options,
    output,
  }: CommandContext<typeof signature>): Promise<number> {
    const { queues } = await app();
    const wanted = ids.includes('all') ? 'all' : ids;
    const { retried } = await queues
      .store(options.connection)
      .retry(wanted === 'all' ? {} : { ids: wanted });
    output.line();
    for (const id of retried) output.twoColumn(id, output.colors.green('WAITING'));
    const unknown = wanted === 'all' ? [] : wanted.filter((id) => !retried.includes(id));
    for (const id of unknown) output.twoColumn(id, output.colors.red('NO FAILED JOB HAS THIS ID'));
    if (retried.length === 0 && unknown.length === 0) output.line('  No failed jobs.');
    output.line();
    return unknown.length === 0 ? 0 : 1;
  }
}
