import { types } from 'node:util';
import type { Packr } from 'msgpackr';
import { ValueNotReadableError } from './errors';
import { isJson, refuseUnstorable } from './storable';

/** A value as it lies in a column: text is JSON, a blob is MessagePack. The column's type tells which. */
export type Stored = string | Buffer;

/** The first byte of a blob that holds tagged JSON: MessagePack never begins with it. */
const TAGGED = 0xc1;

let sharedPackr: Packr | undefined;

/**
 * Turns a value into text where plain JSON keeps it whole, and into a blob otherwise.
 *
 * Dates, Maps, Sets, BigInts, Buffers, typed arrays, undefined, NaN and cycles come back from `decode` as they went in.
 *
 * @throws E_VALUE_NOT_SERIALIZABLE for class instances, functions and symbols.
 */
export function encode(value: unknown): Stored {
  if (isJson(value)) return JSON.stringify(value);
  if (Object.is(value, -0)) return '-0'; // JSON, though JSON.stringify writes it as 0
  const { isPackable } = refuseUnstorable(value);
  if (isPackable) return packr().pack(value);
  return Buffer.concat([Buffer.of(TAGGED), Buffer.from(encodeReadable(value))]);
}

/**
 * Turns a stored value back.
 *
 * @throws E_VALUE_NOT_READABLE when the bytes are not what `encode` writes.
 */
export function decode(stored: Stored): unknown {
  try {
    if (typeof stored === 'string') return JSON.parse(stored) as unknown;
    if (stored[0] === TAGGED) return untag(JSON.parse(stored.toString('utf8', 1)));
    return packr().unpack(stored) as unknown;
  } catch (error) {
    throw ValueNotReadableError.because(error);
  }
}

/**
 * Turns a value into JSON text a person can read, with tags (`{"$":"date",…}`) for what JSON lacks.
 *
 * @throws E_VALUE_NOT_SERIALIZABLE for class instances, functions, symbols and cycles.
 */
export function encodeReadable(value: unknown): string {
  refuseUnstorable(value, { cycles: true });
  return JSON.stringify(tag(value));
}

/**
 * Turns the text of `encodeReadable` back.
 *
 * @throws E_VALUE_NOT_READABLE when the text is not what `encodeReadable` writes.
 */
export function decodeReadable(text: string): unknown {
  try {
    return untag(JSON.parse(text));
  } catch (error) {
    throw ValueNotReadableError.because(error);
  }
}

function packr(): Packr {
  if (sharedPackr === undefined) {
    // Lazily: pure JSON never needs it
    const msgpackr = require('msgpackr') as typeof import('msgpackr');
    sharedPackr = new msgpackr.Packr({
      structuredClone: true,
      moreTypes: true,
      copyBuffers: true, // else what is read shares its bytes with what is stored
    });
  }
  return sharedPackr;
}

type Tagged = { $: string; v?: unknown };

function tag(value: unknown): unknown {
  if (value === undefined) return { $: 'undefined' } satisfies Tagged;
  if (typeof value === 'bigint') return { $: 'bigint', v: value.toString() } satisfies Tagged;
  if (typeof value === 'number') return tagNumber(value);
  if (typeof value !== 'object' || value === null) return value;
  return tagObject(value);
}

function tagNumber(value: number): unknown {
  const survivesJson = Number.isFinite(value) && !Object.is(value, -0);
  return survivesJson
    ? value
    : ({ $: 'number', v: Object.is(value, -0) ? '-0' : String(value) } satisfies Tagged);
}

function tagObject(value: object): unknown {
  if (Array.isArray(value)) return Array.from(value, tag);
  if (types.isDate(value)) return { $: 'date', v: tagNumber(value.getTime()) } satisfies Tagged;
  if (types.isMap(value)) {
    return { $: 'map', v: [...value].map(([key, item]) => [tag(key), tag(item)]) } satisfies Tagged;
  }
  if (types.isSet(value)) return { $: 'set', v: [...value].map(tag) } satisfies Tagged;
  if (types.isAnyArrayBuffer(value)) {
    return { $: 'ArrayBuffer', v: Buffer.from(value).toString('base64') } satisfies Tagged;
  }
  if (ArrayBuffer.isView(value)) return tagBytes(value);
  const entries = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, tag(item)]));
  return '$' in entries ? ({ $: 'object', v: entries } satisfies Tagged) : entries;
}

function tagBytes(view: ArrayBufferView): Tagged {
  const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  return { $: Buffer.isBuffer(view) ? 'Buffer' : viewName(view), v: bytes.toString('base64') };
}

function viewName(view: ArrayBufferView): string {
  return Object.prototype.toString.call(view).slice('[object '.length, -1);
}

const VIEWS = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
} as const;

function untag(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(untag);
  const record = value as Record<string, unknown>;
  return '$' in record ? untagValue(record as Tagged) : untagFields(record);
}

function untagFields(record: Record<string, unknown>): Record<string, unknown> {
  // In place: JSON.parse made "__proto__" an own property, which copying by assignment would turn into a prototype.
  for (const key of Object.keys(record)) record[key] = untag(record[key]);
  return record;
}

function untagValue({ $: name, v }: Tagged): unknown {
  switch (name) {
    case 'undefined':
      return undefined;
    case 'bigint':
      return BigInt(v as string);
    case 'number':
      return Number(v);
    case 'date':
      return new Date(untag(v) as number);
    case 'map':
      return new Map((v as [unknown, unknown][]).map(([key, item]) => [untag(key), untag(item)]));
    case 'set':
      return new Set((v as unknown[]).map(untag));
    case 'object':
      return untagFields(v as Record<string, unknown>);
    default:
      return untagBytes(name, v);
  }
}

function untagBytes(name: string, v: unknown): unknown {
  const bytes = Buffer.from(v as string, 'base64');
  if (name === 'Buffer') return bytes;
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  if (name === 'ArrayBuffer') return buffer;
  const View = VIEWS[name as keyof typeof VIEWS] as
    (new (buffer: ArrayBuffer) => ArrayBufferView) | undefined;
  if (View === undefined) throw new TypeError(`Expected a known tag, got \`${name}\`.`);
  return new View(buffer);
}
