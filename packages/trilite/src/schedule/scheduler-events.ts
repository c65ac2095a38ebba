import type { Task } from './task';
import type { RunOutcome } from './task-runner';

/** A run in hand. */
export interface ScheduledRun {
  readonly task: Task;
  /** Epoch milliseconds. */
  readonly dueAt: number;
  /** 1 for the first. */
  readonly attempt: number;
}

/** What a scheduler tells who watches it. */
export type SchedulerEvent =
  | { readonly kind: 'running' | 'dispatched'; readonly run: ScheduledRun }
  | { readonly kind: 'done' | 'failed'; readonly run: ScheduledRun; readonly outcome: RunOutcome }
  | { readonly kind: 'skipped'; readonly run: ScheduledRun; readonly reason: string }
  | { readonly kind: 'missed'; readonly run: ScheduledRun; readonly count: number }
  | { readonly kind: 'crashed'; readonly run: ScheduledRun; readonly runsAgain: boolean }
  | { readonly kind: 'error'; readonly error: Error };

/** Listens to a scheduler; must not throw. */
export type TellSchedulerEvent = (event: SchedulerEvent) => void;
