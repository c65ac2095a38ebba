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
  if (config.app.env !== 'production') return true;
  const asked = { what: `${what}, and this is production`, force };
  return confirm({ output, terminal }, command, asked);
}

/**
 * Asks a person before something is done that is hard to take back, wherever this is. With `--force` nobody is asked.
 *
 * @returns whether to go on
 * @throws E_COMMAND_USAGE when there is nobody to ask
 */
export async function confirm(
  { output, terminal }: Omit<AskingContext, 'app'>,
  command: string,
  { what, force }: { readonly what: string; readonly force: boolean },
): Promise<boolean> {
  if (force) return true;
  if (!terminal.interactive) {
    throw CommandUsageError.because(command, `${what} (--force does it unasked)`);
  }
  const { prompt } = require('enquirer') as typeof import('enquirer');
  const { yes } = await prompt<{ yes: boolean }>({
    type: 'confirm',
    name: 'yes',
    message: `${what}. Go on?`,
    initial: false,
  });
  if (!yes) output.warn('Nothing was done.');
  return yes;
}

/** The context of a command, for a question: where JSON is printed nobody is asked, for the question would stand before it. */
export function asking<
  T extends Pick<CommandContext, 'terminal'> & { readonly options: { readonly json: boolean } },
>(context: T): T {
  const { terminal, options } = context;
  return {
    ...context,
    terminal: { ...terminal, interactive: terminal.interactive && !options.json },
  };
}
