import { clock, delayMs, monotonicMs } from '../support/clock';
import { ValueNotReadableError, toError } from '../support/errors';
import { isOwnerGone, newOwner } from '../support/owner';
import { JobLeaseLostError, JobUnknownError, WorkerStoppingError } from './errors';
import { describeFailure } from './failure';
import type { JobRunner, RunOutcome } from './job-runner';
import type { ClaimedJob, QueueStore, RecoveredJob } from './queue-store';

/*
 * A worker: claims jobs, runs them, and says how they ended.
 *
 *   starting ──▶ working ──stop()──▶ draining ──all done, or deadline──▶ stopped
 *                  │  ▲
 *                  ▼  │ wake: a change of the file, a job that ended, the next due time
 *                waiting
 *
 * Invariants:
 * 1. At most `concurrency` jobs run; a slot is taken before the claim and given back after the acknowledgement.
 * 2. Every claimed job is acknowledged once: complete, release or fail, each of which proves ownership.
 * 3. While a job runs, its lease is renewed three times per lease. A job whose lease is lost is told so, and not acknowledged.
 * 4. A stopped worker holds no job: what did not finish by the deadline goes back, its run uncounted.
 * 5. Errors of the store end a turn, never the worker: it pauses and tries again.
 */

/** How a worker works. */
export interface WorkerOptions {
  /** Queues in order of priority. */
  readonly queues: readonly string[];
  /** Jobs at a time, 1 or more. */
  readonly concurrency: number;
  /** Runs a job may fail when it does not say itself; 0 is unlimited. */
  readonly tries: number;
  /** How long a run may take when the job does not say itself; 0 is unlimited. */
  readonly timeoutMs: number;
  /** Longest wait before looking again when nothing is due. */
  readonly sleepMs: number;
  /** How long the lease is, from the connection's config. */
  readonly leaseMs: number;
  /** How long done jobs are kept, from the connection's config. */
  readonly keepFinishedMs: number;
  /** How long a stop waits for running jobs. */
  readonly shutdownMs: number;
  /** Stops after one job, or at once when none is due. */
  readonly once: boolean;
  /** Stops when no job is due and none is running. */
  readonly stopWhenEmpty: boolean;
}

/** What a worker tells who watches it. */
export type WorkerEvent =
  | { readonly kind: 'running'; readonly job: ClaimedJob }
  | { readonly kind: 'done' | 'lost'; readonly job: ClaimedJob; readonly tookMs: number }
  | {
      readonly kind: 'retry' | 'failed';
      readonly job: ClaimedJob;
      readonly tookMs: number;
      readonly error: Error;
    }
  | { readonly kind: 'released'; readonly job: ClaimedJob; readonly tookMs: number }
  | { readonly kind: 'recovered'; readonly recovered: RecoveredJob }
  | { readonly kind: 'error'; readonly error: Error };

interface Running {
  readonly job: ClaimedJob;
  readonly controller: AbortController;
  readonly finished: Promise<void>;
}

/** How often an acknowledgement is tried when the store errs. */
const ACKNOWLEDGE_ATTEMPTS = 5;

/** Pause after an error of the store. */
const ERROR_PAUSE_MS = 1000;

/** How often a worker looks for jobs of dead owners, and renews its own (three times a lease at least). */
const UPKEEP_MS = 2000;

/** How often a worker forgets jobs that were done long ago. */
const PRUNE_MS = 60_000;

const working = new Set<Worker>();

/** The workers of this process that are working. For the tests' leak guard. */
export function runningWorkers(): readonly Worker[] {
  return [...working];
}

/** Claims jobs of one queue connection and runs them until it is told to stop. */
export class Worker {
  /** The name this worker's claims carry. */
  readonly owner = newOwner();
  readonly #store: QueueStore;
  readonly #runner: JobRunner;
  readonly #options: WorkerOptions;
  readonly #tell: (event: WorkerEvent) => void;
  readonly #running = new Map<string, Running>();
  readonly #stop = new AbortController();
  readonly #stopNow = new AbortController();
  #wake = new AbortController();
  readonly #drained = new AbortController();
  #pruneAt = 0;

  constructor(
    store: QueueStore,
    runner: JobRunner,
    options: WorkerOptions,
    tell: (event: WorkerEvent) => void = () => undefined,
  ) {
    this.#store = store;
    this.#runner = runner;
    this.#options = options;
    this.#tell = tell;
  }

  /** How many jobs it runs now. */
  get runningJobs(): number {
    return this.#running.size;
  }

  /** Works until `stop`, or until `once` or `stopWhenEmpty` says so; then resolves, holding no job. */
  async run(): Promise<void> {
    working.add(this);
    const watch = this.#store.watch(() => this.#wakeUp());
    const upkeep = this.#keepUp();
    try {
      await this.#work();
    } finally {
      await this.#drain();
      watch.close();
      this.#drained.abort();
      await upkeep;
      working.delete(this);
    }
  }

  async #work(): Promise<void> {
    if (this.#options.stopWhenEmpty) await this.#recover(); // what a dead worker holds is due as well
    while (!this.#stop.signal.aborted && (await this.#turn()));
  }

  /** Asks the worker to stop: running jobs may finish until the deadline. Harmless when repeated. */
  stop(): void {
    this.#stop.abort();
    this.#wakeUp();
  }

  /** Puts running jobs back now instead of waiting for them. */
  stopNow(): void {
    this.stop();
    this.#stopNow.abort(); // for a job that is being claimed at this moment
    this.#putBackRunning();
  }

  /** One look at the queue. Answers whether to go on. */
  async #turn(): Promise<boolean> {
    this.#wake = new AbortController();
    try {
      const claimed = await this.#claim();
      for (const job of claimed) this.#start(job);
      if (this.#isFinished(claimed.length)) return false;
      if (claimed.length === 0 || this.#freeSlots === 0) {
        await delayMs(await this.#pauseMs(), this.#wake.signal);
      }
    } catch (error) {
      // Who waits for the queue to be empty must learn that it does not answer.
      if (this.#options.once || this.#options.stopWhenEmpty) throw error;
      this.#tell({ kind: 'error', error: toError(error) });
      await delayMs(ERROR_PAUSE_MS, this.#stop.signal);
    }
    return true;
  }

  async #claim(): Promise<ClaimedJob[]> {
    const { queues, leaseMs, once } = this.#options;
    const limit = once ? Math.min(1, this.#freeSlots) : this.#freeSlots;
    if (limit === 0) return [];
    return this.#store.claim({ queues, limit, owner: this.owner, leaseMs });
  }

  #isFinished(claimed: number): boolean {
    const { once, stopWhenEmpty } = this.#options;
    if (once) return true;
    return stopWhenEmpty && claimed === 0 && this.#running.size === 0;
  }

  get #freeSlots(): number {
    return this.#options.concurrency - this.#running.size;
  }

  async #pauseMs(): Promise<number> {
    if (this.#freeSlots === 0) return this.#options.sleepMs;
    const dueAt = await this.#store.nextDueAt(this.#options.queues);
    const untilDue = dueAt === undefined ? Infinity : Math.max(0, dueAt - clock.now());
    return Math.min(this.#options.sleepMs, untilDue);
  }

  #start(job: ClaimedJob): void {
    const controller = new AbortController();
    this.#tell({ kind: 'running', job });
    const finished = this.#process(job, controller).finally(() => {
      this.#running.delete(job.id);
      this.#wakeUp();
    });
    this.#running.set(job.id, { job, controller, finished });
  }

  async #process(job: ClaimedJob, controller: AbortController): Promise<void> {
    const startedAt = monotonicMs();
    const report = async (percent: number): Promise<void> => {
      await this.#store.report(job, Math.min(100, Math.max(0, percent)));
    };
    const outcome = await this.#runner.run(job, this.#options, controller, report);
    const tookMs = monotonicMs() - startedAt;
    // While it is tried, the lease is renewed. Given up, the job runs again once it has ended: at least once.
    for (let attempt = 1; attempt <= ACKNOWLEDGE_ATTEMPTS; attempt += 1) {
      try {
        return await this.#acknowledge(job, outcome, tookMs);
      } catch (error) {
        this.#tell({ kind: 'error', error: toError(error) });
        await delayMs(ERROR_PAUSE_MS);
      }
    }
  }

  async #acknowledge(job: ClaimedJob, outcome: RunOutcome, tookMs: number): Promise<void> {
    if (outcome.kind !== 'done' && outcome.error instanceof JobLeaseLostError) {
      return this.#tell({ kind: 'lost', job, tookMs });
    }
    if (outcome.kind !== 'done' && outcome.error instanceof WorkerStoppingError) {
      return this.#putBack(job, tookMs);
    }
    const isOurs = await this.#record(job, outcome);
    if (!isOurs) return this.#tell({ kind: 'lost', job, tookMs });
    if (outcome.kind === 'done') return this.#tell({ kind: 'done', job, tookMs });
    this.#tell({ kind: outcome.kind, job, tookMs, error: outcome.error });
    if (outcome.kind === 'failed') await this.#callFailed(job, outcome.error);
  }

  #record(job: ClaimedJob, outcome: RunOutcome): Promise<boolean> {
    switch (outcome.kind) {
      case 'done':
        return this.#store.complete(job);
      case 'retry':
        return this.#store.release(job, {
          availableAt: outcome.availableAt,
          failure: describeFailure(outcome.error),
        });
      case 'failed':
        return this.#store.fail(job, describeFailure(outcome.error));
    }
  }

  async #putBack(job: ClaimedJob, tookMs: number): Promise<void> {
    const isOurs = await this.#store.release(job, { availableAt: clock.now(), uncounted: true });
    this.#tell({ kind: isOurs ? 'released' : 'lost', job, tookMs });
  }

  async #callFailed(job: ClaimedJob, error: Error): Promise<void> {
    // Without its class or its payload there is nobody to call, and nothing to call with.
    if (error instanceof JobUnknownError || error instanceof ValueNotReadableError) return;
    try {
      await this.#runner.callFailed(job, error);
    } catch (thrown) {
      this.#tell({ kind: 'error', error: toError(thrown) });
    }
  }

  /** Waits for what is running; after a stop only until the deadline, when the rest is told to stop, which puts it back. */
  async #drain(): Promise<void> {
    const drained = new AbortController();
    const cutOff = this.#cutOff(drained.signal);
    await Promise.all([...this.#running.values()].map(({ finished }) => finished));
    drained.abort();
    await cutOff;
  }

  async #cutOff(drained: AbortSignal): Promise<void> {
    await aborted(AbortSignal.any([this.#stop.signal, drained]));
    await delayMs(this.#options.shutdownMs, AbortSignal.any([this.#stopNow.signal, drained]));
    this.#putBackRunning();
  }

  #putBackRunning(): void {
    for (const { controller } of this.#running.values()) {
      controller.abort(WorkerStoppingError.now());
    }
  }

  /** Renews leases, takes back abandoned jobs and forgets old ones, until the worker has drained. */
  async #keepUp(): Promise<void> {
    const tickMs = Math.min(this.#options.leaseMs / 3, UPKEEP_MS);
    do {
      try {
        await this.#renew();
        await this.#recover();
        await this.#prune();
      } catch (error) {
        this.#tell({ kind: 'error', error: toError(error) });
      }
      await delayMs(tickMs, this.#drained.signal);
    } while (!this.#drained.signal.aborted);
  }

  async #renew(): Promise<void> {
    const held = [...this.#running.values()].map(({ job }) => job);
    if (held.length === 0) return;
    for (const id of await this.#store.renew(held, this.#options.leaseMs)) {
      const lost = this.#running.get(id);
      lost?.controller.abort(JobLeaseLostError.of(lost.job.job));
    }
  }

  async #recover(): Promise<void> {
    const recovered = await this.#store.recover(
      (owner) => owner !== this.owner && isOwnerGone(owner),
    );
    for (const job of recovered) this.#tell({ kind: 'recovered', recovered: job });
    if (recovered.length > 0) this.#wakeUp();
  }

  async #prune(): Promise<void> {
    if (monotonicMs() < this.#pruneAt) return;
    this.#pruneAt = monotonicMs() + PRUNE_MS;
    await this.#store.prune(clock.now() - this.#options.keepFinishedMs);
  }

  #wakeUp(): void {
    this.#wake.abort();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
}
