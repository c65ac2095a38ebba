import { clock } from '../../../support/clock';
import type { Answer } from '../answer';
import { statusText } from '../answer-report';
import { shown } from './json-values';

/* Each tells what is wrong with an answer; undefined when nothing is. */

type Problem = string | undefined;

const REDIRECTS = [301, 302, 303, 307, 308];

export function statusProblem({ status }: Answer, expected: number): Problem {
  if (status === expected) return undefined;
  return `Expected status ${statusText(expected)}, got ${statusText(status)}.`;
}

/** @param hundreds 2 for all from 200 to 299 */
export function statusClassProblem({ status }: Answer, hundreds: number, name: string): Problem {
  if (Math.floor(status / 100) === hundreds) return undefined;
  return `Expected ${name} (${hundreds}xx), got ${statusText(status)}.`;
}

export function headerProblem(
  answer: Answer,
  name: string,
  expected: string | RegExp | undefined,
): Problem {
  const values = answer.header(name);
  if (values.length === 0) return `Expected a header "${name}", which is not there.`;
  const fits = (value: string): boolean =>
    expected instanceof RegExp ? expected.test(value) : value === expected;
  if (expected === undefined || values.some(fits)) return undefined;
  return `Expected the header "${name}" to be ${shown(expected)}, got ${values.map(shown).join(', ')}.`;
}

export function missingHeaderProblem(answer: Answer, name: string): Problem {
  const values = answer.header(name);
  if (values.length === 0) return undefined;
  return `Expected no header "${name}", got ${values.map(shown).join(', ')}.`;
}

/** @param isPlain whether it was set neither encrypted nor protected */
export function cookieProblem(
  answer: Answer,
  name: string,
  expected: string | undefined,
  isPlain: boolean,
): Problem {
  if (answer.setCookie(name) === undefined) {
    return `Expected a cookie "${name}" to be set; set are: ${namesOf(answer)}.`;
  }
  if (isEnded(answer, name)) return `Expected a cookie "${name}" to be set; it is ended.`;
  const sealed = answer.cookie(name);
  if (isPlain && sealed !== undefined) {
    return `Expected a plain cookie "${name}"; it is encrypted, and nobody but the application reads it.`;
  }
  const value = isPlain ? answer.plainCookie(name) : sealed;
  if (value === undefined) {
    return `Expected a cookie "${name}" that the application believes; it is plain, or another key sealed it. "assertPlainCookie" takes it as it is.`;
  }
  if (expected === undefined || value === expected) return undefined;
  return `Expected the cookie "${name}" to be ${shown(expected)}, got ${shown(value)}.`;
}

export function endedCookieProblem(answer: Answer, name: string): Problem {
  if (answer.setCookie(name) === undefined) {
    return `Expected the cookie "${name}" to be ended; set or ended are: ${namesOf(answer)}.`;
  }
  return isEnded(answer, name)
    ? undefined
    : `Expected the cookie "${name}" to be ended; it is set.`;
}

export function missingCookieProblem(answer: Answer, name: string): Problem {
  if (answer.setCookie(name) === undefined) return undefined;
  return `Expected no cookie "${name}"; it is ${isEnded(answer, name) ? 'ended' : 'set'}.`;
}

export function redirectProblem(answer: Answer, target: string | undefined): Problem {
  const { location, status } = answer;
  if (!REDIRECTS.includes(status) || location === undefined) {
    const to = target === undefined ? '' : ` to "${target}"`;
    return `Expected a redirect${to}, got ${statusText(status)}.`;
  }
  if (target === undefined || answer.addressesOf(target).includes(location)) return undefined;
  return `Expected a redirect to "${target}", got one to "${location}".`;
}

export function downloadProblem(answer: Answer, name: string | undefined): Problem {
  const [disposition = ''] = answer.header('Content-Disposition');
  if (!/^attachment\b/i.test(disposition)) {
    return `Expected a download (Content-Disposition: attachment), got ${disposition === '' ? 'none' : shown(disposition)}.`;
  }
  const found = fileName(disposition);
  if (name === undefined || found === name) return undefined;
  return `Expected the download to be named ${shown(name)}, got ${shown(found)}.`;
}

/** The form that may hold any character counts, where both are there. @see RFC 6266, 4.3 */
function fileName(disposition: string): string | undefined {
  const encoded = /filename\*\s*=\s*utf-8''([^;\s]+)/i.exec(disposition)?.[1];
  if (encoded !== undefined) return decodeURIComponent(encoded);
  const [, quoted, bare] =
    /filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(disposition) ?? [];
  return quoted?.replace(/\\(.)/g, '$1') ?? bare;
}

function isEnded(answer: Answer, name: string): boolean {
  const { until = Infinity } = answer.setCookie(name) ?? {};
  return until <= clock.now();
}

function namesOf({ cookies }: Answer): string {
  return cookies.length === 0 ? 'none' : cookies.map(({ name }) => `"${name}"`).join(', ');
}
