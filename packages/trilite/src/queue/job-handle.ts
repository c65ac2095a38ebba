import { within } from '../support/clock';
import { toMilliseconds, type Duration } from '../support/duration';
import { JobEndedBadlyError, JobWaitError } from './errors';
import type { JobRecord } from './job-records';
import type { CancelOutcome, PushOutcome, QueueStore } from './queue-store';

/** How a job is waited for. */
export interface WaitOptions {
  /** For how long. Default: until it has ended. */
  readonly timeout?: Duration;
}

/** What a handle asks. */
export interface JobHandleParts {
  readonly store: () => QueueStore;
  /** Where it lies until its transaction is committed and the queue has been told. */
  readonly pending?: {
    readonly find: (id: string) => Promise<JobRecord | undefined>;
    readonly relay: () => Promise<unknown>;
  };
  /** Refuses to wait where waiting would never end: inside the transaction that dispatched the job. */
  readonly refuseWaiting?: () => void;
}

/** A job that was dispatched. */
export class JobHandle {
  readonly id: string;
  readonly queue: string;
  /** What became of the dispatch: stored; kept out by another job with its key; put in the place of one. `id` is that job's then. */
  readonly outcome: PushOutcome['outcome'] | 'pending';
  readonly #parts: JobHandleParts;

  constructor(facts: Pick<JobHandle, 'id' | 'queue' | 'outcome'>, parts: JobHandleParts) {
    this.id = facts.id;
    this.queue = facts.queue;
    this.outcome = facts.outcome;
    this.#parts = parts;
  }

  // Functions, not methods: `const { id, status } = await queue.dispatch(…)`.

  /** What is known of it now; undefined once it had ended and was forgotten. */
  readonly status = async (): Promise<JobRecord | undefined> => {
    const { store, pending } = this.#parts;
    return (await store().find(this.id)) ?? pending?.find(this.id);
  };

  /**
   * Waits until the job is done, in whichever process, and returns what is known of it then.
   *
   * @throws E_JOB_ENDED_BADLY when it has failed or was cancelled
   * @throws E_JOB_WAIT after `timeout`, and when the job is not known: it was done and forgotten before the wait began
   */
  readonly wait = async ({ timeout }: WaitOptions = {}): Promise<JobRecord> => {
    this.#parts.refuseWaiting?.();
    const ended = this.#whenEnded();
    try {
      if (timeout === undefined) return this.#judge(await ended.promise);
      const answer = await within(toMilliseconds(timeout), ended.promise);
      if (answer === undefined) throw JobWaitError.timedOut(this.id, String(timeout));
      return this.#judge(answer.value);
    } finally {
      ended.stop();
    }
  };

  /** Cancels it: it never runs, or its run is told through `signal`. Tells which; undefined when it has ended. */
  readonly cancel = async (): Promise<CancelOutcome> => {
    const { store, pending } = this.#parts;
    const outcome = await store().cancel(this.id);
    if (outcome !== undefined || (await pending?.find(this.id)) === undefined) return outcome;
    await pending?.relay();
    return store().cancel(this.id);
  };

  #judge(record: JobRecord | undefined): JobRecord {
    if (record === undefined) throw JobWaitError.unknown(this.id);
    if (record.state === 'done') return record;
    throw JobEndedBadlyError.of(record);
  }

  /** Looks at each change of the queue; a job that was there and is not has been done, and forgotten at once. */
  #whenEnded(): { promise: Promise<JobRecord | undefined>; stop: () => void } {
    let stop = (): void => undefined;
    const promise = new Promise<JobRecord | undefined>((resolve, reject) => {
      let last: JobRecord | undefined;
      const look = (): void => {
        this.status().then((record) => {
          if (record === undefined) resolve(last && { ...last, state: 'done' });
          else if (hasEnded(record)) resolve(record);
          last = record ?? last;
        }, reject);
      };
      const watch = this.#parts.store().watch(look);
      stop = () => watch.close();
      look();
    });
    return { promise, stop: () => stop() };
  }
}

/** Whether nothing more happens to a job by itself. */
export function hasEnded({ state }: Pick<JobRecord, 'state'>): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}
