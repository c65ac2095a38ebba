import { projectAt } from '../../config/project';
import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'env',
  description: 'Show which environment this is, and what says so',
  options: { json: { description: 'Print JSON and nothing else' } },
});

export class EnvCommand implements Command<typeof signature> {
  static readonly signature = signature;

  handle({ codePath, options, output }: CommandContext<typeof signature>): void {
    // Lazily: reading the environment loads its validation
    const { environmentOf } = require('../../config/env') as typeof import('../../config/env');
    const { name, source } = environmentOf(projectAt(codePath));
    if (options.json) return output.json({ environment: name, source });
    output.info(`The application environment is ${output.colors.bold(name)}: ${reasonOf(source)}.`);
  }
}

function reasonOf(source: string): string {
  if (source === 'process') return 'the variable APP_ENV of the process, or --env, says so';
  if (source === 'default') return 'nothing says otherwise';
  return `APP_ENV in ${source} says so`;
}
