import { aborted, clock, delayMs, monotonicMs, nextTurn } from '../../support/clock';
import { ValueNotReadableError, toError } from '../../support/errors';
import { newOwner } from '../../support/owner';
import {
  JobCancelledError,
  JobLeaseLostError,
  JobPayloadInvalidError,
  JobUnknownError,
  QueueUnreachableError,
  WorkerStoppingError,
} from '../errors';
import { describeFailure } from '../failure';
import type { JobRunner, Verdict } from '../job-runner';
import type { RunOutcome } from '../job-run';
import type { WorkerEvent } from '../queue-events';
import type { ClaimedJob, QueueStore } from '../queue-store';
import { Alarm } from './alarm';
import { Completions } from './completions';
import type { StopReason, WorkerOptions, WorkResult } from './worker-options';
import { WorkerUpkeep } from './worker-upkeep';

/*
 * A worker: claims jobs, runs them, and says how they ended.
 *
 *   starting ──▶ working ──stop(), or a reason of its own──▶ draining ──all done, or deadline after stop()──▶ stopped
 *                 │ ▲  ▲│
 *                 ▼ │  │▼ pause(), resume(), or the queue's own pause
 *              waiting paused
 *
 * It waits for a change of the file, a job that ends, the next due time, or its own `sleepMs`, whichever comes first.
 *
 * Invariants:
 * 1. At most `concurrency` jobs run: a slot is taken before the claim, and free when the run has ended. Its acknowledgement then shares a
 *    commit with the claim of the next job.
 * 2. Every claimed job is acknowledged once: complete, release, fail or discard, each of which proves ownership.
 * 3. Until it is acknowledged its lease is renewed, three times a lease. A job whose lease is lost is told so, and not acknowledged.
 * 4. A stopped worker holds no job: what did not finish by the deadline after `stop()` goes back, its run uncounted. What `failed` of a job does
 *    is waited for until then, and nothing else waits for it.
 * 5. Errors of the store end a turn, never the worker, unless they last for `unreachableMs`.
 */

/** A job in hand: running, or ended and not acknowledged yet. */
interface Held {
  readonly job: ClaimedJob;
  readonly abort: (reason: Error) => void;
  isRunning: boolean;
}

/** What a worker is made of. */
export interface WorkerParts {
  readonly store: QueueStore;
  readonly runner: JobRunner;
  readonly options: WorkerOptions;
  readonly tell?: (event: WorkerEvent) => void;
  readonly onStarted?: () => void;
  /** Told once it holds no job any more. */
  readonly onStopped?: (result: WorkResult) => void;
  /** Stores what transactions of other files dispatched; returns how many jobs. Called again and again. */
  readonly relay?: () => Promise<number>;
  /** Ends the process when a job blocks the event loop beyond its timeout. */
  readonly watchdog?: Watchdog;
}

/** Who knows for how long each run may take, without needing the event loop. */
export interface Watchdog {
  begin(job: ClaimedJob, timeoutMs: number, verdict: Verdict): void;
  /** Has the run take as long once more from now on. */
  renew(job: ClaimedJob): void;
  end(job: ClaimedJob): void;
  close(): void;
}

/** How often an acknowledgement is tried when the store errs. */
const ACKNOWLEDGE_ATTEMPTS = 5;

/** Pause after an error of the store. */
const ERROR_PAUSE_MS = 1000;

/** For how long the queue may not answer. */
const UNREACHABLE_MS = 30_000;

const working = new Set<Worker>();

/** The workers of this process that are working. For the tests' leak guard. */
export function runningWorkers(): readonly Worker[] {
  return [...working];
}

/** Claims jobs of one queue connection and runs them until it is told to stop. */
export class Worker {
  /** The name this worker's claims carry. */
  readonly owner: string;
  readonly #store: QueueStore;
  readonly #parts: WorkerParts;
  readonly #options: WorkerOptions;
  readonly #upkeep: WorkerUpkeep;
  readonly #completions: Completions;
  readonly #held = new Map<string, Held>();
  readonly #ending = new Set<Promise<void>>();
  /** What `failed` of jobs does: it may take long, or never end. */
  readonly #hooks = new Set<Promise<void>>();
  readonly #alarm = new Alarm();
  readonly #stopNow = new AbortController();
  /** For whatever reason. */
  readonly #stopping = new AbortController();
  /** By somebody else, who does not wait for ever. */
  readonly #asked = new AbortController();
  #reason: StopReason | undefined;
  #begunJobs = 0;
  #running = 0;
  #isPaused = false;
  /** Whether the last claim took all it asked for: there may be more. */
  #expectsMore = true;
  /** Since when nothing but errors came of what. */
  readonly #failingSince = new Map<'turns' | 'upkeep', number>();
  #unreachable: QueueUnreachableError | undefined;
  #beganAt = 0;

  constructor(parts: WorkerParts) {
    const { options, store } = parts;
    this.owner = options.name === undefined ? newOwner() : `${newOwner()}/${options.name}`;
    this.#parts = parts;
    this.#store = store;
    this.#options = options;
    this.#completions = new Completions(store);
    this.#upkeep = new WorkerUpkeep({
      store,
      owner: this.owner,
      options,
      heldJobs: () => [...this.#held.values()].map(({ job }) => job),
      onLost: (id) => this.#abort(id, (job) => JobLeaseLostError.of(job)),
      onCancel: (id) => this.#abort(id, (job) => JobCancelledError.of(job)),
      onRecovered: (recovered) => this.#tell({ kind: 'recovered', recovered }),
      onFailedByCrash: (job, error) => this.#callFailed(job, error),
      onRelayed: (jobs) => this.#tell({ kind: 'relayed', jobs }),
      onRestart: () => this.#stopFor('restart'),
      onWork: () => this.#alarm.ring(),
      onKept: () => void this.#failingSince.delete('upkeep'),
      onError: (error) => this.#noteError(error, 'upkeep'),
      ...(parts.relay && { relay: parts.relay }),
    });
  }

  /** How many jobs it runs now. */
  get runningJobs(): number {
    return this.#running;
  }

  /**
   * Works until `stop`, or until its options say so; then resolves, holding no job.
   *
   * @throws E_QUEUE_UNREACHABLE when the queue has not answered for `unreachableMs`
   */
  async run(): Promise<WorkResult> {
    working.add(this);
    this.#beganAt = monotonicMs();
    this.#parts.onStarted?.();
    const { isListening = true } = this.#options;
    const watch = isListening ? this.#store.watch(() => this.#alarm.ring()) : undefined;
    const upkeep = this.#upkeep.run();
    try {
      await this.#work();
    } finally {
      await this.#drain();
      watch?.close();
      this.#upkeep.stop();
      await upkeep;
      this.#parts.watchdog?.close();
      working.delete(this);
      this.#parts.onStopped?.(this.#result);
    }
    if (this.#unreachable !== undefined) throw this.#unreachable;
    return this.#result;
  }

  /** Asks the worker to stop: running jobs may finish until the deadline. Harmless when repeated. */
  stop(): void {
    this.#asked.abort();
    this.#stopFor('asked');
  }

  /** Puts running jobs back now instead of waiting for them. */
  stopNow(): void {
    this.stop();
    this.#stopNow.abort(); // for a job that is being claimed at this moment
    this.#putBackRunning();
  }

  /** Claims nothing until `resume`; running jobs go on. */
  pause(): void {
    if (!this.#isPaused) this.#tell({ kind: 'paused' });
    this.#isPaused = true;
  }

  /** Ends a pause. */
  resume(): void {
    if (this.#isPaused) this.#tell({ kind: 'resumed' });
    this.#isPaused = false;
    this.#alarm.ring();
  }

  get #result(): WorkResult {
    return { reason: this.#reason ?? 'asked', jobs: this.#begunJobs };
  }

  async #work(): Promise<void> {
    // What a dead worker holds is due as well, and so is what was committed and not relayed
    if (this.#options.stopWhenEmpty || this.#options.once) await this.#upkeep.first();
    while (this.#reason === undefined) await this.#turn();
  }

  /** One look at the queue. */
  async #turn(): Promise<void> {
    try {
      const claimed = await this.#claim();
      this.#failingSince.delete('turns');
      // What has ended by the same commit is told before what begins
      if (claimed.length > 0 && this.#held.size > this.#running) await nextTurn();
      for (const job of claimed) this.#begin(job);
      this.#stopIfFinished(claimed.length);
      if (this.#reason !== undefined || (this.#expectsMore && this.#claimable > 0)) return;
      await this.#alarm.wait(await this.#pauseMs());
    } catch (error) {
      // Who waits for the queue to be empty must learn that it does not answer.
      if (this.#options.once || this.#options.stopWhenEmpty) throw error;
      this.#noteError(error);
      await delayMs(ERROR_PAUSE_MS, this.#stopping.signal);
    }
  }

  async #claim(): Promise<ClaimedJob[]> {
    const limit = this.#claimable;
    if (limit === 0) return [];
    // A look costs others nothing, and a claim takes the write lock
    if (!this.#expectsMore && !(await this.#isDue())) return [];
    const { queues, leaseMs } = this.#options;
    const claimed = await this.#store.claim({ queues, limit, owner: this.owner, leaseMs });
    this.#expectsMore = claimed.length === limit;
    return claimed;
  }

  get #claimable(): number {
    const { once, maxJobs = Infinity } = this.#options;
    if (this.#isPaused) return 0;
    return Math.min(this.#freeSlots, once ? 1 : Infinity, maxJobs - this.#begunJobs);
  }

  get #freeSlots(): number {
    return this.#options.concurrency - this.#running;
  }

  async #isDue(): Promise<boolean> {
    return (await this.#untilDueMs()) <= 0;
  }

  async #untilDueMs(): Promise<number> {
    const queues = this.#upkeep.openQueues();
    const dueAt = queues.length === 0 ? undefined : await this.#store.nextDueAt(queues);
    return dueAt === undefined ? Infinity : dueAt - clock.now();
  }

  async #pauseMs(): Promise<number> {
    const { sleepMs, maxTimeMs = Infinity } = this.#options;
    const untilEnd = Math.max(0, maxTimeMs - (monotonicMs() - this.#beganAt));
    if (this.#claimable === 0) return Math.min(sleepMs, untilEnd);
    const untilDueMs = await this.#untilDueMs();
    // Due, and not claimed: a pause of the queue that is not known here yet, or another worker's luck
    return Math.min(sleepMs, untilEnd, untilDueMs <= 0 ? 50 : untilDueMs);
  }

  #stopIfFinished(claimed: number): void {
    const { once, stopWhenEmpty, maxJobs = Infinity, maxTimeMs = Infinity } = this.#options;
    const { maxMemoryBytes = Infinity } = this.#options;
    if (once) return this.#stopFor('once');
    const isIdle = claimed === 0 && this.#held.size === 0 && this.#hooks.size === 0;
    if (stopWhenEmpty && isIdle) return this.#stopFor('empty');
    if (this.#begunJobs >= maxJobs) return this.#stopFor('max-jobs');
    if (monotonicMs() - this.#beganAt >= maxTimeMs) return this.#stopFor('max-time');
    if (this.#upkeep.memoryBytes > maxMemoryBytes) this.#stopFor('memory');
  }

  #stopFor(reason: StopReason): void {
    this.#reason ??= reason;
    this.#stopping.abort();
    this.#alarm.ring();
  }

  #begin(job: ClaimedJob): void {
    // Taken back, and claimed again before its renewal could tell: the run in hand is nobody's from now on
    this.#abort(job.id, (name) => JobLeaseLostError.of(name));
    const startedAt = monotonicMs();
    this.#begunJobs += 1;
    this.#running += 1;
    this.#tell({ kind: 'running', job });
    const { watchdog, runner } = this.#parts;
    const { abort, outcome } = runner.start(job, {
      store: this.#store,
      defaults: this.#options,
      leaseMs: this.#options.leaseMs,
      onBegin: (timeoutMs, verdict) => watchdog?.begin(job, timeoutMs, verdict),
      onHeartbeat: () => watchdog?.renew(job),
    });
    const held: Held = { job, abort, isRunning: true };
    this.#held.set(job.id, held);
    const ended = outcome.then((result) => this.#end(held, result, monotonicMs() - startedAt));
    const settled = ended.finally(() => {
      this.#ending.delete(settled);
      if (this.#held.get(job.id) === held) this.#held.delete(job.id);
      this.#alarm.ring();
    });
    this.#ending.add(settled);
    if (this.#stopNow.signal.aborted) abort(WorkerStoppingError.now());
  }

  async #end(held: Held, outcome: RunOutcome, tookMs: number): Promise<void> {
    const { job } = held;
    this.#parts.watchdog?.end(job);
    const { restMs = 0 } = this.#options;
    const freeSlot = (): void => {
      held.isRunning = false;
      this.#running -= 1;
      this.#alarm.ring();
    };
    if (restMs === 0) freeSlot();
    // While it is tried, the lease is renewed. Given up, the job runs again once it has ended: at least once.
    for (let attempt = 1; attempt <= ACKNOWLEDGE_ATTEMPTS; attempt += 1) {
      try {
        await this.#acknowledge(job, outcome, tookMs);
        break;
      } catch (error) {
        this.#noteError(error);
        await delayMs(ERROR_PAUSE_MS);
      }
    }
    if (restMs === 0) return;
    await delayMs(restMs, this.#stopping.signal);
    freeSlot();
  }

  async #acknowledge(job: ClaimedJob, outcome: RunOutcome, tookMs: number): Promise<void> {
    const isOurs = outcome.kind !== 'lost' && (await this.#record(job, outcome, tookMs));
    this.#failingSince.delete('turns');
    if (!isOurs) return this.#tell({ kind: 'lost', job, tookMs });
    switch (outcome.kind) {
      case 'done':
      case 'released':
        return this.#tell({ kind: outcome.kind, job, tookMs });
      case 'discarded':
        return this.#tell({ kind: 'cancelled', job, tookMs });
      case 'retry':
        return this.#tell({ kind: 'retry', job, tookMs, error: outcome.error });
      case 'failed':
        this.#tell({ kind: 'failed', job, tookMs, error: outcome.error });
        this.#callFailed(job, outcome.error);
    }
  }

  #record(
    job: ClaimedJob,
    outcome: Exclude<RunOutcome, { kind: 'lost' }>,
    tookMs: number,
  ): Promise<boolean> {
    switch (outcome.kind) {
      case 'done':
        return this.#completions.add(job, tookMs);
      case 'released':
        return this.#store.release(job, outcome);
      case 'retry': {
        const { availableAt, error } = outcome;
        return this.#store.release(job, { availableAt, failure: describeFailure(error) });
      }
      case 'failed':
        return this.#store.fail(job, describeFailure(outcome.error));
      case 'discarded':
        return this.#store.discard(job, outcome.reason);
    }
  }

  #callFailed(job: ClaimedJob, error: Error): void {
    const hook = this.#hookOf(job, error).finally(() => {
      this.#hooks.delete(hook);
      this.#alarm.ring();
    });
    this.#hooks.add(hook);
  }

  /** Never rejects. */
  async #hookOf(job: ClaimedJob, error: Error): Promise<void> {
    // Without its class or its payload there is nobody to call, and nothing to call with.
    if (error instanceof JobUnknownError || error instanceof ValueNotReadableError) return;
    if (error instanceof JobPayloadInvalidError) return;
    try {
      await this.#parts.runner.callFailed(job, error);
    } catch (thrown) {
      this.#tell({ kind: 'error', error: toError(thrown) });
    }
  }

  /**
   * Waits for what is running. Once somebody has asked for the stop, only until the deadline: then the rest is told to stop, which puts it
   * back. A worker that stops by itself lets its jobs run as long as they may.
   */
  async #drain(): Promise<void> {
    const drained = new AbortController();
    const cutOff = this.#cutOff(drained.signal);
    while (this.#ending.size > 0) await Promise.all(this.#ending);
    await Promise.race([Promise.all(this.#hooks), cutOff]);
    drained.abort();
    await cutOff;
  }

  async #cutOff(drained: AbortSignal): Promise<void> {
    await aborted(AbortSignal.any([this.#asked.signal, drained]));
    await delayMs(this.#options.shutdownMs, AbortSignal.any([this.#stopNow.signal, drained]));
    this.#putBackRunning();
  }

  #putBackRunning(): void {
    for (const { abort, isRunning } of this.#held.values()) {
      if (isRunning) abort(WorkerStoppingError.now());
    }
  }

  #abort(id: string, reasonFor: (job: string) => Error): void {
    const held = this.#held.get(id);
    if (held?.isRunning === true) held.abort(reasonFor(held.job.job));
  }

  /**
   * Tells of an error; ends the worker when there was nothing else for too long: of the upkeep alone, too, for a worker claims on in a file
   * that was moved away, and nobody else sees it.
   */
  #noteError(thrown: unknown, of: 'turns' | 'upkeep' = 'turns'): void {
    const error = toError(thrown);
    this.#tell({ kind: 'error', error });
    const now = monotonicMs();
    const failingMs = now - (this.#failingSince.get(of) ?? now);
    this.#failingSince.set(of, now - failingMs);
    if (failingMs < (this.#options.unreachableMs ?? UNREACHABLE_MS)) return;
    this.stop();
    this.#unreachable ??= QueueUnreachableError.after(Math.round(failingMs / 1000), error);
  }

  #tell(event: WorkerEvent): void {
    this.#parts.tell?.(event);
  }
}
