import { BatchEndedError, JobWaitError } from './errors';
import type { BatchRecord } from './job-records';
import type { JobBatch, PendingJob } from './job';
import type { NewJob, QueueStore } from './queue-store';
import { watchedAnswer, type Answer, type WaitOptions } from './watched-answer';

/** What a handle asks. */
export interface BatchHandleParts {
  readonly store: () => QueueStore;
  readonly toStored: (pending: PendingJob) => NewJob;
}

/** A batch of jobs, by its id: from the dispatcher, or as `context.batch` in one of its jobs. */
export class BatchHandle implements JobBatch {
  readonly id: string;
  readonly #parts: BatchHandleParts;

  constructor(id: string, parts: BatchHandleParts) {
    this.id = id;
    this.#parts = parts;
  }

  /** What is known of it now; undefined once it has ended and was forgotten. */
  status(): Promise<BatchRecord | undefined> {
    return this.#parts.store().findBatch(this.id);
  }

  /**
   * Waits until every job of it has ended, whichever way, and returns what is known of it then.
   *
   * @throws E_JOB_WAIT after `timeout`, and when it is not known
   */
  async wait(options: WaitOptions = {}): Promise<BatchRecord> {
    const answer = await watchedAnswer(this.#parts.store(), () => this.#whenEnded(), options);
    if (answer !== undefined) return answer.value;
    throw JobWaitError.timedOut(this.id, String(options.timeout), 'batch');
  }

  /**
   * Adds jobs while it is going on: from inside one of its jobs it always is.
   *
   * @throws E_BATCH_ENDED when it has ended, or was cancelled
   */
  async add(jobs: readonly PendingJob[]): Promise<void> {
    const stored = jobs.map(this.#parts.toStored);
    const added = await this.#parts.store().addToBatch(this.id, stored);
    if (added === undefined) throw BatchEndedError.of(this.id);
  }

  /** Cancels it: jobs that run go on, and those that wait never begin. Tells whether it was going on. */
  cancel(): Promise<boolean> {
    return this.#parts.store().cancelBatch(this.id);
  }

  async #whenEnded(): Promise<Answer<BatchRecord> | undefined> {
    const record = await this.status();
    if (record === undefined) throw JobWaitError.unknown(this.id, 'batch');
    return record.finishedAt === undefined ? undefined : { value: record };
  }
}
