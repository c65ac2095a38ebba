import { inspect, isDeepStrictEqual, types } from 'node:util';
import { JsonForm } from '../../../support/json-form';

/** What an answer is to have: keys in a list, or with what is to be in them; `*` stands for each element of a list. */
export type JsonStructure = readonly (string | JsonStructureOf)[] | JsonStructureOf;

/** What is to be in each key; `[]` for whatever. */
export interface JsonStructureOf {
  readonly [key: string]: JsonStructure;
}

/** What a path leads to. */
export interface Found {
  readonly isThere: boolean;
  readonly value: unknown;
}

/** A value as a message shows it. */
export function shown(value: unknown): string {
  return inspect(value, { depth: 4, breakLength: 100, maxStringLength: 200, maxArrayLength: 20 });
}

/**
 * A value as it comes out of the JSON of an answer: a date is its text, and what is undefined is not there.
 *
 * @throws TypeError for what no JSON holds: it would be left out, or be null, and every answer would fit
 */
export function asJson(value: unknown): unknown {
  const form = inJson(value);
  return form === undefined ? undefined : (JSON.parse(JSON.stringify(form)) as unknown);
}

/** The same, with what is undefined in objects: such a key is not to be there. @throws TypeError as `asJson` */
export function inJson(value: unknown): unknown {
  return written(new JsonForm(unfit).of(value));
}

function written(form: unknown): unknown {
  if (typeof form === 'number' && !Number.isFinite(form)) throw unfit('value', String(form));
  if (types.isRegExp(form)) throw unfit('value', 'a regular expression');
  if (types.isDate(form)) return form.toJSON();
  if (Array.isArray(form)) return form.map((one) => (one === undefined ? null : written(one)));
  if (!isCollection(form)) return form;
  return Object.fromEntries(Object.entries(form).map(([key, one]) => [key, written(one)]));
}

function unfit(path: string, found: string): TypeError {
  return new TypeError(
    `Expected JSON to be compared with; the ${path} cannot be in any: it is ${found}.`,
  );
}

/** What `data.0.title` leads to; '' is the whole. */
export function valueAt(json: unknown, path: string): Found {
  let value = json;
  for (const key of path === '' ? [] : path.split('.')) {
    const isInside = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
    if (!isInside) return { isThere: false, value: undefined };
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return { isThere: true, value };
}

/** Where a value does not hold what it is to hold; undefined where it does. Objects may have more keys, lists no more elements. */
export function misfit(value: unknown, expected: unknown, path = ''): string | undefined {
  if (!isCollection(expected)) {
    if (isDeepStrictEqual(value, expected)) return undefined;
    return `${placeOf(path)} is ${shown(value)}, expected was ${shown(expected)}`;
  }
  if (!isCollection(value) || Array.isArray(value) !== Array.isArray(expected)) {
    return `${placeOf(path)} is ${shown(value)}, expected was ${shown(expected)}`;
  }
  if (Array.isArray(value) && Array.isArray(expected) && value.length !== expected.length) {
    return `${placeOf(path)} has ${value.length} elements, expected were ${expected.length}`;
  }
  for (const [key, one] of Object.entries(expected)) {
    if (one === undefined && !Object.hasOwn(value, key)) continue;
    if (!Object.hasOwn(value, key)) return `${placeOf(joined(path, key))} is not there`;
    const problem = misfit(value[key], one, joined(path, key));
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Where a value has another structure than it is to have; undefined where it has that. */
export function missing(value: unknown, structure: JsonStructure, path = ''): string | undefined {
  for (const [key, inner] of entriesOf(structure)) {
    const problem =
      key === '*' ? missingInEach(value, inner, path) : missingIn(value, key, inner, path);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function missingInEach(value: unknown, inner: JsonStructure, path: string): string | undefined {
  if (!Array.isArray(value)) return `${placeOf(path)} is no list`;
  for (const [index, element] of value.entries()) {
    const problem = missing(element, inner, joined(path, String(index)));
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function missingIn(
  value: unknown,
  key: string,
  inner: JsonStructure,
  path: string,
): string | undefined {
  const isThere = isCollection(value) && Object.hasOwn(value, key);
  if (!isThere) return `${placeOf(joined(path, key))} is not there`;
  return missing(value[key], inner, joined(path, key));
}

function entriesOf(structure: JsonStructure): readonly (readonly [string, JsonStructure])[] {
  if (!isList(structure)) return Object.entries(structure);
  return structure.flatMap((one) => Object.entries(typeof one === 'string' ? { [one]: [] } : one));
}

function isList(structure: JsonStructure): structure is readonly (string | JsonStructureOf)[] {
  return Array.isArray(structure);
}

function isCollection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function joined(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function placeOf(path: string): string {
  return path === '' ? 'the whole' : `"${path}"`;
}
