import { types } from 'node:util';
import { clock } from './clock';

/**
 * A span of time: text with a unit (`'500ms'`, `'90s'`, `'10m'`, `'1h'`, `'7d'`, `'2w'`), a number of **seconds** (fractions allowed),
 * or a Date (the time until then).
 */
export type Duration = string | number | Date;

const MS_PER_UNIT = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
} as const;
const PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/;
/** The span that a Date can be away from the epoch. */
const LONGEST_MS = 8.64e15;

const FORMS = `"500ms", "90s", "10m", "1h", "7d" or "2w"`;

/**
 * The span in milliseconds. A Date in the past and a negative number give a negative span.
 *
 * @throws TypeError for an unknown unit, an invalid Date, or a number that is not finite.
 */
export function toMilliseconds(duration: Duration): number {
  const milliseconds = measure(duration);
  if (Math.abs(milliseconds) <= LONGEST_MS) return milliseconds;
  throw new TypeError(
    `Expected a duration to be ${FORMS}, seconds, or a valid Date, and at most 100000000 days, got \`${String(duration)}\`.`,
  );
}

function measure(duration: Duration): number {
  if (typeof duration === 'string') return parseDuration(duration);
  if (typeof duration === 'number') return duration * 1000;
  return types.isDate(duration) ? duration.getTime() - clock.now() : NaN;
}

/** Tells whether text is a duration with a unit. */
export function isDurationText(text: string): boolean {
  return PATTERN.test(text);
}

/** A span in milliseconds as a person reads it: `12.34ms`, `1s 240ms`, `2m 3s`, `1h 5m`. */
export function humanDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds.toFixed(2)}ms`;
  if (milliseconds < 60_000) return twoUnits(milliseconds, 1000, 's', 1, 'ms');
  if (milliseconds < 3_600_000) return twoUnits(milliseconds, 60_000, 'm', 1000, 's');
  return twoUnits(milliseconds, 3_600_000, 'h', 60_000, 'm');
}

function parseDuration(text: string): number {
  const [, amount, unit] = PATTERN.exec(text) ?? [];
  if (amount === undefined || unit === undefined) {
    throw new TypeError(`Expected a duration such as ${FORMS}, got \`${text}\`.`);
  }
  return Number(amount) * MS_PER_UNIT[unit as keyof typeof MS_PER_UNIT];
}

function twoUnits(
  span: number,
  large: number,
  largeName: string,
  small: number,
  smallName: string,
): string {
  const wholes = Math.floor(span / large);
  const rest = Math.floor((span % large) / small);
  return rest === 0 ? `${wholes}${largeName}` : `${wholes}${largeName} ${rest}${smallName}`;
}
