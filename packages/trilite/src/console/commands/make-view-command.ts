import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import { forceOption, makeFile, nameArgument } from '../make/make-file';
import { readSourceName } from '../make/source-name';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'make:view',
  description: 'Make a view in resources/views',
  arguments: nameArgument,
  options: {
    layout: {
      type: 'string',
      value: 'name',
      description: 'The view that stands around it',
      default: 'layouts/app',
    },
    ...forceOption,
  },
});

export class MakeViewCommand implements Command<typeof signature> {
  static readonly signature = signature;

  handle(context: CommandContext<typeof signature>): void {
    const { layout, force } = context.options;
    const command = signature.name;
    if (!/^[\w-]+(\/[\w-]+)*$/.test(layout)) {
      throw CommandUsageError.because(command, `"${layout}" is no name of a view`);
    }
    const given = context.arguments.name.replace(/\.eta$/, '');
    const { folders, stem } = readSourceName(command, given);
    makeFile(context, {
      command,
      stub: 'view',
      path: ['resources/views', ...folders, `${stem}.eta`].join('/'),
      values: { layout, title: stem.charAt(0).toUpperCase() + stem.slice(1).replaceAll('-', ' ') },
      force,
    });
  }
}
