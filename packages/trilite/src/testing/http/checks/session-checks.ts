import { isDeepStrictEqual } from 'node:util';
import type { Answer } from '../answer';
import type { SessionContents } from '../visit';
import { fieldProblem, noFieldProblem, type ExpectedErrors } from './field-errors';
import { shown } from './json-values';

/* Each tells what is wrong with the session after an answer; undefined when nothing is. */

type Problem = string | undefined;

/** @param expected with the value, or a test of it, where it matters */
export function heldProblem(answer: Answer, key: string, expected: readonly unknown[]): Problem {
  return withSession(answer, ({ values }) => {
    if (!Object.hasOwn(values, key)) {
      const others = Object.keys(values).map((name) => `"${name}"`);
      return `Expected the session to hold "${key}"; it holds: ${others.join(', ') || 'nothing'}.`;
    }
    if (expected.length === 0) return undefined;
    const [wanted] = expected;
    const value = values[key];
    if (typeof wanted === 'function') {
      const holds = (wanted as (value: unknown) => unknown)(value);
      return holds === true
        ? undefined
        : `Expected "${key}" of the session to fit the test, got ${shown(value)}.`;
    }
    if (isDeepStrictEqual(value, wanted)) return undefined;
    return `Expected "${key}" of the session to be ${shown(wanted)}, got ${shown(value)}.`;
  });
}

export function notHeldProblem(answer: Answer, key: string): Problem {
  return withSession(answer, ({ values }) =>
    Object.hasOwn(values, key)
      ? `Expected the session not to hold "${key}", which is ${shown(values[key])}.`
      : undefined,
  );
}

export function sessionErrorsProblem(answer: Answer, expected: ExpectedErrors): Problem {
  return withSession(answer, ({ errors }) => fieldProblem(errors, expected));
}

export function noSessionErrorsProblem(answer: Answer, fields: readonly string[]): Problem {
  return withSession(answer, ({ errors }) => noFieldProblem(errors, fields));
}

function withSession({ session }: Answer, check: (session: SessionContents) => Problem): Problem {
  if (session === undefined) {
    return 'Expected a session; none was started: "startSession" stands before neither the route nor all, or the request did not get there.';
  }
  return check(session);
}
