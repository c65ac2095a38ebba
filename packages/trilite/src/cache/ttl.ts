import { clock } from '../support/clock';
import { toMilliseconds, type Duration } from '../support/duration';

/** How long an entry lives: for ever when undefined. A function is given the value that was computed. */
export type Ttl<T> = Duration | undefined | ((value: T) => Duration | undefined);

/** When an entry expires, in epoch milliseconds: undefined is never, "past" that it is not to be kept. @throws TypeError */
export function expiryOf(ttl: Duration | undefined): number | 'past' | undefined {
  if (ttl === undefined) return undefined;
  const milliseconds = toMilliseconds(ttl);
  return milliseconds > 0 ? Math.ceil(clock.now() + milliseconds) : 'past';
}

/** Refuses what would be stale before it is fresh. @throws TypeError, RangeError */
export function refuseDisorder(fresh: Duration, stale: Duration): void {
  const freshMs = toMilliseconds(fresh);
  if (freshMs >= 0 && freshMs < toMilliseconds(stale)) return;
  throw new RangeError(
    `Expected \`fresh\` to be shorter than \`stale\`, got \`${String(fresh)}\` and \`${String(stale)}\`.`,
  );
}

/** A fallback, or what it returns when it is a function. */
export function valueOf(fallback: unknown): unknown {
  return typeof fallback === 'function' ? (fallback as () => unknown)() : fallback;
}
