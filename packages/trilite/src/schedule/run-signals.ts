import { SchedulerStoppingError } from './errors';

/** The signals of a scheduler's running tasks: one for each, for a signal keeps those who listen to it. */
export class RunSignals {
  /** Aborted when the scheduler is to begin nothing any more. */
  readonly stop: AbortSignal;
  readonly #running = new Set<AbortController>();
  #isCutOff = false;

  constructor(stop: AbortSignal) {
    this.stop = stop;
  }

  /** How many tasks run now. */
  get running(): number {
    return this.#running.size;
  }

  /** Runs a task with a signal of its own. */
  async with<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    this.#running.add(controller);
    if (this.#isCutOff) controller.abort(SchedulerStoppingError.now());
    try {
      return await work(controller.signal);
    } finally {
      this.#running.delete(controller);
    }
  }

  /** Tells every running task to stop, and each that begins from now on. */
  cutOff(): void {
    this.#isCutOff = true;
    for (const controller of this.#running) controller.abort(SchedulerStoppingError.now());
  }
}
