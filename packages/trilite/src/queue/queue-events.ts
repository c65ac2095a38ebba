import { Listeners } from '../support/listeners';
import type { ClaimedJob, RecoveredJob } from './queue-store';

/** What a worker tells of a job in its hand. */
export type JobEvent =
  | { readonly kind: 'running'; readonly job: ClaimedJob }
  | {
      readonly kind: 'done' | 'released' | 'cancelled' | 'lost';
      readonly job: ClaimedJob;
      readonly tookMs: number;
    }
  | {
      readonly kind: 'retry' | 'failed';
      readonly job: ClaimedJob;
      readonly tookMs: number;
      readonly error: Error;
    };

/** What a worker tells who watches it. */
export type WorkerEvent =
  | JobEvent
  | { readonly kind: 'recovered'; readonly recovered: RecoveredJob }
  | { readonly kind: 'relayed'; readonly jobs: number }
  | { readonly kind: 'paused' | 'resumed' }
  | { readonly kind: 'error'; readonly error: Error };

/** What happened to a dispatch. */
export interface DispatchEvent {
  readonly kind: 'dispatched' | 'duplicate' | 'debounced' | 'outboxed';
  readonly id: string;
  readonly queue: string;
  /** The stored name. */
  readonly job: string;
}

/** That a worker of this process began, or has ended. */
export type WorkerLifeEvent =
  | { readonly kind: 'worker-started'; readonly queues: readonly string[] }
  | { readonly kind: 'worker-stopped'; readonly reason: string; readonly jobs: number };

/** What happened in a queue. */
export type QueueEvent = { /** Name of the queue connection. */ readonly connection: string } & (
  | WorkerEvent
  | DispatchEvent
  | WorkerLifeEvent
  /** A connection of a failover list does not answer. */
  | { readonly kind: 'failed-over'; readonly from: string; readonly error: Error }
  /** A queue is longer than `queue:monitor` allows. */
  | { readonly kind: 'busy'; readonly queue: string; readonly size: number }
);

/** Tells who wants to know what happens in queues. */
export class QueueEvents extends Listeners<QueueEvent> {
  constructor() {
    super('queues');
  }
}
