import { text } from 'node:stream/consumers';
import { query, type QueryAnswer } from '../../database/care/query';
import type { Command, CommandContext } from '../command';
import { confirmDestroying } from '../confirmation';
import { CommandUsageError } from '../errors';
import type { Output } from '../output';
import { defineSignature } from '../signature';
import { valueAsJson, valueAsText } from '../sql-values';

const signature = defineSignature({
  name: 'db:query',
  description: 'Run one SQL statement',
  arguments: {
    sql: {
      description: 'The statement; "-", or nothing, reads it from standard input',
      required: false,
    },
  },
  options: {
    connection: {
      type: 'string',
      value: 'name',
      description: 'The connection; by default the default one',
    },
    write: { description: 'Let it change the file; in production that asks first' },
    limit: {
      type: 'integer',
      value: 'n',
      description: 'Rows shown at most',
      default: 100,
      min: 1,
    },
    force: { description: 'Ask nothing, not even in production' },
    json: { description: 'Print JSON and nothing else' },
  },
});

export class DbQueryCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: CommandContext<typeof signature>): Promise<number> {
    const { app, arguments: given, options, output } = context;
    const { write, limit, force } = options;
    const sql = given.sql === undefined || given.sql === '-' ? await readInput() : given.sql;
    const what = 'The statement may change data';
    if (write && !(await confirmDestroying(context, 'db:query', { what, force }))) return 1;
    const { connections } = await app();
    const answer = await query(connections.connection(options.connection), sql, { write, limit });
    if (options.json) output.json(asJson(answer));
    else print(answer, output);
    return 0;
  }
}

function readInput(): Promise<string> {
  if (process.stdin.isTTY) {
    throw CommandUsageError.because('db:query', 'Missing required argument "sql"');
  }
  return text(process.stdin);
}

function asJson({ columns, rows, hasMore, changes }: QueryAnswer): object {
  const entries = rows.map((row) =>
    Object.fromEntries(columns.map((column, index) => [column, valueAsJson(row[index] ?? null)])),
  );
  return { columns, rows: entries, hasMore, changes };
}

function print({ columns, rows, hasMore, changes }: QueryAnswer, output: Output): void {
  if (rows.length > 0) {
    output.table(
      columns,
      rows.map((row) => row.map(valueAsText)),
    );
  }
  const shown = rows.length === 1 ? '1 row' : `${rows.length} rows`;
  if (changes !== null) {
    output.line(changes === 1 ? '1 row affected.' : `${changes} rows affected.`);
  } else output.line(hasMore ? `The first ${shown}; --limit shows more.` : `${shown}.`);
}
