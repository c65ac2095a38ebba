import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'completion',
  description: 'Print a script by which a shell completes what is typed after artisan',
  arguments: { shell: { description: 'bash, zsh or fish' } },
});

export class CompletionCommand implements Command<typeof signature> {
  static readonly signature = signature;

  handle({ arguments: { shell }, output }: CommandContext<typeof signature>): void {
    const { SCRIPTS } = require('../completion/scripts') as typeof import('../completion/scripts');
    const script = Object.entries(SCRIPTS).find(([name]) => name === shell)?.[1];
    if (script === undefined) {
      const known = Object.keys(SCRIPTS).join(', ');
      throw CommandUsageError.because(
        signature.name,
        `There is no script for "${shell}": there are ${known}`,
      );
    }
    output.result(script.trimEnd());
  }
}
