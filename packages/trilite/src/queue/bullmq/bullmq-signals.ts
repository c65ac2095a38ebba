import type { IQueueBackend } from 'bullmq';
import { clock } from '../../support/clock';
import type { WorkerSignals } from '../queue-store';

/** Events kept for who comes late. */
const EVENTS_KEPT = 1000;

const RESTART = 'signal:restart';
const PAUSE = 'signal:pause';
const pauseOf = (queue: string): string => `${PAUSE}:${queue}`;
const queueOf = (name: string): string => `signal:queue:${name}`;
const cancelOf = (id: string): string => `signal:cancel:${id}`;
const relayedOf = (generation: string): string => `signal:relayed:${generation}`;

/** Which queues are paused now. */
export type Pauses = Pick<WorkerSignals, 'isPaused' | 'pausedQueues'>;

/** What belongs to no queue of BullMQ: names of queues, pauses, wishes, how far outboxes are. In the meta data of a queue without jobs. */
export class BullmqSignals {
  readonly #backend: IQueueBackend;
  readonly #known = new Set<string>();

  constructor(backend: IQueueBackend) {
    this.#backend = backend;
  }

  /** Makes queues known to everybody, before they have jobs. */
  async know(queues: readonly string[]): Promise<void> {
    const fresh = [...new Set(queues)].filter((queue) => !this.#known.has(queue));
    if (fresh.length === 0) return;
    await this.#set(Object.fromEntries(fresh.map((queue) => [queueOf(queue), 1])));
    for (const queue of fresh) this.#known.add(queue);
  }

  async queues(): Promise<string[]> {
    return namesOf(await this.#backend.getQueueMeta(), queueOf('')).sort();
  }

  async pauses(): Promise<Pauses> {
    return pausesOf(await this.#backend.getQueueMeta());
  }

  async read(owner: string): Promise<WorkerSignals> {
    const meta = await this.#backend.getQueueMeta();
    const asked = namesOf(meta, cancelOf(''));
    return {
      restartAt: meta[RESTART] === undefined ? undefined : Number(meta[RESTART]),
      ...pausesOf(meta),
      cancelled: asked.filter((id) => meta[cancelOf(id)] === owner),
    };
  }

  restart(): Promise<void> {
    return this.#set({ [RESTART]: clock.now() });
  }

  pause(queue: string | undefined, until = Infinity): Promise<void> {
    return this.#set({ [queue === undefined ? PAUSE : pauseOf(queue)]: until });
  }

  /** A pause that is over was none. */
  async resume(queue: string | undefined): Promise<boolean> {
    const { isPaused, pausedQueues } = await this.pauses();
    const all = [...(isPaused ? [PAUSE] : []), ...pausedQueues.map(pauseOf)];
    return this.#forget(all.filter((name) => queue === undefined || name === pauseOf(queue)));
  }

  askToCancel(id: string, owner: string): Promise<void> {
    return this.#set({ [cancelOf(id)]: owner });
  }

  /** Takes the wish back to have a job cancelled: its run has ended. */
  async endRun(...ids: readonly string[]): Promise<void> {
    await this.#forget(ids.map(cancelOf));
  }

  /** Ids of the jobs that somebody wants cancelled. */
  async askedToCancel(): Promise<string[]> {
    return namesOf(await this.#backend.getQueueMeta(), cancelOf(''));
  }

  async relayed(generation: string): Promise<number> {
    return Number((await this.#backend.getQueueMetaField(relayedOf(generation))) ?? 0);
  }

  async setRelayed(generation: string, seq: number): Promise<void> {
    await this.#backend.setQueueMeta({ [relayedOf(generation)]: seq });
  }

  async #set(fields: Record<string, number | string>): Promise<void> {
    await this.#backend.setQueueMeta(fields);
    await this.#backend.publishEvent({ event: 'signal' }, EVENTS_KEPT);
  }

  async #forget(fields: readonly string[]): Promise<boolean> {
    if (fields.length === 0) return false;
    const forgotten = await this.#backend.removeQueueMetaFields([...fields]);
    if (forgotten > 0) await this.#backend.publishEvent({ event: 'signal' }, EVENTS_KEPT);
    return forgotten > 0;
  }
}

function pausesOf(meta: Readonly<Record<string, string>>): Pauses {
  const now = clock.now();
  const holds = (field: string): boolean => Number(meta[field] ?? 0) > now;
  const pausedQueues = namesOf(meta, pauseOf('')).filter((queue) => holds(pauseOf(queue)));
  return { isPaused: holds(PAUSE), pausedQueues };
}

function namesOf(meta: Readonly<Record<string, string>>, prefix: string): string[] {
  const fields = Object.keys(meta).filter((field) => field.startsWith(prefix));
  return fields.map((field) => field.slice(prefix.length));
}
