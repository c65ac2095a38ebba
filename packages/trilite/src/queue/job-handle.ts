import type { Session } from '../database/connection-session';
import { JobEndedBadlyError, JobWaitError } from './errors';
import type { JobRecord } from './job-records';
import type { CancelOutcome, PushOutcome, QueueStore } from './queue-store';
import { watchedAnswer, type Answer, type WaitOptions } from './watched-answer';

/** What a handle asks. One for all handles of a dispatcher. */
export interface JobHandleParts {
  readonly store: () => QueueStore;
  /** Where a job lies until its transaction is committed and the queue has been told. */
  readonly pending?: {
    readonly find: (id: string) => Promise<JobRecord | undefined>;
    readonly relay: () => Promise<unknown>;
  };
}

/** What a handle knows of its job. */
export interface JobHandleFacts {
  readonly id: string;
  readonly queue: string;
  readonly outcome: JobHandle['outcome'];
  /** The transaction that dispatched it. */
  readonly session?: Session | undefined;
}

/** A job that was dispatched. */
export class JobHandle {
  readonly id: string;
  readonly queue: string;
  /** What became of the dispatch: stored; kept out by another job with its key; put in the place of one. `id` is that job's then. */
  readonly outcome: PushOutcome['outcome'] | 'pending';
  readonly #session: Session | undefined;
  readonly #parts: JobHandleParts;

  constructor({ id, queue, outcome, session }: JobHandleFacts, parts: JobHandleParts) {
    this.id = id;
    this.queue = queue;
    this.outcome = outcome;
    this.#session = session;
    this.#parts = parts;
  }

  // Getters of functions, not methods: `const { id, status } = await queue.dispatch(…)`.

  /** What is known of it now; undefined once it had ended and was forgotten. */
  get status(): () => Promise<JobRecord | undefined> {
    return () => this.#find();
  }

  /**
   * Waits until the job is done, in whichever process, and returns what is known of it then.
   *
   * @throws E_JOB_ENDED_BADLY when it has failed or was cancelled
   * @throws E_JOB_WAIT after `timeout`, when the job is not known: it was done and forgotten before the wait began, and when it is cleared
   */
  get wait(): (options?: WaitOptions) => Promise<JobRecord> {
    return (options = {}) => this.#wait(options);
  }

  /**
   * Cancels it: it never runs, or its run is told through `signal`. Tells which; undefined when it has ended.
   *
   * @throws E_JOB_WAIT inside of a transaction, for a job that is dispatched with one and was not relayed
   */
  get cancel(): () => Promise<CancelOutcome> {
    return () => this.#cancel();
  }

  async #find(): Promise<JobRecord | undefined> {
    const { store, pending } = this.#parts;
    const known = (await store().find(this.id)) ?? (await pending?.find(this.id));
    // Between the two looks it may have come from the outbox into the queue
    return known ?? (pending && store().find(this.id));
  }

  /** A job that was there and is not has been done, and forgotten at once, or was cleared. */
  async #wait(options: WaitOptions): Promise<JobRecord> {
    if (this.#session?.isOpen === true) throw JobWaitError.insideTransaction(this.id);
    let last: JobRecord | undefined;
    const look = async (): Promise<Answer<JobRecord | undefined> | undefined> => {
      const record = await this.#find();
      if (record === undefined) return { value: this.#judgeGone(last) };
      last = record;
      return hasEnded(record) ? { value: record } : undefined;
    };
    const answer = await watchedAnswer(this.#parts.store(), look, options);
    if (answer === undefined) throw JobWaitError.timedOut(this.id, String(options.timeout));
    return this.#judge(answer.value);
  }

  async #cancel(): Promise<CancelOutcome> {
    const { store, pending } = this.#parts;
    const outcome = await store().cancel(this.id);
    if (outcome !== undefined || pending === undefined) return outcome;
    const isHere = this.#session?.isOpen === true && (await pending.find(this.id)) !== undefined;
    if (isHere) throw JobWaitError.insideTransaction(this.id);
    // A relay that goes on already may have passed its file; the one after it has not
    for (let relays = 0; relays < 2 && (await pending.find(this.id)) !== undefined; relays += 1) {
      await pending.relay();
    }
    return store().cancel(this.id);
  }

  #judge(record: JobRecord | undefined): JobRecord {
    if (record === undefined) throw JobWaitError.unknown(this.id);
    if (record.state === 'done') return record;
    throw JobEndedBadlyError.of(record);
  }

  #judgeGone(last: JobRecord | undefined): JobRecord | undefined {
    if (last === undefined) return undefined;
    if (this.#parts.store().keepsDone) throw JobWaitError.gone(this.id);
    return { ...last, state: 'done' };
  }
}

/** Whether nothing more happens to a job by itself. */
export function hasEnded({ state }: Pick<JobRecord, 'state'>): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}
