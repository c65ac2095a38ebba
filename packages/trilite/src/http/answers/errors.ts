import { inspect } from 'node:util';
import { FrameworkError } from '../../support/errors';

/** Thrown when what an action returns cannot be sent as it is. */
export class AnswerInvalidError extends FrameworkError {
  static value(path: string, found: string): AnswerInvalidError {
    return AnswerInvalidError.#of(
      `The ${path} of an answer cannot be JSON: it is ${found}.`,
      'Return plain data, or a class with a method "toJSON". "docs/responses.md" says what becomes of each value.',
    );
  }

  static header(name: string, value: unknown, cause: unknown): AnswerInvalidError {
    return AnswerInvalidError.#of(
      `The header ${shown(name)} cannot be ${shown(value)}.`,
      'Write names in letters, digits and "-", and values in Latin characters without line breaks.',
      cause,
    );
  }

  static date(value: unknown): AnswerInvalidError {
    return AnswerInvalidError.#of(
      `The date of an answer is not valid: ${String(value)}.`,
      'Pass a valid Date.',
    );
  }

  static eventField(field: string, value: unknown): AnswerInvalidError {
    return AnswerInvalidError.#of(
      `The field "${field}" of an event cannot be ${shown(value)}.`,
      'Write "event" and "id" as text without line breaks, and "retry" as a duration.',
    );
  }

  static address(address: unknown): AnswerInvalidError {
    return AnswerInvalidError.#of(
      `"redirectAway" was called with ${shown(address)}, which is no address of another site.`,
      'Pass a whole address that begins with "https://" or "http://".',
    );
  }

  static #of(message: string, help: string, cause?: unknown): AnswerInvalidError {
    return new AnswerInvalidError({ code: 'E_ANSWER_INVALID', message, help, cause });
  }
}

/** Thrown when `redirect` is to lead to what may be another site. */
export class RedirectRefusedError extends FrameworkError {
  static to(target: unknown): RedirectRefusedError {
    return new RedirectRefusedError({
      code: 'E_REDIRECT_REFUSED',
      message: `A redirect to ${shown(target)} may lead to another site.`,
      help: 'Pass a path that begins with one "/". For what a request says use "localPath(value, fallback)", for another site "redirectAway(address)".',
    });
  }
}

/** A value on one line, whatever it is. */
function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : inspect(value, { depth: 0 });
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
