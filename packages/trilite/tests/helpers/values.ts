import * as fc from 'fast-check';

/** Values that must come back as they went in (D14). */
export const SURVIVING_VALUES: readonly (readonly [name: string, value: unknown])[] = [
  ['a text', 'Grüße, 世界 🚀'],
  ['an empty text', ''],
  ['a number', 1.5],
  ['zero', 0],
  ['minus zero', -0],
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['the largest safe integer', Number.MAX_SAFE_INTEGER],
  ['the smallest number', Number.MIN_VALUE],
  ['true', true],
  ['false', false],
  ['null', null],
  ['undefined', undefined],
  ['a list', [1, 'two', [3]]],
  ['a list with undefined in it', [1, undefined, 3]],
  ['an object', { a: { b: [null] } }],
  ['an object with undefined in it', { a: undefined }],
  ['an object with minus zero in it', { a: -0, b: [-0] }],
  ['an object with the key "$"', { $: 'date', v: 1 }],
  ['an object with the key "$" and more', { $: new Date(1), other: 2n }],
  ['an object with a key "__proto__"', JSON.parse('{"__proto__":{"polluted":true},"a":1}')],
  [
    'an object with a key "__proto__" and a Date',
    Object.assign(JSON.parse('{"__proto__":1}') as object, { at: new Date(1) }),
  ],
  ['half an emoji beside a Date', { title: '🚀'.slice(0, 1), at: new Date(1) }],
  ['a Date', new Date('2026-02-03T04:05:06.789Z')],
  ['a Date before 1970', new Date('1901-02-03T04:05:06.789Z')],
  ['a Date far away', new Date(8.64e15)],
  [
    'a Map',
    new Map<unknown, unknown>([
      ['a', new Date(5)],
      [{ key: 1 }, new Map()],
    ]),
  ],
  ['a Set', new Set<unknown>([1, 'a', undefined, new Set([2n])])],
  ['a BigInt', 12345678901234567890n],
  ['a BigInt beyond 64 bits', 2n ** 200n + 1n],
  ['a negative BigInt beyond 64 bits', -(2n ** 70n)],
  ['a Buffer', Buffer.from([0, 1, 254, 255])],
  ['an empty Buffer', Buffer.alloc(0)],
  ['a Buffer in an object', { bytes: Buffer.from('bytes') }],
  ['a Uint8Array', new Uint8Array([1, 2, 255])],
  ['a Uint8ClampedArray', new Uint8ClampedArray([1, 255])],
  ['an Int8Array', new Int8Array([-1, 127])],
  ['a Uint16Array', new Uint16Array([1, 65535])],
  ['an Int16Array', new Int16Array([-1, 32767])],
  ['a Uint32Array', new Uint32Array([1, 2 ** 32 - 1])],
  ['an Int32Array', new Int32Array([-1, 5])],
  ['a Float32Array', new Float32Array([0.5, -1.25])],
  ['a Float64Array', new Float64Array([0.1, NaN])],
  ['a BigInt64Array', new BigInt64Array([-1n, 5n])],
  ['a BigUint64Array', new BigUint64Array([2n ** 64n - 1n])],
  ['a part of a larger typed array', new Uint16Array([1, 2, 3, 4]).subarray(1, 3)],
  ['an ArrayBuffer', new Uint8Array([1, 2, 3]).buffer],
  ['a DataView', new DataView(new Uint8Array([1, 2, 3]).buffer, 1)],
];

/** Invalid Dates are never equal to one another, and a hole is not what comes back of one. */
export function expectOddValuesToSurvive(turn: (value: unknown) => unknown): void {
  const date = turn({ at: new Date(NaN) }) as { at: Date };
  expect(date.at).toBeInstanceOf(Date);
  expect(date.at.getTime()).toBeNaN();
  // eslint-disable-next-line no-sparse-arrays
  expect(turn([1, , 3])).toStrictEqual([1, undefined, 3]);
}

/** An object that holds itself, in a list and in a Map. */
export function cyclic(): { self?: unknown; list: unknown[]; map: Map<string, unknown> } {
  const value: ReturnType<typeof cyclic> = { list: [], map: new Map() };
  value.self = value;
  value.list.push(value);
  value.map.set('self', value);
  return value;
}

class Money {
  constructor(readonly cents: number) {}
}

/** Values that no store may take, with the path the refusal names. */
export const REFUSED_VALUES: readonly (readonly [name: string, value: unknown, path: string])[] = [
  ['a class instance', new Money(5), 'value'],
  ['a class instance in a list', { items: [1, new Money(5)] }, 'value.items[1]'],
  ['a class instance in a Map', new Map([['a', new Money(5)]]), 'value.values[0]'],
  ['a class instance as a key of a Map', new Map([[new Money(5), 'a']]), 'value.keys[0]'],
  ['a class instance in a Set', new Set([new Money(5)]), 'value[0]'],
  ['a function', () => undefined, 'value'],
  ['a function in an object', { run: () => undefined }, 'value.run'],
  ['a class', Money, 'value'],
  ['a symbol', Symbol('s'), 'value'],
  ['a symbol in an object', { a: { s: Symbol('s') } }, 'value.a.s'],
  ['an object with a symbol as key', { [Symbol('s')]: 1 }, 'value[Symbol(s)]'],
  ['an Error', new Error('no data'), 'value'],
  ['a RegExp', /a/, 'value'],
  ['a Promise', Promise.resolve(), 'value'],
];

/** Any text of whole characters. Fast-check's own unit for it lists a million of them first, which takes a second. */
export const anyText = fc.string({
  unit: fc
    .oneof(fc.nat({ max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }))
    .map((point) => String.fromCodePoint(point)),
});

/** Any value that a store may take, without cycles. */
export const storableValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  leaf: fc.oneof(
    anyText,
    fc.string({ unit: fc.constantFrom('a', '\ud83d', '\ude00') }),
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constantFrom(null, undefined, -0, NaN, '__proto__', '$'),
    fc.bigInt(),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.uint8Array(),
    fc.int16Array(),
    fc.float64Array(),
    fc.bigInt64Array(),
  ),
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom('$', 'v', 'toString', '__proto__')),
      tie('value'),
      {
        maxKeys: 4,
        noNullPrototype: true,
      },
    ),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((pairs) => new Map(pairs)),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => new Set(items)),
  ),
})).value;
