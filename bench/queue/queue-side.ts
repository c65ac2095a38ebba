import type { Task, TaskReport } from './task';
import type { Usage } from './usage';

/** A queue that is compared. Each of its calls is awaited, be there something to wait for or not. */
export interface QueueSide {
  /** Its version, and what is set. */
  readonly settings: string;
  dispatch(task: Task): Promise<unknown>;
  /** Dispatches many that are asked for at once, in the way that suits this queue best. */
  dispatchAll(tasks: readonly Task[]): Promise<unknown>;
  /** Starts a worker in a process of its own; by hand there is none. */
  startWorker?(): Promise<QueueWorker>;
  close(): Promise<unknown>;
}

/** A worker of such a queue, in another process. */
export interface QueueWorker {
  /** Waits for the next report of tasks that are reported together. */
  report(): Promise<TaskReport>;
  /** What its process has used. */
  usage(): Promise<Usage>;
  /** Stops it when what it has in hand is done. */
  stop(): Promise<void>;
}

/** A side, or why there is none. */
export type QueueSideOrReason = QueueSide | string;

/** Jobs at a time, of each worker that has a choice. */
export const CONCURRENCY = 50;
