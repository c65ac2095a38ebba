import type { Config } from '../../config/load-config';
import { isSecretName } from '../../support/secret-name';
import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'config:show',
  description: 'Show the settings that are in force',
  arguments: {
    name: {
      description: 'A file of config/, or a path into it: database.connections.cache',
      required: false,
    },
  },
  options: { json: { description: 'Print JSON and nothing else' } },
});

export class ConfigShowCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    arguments: { name },
    options,
    output,
  }: CommandContext<typeof signature>): Promise<void> {
    const settings = shown((await app()).config);
    const chosen = name === undefined ? settings : valueAt(settings, name);
    if (options.json) return output.json(chosen);
    output.heading(name ?? 'config');
    for (const [path, value] of leaves(chosen)) {
      output.twoColumn(path === '' ? (name ?? '') : path, value);
    }
    output.line();
  }
}

/** In an address, as `redis://user:password@host`. */
const PASSWORD = /(?<=^[a-z][a-z0-9+.-]*:\/\/[^/@]*:)[^/@]+(?=@)/i;

/** The settings without what must not be seen, and classes by their name. */
function shown({ others, ...config }: Config): unknown {
  const { identification } = config.tenancy;
  function replacer(this: unknown, key: string, value: unknown): unknown {
    // There, "token" is the name of a header, as "cookie" is that of a cookie
    const isName = this === identification;
    const isSecret = !isName && isSecretName(key);
    if (isSecret) return hidden(value);
    if (typeof value === 'string') return value.replace(PASSWORD, '(not shown)');
    return typeof value === 'function' ? value.name : value;
  }
  return JSON.parse(JSON.stringify({ ...config, ...others }, replacer));
}

/** What a secret name holds, one or several: that it is set. A switch such as "foreignKeys" is none. */
function hidden(value: unknown): unknown {
  if (typeof value === 'boolean' || value === null || value === undefined) return value;
  if (Array.isArray(value)) return value.map(hidden);
  if (typeof value !== 'object') return '(set, not shown)';
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, hidden(part)]));
}

function valueAt(settings: unknown, name: string): unknown {
  return name.split('.').reduce((value, key) => {
    const next =
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Record<string, unknown>)[key]
        : undefined;
    if (next === undefined) {
      const known =
        typeof value === 'object' && value !== null ? Object.keys(value).join(', ') : 'none';
      throw CommandUsageError.because(
        'config:show',
        `There is no setting "${name}"; at "${key}" there are: ${known}`,
      );
    }
    return next;
  }, settings);
}

function leaves(value: unknown, path = ''): [path: string, value: string][] {
  if (typeof value !== 'object' || value === null) return [[path, String(value)]];
  const entries = Object.entries(value);
  if (entries.length === 0) return [[path, Array.isArray(value) ? '[]' : '{}']];
  return entries.flatMap(([key, part]) => leaves(part, path === '' ? key : `${path}.${key}`));
}
