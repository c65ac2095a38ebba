import { QUEUE_RESERVE_PAGES } from '../../config/tenant-connections';
import type { Handle } from '../../database/connection-handle';
import { DatabaseFullError, type ConnectionFacts } from '../../database/errors';
import { clock } from '../../support/clock';
import { QueueFullError } from '../errors';
import type {
  Chain,
  FollowUp,
  JobCause,
  NewBatch,
  NewJob,
  PushBounds,
  PushOutcome,
  UniqueKey,
} from '../queue-store';

/** What only few jobs have, as it lies in the column `extra`. */
export interface JobExtra {
  readonly tags?: readonly string[];
  readonly unique?: UniqueKey;
  readonly chain?: Chain;
  readonly cause?: JobCause;
}

const INSERT = `
  insert into jobs (id, queue, job, payload, state, priority, available_at, max_crashes, created_at)
  values (?, ?, ?, ?, 'waiting', ?, ?, ?, ?)`;

const INSERT_WHOLE = `
  insert into jobs (id, queue, job, payload, state, priority, available_at, max_crashes, created_at, retry_until, batch_id,
    debounce_key, debounce_until, extra, tenant_id)
  values (:id, :queue, :job, :payload, 'waiting', :priority, :availableAt, :maxCrashes, :createdAt, :retryUntil, :batchId, :debounceKey,
    :debounceUntil, :extra, :tenantId)`;

const INSERT_BATCH = `
  insert into job_batches (id, name, total, allow_failures, on_done, on_failure, on_end, created_at, tenant_id)
  values (:id, :name, 0, :allowFailures, :onDone, :onFailure, :onEnd, :createdAt, :tenantId)`;

const ADD_TO_BATCH = 'update job_batches set total = total + :count where id = :id';

const BATCH_TAKES_MORE =
  'select 1 from job_batches where id = ? and finished_at is null and cancelled_at is null';

/** A key whose job is there no longer holds nobody out, unless it was taken for a time: so none is ever stuck. */
const KEY_HOLDER = `
  select job_id as jobId from job_keys
  where key = :key and (expires_at is null or expires_at > :now)
    and (until = 'time' or exists (select 1 from jobs where jobs.id = job_id and state in ('waiting', 'running')))`;

const TAKE_KEY = `
  insert into job_keys (key, job_id, until, expires_at) values (:key, :jobId, :until, :expiresAt)
  on conflict (key) do update set job_id = excluded.job_id, until = excluded.until, expires_at = excluded.expires_at`;

/** What is put off keeps its id and its age; whoever asked last says what it does. */
const PUT_OFF = `
  update jobs set payload = :payload, queue = :queue, priority = :priority, retry_until = :retryUntil, extra = :extra,
    available_at = min(:availableAt, coalesce(debounce_until, :availableAt))
  where debounce_key = :debounceKey and state = 'waiting'
  returning id`;

/** No more rows are counted than it takes to know. */
const COUNT_WAITING = `select count(*) as waiting from (select 1 from jobs where state = 'waiting' limit ?)`;

const COUNT_WAITING_OF = `
  select count(*) as waiting from (select 1 from jobs where state = 'waiting' and tenant_id = ? limit ?)`;

/** Leaves the end of a bounded file to claims and acknowledgements. @throws E_DATABASE_FULL */
export function refuseFullFile(
  handle: Handle,
  jobs: readonly NewJob[],
  { connection, maxPages }: { readonly connection: ConnectionFacts; readonly maxPages: number },
): void {
  const used = Number(handle.pragma('page_count')) - Number(handle.pragma('freelist_count'));
  const bytes = jobs.reduce((sum, { payload }) => sum + payload.length, 0);
  const wanted = Math.ceil(bytes / Number(handle.pragma('page_size')));
  if (used + wanted > maxPages - QUEUE_RESERVE_PAGES) throw DatabaseFullError.at(connection);
}

/** @throws E_QUEUE_FULL when more would wait than may, within the transaction of whoever calls */
export function refuseFull(
  handle: Handle,
  jobs: number,
  { tenantId, maxWaiting }: PushBounds,
): void {
  const count =
    tenantId === undefined
      ? handle.statement(COUNT_WAITING).get(maxWaiting)
      : handle.statement(COUNT_WAITING_OF).get(tenantId, maxWaiting);
  const { waiting } = count as { readonly waiting: number };
  if (waiting + jobs > maxWaiting) throw QueueFullError.at(maxWaiting);
}

/** Stores jobs within the transaction of whoever calls, each unless a key keeps it out. */
export function insertJobs(handle: Handle, jobs: readonly NewJob[]): PushOutcome[] {
  const now = clock.now();
  return jobs.map((job) =>
    isPlain(job) ? insertPlain(handle, job, now) : insertWhole(handle, job, now),
  );
}

/** Stores a batch and its first jobs. One without any has ended at once. @returns what became of the jobs */
export function insertBatch(
  handle: Handle,
  batch: NewBatch,
  jobs: readonly NewJob[],
): PushOutcome[] {
  const { onDone, onFailure, onEnd, allowFailures, tenantId = null, ...facts } = batch;
  handle.statement(INSERT_BATCH).run({
    ...facts,
    allowFailures: allowFailures ? 1 : 0,
    onDone: jsonOf(onDone),
    onFailure: jsonOf(onFailure),
    onEnd: jsonOf(onEnd),
    tenantId,
  });
  return insertMembers(handle, batch.id, jobs);
}

/** Stores further jobs of a batch, unless it has ended or was cancelled: then undefined. */
export function addToBatch(
  handle: Handle,
  id: string,
  jobs: readonly NewJob[],
): PushOutcome[] | undefined {
  if (handle.statement(BATCH_TAKES_MORE).get(id) === undefined) return undefined;
  return insertMembers(handle, id, jobs);
}

/** Takes a unique key for a job. Returns the id of the job that holds it, if another one does. */
export function takeKey(handle: Handle, unique: UniqueKey, jobId: string): string | undefined {
  const { key, until, expiresAt } = unique;
  const holder = handle.statement(KEY_HOLDER).get({ key, now: clock.now() }) as
    { readonly jobId: string } | undefined;
  if (holder !== undefined && holder.jobId !== jobId) return holder.jobId;
  handle.statement(TAKE_KEY).run({ key, jobId, until, expiresAt: expiresAt ?? null });
  return undefined;
}

export function readExtra(extra: string | null): JobExtra {
  return extra === null ? {} : (JSON.parse(extra) as JobExtra);
}

function insertMembers(handle: Handle, id: string, jobs: readonly NewJob[]): PushOutcome[] {
  const outcomes = insertJobs(
    handle,
    jobs.map((job) => ({ ...job, batchId: id })),
  );
  const count = outcomes.filter(({ outcome }) => outcome === 'stored').length;
  handle.statement(ADD_TO_BATCH).run({ id, count });
  return outcomes;
}

function isPlain(job: NewJob): boolean {
  return (
    job.unique === undefined &&
    job.tags === undefined &&
    job.debounce === undefined &&
    job.chain === undefined &&
    job.batchId === undefined &&
    job.cause === undefined &&
    job.tenantId === undefined &&
    job.retryUntil === undefined
  );
}

function insertPlain(handle: Handle, job: NewJob, now: number): PushOutcome {
  const { id, queue, payload, priority, availableAt, maxCrashes, createdAt = now } = job;
  handle
    .statement(INSERT)
    .run(id, queue, job.job, payload, priority, availableAt, maxCrashes, createdAt);
  return { id, outcome: 'stored' };
}

function insertWhole(handle: Handle, job: NewJob, now: number): PushOutcome {
  const row = rowOf(job, now);
  const putOff =
    job.debounce && (handle.statement(PUT_OFF).get(pick(row)) as { id: string } | undefined);
  if (putOff !== undefined) return { id: putOff.id, outcome: 'debounced' };
  const holder = job.unique && takeKey(handle, job.unique, job.id);
  if (holder !== undefined) return { id: holder, outcome: 'duplicate' };
  handle.statement(INSERT_WHOLE).run(row);
  return { id: job.id, outcome: 'stored' };
}

function rowOf(job: NewJob, now: number) {
  const {
    tags,
    unique,
    chain,
    cause,
    debounce,
    createdAt = now,
    retryUntil,
    batchId,
    tenantId,
    ...plain
  } = job;
  const extra: JobExtra = {
    ...(tags && { tags }),
    ...(unique && { unique }),
    ...(chain && { chain }),
    ...(cause && { cause }),
  };
  return {
    ...plain,
    createdAt,
    retryUntil: retryUntil ?? null,
    batchId: batchId ?? null,
    tenantId: tenantId ?? null,
    debounceKey: debounce?.key ?? null,
    debounceUntil: debounce?.latestAt ?? null,
    extra: Object.keys(extra).length === 0 ? null : JSON.stringify(extra),
  };
}

function pick({
  payload,
  queue,
  priority,
  retryUntil,
  extra,
  availableAt,
  debounceKey,
}: ReturnType<typeof rowOf>) {
  return { payload, queue, priority, retryUntil, extra, availableAt, debounceKey };
}

function jsonOf(followUp: FollowUp | undefined): string | null {
  return followUp === undefined ? null : JSON.stringify(followUp);
}
