import { CommandUsageError } from '../errors';
import type { ParsedInput } from '../parse';
import type { InputName, Signature } from '../signature';
import type { Answers, Asker, Choice, Question } from './asker';

/** Says what is wrong with an answer, undefined when nothing is; or a schema of zod, whose message is shown. */
export type AnswerCheck<T> =
  | ((answer: T) => string | undefined | Promise<string | undefined>)
  | {
      safeParseAsync(answer: T): Promise<{
        readonly success: boolean;
        readonly error?: { readonly issues: readonly { readonly message: string }[] } | undefined;
      }>;
    };

/** How a question is put. */
export interface PromptOptions<T, Name extends string = string> {
  /** The argument or option whose value is the answer where one is typed: then nobody is asked. Default: none. */
  readonly answeredBy?: Name;
  /** The answer to an empty line, and where nobody can be asked. Default: none, so that one has to be given. */
  readonly default?: T;
  /** Looks at an answer; asked again until it is right. Default: any that is not empty. */
  readonly validate?: AnswerCheck<T>;
}

/** What can be chosen: values, or values with the text a person reads. */
export type Choices<T extends string> = readonly T[] | Readonly<Record<T, string>>;

/** What prompts are put with. */
export interface PromptsParts {
  readonly signature: Signature;
  readonly input: ParsedInput;
  /** Whether a person can be asked. */
  readonly interactive: boolean;
  readonly asker: Asker;
}

interface Asked<K extends keyof Answers> {
  readonly kind: K;
  readonly text: string;
  readonly choices?: readonly Choice[];
  /** Reads the answer from a value that was typed. */
  readonly read: (typed: unknown) => Answers[K];
}

/**
 * Asks the person who runs a command.
 *
 * The answer is, in this order: what was typed for the argument or option `answeredBy`; what the person says; the default of that option;
 * `default`. With none of these, and nobody to ask, it is an error that names what to type. Each throws E_COMMAND_USAGE then, and for what was
 * typed and is not valid; and E_COMMAND_STOPPED when the person presses Ctrl-C, which ends the command with exit code 130.
 *
 * @example
 * import { defineSignature, type Command, type CommandContext } from 'trilite';
 *
 * const signature = defineSignature({
 *   name: 'plan:change',
 *   description: 'Change the plan',
 *   options: { plan: { type: 'string', description: 'The plan' }, force: { description: 'Ask nothing' } },
 * });
 *
 * export class PlanChangeCommand implements Command<typeof signature> {
 *   static readonly signature = signature;
 *
 *   async handle({ prompts, output }: CommandContext<typeof signature>) {
 *     const plan = await prompts.choose('Which plan?', ['free', 'team'], { answeredBy: 'plan' });
 *     const isSure = await prompts.confirm(`Change to "${plan}"?`, { answeredBy: 'force', default: false });
 *     if (isSure) output.success(`The plan is "${plan}".`);
 *   }
 * }
 */
export class Prompts<S extends Signature = Signature> {
  readonly #parts: PromptsParts;

  constructor(parts: PromptsParts) {
    this.#parts = parts;
  }

  /** Asks for a text. */
  ask(question: string, options: PromptOptions<string, InputName<S>> = {}): Promise<string> {
    return this.#answer({ kind: 'text', text: question, read: textOf }, options);
  }

  /** Asks for a text that is not shown. */
  secret(question: string, options: PromptOptions<string, InputName<S>> = {}): Promise<string> {
    return this.#answer({ kind: 'secret', text: question, read: textOf }, options);
  }

  /** Asks for yes or no; an empty line is no, unless the default is true. */
  confirm(question: string, options: PromptOptions<boolean, InputName<S>> = {}): Promise<boolean> {
    const read = (typed: unknown): boolean => typed === true;
    return this.#answer({ kind: 'confirmation', text: question, read }, options);
  }

  /** Has one of some values chosen. */
  async choose<T extends string>(
    question: string,
    choices: Choices<T>,
    options: PromptOptions<NoInfer<T>, InputName<S>> = {},
  ): Promise<T> {
    const asked = { kind: 'choice', text: question, choices: choicesOf(choices) } as const;
    if (asked.choices.length === 0) {
      throw new RangeError(`Expected \`choices\` of "${question}" to hold one at least, got none.`);
    }
    return this.#answer<'choice', T>({ ...asked, read: textOf }, options);
  }

  /** Has any number of some values chosen; typed, they stand as an argument's words or with commas between them. None is an answer, too. */
  chooseMany<T extends string>(
    question: string,
    choices: Choices<T>,
    options: PromptOptions<readonly NoInfer<T>[], InputName<S>> = {},
  ): Promise<readonly T[]> {
    const asked = { kind: 'choices', text: question, choices: choicesOf(choices) } as const;
    return this.#answer<'choices', readonly T[]>({ ...asked, read: textsOf }, options);
  }

  /** Finds the answer, which its choices make one of type A. */
  async #answer<K extends keyof Answers, A extends Answers[K]>(
    { kind, text, choices = [], read }: Asked<K>,
    { answeredBy, default: fallback, validate }: PromptOptions<A>,
  ): Promise<A> {
    const { input, interactive, asker } = this.#parts;
    const isTyped = answeredBy !== undefined && input.typed.has(answeredBy);
    const value = answeredBy === undefined ? undefined : this.#valueOf(answeredBy);
    const given = isTyped || isDefault(value) ? read(value) : undefined;
    const question: Question<K> = {
      kind,
      text,
      choices,
      default: given ?? fallback,
      problemOf: async (answer) =>
        problemIn(answer, choices) ?? (await problemOf(answer as A, validate)),
    };
    if (isTyped && given !== undefined) await this.#refuseInvalid(question, given, answeredBy);
    else if (interactive) return (await asker.ask(question)) as A;
    if (question.default !== undefined) return question.default as A;
    throw CommandUsageError.nobodyToAsk(this.#parts.signature.name, text, this.#flag(answeredBy));
  }

  async #refuseInvalid<K extends keyof Answers>(
    { problemOf }: Question<K>,
    answer: Answers[K],
    name: string,
  ): Promise<void> {
    const problem = await problemOf(answer);
    if (problem === undefined) return;
    throw CommandUsageError.because(
      this.#parts.signature.name,
      `"${this.#flag(name)}" is not valid: ${problem.replace(/\.$/, '')}`,
    );
  }

  #valueOf(name: string): unknown {
    const { signature, input } = this.#parts;
    if (signature.arguments?.[name] !== undefined) return input.arguments[name];
    if (signature.options?.[name] !== undefined) return input.options[name];
    throw new TypeError(
      `Expected \`answeredBy\` to be an argument or option of "${signature.name}", got \`${name}\`.`,
    );
  }

  /** How an argument or option is typed. */
  #flag(name: string | undefined): string | undefined {
    if (name === undefined) return undefined;
    const option = this.#parts.signature.options?.[name];
    if (option === undefined) return `<${name}>`;
    return option.type === undefined ? `--${name}` : `--${name}=<${option.value ?? 'value'}>`;
  }
}

/** Whether what was not typed is a declared default: a switch and a list have none. */
function isDefault(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number';
}

function textOf(typed: unknown): string {
  return Array.isArray(typed) ? typed.join(' ') : String(typed);
}

function textsOf(typed: unknown): readonly string[] {
  const words: readonly unknown[] = Array.isArray(typed) ? typed : String(typed).split(',');
  return words.map((word) => String(word).trim()).filter((word) => word !== '');
}

function choicesOf(choices: Choices<string>): readonly Choice[] {
  if (isList(choices)) return choices.map((value) => ({ value, label: value }));
  return Object.entries(choices).map(([value, label]) => ({ value, label }));
}

function isList(choices: Choices<string>): choices is readonly string[] {
  return Array.isArray(choices);
}

/** What is wrong with an answer whatever the command thinks of it. */
function problemIn(answer: Answers[keyof Answers], choices: readonly Choice[]): string | undefined {
  if (typeof answer === 'boolean') return undefined;
  if (answer === '') return 'An answer is needed.';
  if (choices.length === 0) return undefined;
  const values = choices.map(({ value }) => value);
  const strange = [answer].flat().find((one) => !values.includes(one));
  return strange === undefined
    ? undefined
    : `"${strange}" is none of ${values.map((value) => `"${value}"`).join(', ')}.`;
}

async function problemOf<T>(
  answer: T,
  check: AnswerCheck<T> | undefined,
): Promise<string | undefined> {
  if (check === undefined) return undefined;
  if (typeof check === 'function') return check(answer);
  const { success, error } = await check.safeParseAsync(answer);
  return success ? undefined : (error?.issues[0]?.message ?? 'It is not valid.');
}
