import type { Connection } from '../../database/connection';
import type { Handle } from '../../database/connection-handle';
import { clock } from '../../support/clock';
import type { JobHistory, JobRecord, QueueStatus } from '../job-records';
import { PAUSE_ALL, pauseOf, pausedNow } from './sqlite-claim-store';
import { readExtra } from './sqlite-push-store';

/** Done jobs whose times the percentiles are of. */
const SAMPLE = 1000;

const HOUR_MS = 3_600_000;

const FIND = `
  select id, queue, job, payload, state, attempts, crashes, priority, available_at as availableAt, progress, last_error as lastError, extra,
    batch_id as batchId, owner, created_at as createdAt, started_at as startedAt, finished_at as finishedAt, took_ms as tookMs,
    tenant_id as tenantId
  from jobs where id = :id
  union all
  select id, queue, job, payload, 'failed', attempts, 0, priority, null, null, message, extra,
    batch_id, owner, created_at, null, failed_at, null,
    tenant_id
  from failed_jobs where id = :id`;

const ATTEMPTS = `
  select attempt, outcome, message, owner, started_at as startedAt, ended_at as endedAt
  from job_attempts where job_id = ? order by rowid`;

const LINES = 'select at, text from job_lines where job_id = ? order by rowid';

const WAITING = `
  select queue, sum(available_at <= :now) as ready, sum(available_at > :now) as delayed,
    min(case when available_at <= :now then available_at end) as oldestDueAt
  from jobs where state = 'waiting' group by queue`;

const RUNNING = `select queue, count(*) as running from jobs where state = 'running' group by queue`;

const FAILED = 'select queue, count(*) as failed from failed_jobs group by queue';

/** The counts of years: each queue's name is looked for by itself, and its last hour lies together. */
const LAST_HOUR = `
  with recursive names (queue) as (
    select min(queue) from job_counts
    union all
    select (select min(queue) from job_counts where queue > names.queue) from names where names.queue is not null)
  select names.queue as queue, coalesce(sum(done), 0) as doneLastHour, coalesce(sum(failed), 0) as failedLastHour
  from names left join job_counts on job_counts.queue = names.queue and minute >= :since
  where names.queue is not null
  group by names.queue`;

const TIMES = `
  select queue, took_ms as tookMs from jobs
  where state in ('done', 'cancelled') and took_ms is not null
  order by finished_at desc limit ${SAMPLE}`;

type RecordRow = {
  readonly [K in Exclude<keyof JobRecord, 'tags' | 'uniqueKey'>]: undefined extends JobRecord[K]
    ? Exclude<JobRecord[K], undefined> | null
    : JobRecord[K];
} & { readonly extra: string | null };

type StatusRow = Partial<QueueStatus> & {
  readonly queue: string;
  readonly oldestDueAt?: number | null;
};

/** What can be seen of the jobs in a queue's file. */
export class SqliteQueueStatusStore {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  find(id: string): Promise<JobRecord | undefined> {
    return this.#connection.read((handle) =>
      toRecord(handle.statement(FIND).get({ id }) as RecordRow | undefined),
    );
  }

  history(id: string): Promise<JobHistory> {
    return this.#connection.read((handle) => ({
      attempts: handle.statement(ATTEMPTS).all(id) as JobHistory['attempts'],
      lines: handle.statement(LINES).all(id) as JobHistory['lines'],
    }));
  }

  status(): Promise<QueueStatus[]> {
    return this.#connection.read(readStatus);
  }
}

function readStatus(handle: Handle): QueueStatus[] {
  const now = clock.now();
  const rows = [
    ...(handle.statement(WAITING).all({ now }) as StatusRow[]),
    ...(handle.statement(RUNNING).all() as StatusRow[]),
    ...(handle.statement(FAILED).all() as StatusRow[]),
    ...(handle.statement(LAST_HOUR).all({ since: now - HOUR_MS }) as StatusRow[]),
  ];
  const paused = pausedNow(handle);
  const times = timesByQueue(handle);
  const names = new Set(rows.map(({ queue }) => queue));
  for (const name of paused) if (name !== PAUSE_ALL) names.add(name.slice(pauseOf('').length));
  return [...names].sort().map((queue) => {
    const own = Object.assign({}, ...rows.filter((row) => row.queue === queue)) as StatusRow;
    const sorted = times.get(queue)?.sort((a, b) => a - b) ?? [];
    return {
      queue,
      ready: own.ready ?? 0,
      delayed: own.delayed ?? 0,
      running: own.running ?? 0,
      failed: own.failed ?? 0,
      oldestAgeMs: typeof own.oldestDueAt === 'number' ? now - own.oldestDueAt : undefined,
      doneLastHour: own.doneLastHour ?? 0,
      failedLastHour: own.failedLastHour ?? 0,
      runtimeP50Ms: percentile(sorted, 0.5),
      runtimeP95Ms: percentile(sorted, 0.95),
      isPaused: paused.has(PAUSE_ALL) || paused.has(pauseOf(queue)),
    };
  });
}

function timesByQueue(handle: Handle): Map<string, number[]> {
  const rows = handle.statement(TIMES).all() as { queue: string; tookMs: number }[];
  const times = new Map<string, number[]>();
  for (const { queue, tookMs } of rows) times.set(queue, [...(times.get(queue) ?? []), tookMs]);
  return times;
}

/** The nearest rank: the smallest value that so large a part is not above. */
function percentile(sorted: readonly number[], part: number): number | undefined {
  return sorted[Math.ceil(sorted.length * part) - 1];
}

function toRecord(row: RecordRow | undefined): JobRecord | undefined {
  if (row === undefined) return undefined;
  const { extra, tenantId, ...rest } = row;
  const { tags = [], unique } = readExtra(extra);
  return {
    ...rest,
    tags,
    ...(unique && { uniqueKey: unique.key }),
    ...(tenantId !== null && { tenantId }),
    availableAt: row.availableAt ?? undefined,
    progress: row.progress ?? undefined,
    lastError: row.lastError ?? undefined,
    batchId: row.batchId ?? undefined,
    owner: row.owner ?? undefined,
    startedAt: row.startedAt ?? undefined,
    finishedAt: row.finishedAt ?? undefined,
    tookMs: row.tookMs ?? undefined,
  };
}
