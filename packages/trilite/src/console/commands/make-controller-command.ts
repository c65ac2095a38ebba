import pluralize from 'pluralize';
import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import { forceOption, makeFile, nameArgument } from '../make/make-file';
import { readSourceName } from '../make/source-name';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'make:controller',
  description: 'Make a controller in app/http/controllers',
  arguments: nameArgument,
  options: {
    resource: { description: 'With a method for each route of "route.resource"' },
    api: { description: 'With a method for each route of "route.apiResource"' },
    ...forceOption,
  },
});

export class MakeControllerCommand implements Command<typeof signature> {
  static readonly signature = signature;

  handle(context: CommandContext<typeof signature>): void {
    const { api, resource, force } = context.options;
    const command = signature.name;
    if (api && resource) {
      throw CommandUsageError.because(command, '"--api" and "--resource" are one or the other');
    }
    const { folders, className, stem, base } = readSourceName(
      command,
      context.arguments.name,
      'Controller',
    );
    makeFile(context, {
      command,
      stub: api ? 'controller.api' : resource ? 'controller.resource' : 'controller',
      path: ['app/http/controllers', ...folders, `${stem}.ts`].join('/'),
      values: {
        class: className,
        collection: pluralize(base),
        parameter: pluralize.singular(base).replaceAll('-', '_'),
      },
      force,
    });
  }
}
