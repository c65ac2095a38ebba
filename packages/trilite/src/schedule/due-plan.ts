import type { DueTimes } from './due-times';

/*
 * What one look at a task's times comes to.
 *
 *   seen until ──┬──────┬──────┬──────┬── now
 *              missed missed missed  due: the newest, not older than 60 s
 *
 * One rule says what is missed: nobody looked within 60 s of it, or before the task's next time had come.
 */

/** How long after its time a run is still on time. */
export const ON_TIME_MS = 60_000;

/** Missed runs that `whenMissed('all')` makes up for at most, and that are counted for the others. */
export const MAX_MADE_UP = 100;
const MAX_COUNTED = 1000;

/** What becomes of the runs whose time nobody looked at: none, the last one, or every one. */
export type MissedPolicy = 'skip' | 'latest' | 'all';

/** The times that a plan is made of. */
export type PlannedTimes = Pick<DueTimes, 'between' | 'newest'>;

/** What is to be run, and what is written down as missed. */
export interface DuePlan {
  /** Oldest first. */
  readonly due: readonly number[];
  /** The newest of those that are not run. */
  readonly missed: MissedRuns | undefined;
}

/** Runs that are not made up for; only the newest of them gets a row. */
export interface MissedRuns {
  readonly newest: number;
  readonly oldest: number;
  /** Counted up to 1,000. */
  readonly count: number;
}

/** What follows from a task's times after one moment and up to another; undefined when there is none. */
export function planRuns(
  times: PlannedTimes,
  policy: MissedPolicy,
  { seenUntil, now }: { readonly seenUntil: number; readonly now: number },
): DuePlan | undefined {
  const newest = times.newest(seenUntil, now);
  if (newest === undefined) return undefined;
  const isOnTime = now - newest <= ON_TIME_MS;
  const onTime = isOnTime ? [newest] : [];
  if (policy === 'all') {
    const all = times.between(seenUntil, isOnTime ? newest - 1 : newest, MAX_MADE_UP);
    const rest = countMissed(times, all.at(-1) ?? seenUntil, isOnTime ? newest - 1 : newest);
    return { due: [...all, ...onTime], missed: rest };
  }
  const due = policy === 'latest' ? [newest] : onTime;
  const until = due.length === 0 ? newest : newest - 1;
  return { due, missed: countMissed(times, seenUntil, until) };
}

/** Whether a time is not missed yet: it was less than a minute ago, and the next one has not come. */
export function isOnTime(times: DueTimes, dueAt: number, now: number): boolean {
  return now - dueAt <= ON_TIME_MS && (times.next(dueAt) ?? Infinity) > now;
}

/** Times that are known one by one. @param times oldest first */
export function timesIn(times: readonly number[]): PlannedTimes {
  const within = (after: number, upTo: number): number[] =>
    times.filter((time) => time > after && time <= upTo);
  return {
    between: (after, upTo, limit) => within(after, upTo).slice(0, limit),
    newest: (after, upTo) => within(after, upTo).at(-1),
  };
}

function countMissed(times: PlannedTimes, after: number, upTo: number): MissedRuns | undefined {
  const counted = times.between(after, upTo, MAX_COUNTED);
  const [oldest] = counted;
  const newest = times.newest(after, upTo);
  if (oldest === undefined || newest === undefined) return undefined;
  return { oldest, newest, count: counted.length };
}
