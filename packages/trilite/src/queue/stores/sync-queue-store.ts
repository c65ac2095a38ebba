import type { JobRunner } from '../job-runner';
import type { ClaimedJob, FollowUp, JobCause, NewBatch, NewJob, PushOutcome } from '../queue-store';
import { KeeplessQueueStore } from './keepless-queue-store';

const ONE_RUN = { tries: 1, timeoutMs: 0, backoff: 0 } as const;

/**
 * Runs each job where it is dispatched, and throws what the job throws: one run, no delay, nothing kept. A chain runs one after the other, and
 * a batch as well. For tests and scripts.
 *
 * Its jobs never wait, so there is nothing to claim, no claim to end, and nothing that a unique key or a debounce could keep out.
 */
export class SyncQueueStore extends KeeplessQueueStore {
  readonly driver = 'sync';
  readonly #runner: Pick<JobRunner, 'start' | 'callFailed'>;

  constructor(runner: Pick<JobRunner, 'start' | 'callFailed'>) {
    super();
    this.#runner = runner;
  }

  async push(jobs: readonly NewJob[], batch?: NewBatch): Promise<PushOutcome[]> {
    if (batch === undefined) for (const job of jobs) await this.#runChain(job);
    else await this.#runBatch(jobs, batch);
    return jobs.map(({ id }) => ({ id, outcome: 'stored' }));
  }

  async #runChain(job: NewJob): Promise<void> {
    const { rest = [], onFailure } = job.chain ?? {};
    let current: NewJob | FollowUp = job;
    try {
      await this.#run(job);
      for (const next of rest) {
        current = next;
        await this.#run(next);
      }
    } catch (error) {
      const cause = { jobId: current.id, job: current.job, message: (error as Error).message };
      if (onFailure !== undefined) await this.#run(onFailure, cause);
      throw error;
    }
  }

  async #runBatch(jobs: readonly NewJob[], batch: NewBatch): Promise<void> {
    const { id: batchId, allowFailures, onDone, onFailure, onEnd } = batch;
    let firstError: unknown;
    let hasFailed = false;
    for (const job of jobs) {
      if (hasFailed && !allowFailures) break;
      try {
        await this.#run(job);
      } catch (error) {
        const cause = { batchId, jobId: job.id, job: job.job, message: (error as Error).message };
        if (!hasFailed && onFailure !== undefined) await this.#run(onFailure, cause);
        firstError = hasFailed ? firstError : error;
        hasFailed = true;
      }
    }
    if (!hasFailed && onDone !== undefined) await this.#run(onDone, { batchId });
    if (onEnd !== undefined) await this.#run(onEnd, { batchId });
    if (hasFailed && !allowFailures) throw firstError;
  }

  async #run(job: NewJob | FollowUp, cause?: JobCause): Promise<void> {
    const claimed = toClaimed(job, cause);
    const run = this.#runner.start(claimed, { store: this, defaults: ONE_RUN });
    const outcome = await run.outcome;
    if (outcome.kind !== 'failed' && outcome.kind !== 'retry') return; // a release has nowhere to wait
    // What the job threw is what its caller has to know, even where its "failed" throws too
    await this.#runner.callFailed(claimed, outcome.error).catch(() => undefined);
    throw outcome.error;
  }
}

function toClaimed(job: NewJob | FollowUp, cause: JobCause | undefined): ClaimedJob {
  const { id, queue, payload, tags = [], tenantId } = job;
  const { batchId, createdAt = 0, cause: own } = job as NewJob;
  return {
    id,
    queue,
    job: job.job,
    payload,
    attempts: 1,
    exceptions: 0,
    crashes: 0,
    owner: 'sync',
    claim: 1,
    createdAt,
    retryUntil: undefined,
    batchId,
    tags,
    cause: cause ?? own,
    tenantId,
    isLinked: false,
  };
}
