import type { Cron } from 'croner';

/** A part of the day, in minutes since midnight, both ends included; it may go over midnight. */
export interface DayWindow {
  readonly from: number;
  readonly to: number;
  /** Whether times within it are due, or those outside of it. */
  readonly admits: 'inside' | 'outside';
}

/** When a task is due, as it is declared. */
export interface DueTimesFacts {
  /** Five fields, or six with the seconds first. */
  readonly expression: string;
  /** A name of the IANA time zone database. */
  readonly timezone: string;
  readonly windows: readonly DayWindow[];
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;

/** Clocks are put forward and back on the quarter of an hour, and by no more than two hours. */
const QUARTER_MS = 15 * MINUTE_MS;
const LONGEST_SHIFT_MINUTES = 120;

/** Looks for a time that all windows admit: enough for one in several years. */
const MAX_HOPS = 2000;

/** Spans in which the newest time is looked for, short ones first: what is due often is found in few steps. */
const SPANS_MS = [MINUTE_MS, 60 * MINUTE_MS, 24 * 60 * MINUTE_MS, 31 * 24 * 60 * MINUTE_MS];

/** Fixed times of a day beyond which an expression is left as it is. */
const MAX_FIXED_TIMES = 48;

const NUMBERS = /^\d+(,\d+)*$/;

/**
 * The times at which a task is due, each of them an epoch millisecond, wherever one begins to look.
 *
 * When clocks are put forward, a fixed wall time that does not exist is due at the next one that does; when they are put back, one that exists
 * twice is due the first time. With `*`, a range or a step in the hour, time goes on as it passes: what does not exist is left out, and
 * what exists twice is due twice.
 *
 * @throws RangeError or TypeError for an expression that is none
 */
export class DueTimes {
  readonly #crons: readonly Cron[];
  readonly #windows: readonly DayWindow[];
  readonly #wallTime: Intl.DateTimeFormat;
  /** Changes with everything that decides the times. */
  readonly fingerprint: string;
  /** Whether it may be due more than once a minute. */
  readonly isFrequent: boolean;

  constructor({ expression, timezone, windows }: DueTimesFacts) {
    // An application without a schedule never needs it
    const { Cron } = require('croner') as typeof import('croner');
    const mode = '5-or-6-parts';
    this.#crons = fixedTimes(expression).map(
      (one) => new Cron(one, { paused: true, timezone, mode }),
    );
    const fields = expression.split(' ');
    this.isFrequent = fields.length === 6 && !/^\d+$/.test(fields[0] ?? '');
    this.#windows = windows;
    this.#wallTime = new Intl.DateTimeFormat('en-GB', {
      timeZone: timezone,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    const parts = windows.map(({ from, to, admits }) => `${admits} ${from}-${to}`);
    this.fingerprint = [expression, timezone, ...parts].join(' | ');
  }

  /** The first time after a moment; undefined when there is none. */
  next(after: number): number | undefined {
    let time = this.#nextOfExpression(after);
    for (let hops = 0; time !== undefined && hops < MAX_HOPS; hops += 1) {
      const minute = this.#minuteOfDay(time);
      const closed = this.#windows.find((window) => !isOpen(window, minute));
      if (closed === undefined) return time;
      time = this.#nextOfExpression(hop(closed, minute, time) - 1);
    }
    return undefined;
  }

  /** The times after one moment and up to another, oldest first, so many at most. */
  between(after: number, upTo: number, limit: number): number[] {
    const times: number[] = [];
    let time = this.next(after);
    while (time !== undefined && time <= upTo && times.length < limit) {
      times.push(time);
      time = this.next(time);
    }
    return times;
  }

  /** The newest time after one moment and up to another. */
  newest(after: number, upTo: number): number | undefined {
    for (const span of [...SPANS_MS, Infinity]) {
      const from = Math.max(after, upTo - span);
      const newest = this.between(from, upTo, Infinity).at(-1);
      if (newest !== undefined || from === after) return newest;
    }
    return undefined;
  }

  #nextOfExpression(after: number): number | undefined {
    const from = new Date(after);
    const times = this.#crons.flatMap((cron) => cron.nextRun(from)?.getTime() ?? []);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #minuteOfDay(time: number): number {
    const [hour, minute] = this.#wallTime.format(time).split(':').map(Number);
    return (hour ?? 0) * 60 + (minute ?? 0);
  }
}

function isOpen({ from, to, admits }: DayWindow, minute: number): boolean {
  const isWithin = from <= to ? minute >= from && minute <= to : minute >= from || minute <= to;
  return isWithin === (admits === 'inside');
}

/**
 * A moment that is not past the opening of a window, and past the one given: quarter by quarter near it, for clocks may be put meanwhile, and
 * soon after it has closed, for clocks that are put back open it again.
 */
function hop({ from, to, admits }: DayWindow, minute: number, time: number): number {
  const [opensAt, closedAt] = admits === 'inside' ? [from, to + 1] : [to + 1, from];
  const minutes = (opensAt - minute + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
  const sinceClosed = (minute - closedAt + DAY_MINUTES) % DAY_MINUTES;
  const startOfMinute = time - (time % MINUTE_MS);
  if (minutes > LONGEST_SHIFT_MINUTES && sinceClosed >= LONGEST_SHIFT_MINUTES) {
    return startOfMinute + Math.max(1, minutes - LONGEST_SHIFT_MINUTES) * MINUTE_MS;
  }
  return Math.min(startOfMinute + minutes * MINUTE_MS, time - (time % QUARTER_MS) + QUARTER_MS);
}

/** An expression with a list of fixed times as one for each: croner shifts single fixed times to where clocks allow them, and no lists. */
function fixedTimes(expression: string): string[] {
  const fields = expression.split(' ');
  const [second = '0', minute = '*', hour = '*', ...rest] =
    fields.length === 6 ? fields : ['0', ...fields];
  if (![second, minute, hour].every((field) => NUMBERS.test(field))) return [expression];
  const times = hour
    .split(',')
    .flatMap((h) => minute.split(',').map((m) => [second, m, h, ...rest].join(' ')));
  return times.length > MAX_FIXED_TIMES ? [expression] : times;
}
