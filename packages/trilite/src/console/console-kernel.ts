import { join } from 'node:path';
import { FrameworkError, toError } from '../support/errors';
import { loadExports, sourceFile, sourceFiles } from '../support/file-discovery';
import { nearest } from '../support/nearest';
import { wordsOf } from '../support/words';
import { runCentral } from '../tenancy/central';
import { builtInCommands } from './built-in-commands';
import { inputWords, type CommandInput } from './calls/command-input';
import { runAlone } from './calls/isolation';
import { StopSignal } from './calls/stop-signal';
import {
  isCommandClass,
  type Command,
  type CommandClass,
  type CommandContext,
  type CommandFacts,
  type CommandView,
  type Terminal,
} from './command';
import type { ConsoleApplication } from './console-application';
import type { ConsoleKernelOptions } from './console-kernel-options';
import {
  CommandFailedError,
  CommandInvalidError,
  CommandStoppedError,
  CommandUnknownError,
  CommandUsageError,
} from './errors';
import { globalFlags, readGlobalInput, type GlobalInput } from './global-input';
import { Output, type OutputStream } from './output';
import { parseInput, type ParsedInput } from './parse';
import type { Asker } from './prompts/asker';
import { askMissing } from './prompts/missing-input';
import { Prompts } from './prompts/prompts';
import { terminalAsker } from './prompts/terminal-asker';

/** What a console is made of. */
export interface ConsoleKernelParts {
  /** The folder of artisan.ts. */
  readonly codePath: string;
  /** Boots the application; called by commands that need one. */
  readonly boot: () => Promise<ConsoleApplication>;
  /** Called with the value of `--env` before anything is loaded. */
  readonly useEnvironment: (name: string) => void;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Whether a person sits there. Default: false. */
  readonly interactive?: boolean;
  /** Whether the application is somebody else's, and stays open after a run. Default: false. */
  readonly keepsOpen?: boolean;
  /** Runs a command for whom it is meant. Default: for the application itself. */
  readonly enter?: (work: () => Promise<number>) => Promise<number>;
  /** Who is asked what commands ask. Default: the person at the terminal of this process. */
  readonly asker?: Asker;
  /** Aborted when commands are to stop. Default: when a signal tells the process to. */
  readonly stopSignal?: AbortSignal;
}

interface Found extends CommandFacts {
  readonly type: CommandClass;
}

/** One command to run. */
interface Call {
  readonly found: Found;
  /** What was typed after its name. */
  readonly words: readonly string[];
  readonly terminal: Terminal;
  readonly output: Output;
  /** With which exit code to end when another run goes on; undefined when that does not matter. */
  readonly isolation: number | undefined;
}

/** A terminal nothing is known of. */
const PLAIN: Terminal = { color: undefined, quiet: false, verbose: false, interactive: false };

const NOWHERE: OutputStream = { write: () => undefined };

/**
 * Turns what was typed into a command call.
 *
 *     argv → global options → command by name → its arguments and options → handle → exit code
 *
 * The application boots only for commands that ask for it: `list` and `help` read no configuration and open nothing.
 */
export class ConsoleKernel {
  readonly #parts: ConsoleKernelParts;
  readonly #stop: StopSignal;
  #found: ReadonlyMap<string, Found> | undefined;
  #app: Promise<ConsoleApplication> | undefined;

  constructor(parts: ConsoleKernelParts) {
    this.#parts = parts;
    this.#stop = new StopSignal(parts.stopSignal);
  }

  /** Runs a command line. Never throws: errors are printed on standard error. @returns the exit code */
  async run(argv: readonly string[]): Promise<number> {
    let terminal = PLAIN;
    try {
      const input = readGlobalInput(argv, this.#parts.interactive === true);
      terminal = input.terminal;
      if (input.environment !== undefined) this.#parts.useEnvironment(input.environment);
      return await this.#enter(() => this.#perform(this.#callOf(input)));
    } catch (thrown) {
      return this.report(toError(thrown), terminal);
    } finally {
      await this.#close();
    }
  }

  /**
   * Runs a command by its class or a line, with values of its signature. Throws what the command throws.
   *
   * @returns the exit code
   */
  async call(command: string | CommandClass, values: CommandInput = {}): Promise<number> {
    return this.#enter(() => this.#perform(this.#calling(command, values)));
  }

  /** Says what went wrong. @returns the exit code that stands for it */
  report(error: Error, terminal: Terminal = PLAIN): number {
    if (error instanceof CommandStoppedError) return error.exitCode;
    const output = new Output(this.#parts.stderr, terminal);
    output.error(
      error.message,
      error instanceof FrameworkError ? `${error.help} (${error.code})` : undefined,
    );
    if (terminal.verbose || !(error instanceof FrameworkError)) {
      output.line(output.colors.dim(error.stack ?? ''));
    }
    if (terminal.verbose && error.cause !== undefined) {
      output.line(output.colors.dim(String(toError(error.cause).stack)));
    }
    if (error instanceof CommandFailedError) return error.exitCode;
    return error instanceof CommandUsageError ? 2 : 1;
  }

  /** Everything this console can run, by name. */
  get commands(): ReadonlyMap<string, Found> {
    this.#found ??= this.#discover();
    return this.#found;
  }

  #enter(work: () => Promise<number>): Promise<number> {
    const { enter = runCentral } = this.#parts;
    return enter(work);
  }

  #callOf(input: GlobalInput, type?: CommandClass): Call {
    const name = input.wantsHelp && input.name !== 'list' ? 'help' : input.name;
    return {
      ...input,
      found: type === undefined ? this.#find(name) : this.#known(type),
      words: name === input.name ? input.rest : [input.name],
      output: new Output(this.#parts.stdout, input.terminal),
    };
  }

  /** The call that the application makes, or another command: then it is part of that one. */
  #calling(command: string | CommandClass, values: CommandInput, by?: Call): Call {
    const [line, type] =
      typeof command === 'string'
        ? [wordsOf(command), undefined]
        : [[command.signature.name], command];
    const input = readGlobalInput(line, this.#parts.interactive === true);
    const call = this.#callOf(input, type);
    const { flags, positions } = inputWords(call.found.signature, values);
    const end = positions.length === 0 || call.words.includes('--') ? [] : ['--'];
    return {
      ...call,
      words: [...flags, ...call.words, ...end, ...positions],
      ...(by && { terminal: by.terminal, output: by.output }),
    };
  }

  async #perform(call: Call): Promise<number> {
    const { found, words, terminal, output } = call;
    const { signature } = found;
    const { asker = terminalAsker } = this.#parts;
    const ask: Asker['ask'] = (question) => this.#stop.orStop(asker.ask(question));
    const asking = { signature, interactive: terminal.interactive, asker: { ask } };
    const typed = parseInput(signature, words);
    const input = await askMissing(signature, typed, new Prompts({ ...asking, input: typed }));
    const prompts = new Prompts({ ...asking, input });
    const work = async (): Promise<number> => {
      const command = await this.#make(found);
      return this.#handle(command, this.#contextOf(call, input, prompts), signature.name);
    };
    const exitCode = call.isolation ?? (signature.isolated === true ? 0 : undefined);
    if (exitCode === undefined) return work();
    const { locks } = await this.#boot();
    return runAlone({ command: signature.name, locks, output, exitCode }, work);
  }

  async #handle(command: Command, context: CommandContext, name: string): Promise<number> {
    let code: number | void;
    try {
      code = await command.handle(context);
    } catch (thrown) {
      // Work that stops where the signal says so throws an error of its own; the signal knows why
      throw isOf(this.#stop.reason, thrown) ? this.#stop.reason : thrown;
    }
    const stopped = this.#stop.reason;
    if (code === undefined) return stopped instanceof CommandStoppedError ? stopped.exitCode : 0;
    if (Number.isInteger(code) && code >= 0 && code <= 255) return code;
    throw CommandInvalidError.exitCode(name, code);
  }

  #contextOf(call: Call, input: ParsedInput, prompts: Prompts): CommandContext {
    const stop = this.#stop;
    const { output, terminal } = call;
    const silent: Call = {
      ...call,
      terminal: { ...terminal, interactive: false },
      output: new Output(NOWHERE),
    };
    const callAs =
      (by: Call) =>
      (command: string | CommandClass, values: CommandInput = {}): Promise<number> =>
        this.#perform(this.#calling(command, values, by));
    return {
      arguments: input.arguments,
      options: input.options,
      output,
      prompts,
      get signal() {
        return stop.signal;
      },
      call: callAs(call),
      callSilently: callAs(silent),
      fail: (message, exitCode = 1) => {
        throw CommandFailedError.saying(message, exitCode);
      },
      terminal,
      codePath: this.#parts.codePath,
      app: () => this.#boot(),
      commands: () => [...this.commands.values()],
      callOn: (view, argv) => this.#callOn(view, argv),
    } as CommandContext;
  }

  #callOn({ app, enter, stream }: CommandView, argv: readonly string[]): Promise<number> {
    const kernel = new ConsoleKernel({
      ...this.#parts,
      boot: async () => app,
      enter,
      stdout: stream,
      stderr: stream,
      interactive: false,
      keepsOpen: true,
    });
    kernel.#found = this.commands;
    return kernel.run(argv);
  }

  #find(name: string): Found {
    const found = this.commands.get(name);
    if (found === undefined) {
      throw CommandUnknownError.named(name, nearest(name, [...this.commands.keys()]));
    }
    return found;
  }

  /** A command by its class, whether or not it lies where the console finds it. */
  #known(type: CommandClass): Found {
    const found = this.commands.get(type.signature.name);
    if (found?.type === type) return found;
    return { type, signature: type.signature, origin: 'application' };
  }

  /** The framework's commands ask for what they need while they run; the application's are injected, so it must have booted. */
  async #make({ type, origin }: Found): Promise<Command> {
    if (origin === 'trilite') return new type();
    return (await this.#boot()).make(type);
  }

  #boot(): Promise<ConsoleApplication> {
    this.#app ??= this.#parts.boot();
    return this.#app;
  }

  async #close(): Promise<void> {
    if (this.#parts.keepsOpen !== true) {
      const app = await this.#app?.catch(() => undefined);
      await app?.close();
    }
    this.#stop.release();
  }

  #discover(): ReadonlyMap<string, Found> {
    const found = new Map<string, Found>();
    for (const type of builtInCommands) {
      found.set(type.signature.name, { type, signature: type.signature, origin: 'trilite' });
    }
    for (const file of sourceFiles(join(this.#parts.codePath, 'app/console/commands'), {
      deep: true,
    })) {
      const types = Object.values(loadExports(file)).filter(isCommandClass);
      if (types.length === 0) throw CommandInvalidError.none(file.path);
      for (const type of types) addCommand(found, type, file.path);
    }
    for (const type of this.#listed()) addCommand(found, type, 'app/console/kernel.ts');
    return found;
  }

  #listed(): readonly CommandClass[] {
    const file = sourceFile(join(this.#parts.codePath, 'app/console'), 'kernel');
    const options =
      file === undefined
        ? undefined
        : (loadExports(file)['default'] as ConsoleKernelOptions | undefined);
    return options?.commands ?? [];
  }
}

/** Whether what was thrown comes of a signal that was aborted. */
function isOf(reason: unknown, thrown: unknown): boolean {
  if (reason === undefined) return false;
  return thrown === reason || (thrown instanceof Error && thrown.name === 'AbortError');
}

function addCommand(found: Map<string, Found>, type: CommandClass, file: string): void {
  const { name, options = {} } = type.signature;
  // Shells complete them, and read what they complete
  if (!/^\w[\w.-]*(?::[\w.-]+)*$/.test(name)) throw CommandInvalidError.named(name, file);
  const taken = Object.entries(options).find(
    ([option, { short }]) => globalFlags.has(`--${option}`) || globalFlags.has(`-${short ?? ''}`),
  );
  if (taken !== undefined) throw CommandInvalidError.reserved(name, taken[0], file);
  if (found.get(name)?.type === type) return;
  if (found.has(name)) throw CommandInvalidError.duplicate(name, file);
  found.set(name, { type, signature: type.signature, origin: 'application' });
}
