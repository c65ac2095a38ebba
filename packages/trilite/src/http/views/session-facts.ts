import { RenderingInterruption } from '../../view/rendering';
import type { Request } from '../request';
import { sessionOf } from '../session/request-session';
import type { InputErrors } from '../validation/errors';

/** Always the same one: it is no fault, and nobody looks at its stack. */
const INTERRUPTION = new RenderingInterruption('What a view asks of the session is not read yet.');

interface Values {
  readonly all: Readonly<Record<string, unknown>>;
  readonly old: ReadonlyMap<string, unknown>;
  readonly errors: InputErrors;
}

const NOTHING: Values = { all: {}, old: new Map(), errors: {} };

/**
 * What a view shows of its request's session.
 *
 * A session is read at its first use, and that takes a promise, which a template does not await. So what a view asks for first interrupts its
 * rendering; it is read, and the view is rendered again from its beginning. A view that asks for nothing does not touch the session.
 *
 *     rendering ──all there──▶ done
 *        ▲  └──asks──▶ interrupted ──▶ read ─┐
 *        └──────────────────────────────────┘   at most twice: for the values, and for the token, which begins a session
 */
export class SessionFacts {
  readonly #request: Request;
  #values: Values | undefined;
  #token: string | undefined;
  #asked: 'values' | 'token' | undefined;

  constructor(request: Request) {
    this.#request = request;
  }

  get values(): Values {
    // Where no session was started nothing was flashed
    if (sessionOf(this.#request) === undefined) return NOTHING;
    return this.#values ?? this.#ask('values');
  }

  /** @throws E_SESSION_MISSING where no session was started */
  get token(): string {
    return this.#token ?? this.#ask('token');
  }

  /** Renders, as often as there is something to be read first. */
  async render(rendering: () => string): Promise<string> {
    for (;;) {
      try {
        const text = rendering();
        // A template may have caught the interruption
        if (this.#asked === undefined) return text;
      } catch (error) {
        if (this.#asked === undefined) throw error;
      }
      await this.#read();
    }
  }

  #ask(what: 'values' | 'token'): never {
    this.#asked ??= what;
    throw INTERRUPTION;
  }

  async #read(): Promise<void> {
    const { session } = this.#request;
    if (this.#asked === 'token') this.#token = await session.token();
    this.#values ??= {
      all: await session.all(),
      old: await session.oldInput(),
      errors: await session.errors(),
    };
    this.#asked = undefined;
  }
}
