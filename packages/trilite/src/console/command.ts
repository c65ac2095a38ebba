import type { CommandInput, InputParameters } from './calls/command-input';
import type { ConsoleApplication } from './console-application';
import type { Output, OutputStream } from './output';
import type { Prompts } from './prompts/prompts';
import type { ArgumentsOf, OptionsOf, Signature } from './signature';

/** What a command is called with. */
export interface CommandContext<S extends Signature = Signature> {
  readonly arguments: ArgumentsOf<S>;
  readonly options: OptionsOf<S>;
  readonly output: Output;
  /** Asks the person who runs the command. */
  readonly prompts: Prompts<S>;
  /**
   * Aborted when the command is to stop: by Ctrl-C, or another signal to the process. Whoever reads it has that end the command, which may
   * finish what it is at; a later Ctrl-C ends the process. The exit code is 128 and the signal's number unless the command returns another.
   */
  readonly signal: AbortSignal;
  /** Runs another command as part of this one: same terminal, same options of every command. Throws what it throws. */
  readonly call: CallCommand;
  /** The same with nothing printed and nobody asked. */
  readonly callSilently: CallCommand;
  /** Ends the command with an error message, and an exit code of 1 unless told otherwise. */
  readonly fail: (message: string, exitCode?: number) => never;
  /** Global options that a command passes on to commands it starts. */
  readonly terminal: Terminal;
  /** The folder of artisan.ts. */
  readonly codePath: string;
  /** The booted application; booted at the first call. */
  readonly app: () => Promise<ConsoleApplication>;
  /** Everything this console can run. */
  readonly commands: () => readonly CommandFacts[];
  /** Runs another command line of this console, with nobody to ask. Never throws: errors are printed. @returns the exit code */
  readonly callOn: (view: CommandView, argv: readonly string[]) => Promise<number>;
}

/** Calls a command by its class, with values of its signature, or by a line as it is typed after `artisan`. @returns its exit code */
export interface CallCommand {
  <C extends CommandClass>(command: C, ...input: InputParameters<C>): Promise<number>;
  (line: string, input?: CommandInput): Promise<number>;
}

/** Whose work a command is that another one runs. */
export interface CommandView {
  /** The application as that work sees it; it stays open. */
  readonly app: ConsoleApplication;
  readonly enter: (work: () => Promise<number>) => Promise<number>;
  /** Takes what the command says, errors included. */
  readonly stream: OutputStream;
}

/** How the console was started. */
export interface Terminal {
  readonly color: boolean | undefined;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** Whether a person can be asked. */
  readonly interactive: boolean;
}

/** A command as the list shows it. */
export interface CommandFacts {
  readonly signature: Signature;
  /** Whether the framework or the application brings it. */
  readonly origin: 'trilite' | 'application';
}

/**
 * Something to type after `artisan`. Found in app/console/commands, and made by the container: its constructor may ask for anything
 * injectable.
 *
 * @example
 * import { CacheRepository, defineSignature, injectable, type Command, type CommandContext } from 'trilite';
 *
 * const signature = defineSignature({
 *   name: 'counter:show',
 *   description: 'Show a counter of the cache',
 *   arguments: { name: { description: 'Name of the counter' } },
 *   options: { add: { type: 'integer', description: 'What to add first', default: 0 } },
 * });
 *
 * \@injectable()
 * export class CounterShowCommand implements Command<typeof signature> {
 *   static readonly signature = signature;
 *
 *   constructor(private readonly cache: CacheRepository) {}
 *
 *   async handle({ arguments: { name }, options, output }: CommandContext<typeof signature>) {
 *     output.line(String(await this.cache.increment(name, options.add)));
 *   }
 * }
 */
export interface Command<S extends Signature = Signature> {
  /** Does it. @returns the exit code, 0 to 255; nothing means 0 */
  handle(context: CommandContext<S>): Promise<number | void> | number | void;
}

/** A command's class. */
export interface CommandClass {
  new (...dependencies: never[]): Command<never>;
  readonly signature: Signature;
}

/** Tells whether something a file exports is a command class. */
export function isCommandClass(value: unknown): value is CommandClass {
  if (typeof value !== 'function') return false;
  const { signature } = value as unknown as { signature?: Partial<Signature> };
  return (
    typeof signature?.name === 'string' &&
    typeof (value.prototype as Partial<Command>).handle === 'function'
  );
}
