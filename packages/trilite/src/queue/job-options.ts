import { toMilliseconds, type Duration } from '../support/duration';
import { JobInvalidError } from './errors';
import { QUEUE_NAME, QUEUE_NAME_RULE, type Backoff, type JobOptions } from './job';

/** The pause before the run that follows a failed one, in milliseconds. */
export function backoffMs(backoff: Backoff | undefined, failedRuns: number): number {
  if (backoff === undefined) return 0;
  if (typeof backoff === 'function') return Math.max(0, toMilliseconds(backoff(failedRuns)));
  const steps = isList(backoff) ? backoff : [backoff];
  const step = steps[Math.min(failedRuns, steps.length) - 1];
  return step === undefined ? 0 : Math.max(0, toMilliseconds(step));
}

/**
 * Refuses options that make no sense.
 *
 * @throws E_JOB_INVALID naming job and option
 */
export function checkOptions(name: string, options: JobOptions): void {
  checkCount(name, 'tries', options.tries, 0);
  checkCount(name, 'maxExceptions', options.maxExceptions, 1);
  checkCount(name, 'maxCrashes', options.maxCrashes, 1);
  checkDurations(name, 'timeout', options.timeout);
  checkDurations(name, 'retryUntil', options.retryUntil);
  if (typeof options.backoff !== 'function') checkDurations(name, 'backoff', options.backoff);
  checkKeys(name, options);
  if (options.priority !== undefined && !Number.isSafeInteger(options.priority)) {
    throw JobInvalidError.option(name, 'priority', String(options.priority), 'a whole number');
  }
  if (options.queue !== undefined && !QUEUE_NAME.test(options.queue)) {
    throw JobInvalidError.option(name, 'queue', `"${options.queue}"`, QUEUE_NAME_RULE);
  }
}

function checkKeys(name: string, { unique, debounce }: JobOptions): void {
  if (typeof unique === 'object') checkDurations(name, 'unique.for', unique.for, 1);
  if (debounce === undefined) return;
  checkDurations(name, 'debounce.for', debounce.for, 1);
  checkDurations(name, 'debounce.maxWait', debounce.maxWait, 1);
  if (unique === undefined || unique === false) return;
  const expected = 'one of them alone: the first dispatch wins, or the last one';
  throw JobInvalidError.option(name, 'debounce', 'set beside "unique"', expected);
}

function checkCount(name: string, option: string, found: number | undefined, least: number): void {
  if (found === undefined || (Number.isInteger(found) && found >= least)) return;
  throw JobInvalidError.option(name, option, String(found), `a whole number of at least ${least}`);
}

function checkDurations(
  name: string,
  option: string,
  found: Duration | readonly Duration[] | undefined,
  leastMs = 0,
): void {
  if (found === undefined) return;
  for (const duration of isList(found) ? found : [found]) {
    try {
      if (toMilliseconds(duration) >= leastMs) continue;
    } catch {
      // reported below, with the name of job and option
    }
    throw JobInvalidError.option(
      name,
      option,
      `"${String(duration)}"`,
      'a duration such as "10s", or seconds',
    );
  }
}

function isList(value: Duration | readonly Duration[]): value is readonly Duration[] {
  return Array.isArray(value);
}
