import { travelBack, travelTo } from 'trilite/testing';
import { humanDuration, toMilliseconds } from '../../src/support/duration';

afterEach(() => travelBack());

test.each([
  ['500ms', 500],
  ['90s', 90_000],
  ['1.5m', 90_000],
  ['2h', 7_200_000],
  ['7d', 604_800_000],
  ['2w', 1_209_600_000],
  [5, 5000],
  [0.25, 250],
  [-1, -1000],
])('%p is %p milliseconds', (duration, milliseconds) => {
  expect(toMilliseconds(duration)).toBe(milliseconds);
});

test('a Date is the time until then', () => {
  travelTo(1000);
  expect(toMilliseconds(new Date(3000))).toBe(2000);
});

test.each([
  ['soon'],
  ['10'],
  ['-5s'],
  ['1e3s'],
  [''],
  [NaN],
  [Infinity],
  [1e300],
  ['9999999999999d'],
  [new Date(NaN)],
  [null],
  [{}],
])('%p is refused', (duration) => {
  expect(() => toMilliseconds(duration as string)).toThrow(/Expected a duration/);
});

test.each([
  [12.345, '12.35ms'],
  [1240, '1s 240ms'],
  [60_000, '1m'],
  [3_660_000, '1h 1m'],
])('%p milliseconds read %p', (milliseconds, text) => {
  expect(humanDuration(milliseconds)).toBe(text);
});
