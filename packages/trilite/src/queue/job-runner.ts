import { clock } from '../support/clock';
import { toMilliseconds } from '../support/duration';
import { toError } from '../support/errors';
import { labelWork } from '../support/scope-holder';
import { decodeReadable } from '../support/serializer';
import { TenantNotFoundError, TenantSchemaError, TenantStateError } from '../tenancy/errors';
import type { Token } from '../tenancy/token';
import { BatchHandle } from './batch-handle';
import {
  JobCancelledError,
  JobLeaseLostError,
  JobPayloadInvalidError,
  JobReleasedTooOftenError,
  JobTenantError,
  JobTimeoutError,
  WorkerStoppingError,
} from './errors';
import { jobNameOf, type Backoff, type Job, type JobClass } from './job';
import { backoffMs } from './job-options';
import { JobRun, dueAfter, type RunOutcome } from './job-run';
import { parsePayload, toStored, type NewJobRules } from './new-job';
import type { ClaimedJob, QueueStore } from './queue-store';

/** Makes what a token stands for, for whoever the job is for. */
export type MakeInstance = <T>(token: Token<T>) => T;

/** Runs work in that of a tenant, with its runner. Rejects when there is no such tenant, or it takes no work. */
export type ForTenant = <T>(
  tenantId: string,
  work: (runner: JobRunner) => Promise<T>,
) => Promise<T>;

/** Runs work for whoever the job is for. */
export type EnterScope = <T>(work: () => T) => T;

/** What a worker says of jobs that do not say it themselves. */
export interface RunDefaults {
  /** Runs before a job has failed; 0 is unlimited. */
  readonly tries: number;
  /** 0 is unlimited. */
  readonly timeoutMs: number;
  readonly backoff: Backoff;
}

/** Where a job came from, and how it is run. */
export interface RunOptions {
  readonly store: QueueStore;
  readonly defaults: RunDefaults;
  /** How long its lease is. Default: 90 s. */
  readonly leaseMs?: number;
  /** Told when the run is about to begin: how long it may take, 0 without a limit, and what follows should it take longer. */
  readonly onBegin?: (timeoutMs: number, verdict: Verdict) => void;
  /** Told at each heartbeat: from then on it may take as long once more. */
  readonly onHeartbeat?: () => void;
}

/** What follows a run that ends badly. */
export interface Verdict {
  readonly isFinal: boolean;
  readonly delayMs: number;
}

/** A run that is going on. */
export interface StartedRun {
  /** Tells it to stop. */
  readonly abort: (reason: Error) => void;
  /** How it ends. Never rejects: what goes wrong is the outcome. */
  readonly outcome: Promise<RunOutcome>;
}

/** What a runner is made of. */
export interface JobRunnerParts extends NewJobRules {
  readonly make: MakeInstance;
  readonly enter?: EnterScope;
  /** Runs work for a tenant, with the runner of that tenant. Default: jobs of tenants are refused. */
  readonly forTenant?: ForTenant | undefined;
}

/** How long a job waits whose tenant takes no work now. */
const TENANT_PAUSE_MS = 60_000;

/** Runs one claimed job: find its class, read its payload, let its middleware stand around its `handle`, judge the result. */
export class JobRunner {
  readonly #parts: JobRunnerParts;

  constructor(parts: JobRunnerParts) {
    this.#parts = parts;
  }

  /** Begins a run. Never throws. */
  start(job: ClaimedJob, options: RunOptions): StartedRun {
    const { tenantId } = job;
    if (tenantId !== this.#parts.tenantId) return this.#startForTenant(job, tenantId, options);
    let run: JobRun | undefined;
    try {
      const type = this.#parts.jobs.find(job.job);
      run = this.#createRun(job, type, options);
      const running = run;
      const outcome = this.#handle(running)
        .then(
          () => judgeReturned(job, running, options.defaults),
          (error: unknown) => judgeThrown(job, running, toError(error), options.defaults),
        )
        .catch(failedBy); // its `backoff` throws
      return { abort: (reason) => running.abort(reason), outcome };
    } catch (error) {
      // Its class is not known, or its payload cannot be read: trying again in this process changes nothing
      return { abort: () => undefined, outcome: Promise.resolve(failedBy(error)) };
    }
  }

  /** Calls the job's `failed` on a new instance. */
  async callFailed(job: ClaimedJob, error: Error): Promise<void> {
    const { tenantId } = job;
    if (tenantId !== this.#parts.tenantId) {
      if (error instanceof JobTenantError) return; // nobody is there to be called
      return this.#forTenant(job, tenantId, (runner) => runner.callFailed(job, error));
    }
    const type = this.#parts.jobs.find(job.job);
    await this.#enter(() => this.#instance(type).failed?.(error, decodeReadable(job.payload)));
  }

  /** Its tenant is entered before anything of it is read. */
  #startForTenant(job: ClaimedJob, tenantId: string | undefined, options: RunOptions): StartedRun {
    let run: StartedRun | undefined;
    let reason: Error | undefined;
    const start = (runner: JobRunner): Promise<RunOutcome> => {
      run = runner.start(job, options);
      if (reason !== undefined) run.abort(reason); // told before it began
      return run.outcome;
    };
    const outcome = this.#forTenant(job, tenantId, start).catch((error: unknown) =>
      judgeTenant(job, error),
    );
    const abort = (why: Error): void => {
      reason ??= why;
      run?.abort(why);
    };
    return { abort, outcome };
  }

  async #forTenant<T>(
    job: ClaimedJob,
    tenantId: string | undefined,
    work: (runner: JobRunner) => Promise<T>,
  ): Promise<T> {
    const { forTenant } = this.#parts;
    if (forTenant !== undefined && tenantId !== undefined) return forTenant(tenantId, work);
    throw JobTenantError.of(job.job, tenantId ?? '');
  }

  /** The batch a job counts for, as its context shows it. */
  #batchOf(job: ClaimedJob, store: QueueStore): BatchHandle | undefined {
    if (job.batchId === undefined) return undefined;
    return new BatchHandle(job.batchId, {
      store: () => store,
      toStored: (pending) => toStored(pending, this.#parts),
    });
  }

  #createRun(job: ClaimedJob, type: JobClass, options: RunOptions): JobRun {
    const { store, defaults, leaseMs = 90_000, onBegin, onHeartbeat } = options;
    const { timeout } = type.options ?? {};
    const timeoutMs = timeout === undefined ? defaults.timeoutMs : toMilliseconds(timeout);
    const run = new JobRun({
      job,
      type,
      payload: parsePayload(type, decodeReadable(job.payload), 'run'),
      store,
      batch: this.#batchOf(job, store),
      make: this.#parts.make,
      leaseMs,
      timeoutMs,
      onHeartbeat,
    });
    onBegin?.(timeoutMs, verdictOfTimeout(job, type, defaults));
    return run;
  }

  async #handle(run: JobRun): Promise<void> {
    if (run.batch !== undefined && (await isCancelled(run.batch))) {
      return run.abort(JobCancelledError.of(jobNameOf(run.type)));
    }
    await run.within(() => this.#enter(() => this.#handleInside(run)));
  }

  #handleInside(run: JobRun): Promise<void> | void {
    labelWork({ jobId: run.id });
    const instance = this.#instance(run.type);
    const handle = (): Promise<void> | void => instance.handle(run.payload, run);
    const middleware = instance.middleware?.(run.payload) ?? [];
    if (middleware.length === 0) return handle();
    const through = middleware.reduceRight<() => Promise<void>>(
      (next, one) => async () => one.handle(run, next),
      async () => handle(),
    );
    return through();
  }

  #enter<T>(work: () => T): T {
    const { enter } = this.#parts;
    return enter === undefined ? work() : enter(work);
  }

  #instance(type: JobClass): Job<unknown> {
    return this.#parts.make<Job<unknown>>(type);
  }
}

function failedBy(error: unknown): RunOutcome {
  return { kind: 'failed', error: toError(error) };
}

/** What follows should it take too long. A `backoff` that throws is no reason not to begin: the run may end well. */
function verdictOfTimeout(job: ClaimedJob, type: JobClass, defaults: RunDefaults): Verdict {
  try {
    return verdictOf(job, type, defaults, true);
  } catch {
    return { isFinal: true, delayMs: 0 };
  }
}

/** A tenant that takes no work now has its jobs wait; one that is gone has none done any more. */
function judgeTenant(job: ClaimedJob, error: unknown): RunOutcome {
  const { tenantId = '' } = job;
  if (error instanceof TenantStateError || error instanceof TenantSchemaError) {
    if (error.status === 503) {
      return { kind: 'released', availableAt: dueAfter(TENANT_PAUSE_MS), uncounted: true };
    }
    return failedBy(JobTenantError.gone(job.job, tenantId, error));
  }
  const isGone = error instanceof TenantNotFoundError;
  return failedBy(isGone ? JobTenantError.gone(job.job, tenantId, error) : error);
}

async function isCancelled(batch: BatchHandle): Promise<boolean> {
  const record = await batch.status();
  return record?.cancelledAt !== undefined;
}

function judgeReturned(job: ClaimedJob, run: JobRun, defaults: RunDefaults): RunOutcome {
  if (run.reason !== undefined) return judgeThrown(job, run, run.reason, defaults);
  const { wish } = run;
  if (wish === undefined) return { kind: 'done' };
  if (wish.kind === 'fail') return { kind: 'failed', error: wish.error };
  const { delayMs, uncounted } = wish;
  const tries = triesOf(run.type, defaults);
  if (!uncounted && isOver(job, tries, delayMs)) {
    const bound = job.retryUntil === undefined ? tries : new Date(job.retryUntil);
    return { kind: 'failed', error: JobReleasedTooOftenError.of(job.job, bound) };
  }
  return { kind: 'released', availableAt: dueAfter(delayMs), uncounted };
}

function judgeThrown(
  job: ClaimedJob,
  run: JobRun,
  thrown: Error,
  defaults: RunDefaults,
): RunOutcome {
  // A job that stops where its signal says so throws an error of its own; the signal knows the real reason.
  const error = run.reason ?? thrown;
  if (error instanceof WorkerStoppingError) {
    return { kind: 'released', availableAt: dueAfter(0), uncounted: true };
  }
  if (error instanceof JobLeaseLostError) return { kind: 'lost' };
  if (error instanceof JobCancelledError) return { kind: 'discarded', reason: error.message };
  if (run.wish?.kind === 'fail') return { kind: 'failed', error: run.wish.error };
  return judgeError(job, run, error, defaults);
}

function judgeError(
  job: ClaimedJob,
  { type, wish }: JobRun,
  error: Error,
  defaults: RunDefaults,
): RunOutcome {
  const verdict = verdictOf(job, type, defaults, error instanceof JobTimeoutError);
  if (verdict.isFinal || error instanceof JobPayloadInvalidError) return { kind: 'failed', error };
  // Who knows better than `backoff` when the next run makes sense says so: a service that answers "in 30 seconds"
  const delayMs = wish?.kind === 'release' ? wish.delayMs : verdict.delayMs;
  return { kind: 'retry', error, availableAt: dueAfter(delayMs) };
}

/** Whether a run that ends badly is the last one, and else how long after it the next one is due. */
export function verdictOf(
  job: ClaimedJob,
  type: JobClass,
  defaults: RunDefaults,
  isTimeout: boolean,
): Verdict {
  const { maxExceptions = Infinity, failOnTimeout = false, backoff } = type.options ?? {};
  const exceptions = job.exceptions + 1;
  const delayMs = backoffMs(backoff ?? defaults.backoff, exceptions);
  const isLast = isOver(job, triesOf(type, defaults), delayMs);
  return {
    isFinal: isLast || exceptions >= maxExceptions || (failOnTimeout && isTimeout),
    delayMs,
  };
}

function triesOf(type: JobClass, { tries }: RunDefaults): number {
  return type.options?.tries ?? tries;
}

/** Whether a job has no run left: by its time where it has one, whatever its tries say. */
function isOver(job: ClaimedJob, tries: number, delayMs: number): boolean {
  if (job.retryUntil !== undefined) return clock.now() + delayMs >= job.retryUntil;
  return tries > 0 && job.attempts - job.crashes >= tries;
}
