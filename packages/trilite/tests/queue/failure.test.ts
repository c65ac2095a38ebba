import { describeFailure } from '../../src/queue/failure';
import { toError } from '../../src/support/errors';

const throws = (): never => {
  throw new Error('no');
};

test('an error is kept with its stack and its causes', () => {
  const { message, detail } = describeFailure(new Error('outer', { cause: new Error('inner') }));
  expect(message).toBe('outer');
  expect(detail).toMatch(/outer[^]*failure\.test[^]*inner/);
});

test('a detail beyond all bounds is cut', () => {
  expect(describeFailure(new Error('x'.repeat(100_000))).detail.length).toBeLessThan(21_000);
});

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['null', null],
  ['a text', 'broken'],
  ['an object without a prototype', Object.create(null)],
  ['an object whose text cannot be made', { toString: throws }],
  [
    'a proxy that throws at every touch',
    new Proxy({}, { get: throws, has: throws, getPrototypeOf: throws }),
  ],
  ['an error whose message is no text', Object.assign(new Error('x'), { message: { a: 1 } })],
  [
    'an error whose message throws',
    Object.defineProperty(new Error('x'), 'message', { get: throws }),
  ],
])('%s that a job throws is kept as text', (_what, thrown) => {
  const { message, detail } = describeFailure(toError(thrown));
  expect(typeof message).toBe('string');
  expect(typeof detail).toBe('string');
});
