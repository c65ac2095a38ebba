import { isDeepStrictEqual } from 'node:util';
import { lineDiff } from '../../../support/line-diff';
import type { Answer } from '../answer';
import { fieldProblem, noFieldProblem, type ExpectedErrors } from './field-errors';
import { asJson, inJson, misfit, missing, shown, valueAt, type JsonStructure } from './json-values';

/* Each tells what is wrong with an answer; undefined when nothing is. */

type Problem = string | undefined;

export function partialJsonProblem(answer: Answer, expected: unknown): Problem {
  return withJson(answer, (json) => {
    const problem = misfit(json, inJson(expected));
    return problem && `Expected JSON that holds ${shown(expected)}; ${problem}.`;
  });
}

export function exactJsonProblem(answer: Answer, expected: unknown): Problem {
  return withJson(answer, (json) => {
    const wanted = asJson(expected);
    if (isDeepStrictEqual(sorted(json), sorted(wanted))) return undefined;
    const lines = lineDiff(pretty(wanted), pretty(json)).join('\n  ');
    return `Expected other JSON: "-" is before what was expected, "+" before what came.\n  ${lines}`;
  });
}

export function jsonPathProblem(answer: Answer, path: string, expected: unknown): Problem {
  return withJson(answer, (json) => {
    const { isThere, value } = valueAt(json, path);
    if (!isThere) return `Expected JSON with "${path}", which is not there.`;
    if (typeof expected === 'function') {
      const holds = (expected as (value: unknown) => unknown)(value);
      return holds === true
        ? undefined
        : `Expected "${path}" to fit the test, got ${shown(value)}.`;
    }
    if (isDeepStrictEqual(value, asJson(expected))) return undefined;
    return `Expected "${path}" to be ${shown(expected)}, got ${shown(value)}.`;
  });
}

export function missingJsonPathProblem(answer: Answer, path: string): Problem {
  return withJson(answer, (json) => {
    const { isThere, value } = valueAt(json, path);
    return isThere ? `Expected JSON without "${path}", which is ${shown(value)}.` : undefined;
  });
}

export function jsonCountProblem(answer: Answer, count: number, path: string): Problem {
  return withJson(answer, (json) => {
    const { value } = valueAt(json, path);
    const name = path === '' ? 'a list' : `"${path}" to be a list`;
    if (!Array.isArray(value)) return `Expected ${name} of ${count} elements, got ${shown(value)}.`;
    if (value.length === count) return undefined;
    return `Expected ${name} of ${count} elements, got ${value.length}.`;
  });
}

export function jsonStructureProblem(answer: Answer, structure: JsonStructure): Problem {
  return withJson(answer, (json) => {
    const problem = missing(json, structure);
    return problem && `Expected JSON with the structure ${shown(structure)}; ${problem}.`;
  });
}

export function jsonErrorsProblem(answer: Answer, expected: ExpectedErrors): Problem {
  return withJson(answer, (json) => {
    const { isThere, value } = valueAt(json, 'errors');
    if (!isThere) return 'Expected problems of fields, and the answer names none ("errors").';
    return fieldProblem(value, expected);
  });
}

export function missingJsonErrorsProblem(answer: Answer, fields: readonly string[]): Problem {
  return withJson(answer, (json) => noFieldProblem(valueAt(json, 'errors').value, fields));
}

/** What is no JSON is a problem by itself. */
export function noJsonProblem(answer: Answer): Problem {
  return withJson(answer, () => undefined);
}

function withJson(answer: Answer, check: (json: unknown) => Problem): Problem {
  let json: unknown;
  try {
    json = answer.json;
  } catch {
    const type = answer.contentType === '' ? 'nothing' : `"${answer.contentType}"`;
    return `Expected the answer to be JSON; it is ${type}.`;
  }
  return check(json);
}

/** The order of keys is nothing that JSON says. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)]);
}

function pretty(value: unknown): string {
  return JSON.stringify(value, ordered, 2);
}

/** Keys in one order, so that lines differ where values do. */
function ordered(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}
