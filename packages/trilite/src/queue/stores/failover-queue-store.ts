import { FrameworkError, toError } from '../../support/errors';
import type { JobRecord } from '../job-records';
import type {
  CancelOutcome,
  NewBatch,
  NewJob,
  PushOutcome,
  QueueStore,
  RelayRequest,
} from '../queue-store';
import { KeeplessQueueStore } from './keepless-queue-store';

/** One of the connections behind a failover connection. */
export interface NamedQueueStore {
  readonly name: string;
  readonly store: QueueStore;
}

/** What a failover store is made of. */
export interface FailoverParts {
  /** The preferred one first. Asked at each call, for a fake may take one's place. */
  readonly stores: () => readonly NamedQueueStore[];
  /** Told once when a connection stops answering, until it answers again. */
  readonly onFailedOver: (from: string, error: Error) => void;
}

/** Errors of the caller: the next store would refuse the same. */
const OF_THE_CALLER = ['E_VALUE_NOT_SERIALIZABLE', 'E_JOB_PAYLOAD_TOO_LARGE'];

/**
 * Hands jobs to the first of several queue connections that answers. Each of those is worked by workers of its own: this one only dispatches,
 * and finds what was dispatched.
 *
 * A job may be in two of them when a connection fails after it has stored the job and before it has said so: at least once, as ever.
 */
export class FailoverQueueStore extends KeeplessQueueStore {
  readonly driver = 'failover';
  override readonly isDurable = true;
  readonly #parts: FailoverParts;
  readonly #down = new Set<string>();
  /** How far each generation came, whoever took it: who took it may not answer now, or remember nothing. */
  readonly #relayed = new Map<string, number>();

  constructor(parts: FailoverParts) {
    super();
    this.#parts = parts;
  }

  override get keepsDone(): boolean {
    return this.#parts.stores().every(({ store }) => store.keepsDone);
  }

  push(jobs: readonly NewJob[], batch?: NewBatch): Promise<PushOutcome[]> {
    return this.#first((store) => store.push(jobs, batch));
  }

  override async relay(request: RelayRequest): Promise<number> {
    const seq = await this.#first((store) => store.relay(request));
    return this.#noteRelayed(request.generation, seq);
  }

  override async relayed(generation: string): Promise<number> {
    const all = await this.#answers((store) => store.relayed(generation));
    return this.#noteRelayed(generation, Math.max(0, ...all));
  }

  override async secure(): Promise<boolean> {
    const all = await this.#answers((store) => store.secure());
    return all.length === this.#parts.stores().length && all.every((isSecure) => isSecure);
  }

  override find(id: string): Promise<JobRecord | undefined> {
    return this.#whicheverHasIt((store) => store.find(id));
  }

  override cancel(id: string): Promise<CancelOutcome> {
    return this.#whicheverHasIt((store) => store.cancel(id));
  }

  #noteRelayed(generation: string, seq: number): number {
    const furthest = Math.max(seq, this.#relayed.get(generation) ?? 0);
    this.#relayed.set(generation, furthest);
    return furthest;
  }

  async #first<T>(ask: (store: QueueStore) => Promise<T>): Promise<T> {
    let last: unknown;
    for (const { name, store } of this.#parts.stores()) {
      try {
        const answer = await ask(store);
        this.#down.delete(name);
        return answer;
      } catch (error) {
        if (error instanceof FrameworkError && OF_THE_CALLER.includes(error.code)) throw error;
        if (error instanceof TypeError || error instanceof RangeError) throw error;
        this.#tell(name, error);
        last = error;
      }
    }
    throw last;
  }

  /** A job that nobody has who answers may be with who does not: that is no answer. */
  async #whicheverHasIt<T>(ask: (store: QueueStore) => Promise<T | undefined>) {
    const asked = await Promise.allSettled(this.#parts.stores().map(({ store }) => ask(store)));
    for (const one of asked) {
      if (one.status === 'fulfilled' && one.value !== undefined) return one.value;
    }
    for (const one of asked) if (one.status === 'rejected') throw one.reason;
    return undefined;
  }

  async #answers<T>(ask: (store: QueueStore) => Promise<T>): Promise<T[]> {
    const asked = await Promise.allSettled(this.#parts.stores().map(({ store }) => ask(store)));
    const answers = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const [failed] = asked;
    if (answers.length === 0 && failed?.status === 'rejected') throw failed.reason;
    return answers;
  }

  #tell(name: string, error: unknown): void {
    if (this.#down.has(name)) return;
    this.#down.add(name);
    this.#parts.onFailedOver(name, toError(error));
  }
}
