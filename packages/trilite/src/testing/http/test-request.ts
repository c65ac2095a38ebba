import type { Answer } from './answer';
import { callerLines } from '../caller-lines';
import { refuse, ResponseAssertions, type Check } from './response-assertions';
import { TestResponse } from './test-response';

/** Requests that a test has made, and not awaited yet. */
export type Unsent = Set<{ readonly label: string }>;

/** What a request is made of. */
export interface TestRequestParts {
  /** `GET /reports`. */
  readonly name: string;
  readonly send: () => Promise<Answer>;
  readonly unsent: Unsent;
}

interface Queued {
  readonly check: Check;
  readonly lines: readonly string[];
}

/** A request of a test. It is sent when it is awaited, once; then what was asserted of it is looked at, in that order. */
export class TestRequest extends ResponseAssertions implements PromiseLike<TestResponse> {
  /** What it is, and where it was made. */
  readonly label: string;
  readonly #parts: TestRequestParts;
  readonly #queued: Queued[] = [];
  #answered: Promise<TestResponse> | undefined;

  constructor(parts: TestRequestParts) {
    super();
    this.#parts = parts;
    this.label = [parts.name, ...callerLines().slice(0, 1)].join('\n');
    parts.unsent.add(this);
  }

  then<Fulfilled = TestResponse, Rejected = never>(
    onFulfilled?: ((response: TestResponse) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    this.#answered ??= this.#send();
    return this.#answered.then(onFulfilled, onRejected);
  }

  protected override check(check: Check): this {
    if (this.#answered !== undefined) {
      throw new Error(
        `Expected all that is asserted of "${this.#parts.name}" to stand before its "await", or to be asserted of what that gave; it was sent.`,
      );
    }
    this.#queued.push({ check, lines: callerLines() });
    return this;
  }

  async #send(): Promise<TestResponse> {
    this.#parts.unsent.delete(this);
    const answer = await this.#parts.send();
    for (const { check, lines } of this.#queued) {
      const problem = check(answer);
      if (problem !== undefined) refuse(problem, answer, lines);
    }
    return new TestResponse(answer);
  }
}
