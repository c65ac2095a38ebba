import { types } from 'node:util';
import { ValueNotSerializableError } from './errors';

/** Deeper values are refused before they end the stack. */
const DEEPEST = 2000;

/** Beyond this depth a value is not tried as plain JSON: it may hold itself. */
const JSON_DEPTH = 100;

/** Half of a surrogate pair: no file keeps it, and who reads it back is given another character. */
export const LONE_SURROGATE = /\p{Surrogate}/u;

const TypedArray = Object.getPrototypeOf(Uint8Array) as new () => object;

/** Tells whether plain JSON keeps a value whole: nothing in it that JSON drops, changes or cannot write. */
export function isJson(value: unknown, depth = 0): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'object':
      return value === null || (depth < JSON_DEPTH && isJsonObject(value, depth + 1));
    default:
      return false;
  }
}

/**
 * Refuses what no serializer may store; of the rest, tells whether MessagePack keeps it whole.
 *
 * @throws E_VALUE_NOT_SERIALIZABLE naming the path of the first class instance, function or symbol, and with `cycles` of the first
 * value that holds itself.
 */
export function refuseUnstorable(
  value: unknown,
  refuse: { readonly cycles?: boolean } = {},
): { readonly isPackable: boolean } {
  const refusal = new Refusal(refuse.cycles === true);
  refusal.visit(value, 'value');
  return refusal;
}

/** Tells whether an object is `{…}`: made by a literal, by JSON.parse or with no prototype at all. */
export function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function isJsonObject(value: object, depth: number): boolean {
  if (Array.isArray(value)) return isJsonArray(value, depth);
  if (!isPlainObject(value) || Object.getOwnPropertySymbols(value).length > 0) return false;
  for (const key in value) {
    // msgpackr renames this key; JSON keeps it, so it stays JSON wherever the rest allows.
    if (!isJson(value[key], depth)) return false;
  }
  return true;
}

function isJsonArray(items: readonly unknown[], depth: number): boolean {
  for (let index = 0; index < items.length; index += 1) {
    if (!isJson(items[index], depth)) return false; // a hole reads as undefined, which JSON would turn into null
  }
  return true;
}

class Refusal {
  readonly #ancestors = new Set<object>();
  readonly #done = new Set<object>();
  readonly #refuseCycles: boolean;
  isPackable = true;

  constructor(refuseCycles: boolean) {
    this.#refuseCycles = refuseCycles;
  }

  visit(value: unknown, path: string): void {
    if (typeof value === 'function' || typeof value === 'symbol') {
      throw ValueNotSerializableError.at(path, `a ${typeof value}`);
    }
    if (isChangedByPacking(value)) this.isPackable = false;
    if (typeof value !== 'object' || value === null || isLeaf(value)) return;
    if (this.#refuseCycles && this.#ancestors.has(value)) {
      throw ValueNotSerializableError.at(path, 'a reference to an object that holds it');
    }
    if (this.#ancestors.size >= DEEPEST) {
      throw ValueNotSerializableError.at(path.slice(0, 40), `nested deeper than ${DEEPEST} levels`);
    }
    if (this.#done.has(value)) return;
    this.#done.add(value);
    this.#ancestors.add(value);
    this.#visitParts(value, path);
    this.#ancestors.delete(value);
  }

  #visitParts(value: object, path: string): void {
    for (const [key, part] of parts(value, path)) this.visit(part, `${path}${key}`);
  }
}

/** What msgpackr drops, renames or takes for something else. */
function isChangedByPacking(value: unknown): boolean {
  if (typeof value === 'string') return LONE_SURROGATE.test(value);
  if (typeof value !== 'object' || value === null) return Object.is(value, -0);
  if (Array.isArray(value)) return hasHole(value);
  // Under jest, typed arrays are those of another realm
  if (ArrayBuffer.isView(value)) return !(value instanceof TypedArray || types.isDataView(value));
  return Object.keys(value).some((key) => key === '__proto__' || LONE_SURROGATE.test(key));
}

function hasHole(items: readonly unknown[]): boolean {
  for (let index = 0; index < items.length; index += 1) if (!(index in items)) return true;
  return false;
}

function isLeaf(value: object): boolean {
  return types.isDate(value) || ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value);
}

function parts(value: object, path: string): [key: string, part: unknown][] {
  if (Array.isArray(value)) return Array.from(value, (item, index) => [`[${index}]`, item]); // holes included
  if (types.isMap(value)) {
    return [...value].flatMap(([key, item], index) => [
      [`.keys[${index}]`, key],
      [`.values[${index}]`, item],
    ]);
  }
  if (types.isSet(value)) return [...value].map((item, index) => [`[${index}]`, item]);
  if (isPlainObject(value)) return ownParts(value);
  const name = (value.constructor as { name?: string } | undefined)?.name ?? 'a class';
  throw ValueNotSerializableError.at(path, `an instance of ${name}`);
}

function ownParts(value: Record<string, unknown>): [key: string, part: unknown][] {
  const [symbol] = Object.getOwnPropertySymbols(value);
  if (symbol !== undefined) return [[`[${String(symbol)}]`, symbol]];
  return Object.entries(value).map(([key, part]) => [`.${key}`, part]);
}
