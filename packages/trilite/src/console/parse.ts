import type { Option as ParserOption } from 'commander';
import { CommandUsageError } from './errors';
import { argumentSyntax, optionSyntax, type OptionSpec, type Signature } from './signature';

/** What was typed after a command's name. */
export interface ParsedInput {
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly options: Readonly<Record<string, unknown>>;
  /** The names of those that were typed; the others have their defaults. */
  readonly typed: ReadonlySet<string>;
}

/**
 * Reads what was typed by a command's signature.
 *
 * @throws E_COMMAND_USAGE
 */
export function parseInput(signature: Signature, argv: readonly string[]): ParsedInput {
  // The list of commands needs no parser
  const { Command: Parser } = require('commander') as typeof import('commander');
  const parser = new Parser(signature.name)
    .exitOverride()
    .helpOption(false)
    .configureOutput({ writeErr: () => undefined });
  for (const [name, spec] of Object.entries(signature.arguments ?? {})) {
    // One that is asked for may be missing here
    const required = spec.required !== false && spec.question === undefined;
    parser.argument(argumentSyntax(name, { ...spec, required }));
  }
  for (const [name, spec] of Object.entries(signature.options ?? {})) {
    parser.addOption(parserOption(name, spec));
  }
  try {
    parser.parse([...argv], { from: 'user' });
  } catch (error) {
    throw CommandUsageError.because(signature.name, problemOf(error));
  }
  return {
    arguments: named(signature, parser.processedArgs),
    options: optionsOf(signature, parser.opts()),
    typed: new Set([
      ...Object.keys(signature.arguments ?? {}).slice(0, parser.args.length),
      ...Object.keys(signature.options ?? {}).filter(
        (name) => parser.getOptionValueSource(camelCase(name)) === 'cli',
      ),
    ]),
  };
}

function parserOption(name: string, spec: OptionSpec): ParserOption {
  const { InvalidArgumentError, Option } = require('commander') as typeof import('commander');
  const option = new Option(optionSyntax(name, spec).trim(), spec.description);
  // The parser takes `--no-cache` for the opposite of `--cache`; here it is an option like any other
  option.negate = false;
  if (spec.type === undefined) return option;
  return option.default(spec.default).argParser((text) => {
    const problem = problemOfValue(text, spec);
    if (problem !== undefined) throw new InvalidArgumentError(problem);
    return valueOf(text, spec);
  });
}

function named(signature: Signature, values: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(signature.arguments ?? {}).map((name, index) => [name, values[index]]),
  );
}

/** The parser answers in camelCase; commands are given the names of their signature. */
function optionsOf(signature: Signature, parsed: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(signature.options ?? {}).map(([name, spec]) => {
      const value = parsed[camelCase(name)];
      if (spec.type === undefined) return [name, value === true];
      return [name, value === true ? '' : value];
    }),
  );
}

function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** What is wrong with a value that was typed for an option; undefined when it is valid. */
export function problemOfValue(
  text: string,
  { type, min = 0, max = Number.MAX_SAFE_INTEGER }: OptionSpec,
): string | undefined {
  if (type === 'string') return text === '' ? 'Expected a text, got an empty one.' : undefined;
  const value = Number(text);
  const isWithin = Number.isSafeInteger(value) && value >= min && value <= max;
  if (text.trim() !== '' && isWithin) return undefined;
  const limit = max === Number.MAX_SAFE_INTEGER ? '' : ` and at most ${max}`;
  return `Expected a whole number of at least ${min}${limit}.`;
}

/** The value of an option as a command is given it. */
export function valueOf(text: string, { type }: OptionSpec): string | number {
  return type === 'integer' ? Number(text) : text;
}

function problemOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message
    .replace(/^error: /, '')
    .replace(/\.$/, '')
    .replace(/\n\(/, ' (')
    .replace(/^./, (letter) => letter.toUpperCase());
}
