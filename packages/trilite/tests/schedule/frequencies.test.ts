import { Schedule } from '../../src/schedule/schedule';
import type { TaskBuilder } from '../../src/schedule/task-builder';

/* A Thursday; the expression each method comes to, and the two times that follow it. */
const NOW = Date.parse('2026-01-15T12:00:00Z');

type Case = readonly [string, (task: TaskBuilder) => TaskBuilder, string, string, string];

function build(say: (task: TaskBuilder) => TaskBuilder) {
  const task = new Schedule().call('task', () => undefined);
  say(task);
  return task.build({ timezone: 'UTC', environment: 'testing' });
}

const at = (time: string): string => new Date(`${time.replace(' ', 'T')}Z`).toISOString();

const CASES: readonly Case[] = [
  [
    'cron',
    (t) => t.cron('15 3 * * 1-5'),
    '15 3 * * 1-5',
    '2026-01-16 03:15:00',
    '2026-01-19 03:15:00',
  ],
  [
    'cron, with seconds',
    (t) => t.cron('30 15 3 * * *'),
    '30 15 3 * * *',
    '2026-01-16 03:15:30',
    '2026-01-17 03:15:30',
  ],
  [
    'everySecond',
    (t) => t.everySecond(),
    '* * * * * *',
    '2026-01-15 12:00:01',
    '2026-01-15 12:00:02',
  ],
  [
    'everyTwoSeconds',
    (t) => t.everyTwoSeconds(),
    '*/2 * * * * *',
    '2026-01-15 12:00:02',
    '2026-01-15 12:00:04',
  ],
  [
    'everyFiveSeconds',
    (t) => t.everyFiveSeconds(),
    '*/5 * * * * *',
    '2026-01-15 12:00:05',
    '2026-01-15 12:00:10',
  ],
  [
    'everyTenSeconds',
    (t) => t.everyTenSeconds(),
    '*/10 * * * * *',
    '2026-01-15 12:00:10',
    '2026-01-15 12:00:20',
  ],
  [
    'everyFifteenSeconds',
    (t) => t.everyFifteenSeconds(),
    '*/15 * * * * *',
    '2026-01-15 12:00:15',
    '2026-01-15 12:00:30',
  ],
  [
    'everyTwentySeconds',
    (t) => t.everyTwentySeconds(),
    '*/20 * * * * *',
    '2026-01-15 12:00:20',
    '2026-01-15 12:00:40',
  ],
  [
    'everyThirtySeconds',
    (t) => t.everyThirtySeconds(),
    '*/30 * * * * *',
    '2026-01-15 12:00:30',
    '2026-01-15 12:01:00',
  ],
  [
    'everyMinute',
    (t) => t.everyMinute(),
    '* * * * *',
    '2026-01-15 12:01:00',
    '2026-01-15 12:02:00',
  ],
  [
    'everyTwoMinutes',
    (t) => t.everyTwoMinutes(),
    '*/2 * * * *',
    '2026-01-15 12:02:00',
    '2026-01-15 12:04:00',
  ],
  [
    'everyThreeMinutes',
    (t) => t.everyThreeMinutes(),
    '*/3 * * * *',
    '2026-01-15 12:03:00',
    '2026-01-15 12:06:00',
  ],
  [
    'everyFourMinutes',
    (t) => t.everyFourMinutes(),
    '*/4 * * * *',
    '2026-01-15 12:04:00',
    '2026-01-15 12:08:00',
  ],
  [
    'everyFiveMinutes',
    (t) => t.everyFiveMinutes(),
    '*/5 * * * *',
    '2026-01-15 12:05:00',
    '2026-01-15 12:10:00',
  ],
  [
    'everyTenMinutes',
    (t) => t.everyTenMinutes(),
    '*/10 * * * *',
    '2026-01-15 12:10:00',
    '2026-01-15 12:20:00',
  ],
  [
    'everyFifteenMinutes',
    (t) => t.everyFifteenMinutes(),
    '*/15 * * * *',
    '2026-01-15 12:15:00',
    '2026-01-15 12:30:00',
  ],
  [
    'everyThirtyMinutes',
    (t) => t.everyThirtyMinutes(),
    '*/30 * * * *',
    '2026-01-15 12:30:00',
    '2026-01-15 13:00:00',
  ],
  ['hourly', (t) => t.hourly(), '0 * * * *', '2026-01-15 13:00:00', '2026-01-15 14:00:00'],
  ['hourlyAt', (t) => t.hourlyAt(17), '17 * * * *', '2026-01-15 12:17:00', '2026-01-15 13:17:00'],
  [
    'hourlyAt several',
    (t) => t.hourlyAt([47, 17]),
    '17,47 * * * *',
    '2026-01-15 12:17:00',
    '2026-01-15 12:47:00',
  ],
  [
    'everyTwoHours',
    (t) => t.everyTwoHours(),
    '0 */2 * * *',
    '2026-01-15 14:00:00',
    '2026-01-15 16:00:00',
  ],
  [
    'everyThreeHours',
    (t) => t.everyThreeHours(5),
    '5 */3 * * *',
    '2026-01-15 12:05:00',
    '2026-01-15 15:05:00',
  ],
  [
    'everyFourHours',
    (t) => t.everyFourHours(),
    '0 */4 * * *',
    '2026-01-15 16:00:00',
    '2026-01-15 20:00:00',
  ],
  [
    'everySixHours',
    (t) => t.everySixHours(),
    '0 */6 * * *',
    '2026-01-15 18:00:00',
    '2026-01-16 00:00:00',
  ],
  [
    'everyOddHour',
    (t) => t.everyOddHour(),
    '0 1-23/2 * * *',
    '2026-01-15 13:00:00',
    '2026-01-15 15:00:00',
  ],
  ['daily', (t) => t.daily(), '0 0 * * *', '2026-01-16 00:00:00', '2026-01-17 00:00:00'],
  [
    'dailyAt',
    (t) => t.dailyAt('13:00'),
    '0 13 * * *',
    '2026-01-15 13:00:00',
    '2026-01-16 13:00:00',
  ],
  ['at', (t) => t.at('8:05'), '5 8 * * *', '2026-01-16 08:05:00', '2026-01-17 08:05:00'],
  [
    'twiceDaily',
    (t) => t.twiceDaily(1, 13),
    '0 1,13 * * *',
    '2026-01-15 13:00:00',
    '2026-01-16 01:00:00',
  ],
  [
    'twiceDailyAt',
    (t) => t.twiceDailyAt(1, 13, 15),
    '15 1,13 * * *',
    '2026-01-15 13:15:00',
    '2026-01-16 01:15:00',
  ],
  ['weekly', (t) => t.weekly(), '0 0 * * 0', '2026-01-18 00:00:00', '2026-01-25 00:00:00'],
  [
    'weeklyOn',
    (t) => t.weeklyOn(1, '8:00'),
    '0 8 * * 1',
    '2026-01-19 08:00:00',
    '2026-01-26 08:00:00',
  ],
  ['monthly', (t) => t.monthly(), '0 0 1 * *', '2026-02-01 00:00:00', '2026-03-01 00:00:00'],
  [
    'monthlyOn',
    (t) => t.monthlyOn(31, '15:00'),
    '0 15 31 * *',
    '2026-01-31 15:00:00',
    '2026-03-31 15:00:00',
  ],
  [
    'twiceMonthly',
    (t) => t.twiceMonthly(1, 16, '13:00'),
    '0 13 1,16 * *',
    '2026-01-16 13:00:00',
    '2026-02-01 13:00:00',
  ],
  [
    'lastDayOfMonth',
    (t) => t.lastDayOfMonth('15:00'),
    '0 15 L * *',
    '2026-01-31 15:00:00',
    '2026-02-28 15:00:00',
  ],
  [
    'quarterly',
    (t) => t.quarterly(),
    '0 0 1 1-12/3 *',
    '2026-04-01 00:00:00',
    '2026-07-01 00:00:00',
  ],
  [
    'quarterlyOn',
    (t) => t.quarterlyOn(4, '14:00'),
    '0 14 4 1-12/3 *',
    '2026-04-04 14:00:00',
    '2026-07-04 14:00:00',
  ],
  ['yearly', (t) => t.yearly(), '0 0 1 1 *', '2027-01-01 00:00:00', '2028-01-01 00:00:00'],
  [
    'yearlyOn',
    (t) => t.yearlyOn(6, 1, '17:00'),
    '0 17 1 6 *',
    '2026-06-01 17:00:00',
    '2027-06-01 17:00:00',
  ],
  [
    'weekdays',
    (t) => t.weekdays().at('8:00'),
    '0 8 * * 1,2,3,4,5',
    '2026-01-16 08:00:00',
    '2026-01-19 08:00:00',
  ],
  [
    'weekends',
    (t) => t.weekends().at('8:00'),
    '0 8 * * 0,6',
    '2026-01-17 08:00:00',
    '2026-01-18 08:00:00',
  ],
  [
    'sundays',
    (t) => t.sundays().daily(),
    '0 0 * * 0',
    '2026-01-18 00:00:00',
    '2026-01-25 00:00:00',
  ],
  [
    'mondays',
    (t) => t.mondays().daily(),
    '0 0 * * 1',
    '2026-01-19 00:00:00',
    '2026-01-26 00:00:00',
  ],
  [
    'tuesdays',
    (t) => t.tuesdays().daily(),
    '0 0 * * 2',
    '2026-01-20 00:00:00',
    '2026-01-27 00:00:00',
  ],
  [
    'wednesdays',
    (t) => t.wednesdays().daily(),
    '0 0 * * 3',
    '2026-01-21 00:00:00',
    '2026-01-28 00:00:00',
  ],
  [
    'thursdays',
    (t) => t.thursdays().daily(),
    '0 0 * * 4',
    '2026-01-22 00:00:00',
    '2026-01-29 00:00:00',
  ],
  [
    'fridays',
    (t) => t.fridays().daily(),
    '0 0 * * 5',
    '2026-01-16 00:00:00',
    '2026-01-23 00:00:00',
  ],
  [
    'saturdays',
    (t) => t.daily().saturdays(),
    '0 0 * * 6',
    '2026-01-17 00:00:00',
    '2026-01-24 00:00:00',
  ],
  [
    'days',
    (t) => t.days([3, 0]).hourly(),
    '0 * * * 0,3',
    '2026-01-18 00:00:00',
    '2026-01-18 01:00:00',
  ],
  [
    'a day of the month and of the week',
    (t) => t.monthlyOn(1).mondays(),
    '0 0 1 * +1',
    '2026-06-01 00:00:00',
    '2027-02-01 00:00:00',
  ],
  [
    'timezone',
    (t) => t.dailyAt('13:00').timezone('Europe/Vienna'),
    '0 13 * * *',
    '2026-01-16 12:00:00',
    '2026-01-17 12:00:00',
  ],
  [
    'between',
    (t) => t.everySixHours().between('7:00', '12:30'),
    '0 */6 * * *',
    '2026-01-16 12:00:00',
    '2026-01-17 12:00:00',
  ],
  [
    'between, over midnight',
    (t) => t.everySixHours().between('22:00', '6:00'),
    '0 */6 * * *',
    '2026-01-16 00:00:00',
    '2026-01-16 06:00:00',
  ],
  [
    'between, every second',
    (t) => t.everySecond().between('22:00', '22:00'),
    '* * * * * *',
    '2026-01-15 22:00:00',
    '2026-01-15 22:00:01',
  ],
  [
    'unlessBetween',
    (t) => t.hourly().unlessBetween('13:00', '22:59'),
    '0 * * * *',
    '2026-01-15 23:00:00',
    '2026-01-16 00:00:00',
  ],
];

test.each(CASES)('%s', (_name, say, expression, first, second) => {
  const { task, problems } = build(say);
  expect(problems).toEqual([]);
  expect(task?.expression).toBe(expression);
  const times = task?.times.between(NOW, Infinity, 2).map((time) => new Date(time).toISOString());
  expect(times).toEqual([at(first), at(second)]);
});

const MISTAKES: readonly (readonly [string, (task: TaskBuilder) => TaskBuilder, RegExp])[] = [
  ['no frequency', (t) => t, /has no frequency/],
  ['days alone', (t) => t.weekdays(), /has no frequency/],
  [
    'a wrong cron expression',
    (t) => t.cron('61 * * * *'),
    /cron expression "61 \* \* \* \*": .*minute/,
  ],
  ['too few fields', (t) => t.cron('* * * *'), /cron expression "\* \* \* \*"/],
  ['too many fields', (t) => t.cron('* * * * * * *'), /cron expression/],
  [
    'cron and a frequency beside it',
    (t) => t.cron('* * * * *').weekdays(),
    /by cron\(\), and another/,
  ],
  ['a wrong time', (t) => t.dailyAt('25:00'), /has the time "25:00"; expected one such as "13:00"/],
  [
    'a wrong minute',
    (t) => t.hourlyAt(60),
    /has the minute "60"; expected a whole number from 0 to 59/,
  ],
  ['a wrong hour', (t) => t.twiceDaily(1, 24), /has the hour "24"/],
  ['a wrong day', (t) => t.monthlyOn(0), /has the day "0"/],
  ['a wrong month', (t) => t.yearlyOn(13), /has the month "13"/],
  ['no days', (t) => t.daily().days([]), /has the weekday none/],
  ['a date that never comes', (t) => t.yearlyOn(2, 30), /is never due by "0 0 30 2 \*"/],
  ['a window that never fits', (t) => t.dailyAt('12:00').between('1:00', '2:00'), /is never due/],
  ['a wrong time zone', (t) => t.daily().timezone('Mars/Base'), /time zone "Mars\/Base"/],
  ['no name', (t) => t.daily().name(''), /needs a name/],
  ['the name that stands for all', (t) => t.daily().name('*'), /needs a name/],
];

test.each(MISTAKES)('%s is refused', (_name, say, problem) => {
  expect(build(say).problems.join('\n')).toMatch(problem);
});
