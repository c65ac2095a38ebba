import type { DayWindow } from './due-times';

/** The fields of an expression, in its order. */
type Field = 'second' | 'minute' | 'hour' | 'day' | 'month' | 'weekday';

/** A day of the week: 0 is Sunday, 6 is Saturday. */
export type Weekday = 0 | 1 | 2 | 3 | 4 | 5 | 6;

const TIME = /^([01]?\d|2[0-3]):([0-5]\d)$/;
const RANGES = {
  minute: [0, 59],
  hour: [0, 23],
  day: [1, 31],
  month: [1, 12],
  weekday: [0, 6],
} as const;

/**
 * How often a task is due. Each method sets some fields of the expression and leaves the others: `weekdays().at('8:00')`,
 * `hourly().between('7:00', '22:00')`. Mistakes are collected, and told when the schedule is built.
 */
export abstract class Frequencies {
  readonly #fields: Record<Field, string> = {
    second: '0',
    minute: '*',
    hour: '*',
    day: '*',
    month: '*',
    weekday: '*',
  };
  readonly #windows: DayWindow[] = [];
  readonly #problems: string[] = [];
  #cron: string | undefined;
  #isSet = false;

  /** By an expression of five fields, or of six with the seconds first. As in cron, a day fits by its date or by its weekday. */
  cron(expression: string): this {
    this.#cron = expression.trim().replace(/\s+/g, ' ');
    this.#isSet = true;
    return this;
  }

  everySecond(): this {
    return this.#every({ second: '*' });
  }

  everyTwoSeconds(): this {
    return this.#every({ second: '*/2' });
  }

  everyFiveSeconds(): this {
    return this.#every({ second: '*/5' });
  }

  everyTenSeconds(): this {
    return this.#every({ second: '*/10' });
  }

  everyFifteenSeconds(): this {
    return this.#every({ second: '*/15' });
  }

  everyTwentySeconds(): this {
    return this.#every({ second: '*/20' });
  }

  everyThirtySeconds(): this {
    return this.#every({ second: '*/30' });
  }

  everyMinute(): this {
    return this.#every({ minute: '*' });
  }

  everyTwoMinutes(): this {
    return this.#every({ minute: '*/2' });
  }

  everyThreeMinutes(): this {
    return this.#every({ minute: '*/3' });
  }

  everyFourMinutes(): this {
    return this.#every({ minute: '*/4' });
  }

  everyFiveMinutes(): this {
    return this.#every({ minute: '*/5' });
  }

  everyTenMinutes(): this {
    return this.#every({ minute: '*/10' });
  }

  everyFifteenMinutes(): this {
    return this.#every({ minute: '*/15' });
  }

  everyThirtyMinutes(): this {
    return this.#every({ minute: '*/30' });
  }

  /** At the full hour. */
  hourly(): this {
    return this.hourlyAt(0);
  }

  /** At a minute of each hour, or at several. */
  hourlyAt(minutes: number | readonly number[]): this {
    return this.#every({ minute: this.#list('minute', minutes) });
  }

  everyTwoHours(minute = 0): this {
    return this.#every({ minute: this.#list('minute', minute), hour: '*/2' });
  }

  everyThreeHours(minute = 0): this {
    return this.#every({ minute: this.#list('minute', minute), hour: '*/3' });
  }

  everyFourHours(minute = 0): this {
    return this.#every({ minute: this.#list('minute', minute), hour: '*/4' });
  }

  everySixHours(minute = 0): this {
    return this.#every({ minute: this.#list('minute', minute), hour: '*/6' });
  }

  /** At 1:00, 3:00, 5:00 and so on. */
  everyOddHour(minute = 0): this {
    return this.#every({ minute: this.#list('minute', minute), hour: '1-23/2' });
  }

  /** At midnight. */
  daily(): this {
    return this.at('0:00');
  }

  /** At a time of day, `'13:00'`. */
  dailyAt(time: string): this {
    return this.at(time);
  }

  /** At a time of day, `'13:00'`, of the days that other methods say. */
  at(time: string): this {
    return this.#every(this.#time(time));
  }

  /** At the full hour, twice a day. */
  twiceDaily(first = 1, second = 13): this {
    return this.twiceDailyAt(first, second);
  }

  twiceDailyAt(first = 1, second = 13, minute = 0): this {
    const hour = this.#list('hour', [first, second]);
    return this.#every({ minute: this.#list('minute', minute), hour });
  }

  /** On Sunday at midnight. */
  weekly(): this {
    return this.weeklyOn(0);
  }

  weeklyOn(days: Weekday | readonly Weekday[], time = '0:00'): this {
    return this.#every({ ...this.#time(time), weekday: this.#list('weekday', days) });
  }

  /** On the first of the month at midnight. */
  monthly(): this {
    return this.monthlyOn();
  }

  /** On a day of the month; in months that have no such day, not at all. */
  monthlyOn(day = 1, time = '0:00'): this {
    return this.#every({ ...this.#time(time), day: this.#list('day', day) });
  }

  twiceMonthly(first = 1, second = 16, time = '0:00'): this {
    return this.#every({ ...this.#time(time), day: this.#list('day', [first, second]) });
  }

  lastDayOfMonth(time = '0:00'): this {
    return this.#every({ ...this.#time(time), day: 'L' });
  }

  /** On the first of January, April, July and October at midnight. */
  quarterly(): this {
    return this.quarterlyOn();
  }

  quarterlyOn(day = 1, time = '0:00'): this {
    return this.#every({ ...this.#time(time), day: this.#list('day', day), month: '1-12/3' });
  }

  /** On the first of January at midnight. */
  yearly(): this {
    return this.yearlyOn();
  }

  yearlyOn(month = 1, day = 1, time = '0:00'): this {
    const date = { day: this.#list('day', day), month: this.#list('month', month) };
    return this.#every({ ...this.#time(time), ...date });
  }

  weekdays(): this {
    return this.days([1, 2, 3, 4, 5]);
  }

  weekends(): this {
    return this.days([0, 6]);
  }

  sundays(): this {
    return this.days(0);
  }

  mondays(): this {
    return this.days(1);
  }

  tuesdays(): this {
    return this.days(2);
  }

  wednesdays(): this {
    return this.days(3);
  }

  thursdays(): this {
    return this.days(4);
  }

  fridays(): this {
    return this.days(5);
  }

  saturdays(): this {
    return this.days(6);
  }

  /** On these days of the week alone, 0 is Sunday. With a day of the month as well, both have to fit. */
  days(days: Weekday | readonly Weekday[]): this {
    return this.#set({ weekday: this.#list('weekday', days) });
  }

  /** From one time of day to another, both included; over midnight when the first is the later one. */
  between(from: string, to: string): this {
    return this.#window(from, to, 'inside');
  }

  /** Not from one time of day to another, both included. */
  unlessBetween(from: string, to: string): this {
    return this.#window(from, to, 'outside');
  }

  /** Says something against the task; told when the schedule is built. */
  protected refuse(problem: string): void {
    this.#problems.push(problem);
  }

  /** What was said against it so far. */
  protected get problems(): readonly string[] {
    if (!this.#isSet) return [...this.#problems, 'has no frequency, such as "daily()"'];
    return this.#problems;
  }

  /** The expression that the methods came to. */
  protected get expression(): string {
    const { second, minute, hour, day, month, weekday } = this.#fields;
    if (this.#cron !== undefined) return this.#cron;
    // By itself, cron takes a day whose date or whose weekday fits.
    const joined = day !== '*' && weekday !== '*' ? `+${weekday}` : weekday;
    const fields = [minute, hour, day, month, joined];
    return (second === '0' ? fields : [second, ...fields]).join(' ');
  }

  protected get windows(): readonly DayWindow[] {
    return this.#windows;
  }

  #every(fields: Partial<Record<Field, string>>): this {
    this.#isSet = true;
    return this.#set({ second: '0', ...fields });
  }

  #set(fields: Partial<Record<Field, string>>): this {
    if (this.#cron !== undefined) {
      this.refuse(`sets "${this.#cron}" by cron(), and another frequency beside it`);
    }
    Object.assign(this.#fields, fields);
    return this;
  }

  #window(from: string, to: string, admits: DayWindow['admits']): this {
    this.#windows.push({ from: this.#minuteOfDay(from), to: this.#minuteOfDay(to), admits });
    return this;
  }

  #minuteOfDay(text: string): number {
    const { hour, minute } = this.#time(text);
    return Number(hour) * 60 + Number(minute);
  }

  #time(text: string): { readonly hour: string; readonly minute: string } {
    const [, hour, minute] = TIME.exec(text) ?? [];
    if (hour === undefined || minute === undefined) {
      this.refuse(`has the time "${text}"; expected one such as "13:00"`);
    }
    return { hour: String(Number(hour ?? 0)), minute: String(Number(minute ?? 0)) };
  }

  #list(field: keyof typeof RANGES, values: number | readonly number[]): string {
    const [least, most] = RANGES[field];
    const list = typeof values === 'number' ? [values] : values;
    const wrong = list.find((one) => !Number.isInteger(one) || one < least || one > most);
    if (wrong !== undefined || list.length === 0) {
      const found = wrong === undefined ? 'none' : `"${wrong}"`;
      this.refuse(`has the ${field} ${found}; expected a whole number from ${least} to ${most}`);
    }
    return [...new Set(list)].sort((a, b) => a - b).join(',');
  }
}
