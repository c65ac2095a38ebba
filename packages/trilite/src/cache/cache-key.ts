import { inspect } from 'node:util';
import { LONE_SURROGATE } from '../support/storable';
import { CacheKeyInvalidError } from './errors';

/** Characters of a key, the prefix included. */
const LONGEST = 512;

declare const valueType: unique symbol;

/** A key that knows what is kept under it. Made by `defineCacheKeys`. */
export class CacheKey<T> {
  /** Never there: it makes keys of different values different types. */
  declare readonly [valueType]: (value: T) => T;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** A key as text, or one that knows its value's type. */
export type Key<T> = string | CacheKey<T>;

/** A key whose value does not matter. */
export type AnyKey = string | { readonly name: string };

/**
 * Declares keys together with the types of their values, so that what is put and what is expected cannot drift apart.
 *
 * @example
 * import { CacheRepository, defineCacheKeys } from 'trilite';
 *
 * const keys = defineCacheKeys((key) => ({
 *   openTickets: key<number>('tickets:open'),
 *   report: (id: string) => key<{ rows: number }>(`report:${id}`),
 * }));
 *
 * async function rowsOf(cache: CacheRepository, id: string) {
 *   const report = await cache.get(keys.report(id)); // { rows: number } | undefined
 *   return report?.rows ?? 0;
 * }
 */
export function defineCacheKeys<Keys>(
  define: (key: <T>(name: string) => CacheKey<T>) => Keys,
): Keys {
  return define(<T>(name: string) => new CacheKey<T>(name));
}

/**
 * A key with its prefix.
 *
 * @throws E_CACHE_KEY_INVALID, TypeError
 */
export function nameOf(key: AnyKey, prefix: string): string {
  const text: unknown =
    typeof key === 'string' ? key : (key as { name?: unknown } | undefined)?.name;
  if (typeof text !== 'string') {
    throw new TypeError(`Expected \`key\` to be a text or a CacheKey, got \`${inspect(key)}\`.`);
  }
  const name = prefix + text;
  if (text === '' || name.length > LONGEST) throw CacheKeyInvalidError.tooLong(text, LONGEST);
  if (LONE_SURROGATE.test(name)) throw CacheKeyInvalidError.malformed(text);
  return name;
}

/** A key as its caller named it, below a namespace. */
export function textOf(key: AnyKey, namespace = ''): string {
  return namespace + (typeof key === 'string' ? key : key.name);
}

/** Values by key, as they are given to `putMany`. */
export type Values = Readonly<Record<string, unknown>> | Iterable<readonly [AnyKey, unknown]>;

/** The keys with their values, one by one. */
export function pairsOf(values: Values): (readonly [AnyKey, unknown])[] {
  const isIterable = (given: Values): given is Iterable<readonly [AnyKey, unknown]> =>
    Symbol.iterator in given;
  return isIterable(values) ? [...values] : Object.entries(values);
}

/**
 * Names of tags, one by one or as lists.
 *
 * @throws RangeError when there is none: what is to be done to some entries would be done to all
 */
export function namesOf(names: readonly (string | readonly string[])[]): readonly string[] {
  const all = names.flat();
  if (all.length > 0) return all;
  throw new RangeError('Expected `names` to hold at least one tag, got none.');
}
