import type { SqlValue } from '../database/care/query';

/** Longest text and blob that a cell of a table shows. */
const CHARACTERS = 200;
const BYTES = 16;

/** A value of SQLite as a cell shows it: NULL, blobs as `x'…'`, long ones shortened, nothing that would steer a terminal. */
export function valueAsText(value: SqlValue): string {
  if (value === null) return 'NULL';
  if (Buffer.isBuffer(value)) return blobAsText(value);
  const text = printable(String(value));
  return text.length > CHARACTERS ? `${text.slice(0, CHARACTERS)}…` : text;
}

/** A value of SQLite as JSON takes it: blobs as `x'…'`, whole, and integers beyond 2^53 as text. */
export function valueAsJson(value: SqlValue): string | number | null {
  if (Buffer.isBuffer(value)) return `x'${value.toString('hex')}'`;
  if (typeof value !== 'bigint') return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

function blobAsText(value: Buffer): string {
  const hex = value.subarray(0, BYTES).toString('hex');
  return value.length > BYTES ? `x'${hex}…' (${value.length} bytes)` : `x'${hex}'`;
}

/** A text without what would steer a terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}]/gu, (character) =>
    character === '\n' || character === '\t'
      ? character
      : `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
