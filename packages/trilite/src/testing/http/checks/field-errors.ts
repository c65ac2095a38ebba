import { shown } from './json-values';

/** Fields that something is to be wrong with, or each with what is to be said of it: a part of the text, or a pattern. */
export type ExpectedErrors = readonly string[] | Readonly<Record<string, string | RegExp>>;

/** What is wrong with what is said of fields, `{ email: ['Invalid email'] }`; undefined when it is as expected. */
export function fieldProblem(errors: unknown, expected: ExpectedErrors): string | undefined {
  const found = new Map(Object.entries((errors ?? {}) as Readonly<Record<string, unknown>>));
  for (const [field, text] of entriesOf(expected)) {
    const messages = found.get(field);
    if (messages === undefined) {
      const others = [...found.keys()].map((name) => `"${name}"`).join(', ');
      return `Expected a problem of "${field}"; there is one of: ${others === '' ? 'no field' : others}.`;
    }
    if (text === undefined || fits(messages, text)) continue;
    return `Expected a problem of "${field}" that says ${shown(text)}, got ${shown(messages)}.`;
  }
  return undefined;
}

/** What is wrong where nothing is to be said of these fields, or of any. */
export function noFieldProblem(errors: unknown, fields: readonly string[]): string | undefined {
  const found = Object.entries((errors ?? {}) as Readonly<Record<string, unknown>>).filter(
    ([field]) => fields.length === 0 || fields.includes(field),
  );
  if (found.length === 0) return undefined;
  const names = found.map(([field]) => `"${field}"`).join(', ');
  return `Expected no problem of ${names}, got ${shown(Object.fromEntries(found))}.`;
}

function entriesOf(
  expected: ExpectedErrors,
): readonly (readonly [string, string | RegExp | undefined])[] {
  return Array.isArray(expected)
    ? expected.map((field: string) => [field, undefined] as const)
    : Object.entries(expected);
}

function fits(messages: unknown, text: string | RegExp): boolean {
  return [messages]
    .flat()
    .map(String)
    .some((message) => (typeof text === 'string' ? message.includes(text) : text.test(message)));
}
