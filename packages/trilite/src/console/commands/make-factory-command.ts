import pluralize from 'pluralize';
import { propertyName } from '../../support/source-text';
import type { Table, TableColumn } from '../../database/types/read-tables';
import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import { forceOption, makeFile, nameArgument } from '../make/make-file';
import { nearHint } from '../make/near-hint';
import { readSourceName } from '../make/source-name';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'make:factory',
  description: 'Make a factory in database/factories, which invents the columns of a table',
  arguments: nameArgument,
  options: {
    table: {
      type: 'string',
      value: 'name',
      description: 'The table; by default the name in the plural',
    },
    ...forceOption,
  },
});

export class MakeFactoryCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: CommandContext<typeof signature>): Promise<void> {
    const command = signature.name;
    const { folders, variable, stem, base } = readSourceName(
      command,
      context.arguments.name,
      'Factory',
    );
    const wanted = context.options.table ?? pluralize(base).replaceAll('-', '_');
    const table = find(wanted, await (await context.app()).migratedTables());
    makeFile(context, {
      command,
      stub: 'factory',
      path: ['database/factories', ...folders, `${stem}.ts`].join('/'),
      values: { variable, table: table.name, columns: table.columns.flatMap(invented).join('\n') },
      force: context.options.force,
    });
  }
}

function find(wanted: string, tables: readonly Table[]): Table {
  const found = tables.find(({ name }) => name === wanted);
  if (found !== undefined) return found;
  const names = tables.map(({ name }) => name);
  throw CommandUsageError.because(
    signature.name,
    `database/migrations makes no table "${wanted}"${nearHint(wanted, names)} ("--table" names another)`,
  );
}

/** What a row has to be given, and nothing else. */
function invented({ name, declared, isNullable, hasDefault, isComputed }: TableColumn): string[] {
  if (isNullable || hasDefault || isComputed) return [];
  return [`  ${propertyName(name)}: ${inventionOf(name, declared.toUpperCase())},`];
}

/** By the affinity of its type, and what it is usually called. */
function inventionOf(name: string, type: string): string {
  if (/_at$/.test(name) && type.includes('INT')) return 'faker.date.recent().getTime()';
  if (type.includes('INT')) return 'faker.number.int({ min: 1, max: 1000 })';
  if (type.includes('BLOB')) return 'Buffer.from(faker.lorem.word())';
  if (/REAL|FLOA|DOUB|NUM|DEC/.test(type)) return 'faker.number.float({ max: 100 })';
  if (name === 'id') return 'faker.string.ulid()';
  if (/email/.test(name)) return 'faker.internet.email()';
  if (/name$/.test(name)) return 'faker.person.fullName()';
  return 'faker.lorem.words()';
}
