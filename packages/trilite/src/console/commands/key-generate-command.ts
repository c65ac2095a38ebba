import { writeKey } from '../../config/env-file';
import { projectAt } from '../../config/project';
import { newAppKey } from '../../support/app-key';
import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'key:generate',
  description: 'Write a new APP_KEY into .env',
  options: {
    show: { description: 'Print the key instead of writing it' },
    force: {
      description: 'Replace a key that is there: what it signed or encrypted becomes unreadable',
    },
  },
});

export class KeyGenerateCommand implements Command<typeof signature> {
  static readonly signature = signature;

  handle({ codePath, options, output }: CommandContext<typeof signature>): void {
    const key = newAppKey();
    if (options.show) return output.result(key);
    const outcome = writeKey(projectAt(codePath).basePath, key, { replace: options.force });
    if (outcome === 'kept') {
      throw CommandUsageError.because(
        'key:generate',
        '.env has an APP_KEY already; a new one makes unreadable what the old one signed or encrypted (--force replaces it)',
      );
    }
    output.success('The key stands in .env.');
  }
}
