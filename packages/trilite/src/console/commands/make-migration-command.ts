import { clock } from '../../support/clock';
import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import { forceOption, makeFile } from '../make/make-file';
import { readSourceName } from '../make/source-name';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'make:migration',
  description: 'Make a migration in database/migrations',
  arguments: { name: { description: 'What it does, as create_posts or add_slug_to_posts' } },
  options: {
    create: { type: 'string', value: 'table', description: 'The table it creates' },
    table: { type: 'string', value: 'table', description: 'The table it changes' },
    connection: {
      type: 'string',
      value: 'name',
      description: 'The connection it is for',
      default: 'default',
    },
    tenant: { description: 'For the files of tenants' },
    ...forceOption,
  },
});

type Options = CommandContext<typeof signature>['options'];

export class MakeMigrationCommand implements Command<typeof signature> {
  static readonly signature = signature;

  handle(context: CommandContext<typeof signature>): void {
    const { name: command } = signature;
    const { options } = context;
    const { stem, folders } = readSourceName(command, context.arguments.name);
    if (folders.length > 0) throw usage('a migration has no folders before it');
    if (options.tenant && options.connection !== 'default') {
      throw usage('"--tenant" and "--connection" are one or the other');
    }
    const name = stem.replaceAll('-', '_');
    const { stub, table } = whatItDoes(name, options);
    const column = /^(?:add|drop|remove)_(\w+?)_(?:to|from|in)_/.exec(name)?.[1] ?? 'note';
    const folder = options.tenant ? 'tenant' : identifier('--connection', options.connection);
    makeFile(context, {
      command,
      stub,
      path: `database/migrations/${folder}/${timestamp()}_${name}.ts`,
      values: { table, column },
      force: options.force,
    });
  }
}

/** As options say, or as the name does: `create_posts`, `create_posts_table`, `add_slug_to_posts`, `drop_slug_from_posts`. */
function whatItDoes(name: string, { create, table, tenant }: Options) {
  if (create !== undefined && table !== undefined) {
    throw usage('"--create" and "--table" are one or the other');
  }
  const created = create ?? /^create_(\w+?)(?:_table)?$/.exec(name)?.[1];
  if (table === undefined && created !== undefined) {
    const stub = tenant ? 'migration.create.tenant' : 'migration.create';
    return { stub, table: identifier('--create', created) };
  }
  const changed = table ?? /_(?:to|from|in)_(\w+?)(?:_table)?$/.exec(name)?.[1];
  if (changed !== undefined) {
    const stub = /^(?:drop|remove)_\w+?_(?:from|in|to)_/.test(name)
      ? 'migration.drop'
      : 'migration.alter';
    return { stub, table: identifier('--table', changed) };
  }
  return { stub: 'migration', table: '' };
}

function identifier(option: string, text: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(text)) return text;
  throw usage(`"${option}" takes letters, digits and "_", not "${text}"`);
}

/** As names of migrations begin: in the order of being made. */
function timestamp(): string {
  const [date = '', time = ''] = new Date(clock.now()).toISOString().split('T');
  return `${date.replaceAll('-', '_')}_${time.slice(0, 8).replaceAll(':', '')}`;
}

function usage(problem: string): CommandUsageError {
  return CommandUsageError.because(signature.name, problem);
}
