import {
  tableFacts,
  type ColumnFacts,
  type ForeignKeyFacts,
  type IndexFacts,
  type TableFacts,
} from '../../database/care/table-facts';
import type { Command, CommandContext } from '../command';
import type { Output } from '../output';
import { rowsOf } from '../rows';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'db:table',
  description: 'Show the columns, indexes, foreign keys and triggers of a table',
  arguments: { table: { description: 'The table or view' } },
  options: {
    connection: {
      type: 'string',
      value: 'name',
      description: 'The connection; by default the default one',
    },
    counts: { description: 'Count all rows, however many' },
    json: { description: 'Print JSON and nothing else' },
  },
});

export class DbTableCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    arguments: { table },
    options,
    output,
  }: CommandContext<typeof signature>): Promise<void> {
    const { connections } = await app();
    const connection = connections.connection(options.connection);
    const facts = await tableFacts(connection, table, {
      counts: options.counts,
      elsewhere: connections.names.map((name) => connections.connection(name)),
    });
    if (options.json) return output.json({ connection: connection.name, ...facts });
    print(facts, connection.name, output);
  }
}

function print(facts: TableFacts, connection: string, output: Output): void {
  const traits = [
    facts.type,
    ...(facts.isStrict ? ['strict'] : []),
    ...(facts.isWithoutRowid ? ['without rowid'] : []),
    ...(facts.type === 'view' ? [] : [rowsOf(facts)]),
  ];
  output.heading(`${connection}: ${facts.name}`, traits.join(', '));
  printPart(output, 'Columns', facts.columns, (column) => [
    `${column.name} ${output.colors.dim(column.type.toLowerCase())}`,
    columnTraits(column),
  ]);
  printPart(output, 'Indexes', facts.indexes, (index) => [
    `${index.name} ${output.colors.dim(columnsOf(index))}`,
    indexTraits(index),
  ]);
  printPart(output, 'Foreign keys', facts.foreignKeys, (key) => [
    `${key.columns.join(', ')} ${output.colors.dim(`→ ${targetOf(key)}`)}`,
    `on update ${key.onUpdate}, on delete ${key.onDelete}`,
  ]);
  printPart(output, 'Triggers', facts.triggers, ({ name, sql }) => [
    name,
    output.colors.dim(/\b(before|after|instead of)\b.*?\b(?=on\b)/is.exec(sql)?.[0].trim() ?? ''),
  ]);
  output.line(`\n  ${output.colors.dim(facts.sql.replaceAll('\n', '\n  '))}\n`);
}

function printPart<T>(
  output: Output,
  title: string,
  parts: readonly T[],
  describe: (part: T) => readonly [left: string, right: string],
): void {
  if (parts.length === 0) return;
  output.heading(title);
  for (const part of parts) output.twoColumn(...describe(part));
}

function columnTraits(column: ColumnFacts): string {
  return [
    ...(column.primaryKey === null ? [] : ['primary key']),
    ...(column.isNullable ? ['nullable'] : []),
    ...(column.generated === null ? [] : [`generated ${column.generated}`]),
    ...(column.default === null ? [] : [`default ${column.default}`]),
  ].join(', ');
}

function columnsOf({ columns }: IndexFacts): string {
  return columns.map((column) => column ?? '(expression)').join(', ');
}

function indexTraits({ isUnique, isPartial }: IndexFacts): string {
  return [...(isUnique ? ['unique'] : []), ...(isPartial ? ['partial'] : [])].join(', ');
}

function targetOf({ table, references }: ForeignKeyFacts): string {
  return references.length === 0 ? table : `${table} (${references.join(', ')})`;
}
