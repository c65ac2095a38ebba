import { STATUS_CODES } from 'node:http';
import { FrameworkError } from '../support/errors';
import { NotFoundError } from './errors';

/** Thrown by `abort`, and the base of those that have a class: an answer with a status of 4xx or 5xx, whose message the client may read. */
export class HttpError extends FrameworkError {
  /** @throws RangeError for a status that is no error */
  static of(status: number, message: string = STATUS_CODES[status] ?? 'Error'): HttpError {
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new RangeError(`Expected a status from 400 to 599, got ${status}`);
    }
    return new HttpError({
      code: 'E_HTTP',
      message,
      help: `"abort(${status})" asks for it.`,
      status,
    });
  }
}

/** Thrown when a request makes no sense. Answered with 400. */
export class BadRequestError extends HttpError {
  static because(message: string): BadRequestError {
    return new BadRequestError({
      code: 'E_BAD_REQUEST',
      message,
      help: 'Correct the request.',
      status: 400,
    });
  }
}

/** Thrown when nobody knows who sends a request. Answered with 401. */
export class UnauthorizedError extends HttpError {
  static because(message: string): UnauthorizedError {
    return new UnauthorizedError({
      code: 'E_UNAUTHORIZED',
      message,
      help: 'Sign in.',
      status: 401,
    });
  }
}

/** Thrown when whoever sends a request may not do what it asks for. Answered with 403. */
export class ForbiddenError extends HttpError {
  static because(message: string): ForbiddenError {
    return new ForbiddenError({
      code: 'E_FORBIDDEN',
      message,
      help: 'Sign in as somebody who may.',
      status: 403,
    });
  }
}

/** Thrown when a request takes none of the forms in which there is an answer. Answered with 406. */
export class NotAcceptableError extends HttpError {
  static offering(forms: readonly string[]): NotAcceptableError {
    return new NotAcceptableError({
      code: 'E_NOT_ACCEPTABLE',
      message: `The answer is there as ${forms.join(', ')}.`,
      help: 'Name one of them in the header "Accept".',
      status: 406,
    });
  }
}

/** Thrown when what a request asks for does not fit what is there by now. Answered with 409. */
export class ConflictError extends HttpError {
  static because(message: string): ConflictError {
    return new ConflictError({
      code: 'E_CONFLICT',
      message,
      help: 'Read it again, and repeat the change.',
      status: 409,
    });
  }
}

/**
 * Ends the work of a request with a status, and a message that its client may read.
 *
 * @throws NotFoundError for 404, the error of its class for 400, 401, 403 and 409, else HttpError
 * @example
 * import { abort, type Request } from 'trilite';
 *
 * export function show(request: Request) {
 *   if (request.param('id') === '0') abort(404);
 *   return { id: request.param('id') };
 * }
 */
export function abort(status: number, message: string = STATUS_CODES[status] ?? 'Error'): never {
  throw BY_STATUS.get(status)?.because(message) ?? HttpError.of(status, message);
}

const BY_STATUS = new Map<number, { because(message: string): FrameworkError }>([
  [400, BadRequestError],
  [401, UnauthorizedError],
  [403, ForbiddenError],
  [404, NotFoundError],
  [409, ConflictError],
]);
