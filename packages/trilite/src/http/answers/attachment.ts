import type { Response } from '../request';

/** Folders, control characters, halves of characters, and those that turn the order of letters round: `exe.gpj`. */
const NOT_OF_A_NAME = /[/\\:\p{Cc}\p{Surrogate}\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Has the browser keep the answer as a file. Its type is told by what the name ends in.
 *
 * @see RFC 6266
 */
export function attach(response: Response, name: string): void {
  const safe = name.replace(NOT_OF_A_NAME, '_').replace(/^\.+/, '');
  response.attachment(safe === '' ? 'download' : safe);
}
