import type { CommandContext } from './command';
import { CommandUsageError } from './errors';

type AskingContext = Pick<CommandContext, 'app' | 'output' | 'terminal'>;

/**
 * Asks a person before production data is destroyed. Elsewhere, and with `--force`, nobody is asked.
 *
 * @param what what is about to happen, as "Rolling back drops tables"
 * @returns whether to go on
 * @throws E_COMMAND_USAGE in production, when there is nobody to ask
 */
export async function confirmDestroying(
  { app, output, terminal }: AskingContext,
  command: string,
  { what, force }: { readonly what: string; readonly force: boolean },
): Promise<boolean> {
  const { config } = await app();
  if (force || config.app.env !== 'production') return true;
  if (!terminal.interactive) {
    throw CommandUsageError.because(
      command,
      `${what}, and this is production (--force does it unasked)`,
    );
  }
  const { prompt } = require('enquirer') as typeof import('enquirer');
  const { yes } = await prompt<{ yes: boolean }>({
    type: 'confirm',
    name: 'yes',
    message: `${what}, and this is production. Go on?`,
    initial: false,
  });
  if (!yes) output.warn('Nothing was done.');
  return yes;
}
