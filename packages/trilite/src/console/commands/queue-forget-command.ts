import { chooseQueue, queueConnectionOption } from '../chosen-queue';
import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'queue:forget',
  description: 'Forget failed jobs for good',
  arguments: { ids: { description: 'Ids as "queue:failed" shows them', variadic: true } },
  options: { connection: queueConnectionOption },
});

export class QueueForgetCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    arguments: { ids },
    options,
    output,
  }: CommandContext<typeof signature>): Promise<number> {
    const { store } = chooseQueue(await app(), options.connection);
    const { green, red } = output.colors;
    let unknown = 0;
    output.line();
    for (const id of new Set(ids)) {
      const isForgotten = (await store.forget({ ids: [id] })) === 1;
      if (!isForgotten) unknown += 1;
      output.twoColumn(id, isForgotten ? green('FORGOTTEN') : red('NO FAILED JOB HAS THIS ID'));
    }
    output.line();
    return unknown === 0 ? 0 : 1;
  }
}
