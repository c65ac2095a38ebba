import { isOnTime, planRuns, type MissedPolicy } from '../../src/schedule/due-plan';
import { DueTimes } from '../../src/schedule/due-times';

const NOON = Date.parse('2026-01-15T12:00:00Z');
const MINUTE = 60_000;

const timesOf = (expression: string): DueTimes =>
  new DueTimes({ expression, timezone: 'UTC', windows: [] });

/** Minutes since noon. */
function plan(expression: string, policy: MissedPolicy, seenUntil: number, now: number) {
  const found = planRuns(timesOf(expression), policy, {
    seenUntil: NOON + seenUntil * MINUTE,
    now: NOON + now * MINUTE,
  });
  if (found === undefined) return undefined;
  const minutes = (time: number): number => (time - NOON) / MINUTE;
  const { due, missed } = found;
  return {
    due: due.map(minutes),
    missed: missed && [minutes(missed.oldest), minutes(missed.newest), missed.count],
  };
}

test('a time that has come is due until a minute later', () => {
  expect(plan('*/5 * * * *', 'skip', 1, 4.99)).toBeUndefined();
  expect(plan('*/5 * * * *', 'skip', 1, 5)).toEqual({ due: [5], missed: undefined });
  expect(plan('*/5 * * * *', 'skip', 1, 6)).toEqual({ due: [5], missed: undefined });
  expect(plan('*/5 * * * *', 'skip', 1, 6.01)).toEqual({ due: [], missed: [5, 5, 1] });
});

test('a time is missed when the next one has come', () => {
  expect(plan('* * * * *', 'skip', 1, 3)).toEqual({ due: [3], missed: [2, 2, 1] });
  expect(plan('*/30 * * * * *', 'skip', 1, 2)).toEqual({ due: [2], missed: [1.5, 1.5, 1] });
});

test('"skip" runs nothing of what was missed', () => {
  expect(plan('*/5 * * * *', 'skip', 0, 17)).toEqual({ due: [], missed: [5, 15, 3] });
  expect(plan('*/5 * * * *', 'skip', 0, 15.5)).toEqual({ due: [15], missed: [5, 10, 2] });
});

test('"latest" runs the last missed one, unless one is due now', () => {
  expect(plan('*/5 * * * *', 'latest', 0, 17)).toEqual({ due: [15], missed: [5, 10, 2] });
  expect(plan('*/5 * * * *', 'latest', 0, 15.5)).toEqual({ due: [15], missed: [5, 10, 2] });
});

test('"all" runs every one, oldest first, and what is due now after them', () => {
  expect(plan('*/5 * * * *', 'all', 0, 17)).toEqual({ due: [5, 10, 15], missed: undefined });
  expect(plan('*/5 * * * *', 'all', 0, 15)).toEqual({ due: [5, 10, 15], missed: undefined });
});

test('"all" makes up for the first 100', () => {
  const found = plan('* * * * *', 'all', 0, 150);
  expect(found?.due).toEqual([...Array.from({ length: 100 }, (_, index) => index + 1), 150]);
  expect(found?.missed).toEqual([101, 149, 49]);
});

test('missed ones are counted up to 1,000', () => {
  expect(plan('* * * * * *', 'skip', 0, 60 * 24)?.missed?.[2]).toBe(1000);
});

test('a claimed run is on time for a minute, or until the next time comes', () => {
  const everySecond = timesOf('* * * * * *');
  expect(isOnTime(everySecond, NOON, NOON + 999)).toBe(true);
  expect(isOnTime(everySecond, NOON, NOON + 1000)).toBe(false);
  const hourly = timesOf('0 * * * *');
  expect(isOnTime(hourly, NOON, NOON + MINUTE)).toBe(true);
  expect(isOnTime(hourly, NOON, NOON + MINUTE + 1)).toBe(false);
});
