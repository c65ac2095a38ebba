import { STATUS_CODES } from 'node:http';
import { FrameworkError } from '../../support/errors';
import type { Answer } from './answer';

/** As much of a body as helps to see what it is. */
const MOST_CHARACTERS = 800;
const MOST_STACK_LINES = 12;

/** A status with its name: `404 (Not Found)`. */
export function statusText(status: number): string {
  const name = STATUS_CODES[status];
  return name === undefined ? String(status) : `${status} (${name})`;
}

/** What was asked, what was answered, and what went wrong meanwhile: below the message of a failed assertion. */
export function reportOf(answer: Answer): string {
  const { location } = answer.headers;
  const head = [
    answer.request,
    `was answered with ${statusText(answer.status)}`,
    ...(location === undefined ? [] : [`Location: ${location}`]),
    ...(answer.contentType === '' ? [] : [`Content-Type: ${answer.contentType}`]),
  ].join('\n  ');
  return [head, bodyOf(answer), failureOf(answer)].filter((part) => part !== '').join('\n\n');
}

function bodyOf({ text, body, contentType }: Answer): string {
  if (body.includes(0)) return quoted(`${body.length} bytes`);
  const seen = contentType.startsWith('text/html') ? withoutHead(text) : text.trim();
  const rest = seen.length - MOST_CHARACTERS;
  return quoted(rest > 0 ? `${seen.slice(0, MOST_CHARACTERS)}… and ${rest} characters` : seen);
}

/** A page from where it begins to show something. */
function withoutHead(page: string): string {
  const seen = page.replace(/<(head|style|script)\b[\s\S]*?<\/\1>/gi, '');
  return seen.replace(/\n\s*\n/g, '\n').trim();
}

/** A fault with its stack; of what was refused on purpose, why. */
function failureOf({ failure, status }: Answer): string {
  if (failure === undefined) return '';
  const help = failure instanceof FrameworkError ? `\n${failure.help}` : '';
  const code = failure instanceof FrameworkError ? `${failure.code}: ` : '';
  const isFault = status >= 500;
  const text = isFault ? stackOf(failure) : failure.message;
  return `The application answered so for an error:\n${quoted(`${code}${text}${help}`)}`;
}

/** Frames of packages say less than those of the application. */
function stackOf(error: Error): string {
  const lines = (error.stack ?? `${error.name}: ${error.message}`).split('\n');
  const own = lines.filter((line) => !/^\s+at .*(node_modules|node:internal)/.test(line));
  const cause = error.cause instanceof Error ? [`Caused by: ${error.cause.message}`] : [];
  return [...own.slice(0, MOST_STACK_LINES), ...cause].join('\n');
}

/** With a bar before each line: jest takes the first one that begins with "at" for where the test failed. */
function quoted(text: string): string {
  return text === '' ? '' : `  | ${text.replaceAll('\n', '\n  | ')}`;
}
