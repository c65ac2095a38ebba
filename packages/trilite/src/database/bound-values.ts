import { types } from 'node:util';
import { DatabaseValueError } from './errors';

/** Values as SQLite takes them, in the order of their placeholders. */
export function toSqlite(values: readonly unknown[]): unknown[] {
  return values.map(toSqliteValue);
}

/**
 * SQLite knows no booleans and no dates: true is 1, a Date its epoch milliseconds, undefined NULL. Everything else that is no plain value is
 * refused: the driver would spread an array over the placeholders behind it, and take NaN for NULL.
 *
 * Booleans and Dates go as bigints: the driver binds every number as a REAL, which is '1.0' wherever it becomes a text. A number stays one, whole
 * or not: what "/ ?" comes to would hang on whether a rate happens to be whole.
 */
function toSqliteValue(value: unknown, index: number): unknown {
  switch (typeof value) {
    case 'string':
      return value;
    case 'bigint':
      if (BigInt.asIntN(64, value) !== value) {
        throw DatabaseValueError.at(index, 'a bigint beyond 64 bits');
      }
      return value;
    case 'boolean':
      return value ? 1n : 0n;
    case 'undefined':
      return null;
    case 'number':
      if (Number.isNaN(value)) throw DatabaseValueError.at(index, 'NaN');
      return value;
    default:
      return toSqliteObject(value, index);
  }
}

/** By what the engine says of them: objects of another realm, as under jest, are no instances of the classes here. */
function toSqliteObject(value: unknown, index: number): unknown {
  if (value === null) return null;
  if (types.isDate(value)) {
    if (Number.isNaN(value.getTime())) throw DatabaseValueError.at(index, 'an invalid Date');
    return BigInt(value.getTime());
  }
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  throw DatabaseValueError.at(index, nameOf(value));
}

function nameOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (types.isPromise(value)) return 'a promise that nobody awaited';
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`;
  return 'an object';
}
