import type { Terminal } from './command';
import { CommandUsageError } from './errors';
import { globalOptions } from './global-options';

/** The options every command takes, and what is left of a command line without them. */
export interface GlobalInput {
  readonly terminal: Terminal;
  readonly environment: string | undefined;
  readonly wantsHelp: boolean;
  /** With which exit code to end when another run of the command goes on; undefined when that does not matter. */
  readonly isolation: number | undefined;
  readonly name: string;
  readonly rest: readonly string[];
}

/** How every command takes them. */
export const globalFlags: ReadonlySet<string> = new Set(
  globalOptions.flatMap(({ flags }) => flags),
);

/** Commands whose words are another program's, from behind their name on. */
const HANDS_ON: ReadonlySet<string> = new Set(['test']);

/**
 * Reads the global options, which may stand before or after the command's name, up to a `--`; of a command that hands its words on, before it.
 *
 * @throws E_COMMAND_USAGE
 */
export function readGlobalInput(argv: readonly string[], isTerminal: boolean): GlobalInput {
  const handedOn = handedOnFrom(argv);
  const end = handedOn ?? (argv.includes('--') ? argv.indexOf('--') : argv.length);
  const { environment, words } = takeEnvironment(argv.slice(0, end));
  const { isolation, words: own } = takeIsolation(words);
  const has = (...flags: readonly string[]): boolean => own.some((word) => flags.includes(word));
  const [name = 'list', ...rest] = own.filter((word) => !globalFlags.has(word));
  return {
    terminal: {
      color: has('--no-ansi') ? false : has('--ansi') ? true : undefined,
      quiet: has('--quiet', '-q'),
      verbose: has('--verbose', '-v'),
      interactive: isTerminal && !has('--no-interaction', '-n'),
    },
    environment,
    wantsHelp: has('--help', '-h'),
    isolation,
    name: has('--version', '-V') ? 'version' : name,
    rest: [...rest, ...(handedOn === undefined ? [] : ['--']), ...argv.slice(end)],
  };
}

function handedOnFrom(argv: readonly string[]): number | undefined {
  const at = argv.findIndex((word, index) => !word.startsWith('-') && argv[index - 1] !== '--env');
  return HANDS_ON.has(argv[at] ?? '') ? at + 1 : undefined;
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

/** Takes `--isolated` or `--isolated=code` out of the words. */
function takeIsolation(words: readonly string[]): {
  isolation: number | undefined;
  words: readonly string[];
} {
  const at = words.findIndex((word) => /^--isolated(=|$)/.test(word));
  if (at === -1) return { isolation: undefined, words };
  const [, code = '0'] = words[at]?.split('=', 2) ?? [];
  if (!/^\d{1,3}$/.test(code) || Number(code) > 255) {
    throw CommandUsageError.because('list', '"--isolated" takes an exit code from 0 to 255');
  }
  return { isolation: Number(code), words: words.toSpliced(at, 1) };
}
