import { currentSession, outsideSessions, type Session } from '../database/connection-session';
import type { DatabaseTransaction } from '../database/database-transaction';
import { afterResponse } from '../support/after-response';
import { clock } from '../support/clock';
import type { Duration } from '../support/duration';
import { newId } from '../support/id';
import { BatchHandle } from './batch-handle';
import { ChainHandle } from './chain-handle';
import type { JobClass, JobDispatchOptions, PendingJob } from './job';
import { JobHandle, type JobHandleFacts, type JobHandleParts } from './job-handle';
import type { JobRecord } from './job-records';
import { toFollowUp, toStored, type NewJobRules } from './new-job';
import type { Outbox } from './outbox/outbox';
import { job, type JobArguments } from './pending-job';
import type { DispatchEvent } from './queue-events';
import type { CancelOutcome, NewBatch, NewJob, QueueStore } from './queue-store';

/** How a dispatch stands to transactions. */
export interface WithinOptions {
  /**
   * The transaction it belongs to: dispatched when that is committed, and never when it is rolled back. `false` is none. Default: the
   * transaction that the call is made in, if it is made in one.
   */
  readonly within?: DatabaseTransaction | false;
}

/** How one job is dispatched. */
export interface DispatchOptions extends JobDispatchOptions, WithinOptions {}

/** How a chain is dispatched. */
export interface ChainOptions extends WithinOptions {
  /** What is dispatched when a job of it has failed: its `context.cause` tells which. */
  readonly catch?: PendingJob;
  /** How long the first job waits. Default: not at all. */
  readonly delay?: Duration;
}

/** How a batch is dispatched. */
export interface BatchOptions extends WithinOptions {
  /** What it is called where it is shown. Default: ''. */
  readonly name?: string;
  /** Whether its jobs run on after one has failed; else those that wait never begin. Default: false. */
  readonly allowFailures?: boolean;
  /** Dispatched when every job is done. */
  readonly then?: PendingJob;
  /** Dispatched when the first job has failed. */
  readonly catch?: PendingJob;
  /** Dispatched when every job has ended, whichever way. */
  readonly finally?: PendingJob;
}

/** The payload and options a job class is dispatched with; a job without a payload may leave both out. */
export type DispatchArguments<J extends JobClass> = JobArguments<J, DispatchOptions>;

/** Finds the store at the time of each call: a dispatcher holds a name, never a handle, and follows when a fake takes the store's place. */
export type QueueStoreSource = () => QueueStore;

/** What a dispatcher works with. */
export interface QueueDispatcherParts extends NewJobRules {
  /** Name of the queue connection. */
  readonly connection: string;
  readonly store: QueueStoreSource;
  /** Runs jobs where they are dispatched. */
  readonly sync: QueueStoreSource;
  /** Where dispatches in transactions of other files go. Default: they are stored once the transaction is committed. */
  readonly outbox?: Outbox;
  readonly tell?: (event: DispatchEvent) => void;
  /** Told of a job that failed after its response. */
  readonly onError?: (error: unknown) => void;
}

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
  readonly #parts: QueueDispatcherParts;
  readonly #handleParts: JobHandleParts;

  constructor(parts: QueueDispatcherParts) {
    const { store, outbox, connection: name, tenantId } = parts;
    this.#parts = parts;
    this.#handleParts = {
      store,
      ...(outbox && {
        pending: {
          find: async (id) => {
            const record = await outbox.find({ name, store }, id);
            const isOthers = tenantId !== undefined && record?.tenantId !== tenantId;
            return isOthers ? undefined : record;
          },
          relay: () => outbox.relay(),
        },
      }),
    };
  }

  /**
   * Stores a job. Settled means durable: it runs at least once, whatever dies. In a transaction it is part of that: rolled back, it never was.
   *
   * @throws E_JOB_UNKNOWN when no file in app/jobs exports the class
   * @throws E_JOB_PAYLOAD_INVALID, E_JOB_PAYLOAD_TOO_LARGE
   * @throws E_VALUE_NOT_SERIALIZABLE for class instances, functions, symbols and cycles in the payload
   * @throws E_OUTBOX in a transaction whose file has no outbox, or that has ended
   * @throws E_TRANSACTION_MISUSE in a transaction that is another tenant's, unless `within` is false
   * @throws TypeError for an empty queue name, a priority that is no whole number, and a delay that is no duration
   */
  async dispatch<J extends JobClass>(
    type: J,
    ...[payload, options = {}]: DispatchArguments<J>
  ): Promise<JobHandle> {
    const stored = toStored({ type, payload, options }, this.#parts);
    const [handle] = await this.#push([stored], options.within);
    return handle as JobHandle;
  }

  /** Stores many jobs in one commit: all of them, but for those that a unique key keeps out. @throws as `dispatch` */
  async bulk(jobs: readonly PendingJob[], options: WithinOptions = {}): Promise<JobHandle[]> {
    const stored = jobs.map((one) => toStored(one, this.#parts));
    return this.#push(stored, options.within);
  }

  /**
   * Runs a job here and now, and throws what it throws.
   *
   * @throws E_JOB_PAYLOAD_INVALID and as `dispatch`
   */
  async dispatchSync<J extends JobClass>(
    type: J,
    ...[payload]: JobArguments<J, never>
  ): Promise<void> {
    await this.#parts.sync().push([toStored({ type, payload, options: {} }, this.#parts)]);
  }

  /**
   * Runs a job in this process once the response of the current request is sent; outside of a request at once. Nothing is stored: if the
   * process dies before it is done, it is gone. For what takes a moment and may be lost.
   *
   * @throws as `dispatch`; what the job throws is logged
   */
  async dispatchAfterResponse<J extends JobClass>(
    type: J,
    ...[payload]: JobArguments<J, never>
  ): Promise<void> {
    const stored = toStored({ type, payload, options: {} }, this.#parts);
    const run = async (): Promise<void> => {
      try {
        await this.#parts.sync().push([stored]);
      } catch (error) {
        this.#parts.onError?.(error);
      }
    };
    if (!afterResponse(run)) await run();
  }

  /**
   * Stores jobs that run one after the other: each is stored in the change that ends the one before it. When one has failed, or is
   * cancelled, the rest is not stored.
   *
   * @throws RangeError for an empty chain, and as `dispatch`
   */
  async chain(jobs: readonly PendingJob[], options: ChainOptions = {}): Promise<ChainHandle> {
    const [head, ...others] = jobs;
    if (head === undefined) throw new RangeError('Expected `jobs` to hold a job, got none.');
    const { delay = head.options.delay } = options;
    const first = toStored(
      delay === undefined
        ? head
        : job(head.type, head.payload as never, { ...head.options, delay }),
      this.#parts,
    );
    const rest = others.map((one) => toFollowUp(one, this.#parts));
    const onFailure = options.catch && toFollowUp(options.catch, this.#parts);
    const chain = { rest, ...(onFailure && { onFailure }) };
    const [handle] = await this.#push([{ ...first, chain }], options.within);
    const later = rest.map(({ id, queue }) => this.#handle({ id, queue, outcome: 'pending' }));
    return new ChainHandle([handle as JobHandle, ...later]);
  }

  /**
   * Stores jobs that are counted together, and what is to follow them. A batch without jobs has ended at once, well.
   *
   * @throws as `dispatch`
   */
  async batch(jobs: readonly PendingJob[], options: BatchOptions = {}): Promise<BatchHandle> {
    const { name = '', allowFailures = false } = options;
    const followUp = (one: PendingJob | undefined) => one && toFollowUp(one, this.#parts);
    const [onDone, onFailure, onEnd] = [options.then, options.catch, options.finally].map(followUp);
    const batch: NewBatch = {
      id: newId(),
      name,
      allowFailures,
      createdAt: clock.now(),
      tenantId: this.#parts.tenantId,
      ...(onDone && { onDone }),
      ...(onFailure && { onFailure }),
      ...(onEnd && { onEnd }),
    };
    const stored = jobs.map((one) => toStored(one, this.#parts));
    await this.#push(stored, options.within, batch);
    return this.batchOf(batch.id);
  }

  /** A batch by its id, whether or not it is there. */
  batchOf(id: string): BatchHandle {
    return new BatchHandle(id, {
      store: this.#parts.store,
      toStored: (pending) => toStored(pending, this.#parts),
    });
  }

  /** What is known of a job; undefined for an unknown id, and for a job that had ended and was forgotten. */
  find(id: string): Promise<JobRecord | undefined> {
    return this.#handle({ id, queue: '', outcome: 'stored' }).status();
  }

  /** Cancels a job: it never runs, or its run is told. Tells which; undefined when there is none, or it has ended. */
  cancel(id: string): Promise<CancelOutcome> {
    const session = currentSession()?.outermost;
    return this.#handle({ id, queue: '', outcome: 'stored', session }).cancel();
  }

  #push(
    jobs: readonly NewJob[],
    within: WithinOptions['within'],
    batch?: NewBatch,
  ): Promise<JobHandle[]> {
    if (within === undefined) return this.#pushHere(jobs, batch);
    const push = (): Promise<JobHandle[]> => this.#pushHere(jobs, batch);
    return within === false ? outsideSessions(push) : within.enter(push);
  }

  /** Stores jobs where the call is made: in the queue, or in the outbox of the transaction it is made in. */
  async #pushHere(jobs: readonly NewJob[], batch: NewBatch | undefined): Promise<JobHandle[]> {
    if (jobs.length === 0 && batch === undefined) return [];
    const session = currentSession();
    session?.refuseOthers();
    const store = this.#parts.store();
    const isOfQueue = session === undefined || store.isInTransaction;
    const outcomes = await (isOfQueue
      ? store.push(jobs, batch)
      : this.#pushWith(session, jobs, batch));
    return outcomes.map(({ id, outcome }, index) => {
      const { queue, job: name } = jobs[index] as NewJob;
      this.#parts.tell?.({ kind: KINDS[outcome], id, queue, job: name });
      return this.#handle({ id, queue, outcome, session: session?.outermost });
    });
  }

  /** Leaves jobs with a transaction of another file. */
  async #pushWith(
    session: Session,
    jobs: readonly NewJob[],
    batch: NewBatch | undefined,
  ): Promise<readonly { readonly id: string; readonly outcome: 'pending' }[]> {
    const { outbox, connection, store } = this.#parts;
    if (store().isDurable && outbox !== undefined) {
      await outbox.add(session, connection, jobs, batch);
    } else {
      session.afterCommit(async () => {
        await store().push(jobs, batch);
      });
    }
    return jobs.map(({ id }) => ({ id, outcome: 'pending' }));
  }

  #handle(facts: JobHandleFacts): JobHandle {
    return new JobHandle(facts, this.#handleParts);
  }
}

const KINDS = {
  stored: 'dispatched',
  duplicate: 'duplicate',
  debounced: 'debounced',
  pending: 'outboxed',
} as const;
