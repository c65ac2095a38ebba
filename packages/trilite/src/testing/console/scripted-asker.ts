import type { Answers, Asker, Question } from '../../console/prompts/asker';

/** A question that a test expects, with its answer. */
export interface ExpectedQuestion {
  readonly text: string;
  readonly answer: Answers[keyof Answers];
  /** What is to be chosen from; undefined when that does not matter. */
  readonly choices?: readonly string[] | undefined;
}

/** What an answer is to a question of a kind, for messages: the expectation that gives one. */
const EXPECTATIONS = {
  text: 'expectsQuestion',
  secret: 'expectsQuestion',
  confirmation: 'expectsConfirmation',
  choice: 'expectsChoice',
  choices: 'expectsChoice',
} as const satisfies Record<keyof Answers, string>;

/** Answers the questions of a command as a test says, in that order. */
export class ScriptedAsker implements Asker {
  /** What was asked otherwise than expected; undefined while nothing was. */
  problem: string | undefined;
  readonly #expected: ExpectedQuestion[];
  readonly #print: (text: string) => void;

  /** @param print shows what is wrong with an answer, as a terminal does */
  constructor(expected: readonly ExpectedQuestion[], print: (text: string) => void) {
    this.#expected = [...expected];
    this.#print = print;
  }

  /** The questions that were not asked. */
  get unasked(): readonly string[] {
    return this.#expected.map(({ text }) => text);
  }

  async ask<K extends keyof Answers>(question: Question<K>): Promise<Answers[K]> {
    for (let refused = ''; ;) {
      const next = this.#expected[0];
      if (next?.text !== question.text) this.#refuse(unexpected(question, next, refused));
      this.#expected.shift();
      const strange = misfit(question, next);
      if (strange !== undefined) this.#refuse(strange);
      const answer = next.answer as Answers[K];
      const problem = await question.problemOf(answer);
      if (problem === undefined) return answer;
      this.#print(`${problem}\n`);
      refused = `It refused the answer before: ${problem} `;
    }
  }

  #refuse(problem: string): never {
    this.problem ??= problem;
    throw new Error(problem);
  }
}

/** What of a question does not depend on its answer. */
type Put = Pick<Question, 'kind' | 'text' | 'choices'>;

function unexpected(
  { kind, text }: Put,
  next: ExpectedQuestion | undefined,
  refused: string,
): string {
  const instead = next === undefined ? 'no further question' : `"${next.text}"`;
  return `The command asked "${text}", where the test expects ${instead}. ${refused}Answer it with "${EXPECTATIONS[kind]}", in the order of the questions.`;
}

/** What is wrong with an expectation of the text that was asked: its kind, or what can be chosen. */
function misfit(
  { kind, text, choices }: Put,
  { answer, choices: expected }: ExpectedQuestion,
): string | undefined {
  const isRight =
    kind === 'confirmation'
      ? typeof answer === 'boolean'
      : kind === 'choices'
        ? Array.isArray(answer)
        : typeof answer === 'string';
  if (!isRight) {
    const more = kind === 'choices' ? ' and a list' : '';
    return `The answer to "${text}" is no ${kind}: give it with "${EXPECTATIONS[kind]}"${more}.`;
  }
  const values = choices.map(({ value }) => value);
  if (expected === undefined || expected.join('\n') === values.join('\n')) return undefined;
  return `The command asked "${text}" with the choices ${listed(values)}, expected were ${listed(expected)}.`;
}

function listed(values: readonly string[]): string {
  return values.map((value) => `"${value}"`).join(', ');
}
