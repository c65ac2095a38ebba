import type { ClaimedJob, CompletedRun, QueueStore } from '../queue-store';

interface Waiting {
  readonly run: CompletedRun;
  readonly resolve: (isOurs: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** Acknowledges the jobs that end in one turn of the event loop together. */
export class Completions {
  readonly #store: QueueStore;
  #waiting: Waiting[] = [];

  constructor(store: QueueStore) {
    this.#store = store;
  }

  /** Ends a run well. Tells whether it still was the caller's. */
  add(job: ClaimedJob, tookMs: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ run: { job, tookMs }, resolve, reject });
      // Behind every promise of this turn: other jobs end in it as well
      if (this.#waiting.length === 1) process.nextTick(() => void this.#flush());
    });
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      const lost = await this.#store.complete(waiting.map(({ run }) => run));
      for (const { run, resolve } of waiting) resolve(!lost.includes(run.job.id));
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}
