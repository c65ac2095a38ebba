import { CommandUsageError } from '../errors';
import type { ArgumentsOf, OptionsOf, Signature } from '../signature';

type OptionInput = string | number | boolean | undefined;

/** The values a command is called with, by the names of its signature. */
export interface CommandInput {
  readonly arguments?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly options?: Readonly<Record<string, OptionInput>>;
}

type NeededName<A> = {
  [K in keyof A]: A[K] extends { readonly required: false } | { readonly question: string }
    ? never
    : K;
}[keyof A];

/** Any of some values; where there are none to be had, none. */
type AnyOf<T> = [keyof T] extends [never] ? Readonly<Record<string, never>> : Partial<T>;

/** The values a command of that signature is called with: those it needs, and any of the others. */
export type InputOf<S extends Signature> = {
  readonly options?: AnyOf<OptionsOf<S>>;
} & ([NeededName<NonNullable<S['arguments']>>] extends [never]
  ? { readonly arguments?: AnyOf<ArgumentsOf<S>> }
  : {
      readonly arguments: Partial<ArgumentsOf<S>> &
        Pick<ArgumentsOf<S>, NeededName<NonNullable<S['arguments']>>>;
    });

/** What follows a command's class in a call: its input, which may be left out where it needs none. */
export type InputParameters<C extends { readonly signature: Signature }> =
  object extends InputOf<C['signature']>
    ? [input?: InputOf<C['signature']>]
    : [input: InputOf<C['signature']>];

/**
 * What a call's values would be, typed: so that they are judged as those of a person.
 *
 * @throws E_COMMAND_USAGE
 */
export function inputWords(
  signature: Signature,
  { arguments: values = {}, options = {} }: CommandInput,
): { readonly flags: readonly string[]; readonly positions: readonly string[] } {
  const names = Object.keys(signature.arguments ?? {});
  const strange = Object.keys(values).find((name) => !names.includes(name));
  if (strange !== undefined) {
    throw CommandUsageError.because(signature.name, `There is no argument "${strange}"`);
  }
  const given = names.filter((name) => values[name] !== undefined);
  const missing = names.slice(0, given.length).find((name) => !given.includes(name));
  if (missing !== undefined) {
    const problem = `The argument "${missing}" is missing, which stands before "${given.at(-1)}"`;
    throw CommandUsageError.because(signature.name, problem);
  }
  return {
    flags: Object.entries(options).flatMap(([name, value]) => flagOf(name, value)),
    positions: given.flatMap((name) => values[name] ?? []),
  };
}

/** An option as it is typed; a switch that is off, and what is undefined, are not. */
function flagOf(name: string, value: OptionInput): string[] {
  if (value === undefined || value === false) return [];
  return [value === true || value === '' ? `--${name}` : `--${name}=${String(value)}`];
}
