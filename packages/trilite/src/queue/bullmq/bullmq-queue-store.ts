import { clock, delayMs } from '../../support/clock';
import { JobCrashedError, QueueUnsupportedError } from '../errors';
import { describeFailure } from '../failure';
import type {
  BatchRecord,
  FailedJob,
  FailedSelection,
  JobAttempt,
  JobHistory,
  JobLine,
  JobRecord,
  QueueStatus,
  RetryOutcome,
} from '../job-records';
import type {
  CancelOutcome,
  ClaimedJob,
  ClaimRequest,
  CompletedRun,
  Failure,
  NewBatch,
  NewJob,
  PushOutcome,
  QueueStore,
  RecoveredJob,
  RelayRequest,
  Release,
  Report,
  Watch,
  WorkerSignals,
} from '../queue-store';
import {
  crashesOf,
  idOf,
  keyOf,
  toClaimed,
  toFailed,
  toRecord,
  withFailure,
  withRun,
  type BullmqJob,
  type Ending,
  type StoredJob,
} from './bullmq-job';
import { BullmqLookup, type Found } from './bullmq-lookup';
import { BullmqQueues, FAILED, WAITING, type BullmqOptions } from './bullmq-queues';
import { BullmqSignals } from './bullmq-signals';
import { readStatus } from './bullmq-status';
import { BullmqWatch } from './bullmq-watch';

/** Jobs removed in one script, so that nobody waits long for the server. */
const PIECE = 500;

/** The lease of the worker that only looks for stalls: it is never given. */
const NO_LEASE_MS = 1000;

/** A millisecond more than the pause between two looks for stalls. */
const STALLED_PAUSE_MS = 2;

/** What BullMQ answers when a job is gone, its lock is, it is not active, or somebody else has the lock. */
const NOT_OURS: readonly unknown[] = [-1, -2, -3, -6];

/**
 * A spike: jobs in BullMQ, by its own scripts alone. A lock's token is the owner's name, and a lease is how long the lock lasts.
 *
 * Where it keeps less than the contract asks for stands in ARCHITECTURE.md, "What a queue on another engine needs".
 */
export class BullmqQueueStore implements QueueStore {
  readonly isDurable = true;
  readonly keepsDone: boolean;
  readonly isInTransaction = false;
  readonly #queues: BullmqQueues;
  readonly #signals: BullmqSignals;
  readonly #watch: BullmqWatch;
  readonly #lookup: BullmqLookup;

  constructor(options: BullmqOptions) {
    this.keepsDone = options.keepsDone ?? true;
    this.#queues = new BullmqQueues(options);
    this.#signals = new BullmqSignals(this.#queues.signals);
    this.#lookup = new BullmqLookup(this.#queues, this.#signals);
    this.#watch = new BullmqWatch(this.#queues, this.#signals);
  }

  /** An id that is there already is stored once, and said to be stored. */
  async push(jobs: readonly NewJob[], batch?: NewBatch): Promise<PushOutcome[]> {
    if (batch !== undefined) throw QueueUnsupportedError.of('bullmq', 'keep batches');
    const entries = jobs.map((job) => this.#queues.newJob(job).toFlowEntry());
    if (entries.length === 0) return [];
    await this.#signals.know(jobs.map(({ queue }) => queue));
    // A flow of jobs that do not wait for each other is one MULTI, whatever their queues
    const stored = await this.#queues.signals.addFlow(entries);
    return jobs.map(({ id }, index) => {
      const [error, there] = stored[index] ?? [];
      if (error) throw error;
      const found = idOf({ id: String(there) });
      return { id: found, outcome: found === id ? 'stored' : 'duplicate' };
    });
  }

  async relay({ generation, rows }: RelayRequest): Promise<number> {
    let seq = await this.relayed(generation);
    for (const row of rows.filter((one) => one.seq > seq)) {
      await this.push(row.jobs, row.batch);
      await this.#signals.setRelayed(generation, row.seq);
      seq = row.seq;
    }
    return seq;
  }

  relayed(generation: string): Promise<number> {
    return this.#signals.relayed(generation);
  }

  /** Whether the server syncs is its own affair, and BullMQ does not ask it. */
  async secure(): Promise<boolean> {
    return false;
  }

  async claim(request: ClaimRequest): Promise<ClaimedJob[]> {
    const { isPaused, pausedQueues } = await this.#signals.pauses();
    const claimed: ClaimedJob[] = [];
    for (const queue of isPaused ? [] : request.queues) {
      const limit = request.limit - claimed.length;
      if (limit === 0 || pausedQueues.includes(queue)) continue;
      claimed.push(...(await this.#claimFrom(queue, { ...request, limit })));
    }
    return claimed;
  }

  async complete(runs: readonly CompletedRun[]): Promise<string[]> {
    const ends = runs.map(async ({ job, tookMs }) => (await this.#end(job, { tookMs })) || job.id);
    return (await Promise.all(ends)).filter((lost) => lost !== true);
  }

  async release({ id, queue, owner }: ClaimedJob, release: Release): Promise<boolean> {
    const job = await this.#lookup.job(queue, id);
    if (job === undefined) return false;
    const { availableAt, failure, uncounted = false } = release;
    const data = failure === undefined ? job.data : withRun(job, 'released', failure);
    const counted = { ...data, uncounted: data.uncounted + (uncounted ? 1 : 0) };
    const isOurs = await this.#putBack(queue, job, owner, { ...counted, availableAt });
    if (isOurs) await this.#signals.endRun(id);
    return isOurs;
  }

  async fail({ id, queue, owner }: ClaimedJob, failure: Failure): Promise<boolean> {
    const job = await this.#lookup.job(queue, id);
    if (job === undefined) return false;
    const isOurs = await this.#fail({ job, queue }, owner, failure, 'failed');
    if (isOurs) await this.#signals.endRun(id);
    return isOurs;
  }

  discard(job: ClaimedJob, reason: string): Promise<boolean> {
    return this.#end(job, { cancelled: reason });
  }

  async renew(jobs: readonly ClaimedJob[], leaseMs: number): Promise<string[]> {
    const lost: string[] = [];
    for (const queue of new Set(jobs.map((job) => job.queue))) {
      const own = jobs.filter((job) => job.queue === queue);
      const keys = own.map(({ id }) => keyOf(id));
      const tokens = own.map(({ owner }) => owner);
      const failed = await this.#backend(queue).extendLocks(keys, tokens, leaseMs);
      lost.push(...failed.map((id) => idOf({ id })));
    }
    return lost;
  }

  /** BullMQ lets everybody report: whose job it is, is asked before. */
  async report({ id, queue, owner }: ClaimedJob, { progress, lines = [] }: Report) {
    const job = await this.#lookup.job(queue, id);
    if (job?.processedBy !== owner || !(await job.isActive())) return false;
    for (const text of lines) await job.log(JSON.stringify({ at: clock.now(), text }));
    if (progress === undefined) return true;
    await job.updateProgress({ percent: progress, run: job.attemptsStarted });
    return true;
  }

  async recover(isGone: (owner: string) => boolean): Promise<RecoveredJob[]> {
    const recovered: RecoveredJob[] = [];
    for (const queue of await this.#signals.queues()) {
      const active = await this.#queues.queue(queue).getActive();
      for (const job of active.filter(({ processedBy = '' }) => isGone(processedBy))) {
        const one = await this.#takeBack(queue, job);
        if (one !== undefined) recovered.push(one);
      }
      if (active.length > 0) recovered.push(...(await this.#takeStalled(queue)));
    }
    return recovered;
  }

  /** A waiting job is removed: BullMQ has no state for what never ran. */
  async cancel(id: string): Promise<CancelOutcome> {
    const found = await this.#lookup.find(id);
    if (found === undefined) return undefined;
    const { queue } = found;
    if (await this.#queues.remove(queue, keyOf(id), WAITING)) return 'cancelled';
    // What was found may have begun, ended or changed hands since
    const job = await this.#lookup.job(queue, id);
    if (job?.processedBy === undefined || job.finishedOn !== undefined) return undefined;
    await this.#signals.askToCancel(id, job.processedBy);
    return 'requested';
  }

  async find(id: string): Promise<JobRecord | undefined> {
    const found = await this.#lookup.find(id);
    return found && toRecord(found.job, found.queue, await found.job.isActive());
  }

  async history(id: string): Promise<JobHistory> {
    const found = await this.#lookup.find(id);
    if (found === undefined) return { attempts: [], lines: [] };
    const { logs } = await this.#queues.queue(found.queue).getJobLogs(keyOf(id));
    return {
      attempts: found.job.data.attempts,
      lines: logs.map((line) => JSON.parse(line) as JobLine),
    };
  }

  /** Nobody asks: workers of Redis are told by Redis. */
  async nextLooks(): Promise<ReadonlyMap<string, number>> {
    return new Map();
  }

  async nextDueAt(queues: readonly string[]): Promise<number | undefined> {
    const states = ['waiting', 'prioritized', 'delayed'] as const;
    const firsts = queues.flatMap((queue) =>
      states.map((state) => this.#queues.queue(queue).getJobs([state], 0, 0, true)),
    );
    const jobs = (await Promise.all(firsts)).flat();
    return jobs.length === 0 ? undefined : Math.min(...jobs.map(({ data }) => data.availableAt));
  }

  signals(owner: string): Promise<WorkerSignals> {
    return this.#signals.read(owner);
  }

  restart(): Promise<void> {
    return this.#signals.restart();
  }

  pause(queue: string | undefined, until?: number): Promise<void> {
    return this.#signals.pause(queue, until);
  }

  resume(queue: string | undefined): Promise<boolean> {
    return this.#signals.resume(queue);
  }

  /** There are no batches: `push` refuses them. */
  async addToBatch(): Promise<PushOutcome[] | undefined> {
    return undefined;
  }

  async cancelBatch(): Promise<boolean> {
    return false;
  }

  async findBatch(): Promise<BatchRecord | undefined> {
    return undefined;
  }

  async failed(selection?: FailedSelection): Promise<FailedJob[]> {
    return (await this.#lookup.failed(selection)).map(({ job, queue }) => toFailed(job, queue));
  }

  /** @throws E_QUEUE_UNSUPPORTED when one of them had a unique key: BullMQ gives a key to new jobs only */
  async retry(selection: FailedSelection): Promise<RetryOutcome> {
    const failed = await this.#lookup.failed(selection);
    if (failed.some(({ job }) => job.data.unique !== undefined)) {
      throw QueueUnsupportedError.of('bullmq', 'put a job back that had a unique key');
    }
    const anew = { resetAttemptsMade: true, resetAttemptsStarted: true };
    const retried = failed.map(async ({ job }) =>
      (await isOurs(job.retry('failed', anew))) ? [idOf(job)] : [],
    );
    return { retried: (await Promise.all(retried)).flat(), duplicates: [] };
  }

  async forget(selection: FailedSelection): Promise<number> {
    const failed = await this.#lookup.failed(selection);
    const removed = failed.map(({ job, queue }) =>
      this.#queues.remove(queue, job.id ?? '', FAILED),
    );
    return (await Promise.all(removed)).filter((isRemoved) => isRemoved).length;
  }

  /** It takes no jobs of tenants. */
  async forgetTenant(_tenantId: string): Promise<void> {}

  async clear(queue: string): Promise<number> {
    let cleared = 0;
    for (const state of WAITING) {
      for (let some = PIECE; some === PIECE; cleared += some) {
        some = await this.#clean(queue, state, Number.MAX_SAFE_INTEGER, PIECE);
      }
    }
    return cleared;
  }

  async status(): Promise<QueueStatus[]> {
    const pauses = await this.#signals.pauses();
    const names = new Set([...(await this.#signals.queues()), ...pauses.pausedQueues]);
    return Promise.all([...names].sort().map((name) => readStatus(this.#queues, name, pauses)));
  }

  async prune(endedBefore: number): Promise<number> {
    let pruned = 0;
    for (const queue of await this.#signals.queues()) {
      const limit = PIECE - pruned;
      if (limit > 0) pruned += await this.#clean(queue, 'completed', endedBefore - 1, limit);
    }
    await this.#forgetWishes();
    return pruned;
  }

  watch(onChange: () => void): Watch {
    return this.#watch.add(onChange);
  }

  async close(): Promise<void> {
    await this.#watch.close();
    await this.#queues.close();
  }

  /** BullMQ gives one job a call. The first call tells whether there is one: an empty queue is asked once. */
  async #claimFrom(queue: string, { limit, owner, leaseMs }: ClaimRequest): Promise<ClaimedJob[]> {
    const worker = this.#queues.worker(queue, leaseMs);
    const next = (): Promise<BullmqJob | undefined> => {
      worker.opts.name = owner; // read in this very turn
      return worker.getNextJob(owner, { block: false }) as Promise<BullmqJob | undefined>;
    };
    const first = await next();
    if (first === undefined) return [];
    const others = await Promise.all(Array.from({ length: limit - 1 }, next));
    const jobs = [first, ...others].filter((job) => job !== undefined);
    const begun = await Promise.all(jobs.map((job) => this.#begin(queue, job, owner)));
    return begun.filter((job) => job !== undefined);
  }

  async #begin(queue: string, job: BullmqJob, owner: string): Promise<ClaimedJob | undefined> {
    const { unique, maxCrashes } = job.data;
    // A stall only puts back: whether it was one too many is seen here
    if (crashesOf(job) >= maxCrashes) {
      const failure = describeFailure(JobCrashedError.times(crashesOf(job), job.name));
      await this.#fail({ job, queue }, owner, failure, 'crashed');
      return undefined;
    }
    if (unique?.until === 'started') {
      await this.#backend(queue).removeDeduplicationKey(unique.key, job.id ?? '');
    }
    return toClaimed(job, owner, queue);
  }

  async #end({ id, queue, owner }: ClaimedJob, ending: Ending): Promise<boolean> {
    const job = this.#queues.job(queue, id);
    job.opts.removeOnComplete = !this.keepsDone && 'tookMs' in ending;
    return isOurs(job.moveToCompleted(ending, owner, false));
  }

  /** By way of the delayed jobs, even when it is due now: only that script changes the data with the state. */
  #putBack(queue: string, { id = '' }: BullmqJob, owner: string, data: StoredJob) {
    const now = clock.now();
    const availableAt = Math.ceil(data.availableAt);
    const fieldsToUpdate = { data: JSON.stringify({ ...data, availableAt }) };
    const delay = Math.max(0, availableAt - now);
    const options = { skipAttempt: true, fieldsToUpdate };
    return isOurs(this.#backend(queue).moveToDelayed(id, now, delay, owner, options));
  }

  #fail(
    { job, queue }: Found,
    owner: string,
    failure: Failure,
    outcome: JobAttempt['outcome'],
  ): Promise<boolean> {
    const { message, detail } = failure;
    const data = withFailure(job, withRun(job, outcome, failure));
    const fields = { data: JSON.stringify(data), stacktrace: JSON.stringify([detail]) };
    return isOurs(this.#backend(queue).moveToFailed(job, message, false, owner, false, fields));
  }

  /** In the name of the owner that is gone: should it live after all, its lock decides who of the two ends the run. */
  async #takeBack(queue: string, job: BullmqJob): Promise<RecoveredJob | undefined> {
    const { name, processedBy: owner = '', data } = job;
    const crashes = crashesOf(job) + 1;
    const failure = describeFailure(JobCrashedError.times(crashes, name));
    const isOver = crashes >= data.maxCrashes;
    const after = { ...withRun(job, 'crashed', failure), crashes: data.crashes + 1 };
    const isTaken = isOver
      ? await this.#fail({ job, queue }, owner, failure, 'crashed')
      : await this.#putBack(queue, job, owner, { ...after, availableAt: clock.now() });
    return isTaken
      ? { id: idOf(job), job: name, queue, outcome: isOver ? 'failed' : 'released' }
      : undefined;
  }

  /** BullMQ marks running jobs at one look, and moves those without a lock at the next, which it allows after a pause. */
  async #takeStalled(queue: string): Promise<RecoveredJob[]> {
    const backend = this.#queues.worker(queue, NO_LEASE_MS).getBackend();
    const ids = await backend.moveStalledJobsToWait();
    await delayMs(STALLED_PAUSE_MS);
    ids.push(...(await backend.moveStalledJobsToWait()));
    const jobs = await Promise.all(ids.map((id) => this.#lookup.job(queue, idOf({ id }))));
    return jobs.flatMap((job) =>
      job === undefined ? [] : [{ id: idOf(job), job: job.name, queue, outcome: 'released' }],
    );
  }

  async #clean(queue: string, state: string, until: number, limit: number): Promise<number> {
    return (await this.#backend(queue).cleanJobsByState(state, until, limit)).length;
  }

  /** Wishes to cancel whose jobs have ended are of no use. */
  async #forgetWishes(): Promise<void> {
    const ids = await this.#signals.askedToCancel();
    const open = await this.#lookup.findAll(ids);
    const running = new Set(open.filter(({ job }) => !job.finishedOn).map(({ job }) => idOf(job)));
    await this.#signals.endRun(...ids.filter((id) => !running.has(id)));
  }

  #backend(queue: string) {
    return this.#queues.queue(queue).getBackend();
  }
}

/** Whether a move was made: BullMQ refuses it to whoever has not the lock. */
async function isOurs(move: Promise<unknown>): Promise<boolean> {
  try {
    await move;
    return true;
  } catch (error) {
    if (NOT_OURS.includes((error as { readonly code?: unknown }).code)) return false;
    throw error;
  }
}
