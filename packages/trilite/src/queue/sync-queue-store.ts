import { QueueUnsupportedError } from './errors';
import type { JobRunner } from './job-runner';
import type {
  ClaimedJob,
  FailedJob,
  JobRecord,
  NewJob,
  QueueStore,
  RecoveredJob,
  Watch,
} from './queue-store';

/**
 * Runs each job where it is dispatched, and throws what the job throws: one run, no delay, nothing kept. For tests and scripts.
 *
 * Its jobs never wait, so there is nothing to claim, and no claim to end.
 */
export class SyncQueueStore implements QueueStore {
  readonly #runner: Pick<JobRunner, 'run' | 'callFailed'>;

  constructor(runner: Pick<JobRunner, 'run' | 'callFailed'>) {
    this.#runner = runner;
  }

  async push(jobs: readonly NewJob[]): Promise<void> {
    for (const job of jobs) await this.#run(job);
  }

  async claim(): Promise<ClaimedJob[]> {
    return [];
  }

  complete(): Promise<boolean> {
    return refuse('complete claimed jobs');
  }

  release(): Promise<boolean> {
    return refuse('release claimed jobs');
  }

  fail(): Promise<boolean> {
    return refuse('fail claimed jobs');
  }

  async renew(): Promise<string[]> {
    return [];
  }

  report(): Promise<boolean> {
    return refuse('note the progress of claimed jobs');
  }

  async recover(): Promise<RecoveredJob[]> {
    return [];
  }

  async find(): Promise<JobRecord | undefined> {
    return undefined;
  }

  async nextDueAt(): Promise<number | undefined> {
    return undefined;
  }

  async failed(): Promise<FailedJob[]> {
    return [];
  }

  async retry(): Promise<string[]> {
    return [];
  }

  async prune(): Promise<number> {
    return 0;
  }

  watch(): Watch {
    return { close: () => undefined };
  }

  async #run(job: NewJob): Promise<void> {
    const claimed: ClaimedJob = { ...job, attempts: 1, crashes: 0, owner: 'sync' };
    const outcome = await this.#runner.run(
      claimed,
      { tries: 1, timeoutMs: 0 },
      new AbortController(),
      async () => undefined,
    );
    if (outcome.kind === 'done') return;
    // What the job threw is what its caller has to know, even where its "failed" throws too
    await this.#runner.callFailed(claimed, outcome.error).catch(() => undefined);
    throw outcome.error;
  }
}

function refuse(what: string): Promise<never> {
  return Promise.reject(QueueUnsupportedError.of('sync', what));
}
