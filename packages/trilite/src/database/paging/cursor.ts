import { createHash } from 'node:crypto';
import { decodeReadable, encodeReadable } from '../../support/serializer';
import { CursorInvalidError } from './errors';

/** Where a page begins. */
export interface CursorPosition {
  /** The key of the row next to the page, which is not part of it. */
  readonly key: readonly unknown[];
  readonly direction: 'next' | 'previous';
}

const DIGEST_BYTES = 9;

/**
 * A position as text for a URL. It is no secret, and no proof: whoever holds it learns the key, and could make up another.
 *
 * @param order what the position is valid for
 */
export function encodeCursor({ key, direction }: CursorPosition, order: string): string {
  const body = Buffer.from(encodeReadable([direction, ...key]));
  return Buffer.concat([digest(order, body), body]).toString('base64url');
}

/**
 * Reads a cursor back.
 *
 * @param length values a key of this order has
 * @throws E_CURSOR_INVALID for what `encodeCursor` did not write for this order
 */
export function decodeCursor(cursor: unknown, order: string, length: number): CursorPosition {
  const bytes = Buffer.from(typeof cursor === 'string' ? cursor : '', 'base64url');
  const body = bytes.subarray(DIGEST_BYTES);
  // Decoding passes over what is no base64url: the same bytes may come of another text
  const isWhole = bytes.toString('base64url') === cursor;
  if (!isWhole || !bytes.subarray(0, DIGEST_BYTES).equals(digest(order, body))) {
    throw CursorInvalidError.made();
  }
  return readPosition(body, length);
}

function readPosition(body: Buffer, length: number): CursorPosition {
  const [direction, ...key] = readList(body);
  const isDirection = direction === 'next' || direction === 'previous';
  if (!isDirection || key.length !== length || !key.every(isComparable)) {
    throw CursorInvalidError.made();
  }
  return { direction, key };
}

function readList(body: Buffer): readonly unknown[] {
  try {
    const value = decodeReadable(body.toString());
    return Array.isArray(value) ? (value as unknown[]) : [];
  } catch (error) {
    throw CursorInvalidError.made(error);
  }
}

/** Whether a database can compare a column with it: a cursor that somebody made up may hold anything. */
function isComparable(value: unknown): boolean {
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value;
  const isPlain = ['string', 'number', 'boolean'].includes(typeof value);
  return isPlain || Buffer.isBuffer(value) || value instanceof Date;
}

function digest(order: string, body: Buffer): Buffer {
  const hash = createHash('sha256').update(`${order}\n`).update(body).digest();
  return hash.subarray(0, DIGEST_BYTES);
}
