import type { EventEmitter } from 'node:events';
import type { QueueEvents } from 'bullmq';
import type { Watch } from '../queue-store';
import { SIGNALS, type BullmqQueues } from './bullmq-queues';
import type { BullmqSignals } from './bullmq-signals';

const EVENTS = ['signal', 'waiting', 'delayed', 'completed', 'failed', 'removed'] as const;

/** Who wants to know of changes. Each queue is a stream of its own to BullMQ, read over a connection of its own. */
export class BullmqWatch {
  readonly #queues: BullmqQueues;
  readonly #signals: BullmqSignals;
  readonly #watchers = new Set<() => void>();
  readonly #events = new Map<string, QueueEvents>();
  readonly #closing = new Set<Promise<void>>();

  constructor(queues: BullmqQueues, signals: BullmqSignals) {
    this.#queues = queues;
    this.#signals = signals;
  }

  add(onChange: () => void): Watch {
    const watcher = (): void => onChange();
    this.#watchers.add(watcher);
    this.#listen(SIGNALS);
    this.#listenToAll();
    return {
      close: () => {
        this.#watchers.delete(watcher);
        if (this.#watchers.size === 0) this.#leave();
      },
    };
  }

  /** Waits until every subscription has ended. */
  async close(): Promise<void> {
    this.#watchers.clear();
    this.#leave();
    await Promise.all(this.#closing);
  }

  #listen(queue: string): void {
    if (this.#watchers.size === 0 || this.#events.has(queue)) return;
    const events = this.#queues.events(queue);
    for (const event of EVENTS) {
      (events as EventEmitter).on(event, () => this.#tell(event));
    }
    this.#events.set(queue, events);
  }

  /** A server that does not answer has no news either; the next signal is the next attempt. */
  #listenToAll(): void {
    const listening = this.#signals.queues().then(
      (queues) => queues.forEach((queue) => this.#listen(queue)),
      () => undefined,
    );
    this.#await(listening);
  }

  #tell(event: string): void {
    // A queue nobody knew may have got its first jobs
    if (event === 'signal') this.#listenToAll();
    for (const watcher of this.#watchers) watcher();
  }

  #leave(): void {
    for (const events of this.#events.values()) this.#await(events.close());
    this.#events.clear();
  }

  #await(ending: Promise<void>): void {
    const settled = ending.finally(() => this.#closing.delete(settled));
    this.#closing.add(settled);
  }
}
