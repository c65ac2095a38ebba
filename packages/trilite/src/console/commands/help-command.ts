import { nearest } from '../../support/nearest';
import type { Command, CommandContext } from '../command';
import { CommandUnknownError } from '../errors';
import { globalOptions } from '../global-options';
import type { Output } from '../output';
import {
  argumentSyntax,
  defineSignature,
  optionSyntax,
  usage,
  type OptionSpec,
  type Signature,
} from '../signature';

const signature = defineSignature({
  name: 'help',
  description: 'Show the help of a command',
  arguments: { command: { description: 'Name of the command', required: false } },
});

export class HelpCommand implements Command<typeof signature> {
  static readonly signature = signature;

  handle({
    arguments: { command = 'help' },
    commands,
    output,
  }: CommandContext<typeof signature>): void {
    const all = commands();
    const found = all.find((one) => one.signature.name === command);
    if (found === undefined) {
      throw CommandUnknownError.named(
        command,
        nearest(
          command,
          all.map((one) => one.signature.name),
        ),
      );
    }
    printHelp(output, found.signature);
  }
}

function printHelp(output: Output, one: Signature): void {
  const { yellow } = output.colors;
  output.line(`\n  ${yellow('Description:')}\n    ${one.description}`);
  output.line(`\n  ${yellow('Usage:')}\n    artisan ${usage(one)}`);
  const positions = Object.entries(one.arguments ?? {}).map(([name, spec]): Row => [
    argumentSyntax(name, spec),
    spec.description,
  ]);
  const options = Object.entries(one.options ?? {}).map(([name, spec]): Row => [
    optionSyntax(name, spec),
    described(spec),
  ]);
  const globals = globalOptions.map(({ syntax, description }): Row => [syntax, description]);
  const width = Math.max(...[...positions, ...options, ...globals].map(([left]) => left.length));
  printRows(output, 'Arguments:', positions, width);
  printRows(output, 'Options:', options, width);
  printRows(output, 'Options of every command:', globals, width);
  output.line();
}

type Row = readonly [left: string, right: string];

function printRows(output: Output, title: string, rows: readonly Row[], width: number): void {
  if (rows.length === 0) return;
  output.line(`\n  ${output.colors.yellow(title)}`);
  for (const [left, right] of rows) {
    output.line(`    ${output.colors.green(left.padEnd(width))}  ${right}`);
  }
}

function described({ description, default: value }: OptionSpec): string {
  return value === undefined ? description : `${description} [default: ${String(value)}]`;
}
