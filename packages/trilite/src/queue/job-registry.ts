import { toMilliseconds, type Duration } from '../support/duration';
import { JobInvalidError, JobUnknownError } from './errors';
import { QUEUE_NAME, QUEUE_NAME_RULE, jobNameOf, type JobClass, type JobOptions } from './job';

/** Finds job classes by the name they are stored under. */
export class JobRegistry {
  readonly #byName = new Map<string, JobClass>();

  /**
   * Adds a class under its name and its aliases; adding it again changes nothing.
   *
   * @throws E_JOB_INVALID when a name is taken or an option makes no sense
   */
  add(job: JobClass): void {
    checkOptions(jobNameOf(job), job.options ?? {});
    for (const name of [jobNameOf(job), ...(job.aliases ?? [])]) {
      const known = this.#byName.get(name);
      if (known !== undefined && known !== job) {
        throw JobInvalidError.duplicate(name, known.name, job.name);
      }
      this.#byName.set(name, job);
    }
  }

  /** Every class once. */
  get classes(): readonly JobClass[] {
    return [...new Set(this.#byName.values())];
  }

  /**
   * The class of a stored name.
   *
   * @throws E_JOB_UNKNOWN
   */
  find(name: string): JobClass {
    const job = this.#byName.get(name);
    if (job === undefined) throw JobUnknownError.named(name, [...this.#byName.keys()]);
    return job;
  }
}

/** Tells whether something a file exports is a job class. */
export function isJobClass(value: unknown): value is JobClass {
  return (
    typeof value === 'function' &&
    typeof (value.prototype as Partial<{ handle: unknown }> | undefined)?.handle === 'function'
  );
}

/** The pause before the run that follows a failed one, in milliseconds. */
export function backoffMs(backoff: JobOptions['backoff'], failedRuns: number): number {
  if (backoff === undefined) return 0;
  const steps = isList(backoff) ? backoff : [backoff];
  const step = steps[Math.min(failedRuns, steps.length) - 1];
  return step === undefined ? 0 : Math.max(0, toMilliseconds(step));
}

function isList(backoff: Duration | readonly Duration[]): backoff is readonly Duration[] {
  return Array.isArray(backoff);
}

function checkOptions(name: string, options: JobOptions): void {
  checkCount(name, 'tries', options.tries, 0);
  checkCount(name, 'maxCrashes', options.maxCrashes, 1);
  checkDurations(name, 'timeout', options.timeout);
  checkDurations(name, 'backoff', options.backoff);
  if (options.queue !== undefined && !QUEUE_NAME.test(options.queue)) {
    throw JobInvalidError.option(name, 'queue', `"${options.queue}"`, QUEUE_NAME_RULE);
  }
}

function checkCount(name: string, option: string, found: number | undefined, least: number): void {
  if (found === undefined || (Number.isInteger(found) && found >= least)) return;
  throw JobInvalidError.option(name, option, String(found), `a whole number of at least ${least}`);
}

function checkDurations(
  name: string,
  option: string,
  found: Duration | readonly Duration[] | undefined,
): void {
  if (found === undefined) return;
  for (const duration of isList(found) ? found : [found]) {
    try {
      if (toMilliseconds(duration) >= 0) continue;
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
