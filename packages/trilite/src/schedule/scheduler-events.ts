import type { Task } from './task';
import type { RunOutcome } from './task-runner';

/** A run in hand. */
export interface ScheduledRun {
  readonly task: Task;
  /** Epoch milliseconds. */
  readonly dueAt: number;
  /** 1 for the first. */
  readonly attempt: number;
  /** Whose run it is, by id; undefined for one of the application itself. */
  readonly tenant?: string | undefined;
}

/** What became of a task's time for its tenants, in tenants. */
export interface FanOutTally {
  readonly done: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What a scheduler tells who watches it. */
export type SchedulerEvent =
  | { readonly kind: 'running' | 'dispatched'; readonly run: ScheduledRun }
  | { readonly kind: 'done' | 'failed'; readonly run: ScheduledRun; readonly outcome: RunOutcome }
  | { readonly kind: 'skipped'; readonly run: ScheduledRun; readonly reason: string }
  | { readonly kind: 'missed'; readonly run: ScheduledRun; readonly count: number }
  | { readonly kind: 'crashed'; readonly run: ScheduledRun; readonly runsAgain: boolean }
  /** The run of a task has ended for each of its tenants. */
  | { readonly kind: 'fanned-out'; readonly run: ScheduledRun; readonly tally: FanOutTally }
  | { readonly kind: 'error'; readonly error: Error; readonly tenant?: string | undefined };

/** Listens to a scheduler; must not throw. */
export type TellSchedulerEvent = (event: SchedulerEvent) => void;
