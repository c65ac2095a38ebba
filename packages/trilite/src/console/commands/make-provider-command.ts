import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectAt } from '../../config/project';
import type { Command, CommandContext } from '../command';
import { withProvider } from '../make/listed-provider';
import { forceOption, makeFile, nameArgument } from '../make/make-file';
import { readSourceName } from '../make/source-name';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'make:provider',
  description: 'Make a provider in app/providers, and list it in config/app.ts',
  arguments: nameArgument,
  options: forceOption,
});

const CONFIG = 'config/app.ts';

export class MakeProviderCommand implements Command<typeof signature> {
  static readonly signature = signature;

  handle(context: CommandContext<typeof signature>): void {
    const { output, options, codePath } = context;
    const command = signature.name;
    const { folders, className, stem } = readSourceName(
      command,
      context.arguments.name,
      'Provider',
    );
    const path = ['app/providers', ...folders, stem].join('/');
    makeFile(context, {
      command,
      stub: 'provider',
      path: `${path}.ts`,
      values: { class: className },
      force: options.force,
    });
    const provider = { className, path: `../${path}` };
    if (list(projectAt(codePath).basePath, provider)) output.info(`It is listed in ${CONFIG}.`);
    else output.warn(`List it in ${CONFIG}: providers: [${className}].`);
  }
}

/** Tells whether the provider is in the list, now. */
function list(basePath: string, provider: Parameters<typeof withProvider>[1]): boolean {
  const file = join(basePath, CONFIG);
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const listed = withProvider(text, provider);
  if (listed !== undefined && listed !== text) writeFileSync(file, listed);
  return listed !== undefined;
}
