import { DueTimes } from '../../src/schedule/due-times';

/* In Vienna clocks go from 2:00 to 3:00 on 29 March 2026 (1:00 UTC), and from 3:00 to 2:00 on 25 October (1:00 UTC). */

function timesOf(
  expression: string,
  from: string,
  until: string,
  timezone = 'Europe/Vienna',
): string[] {
  const times = new DueTimes({ expression, timezone, windows: [] });
  return times
    .between(Date.parse(from), Date.parse(until), 1000)
    .map((time) => new Date(time).toISOString().slice(5, 16));
}

const SPRING = ['2026-03-28T12:00:00Z', '2026-03-30T12:00:00Z'] as const;
const AUTUMN = ['2026-10-24T12:00:00Z', '2026-10-26T12:00:00Z'] as const;

test('a wall time that does not exist is due once, at the next one that does', () => {
  expect(timesOf('30 2 * * *', ...SPRING)).toEqual(['03-29T01:00', '03-30T00:30']);
});

test('a wall time that exists twice is due once, the first time', () => {
  expect(timesOf('30 2 * * *', ...AUTUMN)).toEqual(['10-25T00:30', '10-26T01:30']);
});

test('each of several fixed times keeps to both', () => {
  expect(timesOf('0,30 2,14 * * *', ...SPRING)).toEqual([
    '03-28T13:00',
    '03-28T13:30',
    '03-29T01:00',
    '03-29T12:00',
    '03-29T12:30',
    '03-30T00:00',
    '03-30T00:30',
    '03-30T12:00',
  ]);
  expect(timesOf('0 2,3 * * *', ...AUTUMN)).toEqual([
    '10-25T00:00',
    '10-25T02:00',
    '10-26T01:00',
    '10-26T02:00',
  ]);
});

test('every hour goes on as time passes', () => {
  const night = ['2026-03-28T23:30:00Z', '2026-03-29T02:30:00Z'] as const;
  expect(timesOf('0 * * * *', ...night)).toEqual(['03-29T00:00', '03-29T01:00', '03-29T02:00']);
  const longNight = ['2026-10-24T23:30:00Z', '2026-10-25T02:30:00Z'] as const;
  expect(timesOf('0 * * * *', ...longNight)).toEqual(['10-25T00:00', '10-25T01:00', '10-25T02:00']);
});

test('a window over the night in which clocks are put is as long as the night', () => {
  const times = new DueTimes({
    expression: '*/30 * * * *',
    timezone: 'Europe/Vienna',
    windows: [{ from: 150, to: 210, admits: 'inside' }],
  });
  const of = (from: string, until: string): string[] =>
    times
      .between(Date.parse(from), Date.parse(until), 100)
      .map((time) => new Date(time).toISOString().slice(11, 16));
  expect(of('2026-03-28T23:00:00Z', '2026-03-29T10:00:00Z')).toEqual(['01:00', '01:30']);
  expect(of('2026-10-24T23:00:00Z', '2026-10-25T10:00:00Z')).toEqual([
    '00:30',
    '01:30',
    '02:00',
    '02:30',
  ]);
});

test.each(['Europe/Vienna', 'America/New_York', 'Australia/Lord_Howe', 'America/Santiago'])(
  'the times in %s are the same wherever one begins to look',
  (timezone) => {
    for (const expression of ['30 2 * * *', '0,30 1,2 * * *', '*/20 * * * *', '0 1-4 * * *']) {
      const times = new DueTimes({ expression, timezone, windows: [] });
      const begin = Date.parse('2026-01-01T00:00:00Z');
      const all = times.between(begin, Date.parse('2026-01-03T00:00:00Z'), 1000);
      for (const [index, time] of all.slice(1).entries()) {
        expect(times.next(all[index] ?? 0)).toBe(time);
        expect(times.next(time - 1)).toBe(time);
      }
      for (const change of [
        '2026-03-29T01:00:00Z',
        '2026-10-25T01:00:00Z',
        '2026-04-04T15:00:00Z',
        '2026-11-01T06:00:00Z',
        '2026-09-06T04:00:00Z',
      ]) {
        const from = Date.parse(change) - 4 * 3_600_000;
        const until = Date.parse(change) + 4 * 3_600_000;
        const known = times.between(from, until, 1000);
        for (let moment = from; moment < until; moment += 613_000) {
          const expected = known.find((time) => time > moment);
          if (expected !== undefined) expect(times.next(moment)).toBe(expected);
          expect(times.newest(from, moment)).toBe(known.findLast((time) => time <= moment));
        }
      }
    }
  },
);

test('a window that opens again as clocks are put back is found from whenever one looks', () => {
  const times = new DueTimes({
    expression: '0,30 * * * *',
    timezone: 'Europe/Vienna',
    windows: [{ from: 110, to: 130, admits: 'inside' }], // 1:50 to 2:10
  });
  const [first, again] = ['2026-10-25T00:00:00Z', '2026-10-25T01:00:00Z'].map(Date.parse);
  const [from, until] = AUTUMN.map(Date.parse) as [number, number];
  expect(times.between(from, until, 10)).toEqual([
    first,
    again,
    Date.parse('2026-10-26T01:00:00Z'),
  ]);
  expect(times.newest(from, until - 12 * 3_600_000)).toBe(again);
});

test('the newest of very many times is found in few steps', () => {
  const times = new DueTimes({ expression: '* * * * * *', timezone: 'UTC', windows: [] });
  const now = Date.parse('2026-01-15T12:00:00.500Z');
  const next = jest.spyOn(times, 'next');
  expect(times.newest(0, now)).toBe(now - 500);
  expect(next.mock.calls.length).toBeLessThan(100);
});
