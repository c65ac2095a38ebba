import { FrameworkError } from '../../support/errors';

/** Thrown when a page is asked for by what is no number of a page. */
export class PaginationInvalidError extends FrameworkError {
  static number(name: string, found: unknown, most: number): PaginationInvalidError {
    const isText = typeof found === 'string' || typeof found === 'number';
    const shown = isText ? String(found).slice(0, 40) : typeof found;
    return new PaginationInvalidError({
      code: 'E_PAGINATION_INVALID',
      message: `"${name}" is "${shown}", and no whole number from 1 to ${most}.`,
      help: 'Ask for another page.',
      status: 400,
    });
  }
}

/** Thrown when a cursor was altered, or made for other rows or another order. */
export class CursorInvalidError extends FrameworkError {
  static made(cause?: unknown): CursorInvalidError {
    return new CursorInvalidError({
      code: 'E_CURSOR_INVALID',
      message: 'The cursor is not one of these pages.',
      help: 'Begin at the first page, without a cursor.',
      status: 400,
      cause,
    });
  }
}

/** Thrown when rows are gone through in the order of a column that holds null. */
export class KeyNullError extends FrameworkError {
  static in(column: string): KeyNullError {
    return new KeyNullError({
      code: 'E_KEY_NULL',
      message: `A row has null in "${column}", which rows are gone through by: none would be behind it.`,
      help: `Order by columns that are not null, or leave those rows out: where('${column}', 'is not', null).`,
    });
  }
}

/** Thrown when rows are gone through in the order of integers that a number cannot hold exactly. */
export class KeyInexactError extends FrameworkError {
  static in(column: string): KeyInexactError {
    return new KeyInexactError({
      code: 'E_KEY_INEXACT',
      message: `A row has an integer beyond 2^53 in "${column}", which rows are gone through by: it came rounded.`,
      help: 'Go by another column, or keep such ids as text.',
    });
  }
}

/** Thrown when two rows have the same key: rows are gone through by what tells each from the next. */
export class KeyNotUniqueError extends FrameworkError {
  static in(columns: readonly string[]): KeyNotUniqueError {
    return new KeyNotUniqueError({
      code: 'E_KEY_NOT_UNIQUE',
      message: `Two rows have the same "${columns.join('", "')}", which rows are gone through by: at the end of a page one would be passed over.`,
      help: 'Go by a column that is unique, or add one at the end of "orderBy", such as the id.',
    });
  }
}
