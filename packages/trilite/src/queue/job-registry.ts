import { JobInvalidError, JobUnknownError } from './errors';
import { jobNameOf, type JobClass } from './job';
import { checkOptions } from './job-options';

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

  /**
   * Refuses a class that no worker would find by its name.
   *
   * @throws E_JOB_UNKNOWN, E_JOB_INVALID
   */
  refuseUnknown(job: JobClass): void {
    if (!isJobClass(job)) throw JobInvalidError.noClass(job);
    if (this.find(jobNameOf(job)) !== job) this.add(job); // throws: the name is another class's
  }
}

/** Tells whether something a file exports is a job class. */
export function isJobClass(value: unknown): value is JobClass {
  return (
    typeof value === 'function' &&
    typeof (value.prototype as Partial<{ handle: unknown }> | undefined)?.handle === 'function'
  );
}
