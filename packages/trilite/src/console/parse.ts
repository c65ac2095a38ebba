import { CommandUsageError } from './errors';
import { argumentSyntax, optionSyntax, type OptionSpec, type Signature } from './signature';

/** What was typed after a command's name. */
export interface ParsedInput {
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * Reads what was typed by a command's signature.
 *
 * @throws E_COMMAND_USAGE
 */
export function parseInput(signature: Signature, argv: readonly string[]): ParsedInput {
  // The list of commands needs no parser
  const { Command: Parser, InvalidArgumentError } =
    require('commander') as typeof import('commander');
  const parser = new Parser(signature.name)
    .exitOverride()
    .helpOption(false)
    .configureOutput({ writeErr: () => undefined });
  for (const [name, spec] of Object.entries(signature.arguments ?? {})) {
    parser.argument(argumentSyntax(name, spec));
  }
  for (const [name, spec] of Object.entries(signature.options ?? {})) {
    const read = (text: string): unknown =>
      readOption(text, spec, (problem) => new InvalidArgumentError(problem));
    if (spec.type === undefined) parser.option(optionSyntax(name, spec).trim());
    else parser.option(optionSyntax(name, spec).trim(), spec.description, read, spec.default);
  }
  try {
    parser.parse([...argv], { from: 'user' });
  } catch (error) {
    throw CommandUsageError.because(signature.name, problemOf(error));
  }
  return {
    arguments: named(signature, parser.processedArgs),
    options: optionsOf(signature, parser.opts()),
  };
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
      const value = parsed[name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())];
      if (spec.type === undefined) return [name, value === true];
      return [name, value === true ? '' : value];
    }),
  );
}

function readOption(
  text: string,
  { type, min = 0, max = Number.MAX_SAFE_INTEGER }: OptionSpec,
  invalid: (problem: string) => Error,
): unknown {
  if (type === 'string') {
    if (text === '') throw invalid('Expected a text, got an empty one.');
    return text;
  }
  const value = Number(text);
  const isWithin = Number.isSafeInteger(value) && value >= min && value <= max;
  const limit = max === Number.MAX_SAFE_INTEGER ? '' : ` and at most ${max}`;
  if (text.trim() === '' || !isWithin) {
    throw invalid(`Expected a whole number of at least ${min}${limit}.`);
  }
  return value;
}

function problemOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message
    .replace(/^error: /, '')
    .replace(/\.$/, '')
    .replace(/\n\(/, ' (')
    .replace(/^./, (letter) => letter.toUpperCase());
}
