import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import { forceOption, makeFile, nameArgument } from '../make/make-file';
import { readSourceName } from '../make/source-name';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'make:command',
  description: 'Make a command in app/console/commands',
  arguments: nameArgument,
  options: {
    command: {
      type: 'string',
      value: 'text',
      description: 'What is typed after "artisan"; by default "app:" and the name',
    },
    ...forceOption,
  },
});

export class MakeCommandCommand implements Command<typeof signature> {
  static readonly signature = signature;

  handle(context: CommandContext<typeof signature>): void {
    const { name: command } = signature;
    const { folders, className, stem, base } = readSourceName(
      command,
      context.arguments.name,
      'Command',
    );
    const typed = context.options.command ?? `app:${base}`;
    if (!/^[a-z][a-z0-9-]*(:[a-z][a-z0-9-]*)*$/.test(typed)) {
      throw CommandUsageError.because(
        command,
        `"${typed}" is no name of a command: write words in small letters, as "report:build"`,
      );
    }
    makeFile(context, {
      command,
      stub: 'command',
      path: ['app/console/commands', ...folders, `${stem}.ts`].join('/'),
      values: { class: className, command: typed },
      force: context.options.force,
    });
  }
}
