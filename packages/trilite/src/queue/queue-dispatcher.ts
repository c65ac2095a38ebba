import { clock } from '../support/clock';
import { toMilliseconds, type Duration } from '../support/duration';
import { newId } from '../support/id';
import { encodeReadable } from '../support/serializer';
import { QUEUE_NAME, QUEUE_NAME_RULE, jobNameOf, type JobClass, type PayloadOf } from './job';
import type { JobRegistry } from './job-registry';
import type { JobRecord, QueueStore } from './queue-store';

/** How one job is dispatched. */
export interface DispatchOptions {
  /** How long it waits before it is due, or the Date when it is. Default: not at all. */
  readonly delay?: Duration;
  /** The queue it goes to. Default: the job's own, else 'default'. */
  readonly queue?: string;
  /** Higher comes first within a queue. Default: 0. */
  readonly priority?: number;
}

/** The payload and options a job class is dispatched with; a job without a payload may leave both out. */
export type DispatchArguments<J extends JobClass> = [PayloadOf<J>] extends [void]
  ? [payload?: undefined, options?: DispatchOptions]
  : [payload: PayloadOf<J>, options?: DispatchOptions];

/** A job that was dispatched. */
export interface DispatchedJob {
  readonly id: string;
  readonly queue: string;
  /** What is known of it now; undefined once it was done and forgotten. */
  status(): Promise<JobRecord | undefined>;
}

/** Finds the store at the time of each call: a dispatcher holds a name, never a handle, and follows when a fake takes the store's place. */
export type QueueStoreSource = () => QueueStore;

/** Where a job goes when neither it nor its dispatch says otherwise. */
export const DEFAULT_QUEUE = 'default';

/**
 * Stores jobs for workers to run.
 *
 * @example
 * import { QueueDispatcher, injectable, type Job, type Request, type Response } from 'trilite';
 *
 * class BuildReport implements Job<{ id: string }> {
 *   async handle(payload: { id: string }): Promise<void> {}
 * }
 *
 * \@injectable()
 * export class ReportController {
 *   constructor(private readonly queue: QueueDispatcher) {}
 *
 *   async store(request: Request, response: Response) {
 *     const job = await this.queue.dispatch(BuildReport, { id: request.param('id') }, { delay: '5s' });
 *     response.status(202).json({ job: job.id });
 *   }
 * }
 */
export class QueueDispatcher {
  readonly #source: QueueStoreSource;
  readonly #jobs: JobRegistry;

  constructor(source: QueueStoreSource, jobs: JobRegistry) {
    this.#source = source;
    this.#jobs = jobs;
  }

  /**
   * Stores a job. Settled means durable: it runs at least once, whatever dies.
   *
   * @throws E_JOB_UNKNOWN when no file in app/jobs exports the class
   * @throws E_VALUE_NOT_SERIALIZABLE for class instances, functions, symbols and cycles in the payload
   * @throws TypeError for an empty queue name, a priority that is no whole number, and a delay that is no duration
   */
  async dispatch<J extends JobClass>(
    job: J,
    ...[payload, options]: DispatchArguments<J>
  ): Promise<DispatchedJob> {
    const name = jobNameOf(job);
    if (this.#jobs.find(name) !== job) this.#jobs.add(job); // throws: the name is another class's
    const { delay = 0, priority = 0 } = options ?? {};
    if (!Number.isSafeInteger(priority)) {
      throw new TypeError(`Expected \`priority\` to be a whole number, got \`${priority}\`.`);
    }
    const queue = options?.queue ?? job.options?.queue ?? DEFAULT_QUEUE;
    if (!QUEUE_NAME.test(queue)) {
      throw new TypeError(`Expected \`queue\` to be ${QUEUE_NAME_RULE}, got \`${queue}\`.`);
    }
    const id = newId();
    const availableAt = Math.ceil(clock.now() + Math.max(0, toMilliseconds(delay)));
    const maxCrashes = job.options?.maxCrashes ?? 3;
    await this.#source().push([
      { id, queue, job: name, payload: encodeReadable(payload), priority, availableAt, maxCrashes },
    ]);
    return { id, queue, status: () => this.find(id) };
  }

  /** What is known of a job; undefined for an unknown id, and for a job that was done and forgotten. */
  find(id: string): Promise<JobRecord | undefined> {
    return this.#source().find(id);
  }
}
