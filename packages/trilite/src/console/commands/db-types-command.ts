import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { GENERATED_HEADER } from '../../database/types/print-tables';
import { messageOf, toError } from '../../support/errors';
import { lineDiff } from '../../support/line-diff';
import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import type { Output } from '../output';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'db:types',
  description: 'Write the types of the tables that the migrations make',
  options: {
    check: {
      description: 'Write nothing; show what differs, with exit code 1 when something does',
    },
    output: {
      type: 'string',
      value: 'file',
      description: 'The file to write, from the folder of the application',
      default: 'app/tables.ts',
    },
    force: { description: 'Replace a file that was written by hand' },
  },
});

export class DbTypesCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<number> {
    // What is read and replaced is a source, never a database
    if (!options.output.endsWith('.ts')) throw usage('"--output" needs the name of a .ts file');
    const application = await app();
    const path = resolve(application.basePath, options.output);
    const name = relative(application.basePath, path);
    const existing = existsSync(path)
      ? reachable(name, () => readFileSync(path, 'utf8'))
      : undefined;
    const generated = await application.tableTypes();
    if (existing === generated) output.success(`${name} is what the migrations make.`);
    else if (options.check) return showDifference(output, name, existing ?? '', generated);
    else {
      refuseHandWritten(name, existing, options.force);
      reachable(name, () => write(path, generated));
      output.success(`${name} is written.`);
    }
    return 0;
  }
}

function showDifference(output: Output, name: string, existing: string, generated: string): number {
  const { green, red } = output.colors;
  output.error(`${name} is not what the migrations make.`, 'Write it with "artisan db:types".');
  for (const line of lineDiff(existing, generated)) {
    output.line(`  ${line.startsWith('+') ? green(line) : red(line)}`);
  }
  output.line();
  return 1;
}

function refuseHandWritten(name: string, existing: string | undefined, force: boolean): void {
  if (force || existing === undefined || existing.startsWith(GENERATED_HEADER)) return;
  throw usage(`${name} was written by hand, and would be lost (--force replaces it)`);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function reachable<T>(name: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw usage(`${name} cannot be used: ${messageOf(toError(error))}`);
  }
}

function usage(problem: string): CommandUsageError {
  return CommandUsageError.because('db:types', problem);
}
