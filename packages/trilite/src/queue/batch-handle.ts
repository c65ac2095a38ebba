import { within } from '../support/clock';
import { toMilliseconds } from '../support/duration';
import { BatchEndedError, JobWaitError } from './errors';
import type { WaitOptions } from './job-handle';
import type { BatchRecord } from './job-records';
import type { JobBatch, PendingJob } from './job';
import type { NewJob, QueueStore } from './queue-store';

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
  async wait({ timeout }: WaitOptions = {}): Promise<BatchRecord> {
    const ended = this.#whenEnded();
    try {
      if (timeout === undefined) return await ended.promise;
      const answer = await within(toMilliseconds(timeout), ended.promise);
      if (answer === undefined) throw JobWaitError.timedOut(this.id, String(timeout), 'batch');
      return answer.value;
    } finally {
      ended.stop();
    }
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

  /** Looks at each change of the queue. */
  #whenEnded(): { promise: Promise<BatchRecord>; stop: () => void } {
    let stop = (): void => undefined;
    const promise = new Promise<BatchRecord>((resolve, reject) => {
      const look = (): void => {
        this.status().then((record) => {
          if (record === undefined) reject(JobWaitError.unknown(this.id, 'batch'));
          else if (record.finishedAt !== undefined) resolve(record);
        }, reject);
      };
      const watch = this.#parts.store().watch(look);
      stop = () => watch.close();
      look();
    });
    return { promise, stop: () => stop() };
  }
}
