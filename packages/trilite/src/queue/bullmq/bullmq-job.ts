import type { Job, JobsOptions } from 'bullmq';
import { clock } from '../../support/clock';
import { QueueUnsupportedError } from '../errors';
import type { FailedJob, JobAttempt, JobRecord } from '../job-records';
import type { ClaimedJob, Failure, NewJob, UniqueKey } from '../queue-store';

/** BullMQ has lower priorities first, from 1 on; those without any come before all others, so ours all have one. */
const MIDDLE_PRIORITY = 2 ** 20;

/** Runs that are remembered: a job is read whole at every claim. */
const ATTEMPTS_KEPT = 50;

type Kept = 'payload' | 'priority' | 'availableAt' | 'maxCrashes' | 'retryUntil' | 'tags';

/** What lies in BullMQ as a job's data. It is written anew with each move of the job, in the script that moves it. */
export type StoredJob = Pick<NewJob, Kept | 'unique' | 'cause'> & {
  /** Runs that were taken back from the count. */
  readonly uncounted: number;
  readonly exceptions: number;
  /** Crashes that BullMQ did not see as stalls; less those before a retry. */
  readonly crashes: number;
  readonly attempts: readonly JobAttempt[];
  readonly lastError?: string;
  /** Runs of a job that has failed, for as long as it has: BullMQ's count begins anew at a retry. */
  readonly failedAfter?: number;
};

/** What a job left that did not fail; a job that failed leaves none. */
export type Ending = { readonly tookMs: number } | { readonly cancelled: string };

/** What a job says of itself; a run's words are not the next run's. */
export interface Progress {
  readonly percent: number;
  readonly run: number;
}

/** A job as BullMQ knows it. */
export type BullmqJob = Job<StoredJob, Ending | null, string, Progress>;

/** The id in BullMQ: a job "failed" would lie where the list of the failed ones does. */
export function keyOf(id: string): string {
  return `=${id}`;
}

export function idOf({ id = '' }: { readonly id?: string | undefined }): string {
  return id.slice(1);
}

export function toStored(job: NewJob): StoredJob {
  const { payload, priority, maxCrashes, retryUntil, tags, unique, cause } = job;
  const availableAt = Math.ceil(job.availableAt);
  const counts = { uncounted: 0, exceptions: 0, crashes: 0, attempts: [] };
  const rest = { retryUntil, tags, unique, cause };
  return { payload, priority, availableAt, maxCrashes, ...counts, ...definedOf(rest) };
}

/** @throws E_QUEUE_UNSUPPORTED for a job that BullMQ could not keep its promises of */
export function toOptions(job: NewJob): JobsOptions {
  refuseUnsupported(job);
  const { createdAt = clock.now(), priority, unique } = job;
  return {
    timestamp: createdAt,
    // Due is the timestamp and the delay
    delay: Math.max(0, Math.ceil(job.availableAt) - createdAt),
    priority: MIDDLE_PRIORITY - priority,
    ...(unique && deduplicationOf(unique)),
  };
}

/** BullMQ would keep a key whose time is over until its job has ended: such a one is not taken. */
function deduplicationOf({ key: id, expiresAt }: UniqueKey): Pick<JobsOptions, 'deduplication'> {
  if (expiresAt === undefined) return { deduplication: { id } };
  const ttl = expiresAt - clock.now();
  return ttl > 0 ? { deduplication: { id, ttl } } : {};
}

export function attemptsOf(job: BullmqJob): number {
  const { data, attemptsStarted } = job;
  return (hasFailed(job) ? data.failedAfter : undefined) ?? attemptsStarted - data.uncounted;
}

export function crashesOf({ data, stalledCounter }: BullmqJob): number {
  return data.crashes + stalledCounter;
}

/** The job's data after a run that ended badly. */
export function withRun(
  job: BullmqJob,
  outcome: JobAttempt['outcome'],
  { message }: Failure,
): StoredJob {
  const { processedBy: owner = '', processedOn: startedAt = 0, data } = job;
  const run = { attempt: attemptsOf(job), outcome, message, owner, startedAt };
  const attempts = [...data.attempts, { ...run, endedAt: clock.now() }].slice(-ATTEMPTS_KEPT);
  const exceptions = data.exceptions + (outcome === 'crashed' ? 0 : 1);
  return { ...data, attempts, exceptions, lastError: message };
}

/** The data of a job that fails now: should it be put back, it is counted from none. */
export function withFailure(job: BullmqJob, data: StoredJob): StoredJob {
  const counts = { exceptions: 0, uncounted: 0, crashes: -job.stalledCounter };
  return { ...data, ...counts, failedAfter: attemptsOf(job) };
}

export function toClaimed(job: BullmqJob, owner: string, queue: string): ClaimedJob {
  const { payload, exceptions, retryUntil, tags = [], cause, unique } = job.data;
  return {
    id: idOf(job),
    queue,
    job: job.name,
    payload,
    attempts: attemptsOf(job),
    exceptions,
    crashes: crashesOf(job),
    owner,
    claim: job.attemptsStarted,
    createdAt: job.timestamp,
    retryUntil,
    batchId: undefined,
    tags,
    cause,
    isLinked: unique !== undefined,
  };
}

export function hasFailed({ finishedOn, returnvalue }: BullmqJob): boolean {
  return finishedOn !== undefined && returnvalue === null;
}

export function toFailed(job: BullmqJob, queue: string): FailedJob {
  return {
    id: idOf(job),
    queue,
    job: job.name,
    payload: job.data.payload,
    attempts: attemptsOf(job),
    message: job.data.lastError ?? '',
    detail: job.stacktrace?.[0] ?? '',
    tags: job.data.tags ?? [],
    batchId: undefined,
    createdAt: job.timestamp,
    failedAt: job.finishedOn ?? 0,
  };
}

export function toRecord(job: BullmqJob, queue: string, isRunning: boolean): JobRecord {
  const { data, progress, returnvalue: ending } = job;
  const state = stateOf(job, isRunning);
  const percent = progress.run === job.attemptsStarted ? progress.percent : undefined;
  return {
    id: idOf(job),
    queue,
    job: job.name,
    payload: data.payload,
    state,
    attempts: attemptsOf(job),
    crashes: crashesOf(job),
    priority: data.priority,
    availableAt: state === 'failed' ? undefined : data.availableAt,
    progress: state === 'done' ? 100 : percent,
    lastError:
      ending === null ? data.lastError : 'cancelled' in ending ? ending.cancelled : undefined,
    tags: data.tags ?? [],
    batchId: undefined,
    owner: job.processedBy,
    createdAt: job.timestamp,
    startedAt: job.processedOn,
    finishedAt: job.finishedOn,
    tookMs: ending !== null && 'tookMs' in ending ? ending.tookMs : undefined,
  };
}

function stateOf(job: BullmqJob, isRunning: boolean): JobRecord['state'] {
  if (hasFailed(job)) return 'failed';
  if (job.returnvalue !== null) return 'cancelled' in job.returnvalue ? 'cancelled' : 'done';
  return isRunning ? 'running' : 'waiting';
}

function refuseUnsupported({ priority, chain, debounce, unique, tenantId }: NewJob): void {
  const refuse = (what: string): never => {
    throw QueueUnsupportedError.of('bullmq', what);
  };
  if (tenantId !== undefined) refuse('keep jobs of tenants that share it');
  if (chain !== undefined) refuse('store what follows a job together with its end');
  if (debounce !== undefined) refuse('put a job off that keeps its id');
  if (Math.abs(priority) >= MIDDLE_PRIORITY) refuse(`keep the priority ${priority}`);
  // A key with a ttl stays for all of it, whatever becomes of the job
  if (unique?.until === 'done' && unique.expiresAt !== undefined) {
    refuse('free a unique key at the end of its job and after a time');
  }
}

function definedOf<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const defined = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(defined) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
