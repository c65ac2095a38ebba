import { globalOptions } from '../global-options';
import type { OptionSpec, Signature } from '../signature';

/** One way to go on, and what it is. */
export interface Completion {
  readonly value: string;
  readonly description: string;
}

/** What is known of values, and cheap to know. */
export interface CompletionFacts {
  readonly signatures: readonly Signature[];
  /** Ids of tenants. */
  readonly tenants: () => readonly string[];
  /** Names of environments. */
  readonly environments: () => readonly string[];
}

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** How the last of the words behind `artisan` may go on; it may be empty. */
export function completionsOf(words: readonly string[], facts: CompletionFacts): Completion[] {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const name = before.find((word) => !word.startsWith('-'));
  const signature = facts.signatures.find((one) => one.name === name);
  if (before.includes('--') || (name !== undefined && signature === undefined)) return [];
  return candidates(current, signature, before, facts).filter(({ value }) =>
    value.startsWith(current),
  );
}

function candidates(
  current: string,
  signature: Signature | undefined,
  before: readonly string[],
  facts: CompletionFacts,
): Completion[] {
  const [, option] = /^--([\w-]+)=/.exec(current) ?? [];
  if (option !== undefined) {
    const values = listed(current, valuesOf(option, signature, facts));
    return values.map((value) => ({ value: `--${option}=${value}`, description: '' }));
  }
  if (current.startsWith('-')) {
    const options = Object.entries(signature?.options ?? {}).map(ofOption);
    return [...options, ...ofGlobals()].filter(({ value }) => !before.includes(value));
  }
  if (signature === undefined) return ofCommands(facts);
  const position = before.filter((word) => !word.startsWith('-')).length - 1;
  return ofArgument(signature, position, facts);
}

const ofCommands = ({ signatures }: CompletionFacts): Completion[] =>
  signatures.map(({ name, description }) => ({ value: name, description }));

const ofOption = ([name, spec]: [string, OptionSpec]): Completion => ({
  value: spec.type === undefined || spec.isOptional === true ? `--${name}` : `--${name}=`,
  description: spec.description,
});

const ofGlobals = (): Completion[] =>
  globalOptions.flatMap(({ flags, description }) =>
    flags
      .filter((flag) => flag.startsWith('--'))
      .map((flag) => ({ value: flag === '--env' ? '--env=' : flag, description })),
  );

function ofArgument(signature: Signature, position: number, facts: CompletionFacts): Completion[] {
  const given = Object.entries(signature.arguments ?? {});
  const last = given.at(-1);
  const [name] = given[position] ?? (last?.[1].variadic === true ? last : []);
  if (name === undefined) return [];
  if (name === 'command') return ofCommands(facts);
  return valuesOf(name, signature, facts).map((value) => ({ value, description: '' }));
}

function valuesOf(
  name: string,
  signature: Signature | undefined,
  { tenants, environments }: CompletionFacts,
): readonly string[] {
  if (name === 'env') return environments();
  if (name === 'shell') return SHELLS;
  const isOfTenants =
    signature?.name.startsWith('tenants:') === true && /^(ids?|except)$/.test(name);
  return isOfTenants || /^tenants?$/.test(name) ? tenants() : [];
}

/** Of `--tenants=acme,gl`, the list goes on behind its last comma. */
function listed(current: string, values: readonly string[]): string[] {
  const typed = current.slice(current.indexOf('=') + 1);
  const kept = typed.slice(0, typed.lastIndexOf(',') + 1);
  const taken = kept.split(',');
  return values.filter((value) => !taken.includes(value)).map((value) => kept + value);
}
