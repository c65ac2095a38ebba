import { chooseCache, storeOption, warnOfMemory } from '../chosen-cache';
import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'cache:prune',
  description: 'Remove the entries of a cache store that have expired, or whose tags were cleared',
  options: {
    store: storeOption,
  },
});

export class CachePruneCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<void> {
    const booted = await app();
    const chosen = chooseCache(booted, options.store);
    const count = await chosen.store.prune();
    const entries = count === 1 ? '1 dead entry' : `${count} dead entries`;
    output.success(`Removed ${entries} of the cache store "${chosen.name}".`);
    warnOfMemory(booted, chosen, output);
  }
}
