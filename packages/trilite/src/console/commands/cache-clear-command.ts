import { chooseCache, storeOption, warnOfMemory, type ChosenCache } from '../chosen-cache';
import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'cache:clear',
  description: 'Remove every entry of a cache store, or those with a tag',
  options: {
    store: storeOption,
    tags: {
      type: 'string',
      value: 'a,b',
      description: 'Remove the entries with any of these tags alone',
    },
  },
});

export class CacheClearCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<number> {
    const tags = options.tags === undefined ? [] : tagsIn(options.tags);
    const booted = await app();
    const chosen = chooseCache(booted, options.store);
    const unanswered: string[] = [];
    booted.caches.events.troubles.listen((event) => {
      if (event.kind === 'failed-over') unanswered.push(`"${event.from}"`);
    });
    const done = await clear(chosen, tags);
    if (unanswered.length > 0) {
      output.error(`${unanswered.join(', ')} did not answer: what lies there is still there.`);
      return 1;
    }
    output.success(done);
    warnOfMemory(booted, chosen, output);
    return 0;
  }
}

/** @throws E_COMMAND_USAGE when there is none: all entries would go where some were meant */
function tagsIn(text: string): string[] {
  const tags = text
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
  if (tags.length > 0) return tags;
  throw CommandUsageError.because('cache:clear', 'Option "--tags" names no tag');
}

/** @returns what is to be said of it */
async function clear(
  { name, store, prefix, nameOf }: ChosenCache,
  tags: readonly string[],
): Promise<string> {
  if (tags.length === 0) {
    await store.clear(prefix);
    return `The cache store "${name}" is empty.`;
  }
  await store.forgetTags(tags.map(nameOf));
  const named = tags.map((tag) => `"${tag}"`).join(' or ');
  return `The cache store "${name}" has no entry with the tag ${named}.`;
}
