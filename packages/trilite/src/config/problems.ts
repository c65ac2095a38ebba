import { inspect } from 'node:util';
import type { z } from 'zod';
import { nearest } from '../support/nearest';
import { isSecretName } from '../support/secret-name';
import type { ConfigProblem } from './errors';

/** What zod found wrong, as lines a person can act on: file, key, found, expected. */
export function problemsOf(
  error: z.ZodError,
  input: unknown,
  file: string,
  options: { readonly hideSecrets?: boolean } = {},
): ConfigProblem[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownKey(issue, key, input, file));
    }
    const key = issue.path.map(String).join('.');
    const hidden = options.hideSecrets === true && isSecretName(key);
    return [
      { file, key, found: found(valueAt(input, issue.path), hidden), expected: expected(issue) },
    ];
  });
}

/** A value for a message: short, in one line. */
export function show(value: unknown): string {
  const text = inspect(value, { depth: 1, breakLength: Infinity, compact: true }).replace(
    /\s+/g,
    ' ',
  );
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

type Issue = z.core.$ZodIssue;

function unknownKey(
  issue: Issue & { code: 'unrecognized_keys' },
  key: string,
  input: unknown,
  file: string,
): ConfigProblem {
  const path = [...issue.path, key];
  return {
    file,
    key: path.map(String).join('.'),
    found: show(valueAt(input, path)),
    expected: unknownKeyExpected(key, issue.message),
  };
}

/** `message` lists the keys there are: `strict` in schema.ts makes it so. */
function unknownKeyExpected(key: string, message: string): string {
  const [guess] = nearest(key, message.split(', '));
  return guess === undefined ? `one of the keys ${message}` : `the key "${guess}"`;
}

function found(value: unknown, hidden: boolean): string {
  if (value === undefined) return 'nothing';
  return hidden ? 'a value that is not shown' : show(value);
}

function expected(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      if (!issue.message.startsWith('Invalid input')) return issue.message; // a schema's own words are better
      return issue.expected === 'int' ? 'a whole number' : issue.expected;
    case 'invalid_value':
      return `one of ${issue.values.map((value) => show(value)).join(', ')}`;
    case 'too_small':
      return `at least ${String(issue.minimum)}`;
    case 'too_big':
      return `at most ${String(issue.maximum)}`;
    case 'invalid_union':
      return unionExpected(issue);
    default:
      return issue.message;
  }
}

function unionExpected(issue: Issue & { code: 'invalid_union' }): string {
  const options = (issue as { options?: readonly unknown[] }).options;
  return options === undefined || options.length === 0
    ? issue.message
    : `one of ${options.map((value) => show(value)).join(', ')}`;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | null | undefined)?.[key],
    input,
  );
}
