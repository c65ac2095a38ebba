import { inspect } from 'node:util';
import { CacheValueTypeError } from './errors';

/** What a typed getter gives. */
export interface ValueTypes {
  readonly string: string;
  readonly integer: number;
  readonly float: number;
  readonly boolean: boolean;
  readonly array: unknown[];
}

const DECIMAL = /^-?\d+(\.\d+)?$/;

/** Reads a value as a type, or gives undefined. Numbers may be kept as texts, as forms and other programs give them. */
const READERS: { readonly [N in keyof ValueTypes]: (value: unknown) => ValueTypes[N] | undefined } =
  {
    string: (value) => (typeof value === 'string' ? value : undefined),
    integer: (value) => {
      const number = numberOf(value);
      return Number.isSafeInteger(number) ? number : undefined;
    },
    float: numberOf,
    boolean: (value) => (typeof value === 'boolean' ? value : undefined),
    array: (value) => (Array.isArray(value) ? (value as unknown[]) : undefined),
  };

const NAMES = {
  string: 'a text',
  integer: 'a whole number',
  float: 'a number',
  boolean: 'true or false',
  array: 'an array',
} as const;

/**
 * A value as one of the types.
 *
 * @throws E_CACHE_VALUE_TYPE
 */
export function readAs<N extends keyof ValueTypes>(
  type: N,
  key: string,
  value: unknown,
): ValueTypes[N] {
  const read = READERS[type](value);
  if (read === undefined) throw CacheValueTypeError.at(key, NAMES[type], shown(value));
  return read;
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'string' && DECIMAL.test(value)) return Number(value);
  return typeof value === 'number' ? value : undefined;
}

/** Not the value of a text or an object: it may be a secret. */
function shown(value: unknown): string {
  if (typeof value === 'string') return 'a text';
  return typeof value === 'object' && value !== null ? 'an object' : inspect(value);
}
