import { chooseCache, storeOption, warnOfMemory } from '../chosen-cache';
import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'cache:forget',
  description: 'Remove one entry of a cache store',
  arguments: { key: { description: 'The key, without the prefix of the store' } },
  options: {
    store: storeOption,
  },
});

export class CacheForgetCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    arguments: { key },
    options,
    output,
  }: CommandContext<typeof signature>): Promise<void> {
    const booted = await app();
    const chosen = chooseCache(booted, options.store);
    const live = await chosen.store.forget([chosen.nameOf(key)]);
    if (live === 0) output.info(`The cache store "${chosen.name}" held no entry "${key}".`);
    else output.success(`The entry "${key}" of the cache store "${chosen.name}" is gone.`);
    warnOfMemory(booted, chosen, output);
  }
}
