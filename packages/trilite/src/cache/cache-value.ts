import { encode, type Stored } from '../support/serializer';
import { CacheValueTooLargeError } from './errors';

/** Bytes of a value as it is stored. Beyond it a value would stop the process for longer than it is worth. */
export const VALUE_BYTES = 64 * 1024 * 1024;

/**
 * A value as every store keeps it.
 *
 * @throws E_VALUE_NOT_SERIALIZABLE, E_CACHE_VALUE_TOO_LARGE
 */
export function encodeValue(key: string, value: unknown): Stored {
  const stored = encode(value);
  // A text has at least as many bytes as characters, and at most three for each
  if (stored.length * 3 > VALUE_BYTES) refuseTooLarge(key, stored);
  return stored;
}

/** From so many characters on it pays to know how many bytes a text takes. */
const LONG = 1000;

/** Bytes of a stored value; of a short text at most, each character taken for its longest. */
export function storedBytes(stored: Stored): number {
  const isShort = typeof stored === 'string' && stored.length < LONG;
  return isShort ? stored.length * 3 : Buffer.byteLength(stored);
}

function refuseTooLarge(key: string, stored: Stored): void {
  const bytes = Buffer.byteLength(stored);
  if (bytes > VALUE_BYTES) throw CacheValueTooLargeError.at(key, bytes, VALUE_BYTES);
}
