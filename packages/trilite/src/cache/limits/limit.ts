import { requireWholeNumber } from '../../support/argument';
import { toMilliseconds, type Duration } from '../../support/duration';

const MS_PER_SECOND = 1000;
const MS_PER_MINUTE = 60_000;
const MS_PER_HOUR = 3_600_000;
const MS_PER_DAY = 86_400_000;

/** So many hits in a window of time, counted apart for each key. Windows are fixed: each begins with its first hit. */
export class Limit {
  /** Hits a window has room for; Infinity for no limit. */
  readonly max: number;
  readonly windowMs: number;
  /** What is counted apart. */
  readonly key: string;

  private constructor(max: number, windowMs: number, key: string) {
    this.max = max;
    this.windowMs = windowMs;
    this.key = key;
  }

  /** So many in a span: `Limit.per('90s', 10)`. */
  static per(span: Duration, max: number): Limit {
    requireWholeNumber('max', max, 0);
    return new Limit(max, spanToMs(span), '');
  }

  /** So many a second. */
  static perSecond(max: number): Limit {
    return Limit.#of(MS_PER_SECOND, max);
  }

  /** So many a minute. */
  static perMinute(max: number): Limit {
    return Limit.#of(MS_PER_MINUTE, max);
  }

  /** So many in some minutes. */
  static perMinutes(minutes: number, max: number): Limit {
    requireWholeNumber('minutes', minutes, 1);
    return Limit.#of(minutes * MS_PER_MINUTE, max);
  }

  /** So many an hour. */
  static perHour(max: number): Limit {
    return Limit.#of(MS_PER_HOUR, max);
  }

  /** So many in 24 hours. */
  static perDay(max: number): Limit {
    return Limit.#of(MS_PER_DAY, max);
  }

  /** No limit. */
  static none(): Limit {
    return new Limit(Infinity, 1, '');
  }

  /** The same limit, counted apart for a key: an address, the id of a user. Of undefined all are counted together. */
  by(key: string | number | undefined): Limit {
    return new Limit(this.max, this.windowMs, String(key ?? ''));
  }

  static #of(windowMs: number, max: number): Limit {
    requireWholeNumber('max', max, 0);
    return new Limit(max, windowMs, '');
  }
}

/**
 * The length of a window in whole milliseconds.
 *
 * @throws RangeError when it is 0 or less
 */
export function spanToMs(per: Duration): number {
  const milliseconds = Math.ceil(toMilliseconds(per));
  if (milliseconds > 0) return milliseconds;
  throw new RangeError(`Expected \`per\` to be longer than 0, got \`${String(per)}\`.`);
}
