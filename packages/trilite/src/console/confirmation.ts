import type { CommandContext } from './command';
import { CommandUsageError } from './errors';

type AskingContext = Pick<CommandContext, 'app' | 'output' | 'prompts' | 'terminal'>;

/**
 * Asks a person before production data is destroyed. Elsewhere, and with `--force`, nobody is asked.
 *
 * @param what what is about to happen, as "Rolling back drops tables"
 * @returns whether to go on
 * @throws E_COMMAND_USAGE in production, when there is nobody to ask
 */
export async function confirmDestroying(
  context: AskingContext,
  command: string,
  { what, force }: { readonly what: string; readonly force: boolean },
): Promise<boolean> {
  const { config } = await context.app();
  if (config.app.env !== 'production') return true;
  const asked = { what: `${what}, and this is production`, force };
  return confirm(context, command, asked);
}

/**
 * Asks a person before something is done that is hard to take back, wherever this is. With `--force` nobody is asked.
 *
 * @returns whether to go on
 * @throws E_COMMAND_USAGE when there is nobody to ask
 */
export async function confirm(
  { output, prompts, terminal }: Omit<AskingContext, 'app'>,
  command: string,
  { what, force }: { readonly what: string; readonly force: boolean },
): Promise<boolean> {
  if (force) return true;
  if (!terminal.interactive) {
    throw CommandUsageError.because(command, `${what} (--force does it unasked)`);
  }
  const yes = await prompts.confirm(`${what}. Go on?`, { default: false });
  if (!yes) output.warn('Nothing was done.');
  return yes;
}

/** The context of a command, for a question: where JSON is printed nobody is asked, for the question would stand before it. */
export function asking({
  app,
  output,
  prompts,
  terminal,
  options,
}: AskingContext & { readonly options: { readonly json: boolean } }): AskingContext {
  const interactive = terminal.interactive && !options.json;
  return { app, output, prompts, terminal: { ...terminal, interactive } };
}
