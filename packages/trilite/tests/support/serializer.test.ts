import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { decode, decodeReadable, encode, encodeReadable } from '../../src/support/serializer';
import { errorWith } from '../helpers/errors';
import {
  cyclic,
  expectOddValuesToSurvive,
  REFUSED_VALUES,
  storableValue,
  SURVIVING_VALUES,
} from '../helpers/values';

describe('encode and decode', () => {
  test.each(SURVIVING_VALUES)('%s comes back as it went in', (_, value) => {
    expect(decode(encode(value))).toStrictEqual(value);
  });

  test('an invalid Date comes back as one, and a hole as undefined', () => {
    expectOddValuesToSurvive((value) => decode(encode(value)));
  });

  test('any storable value comes back as it went in', () => {
    fc.assert(
      fc.property(storableValue, (value) => {
        expect(decode(encode(value))).toStrictEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  test('any JSON becomes text, and comes back as it went in', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const stored = encode(JSON.parse(JSON.stringify(value)));
        expect(typeof stored).toBe('string');
        expect(decode(stored)).toStrictEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('typed arrays come back as they went in outside of jest too, whose realm has its own', () => {
    const script = `
      const { decode, encode } = require('./dist/support/serializer');
      const types = [Int8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array];
      const value = [...types.map((Type) => new Type([1, 2])), new BigInt64Array([-1n]), new BigUint64Array([1n])];
      const stored = encode(value);
      decode(stored).forEach((view) => view.fill(view[0] * view[0]));
      require('node:assert').deepStrictEqual(decode(stored), value);`;
    expect(() =>
      execFileSync(process.execPath, ['-e', script], { cwd: join(__dirname, '../..') }),
    ).not.toThrow();
  });

  test('a value that holds itself comes back holding itself', () => {
    const value = decode(encode(cyclic())) as ReturnType<typeof cyclic>;
    expect(value.self).toBe(value);
    expect(value.list[0]).toBe(value);
    expect(value.map.get('self')).toBe(value);
  });

  test('a value 1,000 levels deep comes back as it went in', () => {
    const value = nested(1000);
    expect(decode(encode(value))).toStrictEqual(value);
  });

  test.each(REFUSED_VALUES)('%s is refused with its path', (_, value, path) => {
    expect(() => encode(value)).toThrow(errorWith('E_VALUE_NOT_SERIALIZABLE', `"${path}"`));
  });

  test.each(['{broken', '', Buffer.from([0xc1]), Buffer.alloc(0)])(
    '%p is not readable',
    (stored) => {
      expect(() => decode(stored)).toThrow(errorWith('E_VALUE_NOT_READABLE'));
    },
  );
});

describe('encodeReadable and decodeReadable', () => {
  test.each(SURVIVING_VALUES)('%s comes back as it went in', (_, value) => {
    expect(decodeReadable(encodeReadable(value))).toStrictEqual(value);
  });

  test('an invalid Date comes back as one, and a hole as undefined', () => {
    expectOddValuesToSurvive((value) => decodeReadable(encodeReadable(value)));
  });

  test('any storable value comes back as it went in', () => {
    fc.assert(
      fc.property(storableValue, (value) => {
        const text = encodeReadable(value);
        expect(typeof text).toBe('string');
        expect(decodeReadable(text)).toStrictEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  test('plain JSON is written as plain JSON', () => {
    const value = { a: [1, 'two', null, true], b: {} };
    expect(encodeReadable(value)).toBe(JSON.stringify(value));
  });

  test('what JSON lacks is written with a tag', () => {
    expect(encodeReadable({ at: 5n })).toBe('{"at":{"$":"bigint","v":"5"}}');
  });

  test('a key "__proto__" stays a key, with what JSON lacks beside and below it', () => {
    const value = JSON.parse('{"__proto__":{"polluted":1}}') as Record<string, unknown>;
    value['at'] = new Date(5);
    (Object.values(value)[0] as Record<string, unknown>)['n'] = 5n;
    const found = decodeReadable(encodeReadable(value)) as object;
    expect(Object.keys(found)).toEqual(['__proto__', 'at']);
    expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
    expect('polluted' in found).toBe(false);
    expect(found).toStrictEqual(value);
  });

  test('an object found in two places is no cycle', () => {
    const shared = { a: 1 };
    expect(decodeReadable(encodeReadable([shared, shared]))).toEqual([{ a: 1 }, { a: 1 }]);
  });

  test('a value that holds itself is refused with its path', () => {
    expect(() => encodeReadable(cyclic())).toThrow(
      errorWith('E_VALUE_NOT_SERIALIZABLE', '"value.list[0]"'),
    );
  });

  test.each(REFUSED_VALUES)('%s is refused with its path', (_, value, path) => {
    expect(() => encodeReadable(value)).toThrow(errorWith('E_VALUE_NOT_SERIALIZABLE', `"${path}"`));
  });

  test.each([
    '{broken',
    '',
    '{"$":"unheard of","v":1}',
    '{"$":"map","v":5}',
    '{"$":"bigint","v":"x"}',
  ])('%p is not readable', (text) => {
    expect(() => decodeReadable(text)).toThrow(errorWith('E_VALUE_NOT_READABLE'));
  });
});

function nested(depth: number): unknown {
  let value: unknown = 'bottom';
  for (let level = 0; level < depth; level += 1) value = { value };
  return value;
}
