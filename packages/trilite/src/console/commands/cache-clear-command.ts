import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'cache:clear',
  description: 'Remove every entry of a cache store',
  options: {
    store: { type: 'string', value: 'name', description: 'The store; by default the default one' },
  },
});

export class CacheClearCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<void> {
    const { caches, config } = await app();
    const store = options.store ?? caches.defaultName;
    await caches.store(store).clear();
    output.success(`The cache store "${store}" is empty.`);
    if (config.cache.stores[store]?.driver === 'memory') {
      output.warn(
        'A memory store lives in its own process: to empty that of a server or worker, restart it.',
      );
    }
  }
}
