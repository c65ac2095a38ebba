import type { IncomingHttpHeaders } from 'node:http';
import type { Answer } from './answer';
import { callerLines } from '../caller-lines';
import { noJsonProblem } from './checks/json-checks';
import { refuse, ResponseAssertions, type Check } from './response-assertions';

/** The answer to a test's request. */
export class TestResponse extends ResponseAssertions {
  readonly #answer: Answer;

  constructor(answer: Answer) {
    super();
    this.#answer = answer;
  }

  get status(): number {
    return this.#answer.status;
  }

  /** By names in lower case. */
  get headers(): IncomingHttpHeaders {
    return this.#answer.headers;
  }

  get text(): string {
    return this.#answer.text;
  }

  get bytes(): Buffer {
    return this.#answer.body;
  }

  /** What its JSON says; what is none fails. */
  get json(): unknown {
    this.check(noJsonProblem);
    return this.#answer.json;
  }

  /** What the session holds after it; undefined where none was started. */
  get session(): Readonly<Record<string, unknown>> | undefined {
    return this.#answer.session?.values;
  }

  /** The error that the application answered for, whatever the answer says of it. */
  get error(): Error | undefined {
    return this.#answer.failure;
  }

  /** The value of a cookie that it sets; undefined where there is none, or none that the application would believe. */
  cookie(name: string, { plain = false }: { readonly plain?: boolean } = {}): string | undefined {
    return plain ? this.#answer.plainCookie(name) : this.#answer.cookie(name);
  }

  protected override check(check: Check): this {
    const problem = check(this.#answer);
    if (problem !== undefined) refuse(problem, this.#answer, callerLines());
    return this;
  }
}
