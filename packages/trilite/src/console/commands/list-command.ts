import { triliteVersion } from '../../support/version';
import type { Command, CommandContext, CommandFacts } from '../command';
import { globalOptions } from '../global-options';
import type { Output } from '../output';
import { defineSignature, usage } from '../signature';

const signature = defineSignature({
  name: 'list',
  description: 'List the commands',
  options: { json: { description: 'Print JSON and nothing else' } },
});

export class ListCommand implements Command<typeof signature> {
  static readonly signature = signature;

  handle({ commands, options, output }: CommandContext<typeof signature>): void {
    const all = [...commands()].sort((a, b) => (a.signature.name < b.signature.name ? -1 : 1));
    if (options.json) return output.json(all.map(toJson));
    printHead(output);
    for (const [group, members] of byGroup(all)) {
      printGroup(output, group, members, longestName(all));
    }
    output.line();
  }
}

function printHead(output: Output): void {
  const { green, yellow } = output.colors;
  output.line(`\n  Trilite ${green(triliteVersion())}`);
  output.line(`\n  ${yellow('Usage:')}\n    artisan <command> [options] [arguments]`);
  output.line(`\n  ${yellow('Options:')}`);
  for (const { syntax, description } of globalOptions) {
    output.line(`    ${green(syntax.padEnd(22))} ${description}`);
  }
  output.line(`\n  ${yellow('Commands:')}`);
}

function printGroup(
  output: Output,
  group: string,
  members: readonly CommandFacts[],
  width: number,
): void {
  const { green, yellow } = output.colors;
  if (group !== '') output.line(`   ${yellow(group)}`);
  for (const { signature: one } of members) {
    output.line(`    ${green(one.name.padEnd(width))}  ${one.description}`);
  }
}

/** Commands without a group come first, as in Laravel. */
function byGroup(all: readonly CommandFacts[]): [string, CommandFacts[]][] {
  const groups = new Map<string, CommandFacts[]>([['', []]]);
  for (const facts of all) {
    const { name } = facts.signature;
    const group = name.includes(':') ? name.slice(0, name.indexOf(':')) : '';
    groups.set(group, [...(groups.get(group) ?? []), facts]);
  }
  return [...groups];
}

function longestName(all: readonly CommandFacts[]): number {
  return Math.max(...all.map(({ signature: one }) => one.name.length));
}

function toJson({ signature: one, origin }: CommandFacts): object {
  return {
    ...one,
    arguments: one.arguments ?? {},
    options: one.options ?? {},
    usage: usage(one),
    origin,
  };
}
