import { clock, MAX_TIMER_MS } from '../support/clock';
import { toMilliseconds, type Duration } from '../support/duration';
import { toError } from '../support/errors';
import type { Token } from '../tenancy/token';
import type { BatchHandle } from './batch-handle';
import { JobLeaseLostError, JobTimeoutError } from './errors';
import type { JobClass, RunningJob } from './job';
import type { ClaimedJob, QueueStore } from './queue-store';

/** Characters of a line that a job leaves. */
const LINE_LENGTH = 4000;

/** How a run ended, and what follows from it. */
export type RunOutcome =
  | { readonly kind: 'done' }
  /** Back to the queue without an error: by the job itself, by its middleware, or by a worker that stops. */
  | { readonly kind: 'released'; readonly availableAt: number; readonly uncounted: boolean }
  | { readonly kind: 'retry'; readonly error: Error; readonly availableAt: number }
  | { readonly kind: 'failed'; readonly error: Error }
  /** Cancelled. */
  | { readonly kind: 'discarded'; readonly reason: string }
  /** Somebody else holds the job now. */
  | { readonly kind: 'lost' };

/** What a job asked for while it ran; holds once `handle` has returned. */
export type Wish =
  | { readonly kind: 'release'; readonly delayMs: number; readonly uncounted: boolean }
  | { readonly kind: 'fail'; readonly error: Error };

/** What a run is made of. */
export interface JobRunParts {
  readonly job: ClaimedJob;
  readonly type: JobClass;
  readonly payload: unknown;
  readonly store: QueueStore;
  readonly batch: BatchHandle | undefined;
  readonly make: <T>(token: Token<T>) => T;
  /** How long the lease is that a heartbeat prolongs. */
  readonly leaseMs: number;
  /** 0 is unlimited. */
  readonly timeoutMs: number;
  /** Told that the timeout begins anew. */
  readonly onHeartbeat?: (() => void) | undefined;
}

/** One run of a job: what its `handle` and its middleware are given, and who tells it to stop. */
export class JobRun implements RunningJob {
  readonly id: string;
  readonly queue: string;
  readonly attempt: number;
  readonly #parts: JobRunParts;
  #controller: AbortController | undefined;
  #reason: Error | undefined;
  #onAbort: ((reason: Error) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #wish: Wish | undefined;
  #isGoingOn = false;

  constructor(parts: JobRunParts) {
    this.#parts = parts;
    this.id = parts.job.id;
    this.queue = parts.job.queue;
    this.attempt = parts.job.attempts;
  }

  get type(): JobClass {
    return this.#parts.type;
  }

  get payload(): unknown {
    return this.#parts.payload;
  }

  get batch(): BatchHandle | undefined {
    return this.#parts.batch;
  }

  get cause() {
    return this.#parts.job.cause;
  }

  /** Made at the first look: most jobs never look. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Why it was told to stop, if it was. */
  get reason(): Error | undefined {
    return this.#reason;
  }

  /** What it asked for. */
  get wish(): Wish | undefined {
    return this.#wish;
  }

  make<T>(token: Token<T>): T {
    return this.#parts.make(token);
  }

  // Functions, not methods: jobs take them apart, `handle(payload, { progress, log })`.

  readonly progress = async (percent: number): Promise<void> => {
    await this.#report({ progress: Math.min(100, Math.max(0, percent)) });
  };

  readonly log = async (line: string): Promise<void> => {
    await this.#report({ lines: [line.slice(0, LINE_LENGTH)] });
  };

  readonly heartbeat = async (): Promise<void> => {
    const { store, job, leaseMs, onHeartbeat } = this.#parts;
    if (this.#isGoingOn) {
      this.#startTimer();
      onHeartbeat?.();
    }
    const lost = await store.renew([job], leaseMs);
    if (lost.length > 0) this.abort(JobLeaseLostError.of(job.job));
  };

  readonly release = (delay: Duration = 0): void => {
    this.#wish = { kind: 'release', delayMs: Math.max(0, toMilliseconds(delay)), uncounted: false };
  };

  readonly postpone = (delay: Duration): void => {
    this.#wish = { kind: 'release', delayMs: Math.max(0, toMilliseconds(delay)), uncounted: true };
  };

  readonly fail = (error: Error | string): void => {
    this.#wish = { kind: 'fail', error: toError(error) };
  };

  /** Tells the run to stop, and why; the first reason holds. What it does from then on is nobody's. */
  abort(reason: Error): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    clearTimeout(this.#timer);
    this.#controller?.abort(reason);
    this.#onAbort?.(reason);
  }

  /** Runs work until it ends, or until the run is told to stop, whichever comes first. @throws what it throws, or the reason */
  async within(work: () => Promise<void> | void): Promise<void> {
    if (this.#reason !== undefined) throw this.#reason; // told before it began: while its batch was looked at
    this.#isGoingOn = true;
    this.#startTimer();
    try {
      const working = work();
      if (working === undefined && this.reason === undefined) return;
      await new Promise<void>((resolve, reject) => {
        this.#onAbort = reject;
        if (this.#reason !== undefined) reject(this.#reason);
        Promise.resolve(working).then(resolve, reject);
      });
    } finally {
      this.#isGoingOn = false;
      clearTimeout(this.#timer);
      this.#onAbort = undefined;
    }
  }

  #startTimer(): void {
    const { timeoutMs, job } = this.#parts;
    if (timeoutMs === 0 || this.#reason !== undefined) return;
    clearTimeout(this.#timer);
    const stop = (): void => this.abort(JobTimeoutError.after(timeoutMs, job.job));
    this.#timer = setTimeout(stop, Math.min(timeoutMs, MAX_TIMER_MS));
  }

  async #report(report: { progress?: number; lines?: string[] }): Promise<void> {
    await this.#parts.store.report(this.#parts.job, report);
  }
}

/** When a release is due again. */
export function dueAfter(delayMs: number): number {
  return Math.ceil(clock.now() + delayMs);
}
