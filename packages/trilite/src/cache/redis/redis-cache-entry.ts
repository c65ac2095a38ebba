import { clock } from '../../support/clock';
import { ValueNotReadableError } from '../../support/errors';
import { decode, type Stored } from '../../support/serializer';
import type { CacheEntry, CacheHit } from '../cache-store';
import { encodeValue } from '../cache-value';

/*
 * An entry as it lies in Redis: one string, for a hash of so many fields takes several times the memory.
 *
 *     kind  expiresAt  staleAt  writtenAt  stamp  length of tags │ tags   │ value
 *     1     8          8        8          8      4              │ JSON   │ JSON ("t") or a blob ("b")
 *
 * Times are doubles, big-endian, and Infinity means never. `stamp` is written by the server: see redis-cache-scripts.ts, which has the same
 * picture of an entry.
 */

export const HEADER_BYTES = 37;

/** A blob, told from JSON text. */
const KIND = { text: 't'.charCodeAt(0), blob: 'b'.charCodeAt(0) } as const;

/** The server forgets an entry so much later than it expires: whose clock is behind that of its writer has it until then. */
const GRACE_MS = 10_000;

/** An entry as it was read. */
export interface RedisCacheEntry {
  readonly expiresAt: number;
  readonly staleAt: number;
  readonly stamp: number;
  readonly tags: readonly string[];
  readonly value: Buffer;
  readonly isText: boolean;
}

/**
 * An entry as it is written.
 *
 * @throws E_VALUE_NOT_SERIALIZABLE, E_CACHE_VALUE_TOO_LARGE
 */
export function packEntry({ key, value, expiresAt, staleAt, tags = [] }: CacheEntry): Buffer {
  const stored = encodeValue(key, value);
  const tagText = tagTextOf(tags);
  const tagBytes = Buffer.byteLength(tagText);
  const packed = Buffer.allocUnsafe(HEADER_BYTES + tagBytes + Buffer.byteLength(stored));
  packed.writeUInt8(typeof stored === 'string' ? KIND.text : KIND.blob, 0);
  const times = [expiresAt ?? Infinity, staleAt ?? Infinity, clock.now(), 0];
  for (const [index, time] of times.entries()) packed.writeDoubleBE(time, 1 + index * 8);
  packed.writeUInt32BE(tagBytes, 33);
  packed.write(tagText, HEADER_BYTES);
  writeStored(packed, stored, HEADER_BYTES + tagBytes);
  return packed;
}

/** Tags as they lie in an entry. */
export function tagTextOf(tags: readonly string[]): string {
  return tags.length === 0 ? '' : JSON.stringify(tags);
}

function writeStored(packed: Buffer, stored: Stored, offset: number): void {
  if (typeof stored === 'string') packed.write(stored, offset);
  else stored.copy(packed, offset);
}

/** An entry as it was packed. @throws E_VALUE_NOT_READABLE */
export function readEntry(packed: Buffer): RedisCacheEntry {
  try {
    return unpack(packed);
  } catch (error) {
    throw ValueNotReadableError.because(error);
  }
}

function unpack(packed: Buffer): RedisCacheEntry {
  const valueAt = HEADER_BYTES + packed.readUInt32BE(33);
  return {
    isText: packed.readUInt8(0) === KIND.text,
    expiresAt: packed.readDoubleBE(1),
    staleAt: packed.readDoubleBE(9),
    stamp: packed.readDoubleBE(25),
    tags: tagsOf(packed.toString('utf8', HEADER_BYTES, valueAt)),
    value: packed.subarray(valueAt),
  };
}

function tagsOf(text: string): readonly string[] {
  return text === '' ? [] : (JSON.parse(text) as string[]);
}

/** What an entry is to who asked for it. @throws E_VALUE_NOT_READABLE */
export function hitOf({ value, isText, staleAt }: RedisCacheEntry): CacheHit {
  const found = decode(isText ? value.toString() : value);
  return staleAt === Infinity ? { value: found } : { value: found, staleAt };
}

/** Milliseconds after which the server may forget what expires at a moment; '' is never. */
export function serverTtl(expiresAt: number | undefined): number | '' {
  if (expiresAt === undefined) return '';
  return Math.max(1, Math.ceil(expiresAt - clock.now()) + GRACE_MS);
}
