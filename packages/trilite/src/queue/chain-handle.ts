import type { JobHandle } from './job-handle';
import type { JobRecord } from './job-records';
import type { WaitOptions } from './watched-answer';

/** A chain that was dispatched: its jobs in order, of which the first one waits and the others are to come. */
export class ChainHandle {
  readonly jobs: readonly JobHandle[];

  constructor(jobs: readonly JobHandle[]) {
    this.jobs = jobs;
  }

  /** The id of the first job. */
  get id(): string {
    return this.jobs[0]?.id ?? '';
  }

  /**
   * Waits until the last job is done; `timeout` is for each of them.
   *
   * @throws E_JOB_ENDED_BADLY when one has failed or was cancelled, which ends the chain
   * @throws E_JOB_WAIT
   */
  async wait(options?: WaitOptions): Promise<JobRecord | undefined> {
    let last: JobRecord | undefined;
    for (const one of this.jobs) last = await one.wait(options);
    return last;
  }
}
