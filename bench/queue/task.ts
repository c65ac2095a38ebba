import { monotonicMs } from '../lib/time';

/** A job with nothing to do. */
export interface Task {
  /** When it was asked for, on the clock that all processes share. */
  readonly askedAt: number;
  /** How many tasks are to be reported together. */
  readonly of: number;
}

/** What a worker has to say of some tasks. */
export interface TaskReport {
  /** From the begin of the first to the end of the last. */
  readonly tookMs: number;
  /** CPU time of the worker's process, all its threads, in the same time. */
  readonly cpuMs: number;
  /** How long after it was asked for each of them began. */
  readonly lateMs: Float64Array;
}

/** Notes the tasks of a process. */
export class TaskLog {
  #startedAt = 0;
  #cpuAtStart = process.cpuUsage();
  #lateMs: number[] = [];

  /** Does a task. @returns the report, when this was the last of those that are reported together */
  handle({ askedAt, of }: Task): TaskReport | undefined {
    const now = monotonicMs();
    if (this.#lateMs.length === 0) {
      this.#startedAt = now;
      this.#cpuAtStart = process.cpuUsage();
    }
    this.#lateMs.push(now - askedAt);
    if (this.#lateMs.length < of) return undefined;
    const lateMs = Float64Array.from(this.#lateMs);
    this.#lateMs = [];
    const { user, system } = process.cpuUsage(this.#cpuAtStart);
    return { tookMs: monotonicMs() - this.#startedAt, cpuMs: (user + system) / 1000, lateMs };
  }
}

/** Some tasks that are reported together, asked for now. */
export function tasks(count: number): Task[] {
  const task = { askedAt: monotonicMs(), of: count };
  return Array.from({ length: count }, () => task);
}
