import type { CommandResult } from '../../console/artisan';
import type { Asker } from '../../console/prompts/asker';
import { callerLines } from '../caller-lines';
import { outputChecks, reportOf, type CommandCheck } from './output-checks';
import { ScriptedAsker, type ExpectedQuestion } from './scripted-asker';

/** Commands that a test has begun to describe, and not awaited yet. */
export type Unrun = Set<{ readonly label: string }>;

/** What a command of a test is made of. */
export interface TestCommandParts {
  /** `report:build`. */
  readonly name: string;
  /** Runs it. @returns the exit code */
  readonly run: (asker: Asker, print: (text: string) => void) => Promise<number>;
  readonly unrun: Unrun;
}

interface Queued {
  readonly check: CommandCheck;
  readonly lines: readonly string[];
}

/**
 * A command of a test. It is run when it is awaited, once; then what was said of it is looked at, in that order.
 *
 * It fails the test when it asks what is not expected, does not ask what is, or ends with another exit code than 0 that nothing expects.
 */
export class TestCommand implements PromiseLike<CommandResult> {
  /** What it is, and where it was begun. */
  readonly label: string;
  readonly #parts: TestCommandParts;
  readonly #questions: ExpectedQuestion[] = [];
  readonly #queued: Queued[] = [];
  readonly #lines = callerLines();
  #expectsExitCode = false;
  #ended: Promise<CommandResult> | undefined;

  constructor(parts: TestCommandParts) {
    this.#parts = parts;
    this.label = [`artisan ${parts.name}`, ...this.#lines.slice(0, 1)].join('\n');
    parts.unrun.add(this);
  }

  /** It asks for a text or a secret, and is answered. Questions are expected in their order. */
  expectsQuestion(text: string, answer: string): this {
    this.#questions.push({ text, answer });
    return this;
  }

  /** It asks for yes or no, and is answered. */
  expectsConfirmation(text: string, answer: 'yes' | 'no' | boolean = 'no'): this {
    this.#questions.push({ text, answer: answer === 'yes' || answer === true });
    return this;
  }

  /**
   * It has one or many of some values chosen: with a list as the answer, many.
   *
   * @param choices the values that it offers, in their order. Default: any
   */
  expectsChoice(
    text: string,
    answer: string | readonly string[],
    choices?: readonly string[],
  ): this {
    this.#questions.push({ text, answer, choices });
    return this;
  }

  /** It prints these lines: spaces around them, and the label of a message, do not count. Without a text, it prints something. */
  expectsOutput(text?: string): this {
    return this.#check(outputChecks.printed(text));
  }

  /** It prints no such lines; without a text, nothing. */
  doesntExpectOutput(text?: string): this {
    return this.#check(outputChecks.notPrinted(text));
  }

  /** What it prints contains a text. */
  expectsOutputToContain(text: string): this {
    return this.#check(outputChecks.contains(text));
  }

  /** What it prints does not contain a text. */
  doesntExpectOutputToContain(text: string): this {
    return this.#check(outputChecks.lacks(text));
  }

  /** It prints this table, as `output.table` does. */
  expectsTable(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): this {
    return this.#check(outputChecks.hasTable(headings, rows));
  }

  /** It ends with this exit code. */
  assertExitCode(code: number): this {
    return this.#checkCode(({ exitCode }) => exitCode === code, `Expected exit code ${code}`);
  }

  /** It ends with exit code 0. */
  assertSuccessful(): this {
    return this.#checkCode(({ exitCode }) => exitCode === 0, 'Expected success (exit code 0)');
  }

  /** It ends with another exit code than 0: it returned it, or threw an error. */
  assertFailed(): this {
    return this.#checkCode(({ exitCode }) => exitCode !== 0, 'Expected a failure');
  }

  then<Fulfilled = CommandResult, Rejected = never>(
    onFulfilled?: ((result: CommandResult) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    this.#ended ??= this.#run();
    return this.#ended.then(onFulfilled, onRejected);
  }

  #checkCode(holds: (result: CommandResult) => boolean, expected: string): this {
    this.#expectsExitCode = true;
    return this.#check((result) =>
      holds(result) ? undefined : `${expected}, got ${result.exitCode}.`,
    );
  }

  #check(check: CommandCheck): this {
    if (this.#ended !== undefined) {
      throw new Error(
        `Expected all that is expected of "artisan ${this.#parts.name}" to stand before its "await"; it has run.`,
      );
    }
    this.#queued.push({ check, lines: callerLines() });
    return this;
  }

  async #run(): Promise<CommandResult> {
    const { name, run, unrun } = this.#parts;
    unrun.delete(this);
    let output = '';
    const print = (text: string): void => void (output += text);
    const asker = new ScriptedAsker(this.#questions, print);
    const result = { exitCode: await run(asker, print), output };
    this.#judge(problemOfQuestions(asker), result, this.#lines);
    for (const { check, lines } of this.#queued) this.#judge(check(result), result, lines);
    if (!this.#expectsExitCode && result.exitCode !== 0) {
      const problem = `"${name}" failed, which the test does not expect: say "assertFailed()" or "assertExitCode(${result.exitCode})" where it is to.`;
      this.#judge(problem, result, this.#lines);
    }
    return result;
  }

  /** Fails the test for a problem, below which it is told how the command went. */
  #judge(problem: string | undefined, result: CommandResult, lines: readonly string[]): void {
    if (problem === undefined) return;
    const error = new Error(`${problem}\n\n${reportOf(this.#parts.name, result)}`);
    error.stack = [`${error.name}: ${error.message}`, ...lines].join('\n');
    throw error;
  }
}

function problemOfQuestions({ problem, unasked: [text] }: ScriptedAsker): string | undefined {
  if (problem !== undefined || text === undefined) return problem;
  return `Expected the command to ask "${text}", which it did not.`;
}
