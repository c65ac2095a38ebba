import { chooseQueue, sharedQueues } from '../chosen-queue';
import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'queue:restart',
  description: 'Have every worker stop after its jobs, so that a new one starts with new code',
  options: {
    connection: {
      type: 'string',
      value: 'name',
      description: 'The queue connection; by default each one',
    },
  },
});

export class QueueRestartCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<void> {
    const booted = await app();
    const shared = sharedQueues(booted);
    // With none of them, the default one says why not
    const names = options.connection === undefined && shared.length > 0 ? shared : undefined;
    const chosen = (names ?? [options.connection]).map((name) => chooseQueue(booted, name));
    for (const { store } of chosen) await store.restart();
    const named = chosen.map(({ name }) => `"${name}"`).join(', ');
    output.success(`The workers of ${named} stop after the jobs they run.`);
    output.line(
      '  What started them is to start them anew: --workers does, and a process manager.',
    );
  }
}
