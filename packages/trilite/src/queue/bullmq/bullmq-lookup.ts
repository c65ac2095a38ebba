import type { FailedSelection } from '../job-records';
import { hasFailed, keyOf, type BullmqJob } from './bullmq-job';
import type { BullmqQueues } from './bullmq-queues';
import type { BullmqSignals } from './bullmq-signals';

/** A job, and the queue it was found in. */
export interface Found {
  readonly job: BullmqJob;
  readonly queue: string;
}

/** Finds jobs in all queues. An id says nothing of its queue, and BullMQ's ids are a queue's own: each is asked. */
export class BullmqLookup {
  readonly #queues: BullmqQueues;
  readonly #signals: BullmqSignals;

  constructor(queues: BullmqQueues, signals: BullmqSignals) {
    this.#queues = queues;
    this.#signals = signals;
  }

  job(queue: string, id: string): Promise<BullmqJob | undefined> {
    return this.#queues.queue(queue).getJob(keyOf(id));
  }

  async find(id: string): Promise<Found | undefined> {
    const asked = (await this.#signals.queues()).map(async (queue) => {
      const job = await this.job(queue, id);
      return job && { job, queue };
    });
    return (await Promise.all(asked)).find((found) => found !== undefined);
  }

  async findAll(ids: readonly string[]): Promise<Found[]> {
    const found = await Promise.all([...new Set(ids)].map((id) => this.find(id)));
    return found.filter((one) => one !== undefined);
  }

  /** Failed jobs, latest first. BullMQ selects by nothing but the time: all of a queue are read. */
  async failed(selection: FailedSelection = {}): Promise<Found[]> {
    const { ids, queue, job: name, batchId, failedBefore = Infinity, limit } = selection;
    if (batchId !== undefined) return [];
    const all = ids === undefined ? await this.#allFailed(queue) : await this.findAll(ids);
    return all
      .filter(({ job }) => hasFailed(job) && (job.finishedOn ?? 0) < failedBefore)
      .filter((found) => queue === undefined || found.queue === queue)
      .filter(({ job }) => name === undefined || job.name === name)
      .sort((a, b) => (b.job.finishedOn ?? 0) - (a.job.finishedOn ?? 0))
      .slice(0, limit);
  }

  async #allFailed(only: string | undefined): Promise<Found[]> {
    const queues = only === undefined ? await this.#signals.queues() : [only];
    const failed = queues.map(async (queue) => {
      const jobs = await this.#queues.queue(queue).getJobs(['failed']);
      return jobs.map((job) => ({ job, queue }));
    });
    return (await Promise.all(failed)).flat();
  }
}
