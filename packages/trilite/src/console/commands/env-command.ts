import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { projectAt } from '../../config/project';
import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';

/** Any word is a name, one that was mistyped too: and "prodution" asks nobody before it destroys data. */
const USUAL = ['development', 'testing', 'production'];

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
    const project = projectAt(codePath);
    const { name, source } = environmentOf(project);
    if (options.json) return output.json({ environment: name, source });
    output.info(`The application environment is ${output.colors.bold(name)}: ${reasonOf(source)}.`);
    if (USUAL.includes(name) || existsSync(join(project.basePath, `.env.${name}`))) return;
    output.warn(
      `It is none of ${USUAL.join(', ')}, and there is no .env.${name}: look whether that is its name.`,
    );
  }
}

function reasonOf(source: string): string {
  if (source === 'process') return 'the variable APP_ENV of the process, or --env, says so';
  if (source === 'default') return 'nothing says otherwise';
  return `APP_ENV in ${source} says so`;
}
