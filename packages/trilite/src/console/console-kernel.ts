import { join } from 'node:path';
import { FrameworkError, toError } from '../support/errors';
import { loadExports, sourceFile, sourceFiles } from '../support/file-discovery';
import { nearest } from '../support/nearest';
import { runCentral } from '../tenancy/central';
import { builtInCommands } from './built-in-commands';
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
import { CommandInvalidError, CommandUnknownError, CommandUsageError } from './errors';
import { globalOptions } from './global-options';
import { Output, type OutputStream } from './output';
import { parseInput, type ParsedInput } from './parse';

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
}

interface Found extends CommandFacts {
  readonly type: CommandClass;
}

interface GlobalInput {
  readonly terminal: Terminal;
  readonly environment: string | undefined;
  readonly wantsHelp: boolean;
  readonly name: string;
  readonly rest: readonly string[];
}

/**
 * Turns what was typed into a command call.
 *
 *     argv → global options → command by name → its arguments and options → handle → exit code
 *
 * The application boots only for commands that ask for it: `list` and `help` read no configuration and open nothing.
 */
export class ConsoleKernel {
  readonly #parts: ConsoleKernelParts;
  #found: ReadonlyMap<string, Found> | undefined;
  #app: Promise<ConsoleApplication> | undefined;

  constructor(parts: ConsoleKernelParts) {
    this.#parts = parts;
  }

  /** Runs a command line. Never throws: errors are printed on standard error. @returns the exit code */
  async run(argv: readonly string[]): Promise<number> {
    let terminal: Terminal = { color: undefined, quiet: false, verbose: false, interactive: false };
    try {
      const input = readGlobalInput(argv, this.#parts.interactive === true);
      terminal = input.terminal;
      if (input.environment !== undefined) this.#parts.useEnvironment(input.environment);
      return await this.#call(input);
    } catch (thrown) {
      return this.#report(toError(thrown), terminal);
    } finally {
      await this.#close();
    }
  }

  /** Everything this console can run, by name. */
  get commands(): ReadonlyMap<string, Found> {
    this.#found ??= this.#discover();
    return this.#found;
  }

  async #call(input: GlobalInput): Promise<number> {
    const name = input.wantsHelp && input.name !== 'list' ? 'help' : input.name;
    const rest = name === input.name ? input.rest : [input.name];
    const found = this.#find(name);
    const parsed = parseInput(found.signature, rest);
    const { enter = runCentral } = this.#parts;
    return enter(async () => {
      const command = await this.#make(found);
      return (await command.handle(this.#contextOf(input, parsed))) ?? 0;
    });
  }

  #contextOf(input: GlobalInput, parsed: ParsedInput): CommandContext {
    return {
      ...parsed,
      output: new Output(this.#parts.stdout, input.terminal),
      terminal: input.terminal,
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
    if (this.#parts.keepsOpen === true) return;
    const app = await this.#app?.catch(() => undefined);
    await app?.close();
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

  #report(error: Error, terminal: Terminal): number {
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
    return error instanceof CommandUsageError ? 2 : 1;
  }
}

function addCommand(found: Map<string, Found>, type: CommandClass, file: string): void {
  const { name, options = {} } = type.signature;
  const taken = Object.entries(options).find(
    ([option, { short }]) => GLOBAL.has(`--${option}`) || GLOBAL.has(`-${short ?? ''}`),
  );
  if (taken !== undefined) throw CommandInvalidError.reserved(name, taken[0], file);
  if (found.get(name)?.type === type) return;
  if (found.has(name)) throw CommandInvalidError.duplicate(name, file);
  found.set(name, { type, signature: type.signature, origin: 'application' });
}

/** The global options, which may stand before or after the command's name, up to a `--`. */
function readGlobalInput(argv: readonly string[], isTerminal: boolean): GlobalInput {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const { environment, words: own } = takeEnvironment(argv.slice(0, end));
  const has = (...flags: readonly string[]): boolean => own.some((word) => flags.includes(word));
  const [name = 'list', ...rest] = own.filter((word) => !GLOBAL.has(word));
  return {
    terminal: {
      color: has('--no-ansi') ? false : has('--ansi') ? true : undefined,
      quiet: has('--quiet', '-q'),
      verbose: has('--verbose', '-v'),
      interactive: isTerminal && !has('--no-interaction', '-n'),
    },
    environment,
    wantsHelp: has('--help', '-h'),
    name: has('--version', '-V') ? 'version' : name,
    rest: [...rest, ...argv.slice(end)],
  };
}

/** Takes `--env=name` or `--env name` out of the words. */
function takeEnvironment(words: readonly string[]): {
  environment: string | undefined;
  words: readonly string[];
} {
  const at = words.findIndex((word) => word === '--env' || word.startsWith('--env='));
  if (at === -1) return { environment: undefined, words };
  const isSpaced = words[at] === '--env';
  const environment = isSpaced ? words[at + 1] : words[at]?.slice('--env='.length);
  if (environment === undefined || environment === '') {
    throw CommandUsageError.because('list', '"--env" needs the name of an environment');
  }
  return { environment, words: words.toSpliced(at, isSpaced ? 2 : 1) };
}

const GLOBAL: ReadonlySet<string> = new Set(globalOptions.flatMap(({ flags }) => flags));
