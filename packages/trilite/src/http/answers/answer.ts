import { validateHeaderName, validateHeaderValue } from 'node:http';
import { types } from 'node:util';
import { toMilliseconds, type Duration } from '../../support/duration';
import type { Request, Response } from '../request';
import { AnswerInvalidError } from './errors';
import { Responder } from './responder';
import { send } from './send';

/** Who may keep an answer. */
export interface CacheForOptions {
  /** Everybody on the way, such as a CDN, and not the browser alone. Only for what is the same for everybody. Default: false. */
  readonly public?: boolean;
  /** Whether it never changes at this address. Default: false. */
  readonly immutable?: boolean;
}

interface AnswerParts {
  readonly result: unknown;
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** What an action returns, with a status and headers. Each method gives another answer, and leaves this one as it is. */
export class Answer extends Responder {
  readonly #parts: AnswerParts;

  constructor(parts: AnswerParts) {
    super();
    this.#parts = parts;
  }

  /** @throws RangeError for what is no status from 200 to 599 */
  status(status: number): Answer {
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new RangeError(
        `Expected \`status\` to be a whole number from 200 to 599, got \`${status}\`.`,
      );
    }
    return new Answer({ ...this.#parts, status });
  }

  /** @throws E_ANSWER_INVALID for a name or a value that no header has, such as one with a line break */
  header(name: string, value: string): Answer {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch (error) {
      throw AnswerInvalidError.header(name, value, error);
    }
    return new Answer({ ...this.#parts, headers: { ...this.#parts.headers, [name]: value } });
  }

  /** What the answer is, as a media type or as what files of it end in: `'csv'`. */
  type(type: string): Answer {
    return this.header('Content-Type', type);
  }

  /** How long it may be used again without asking: by the browser alone, unless it is `public`. */
  cacheFor(duration: Duration, options: CacheForOptions = {}): Answer {
    const seconds = Math.max(0, Math.floor(toMilliseconds(duration) / 1000));
    const words = [options.public === true ? 'public' : 'private', `max-age=${seconds}`];
    if (options.immutable === true) words.push('immutable');
    return this.header('Cache-Control', words.join(', '));
  }

  /** When what is answered was changed last, to the second: who has it since is answered with 304. @throws E_ANSWER_INVALID */
  lastModified(date: Date): Answer {
    if (!types.isDate(date) || Number.isNaN(date.getTime())) throw AnswerInvalidError.date(date);
    return this.header('Last-Modified', date.toUTCString());
  }

  /** Which version it is: who has the same is answered with 304. Default: told from the body of what is JSON, text or bytes. */
  version(version: string | number): Answer {
    return this.header('ETag', `W/"${encodeURIComponent(version)}"`);
  }

  async respond(request: Request, response: Response): Promise<void> {
    const { result, status, headers } = this.#parts;
    for (const [name, value] of Object.entries(headers)) setHeader(response, name, value);
    if (status !== undefined) response.status(status);
    const isLazy = typeof result === 'function';
    if (isLazy && request.fresh) return endUnchanged(response);
    const made: unknown = isLazy ? await (result as () => unknown)() : result;
    // Nothing with a status is an answer too: 202
    if (made === undefined && status !== undefined) response.end();
    else await send({ result: made, hasResponse: false }, request, response);
  }
}

/**
 * An answer with a status and headers of its own: of whatever an action could return, other answers included.
 *
 * @param result a function is called only when the client does not have the answer already, by `version` or `lastModified`
 * @example
 * import { answer, type Request } from 'trilite';
 *
 * export class ReportController {
 *   store(request: Request) {
 *     return answer({ id: 7 }).status(201).header('Location', '/reports/7');
 *   }
 *
 *   show() {
 *     const changedAt = new Date('2026-01-01');
 *     return answer(() => ({ rows: 1_000_000 })).lastModified(changedAt).cacheFor('10m');
 *   }
 * }
 */
export function answer(result?: unknown): Answer {
  return new Answer({ result, status: undefined, headers: {} });
}

function endUnchanged(response: Response): void {
  response.removeHeader('Content-Type');
  response.status(304).end();
}

/** By express, which knows media types by what files of them end in. Cookies and what caches have to tell apart come beside what others have said. */
function setHeader(response: Response, name: string, value: string): void {
  switch (name.toLowerCase()) {
    case 'content-type':
      response.type(value);
      break;
    case 'set-cookie':
      response.append(name, value);
      break;
    case 'vary':
      response.vary(value);
      break;
    default:
      response.setHeader(name, value);
  }
}
