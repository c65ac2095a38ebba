import { inspect } from 'node:util';
import { chooseCache, storeOption } from '../chosen-cache';
import type { Command, CommandContext } from '../command';
import type { Output } from '../output';
import { defineSignature } from '../signature';
import { printable } from '../sql-values';

const signature = defineSignature({
  name: 'cache:get',
  description: 'Show the value of a cache entry; exit code 1 when there is none',
  arguments: { key: { description: 'The key, without the prefix of the store' } },
  options: {
    store: storeOption,
    json: { description: 'Print JSON and nothing else' },
  },
});

export class CacheGetCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    arguments: { key },
    options,
    output,
  }: CommandContext<typeof signature>): Promise<number> {
    const { name, store, nameOf } = chooseCache(await app(), options.store);
    const hit = await store.get(nameOf(key));
    if (options.json) {
      output.json(hit === undefined ? { key, found: false } : found(key, hit.value));
    } else if (hit === undefined) {
      output.error(`The cache store "${name}" holds no entry "${key}".`);
    } else output.result(asText(hit.value, output));
    return hit === undefined ? 1 : 0;
  }
}

/** With tags where JSON has no word for a value, as job payloads have them. */
function found(key: string, value: unknown): object {
  // Only here: `list` is to answer at once
  const { encodeReadable } =
    require('../../support/serializer') as typeof import('../../support/serializer');
  return { key, found: true, value: JSON.parse(encodeReadable(value)) as unknown };
}

function asText(value: unknown, output: Output): string {
  const { isJson } = require('../../support/storable') as typeof import('../../support/storable');
  if (isJson(value)) return printable(JSON.stringify(value, null, 2));
  const colors = output.colors.isColorSupported;
  return inspect(value, { depth: null, maxArrayLength: null, maxStringLength: null, colors });
}
