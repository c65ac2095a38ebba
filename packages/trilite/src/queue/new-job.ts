import { types } from 'node:util';
import { clock } from '../support/clock';
import { toMilliseconds, type Duration } from '../support/duration';
import { newId } from '../support/id';
import { encodeReadable } from '../support/serializer';
import { JobPayloadInvalidError, JobPayloadTooLargeError } from './errors';
import {
  QUEUE_NAME,
  QUEUE_NAME_RULE,
  jobNameOf,
  type JobClass,
  type PendingJob,
  type UniqueOptions,
} from './job';
import type { JobRegistry } from './job-registry';
import { toNewJob } from './follow-up';
import type { DebounceKey, FollowUp, NewJob } from './queue-store';

/** Where a job goes when neither it nor its dispatch says otherwise. */
export const DEFAULT_QUEUE = 'default';

/** What jobs are judged by before they are stored. */
export interface NewJobRules {
  readonly jobs: JobRegistry;
  /** Bytes of a payload's text. */
  readonly maxPayload: number;
  /** Whose jobs they are, in a queue that tenants share; their keys are then apart from those of others. Default: nobody's in particular. */
  readonly tenantId?: string | undefined;
}

/**
 * A job as it is stored, due `delay` from now.
 *
 * @throws E_JOB_UNKNOWN, E_JOB_PAYLOAD_INVALID, E_JOB_PAYLOAD_TOO_LARGE, E_VALUE_NOT_SERIALIZABLE
 * @throws TypeError for an empty queue name, a priority that is no whole number, and a delay that is no duration
 */
export function toStored(pending: PendingJob, rules: NewJobRules): NewJob {
  const followUp = toFollowUp(pending, rules);
  const now = clock.now();
  const debounce = debounceOf(pending, rules, now);
  if (debounce === undefined) return toNewJob(followUp, now);
  const delayMs = Math.max(followUp.delayMs, debounce.waitMs);
  return toNewJob({ ...followUp, delayMs }, now, { debounce: debounce.key });
}

/** A job as it is stored when another one has ended. @throws as `toStored` */
export function toFollowUp({ type, payload, options }: PendingJob, rules: NewJobRules): FollowUp {
  const { jobs, maxPayload, tenantId } = rules;
  const name = jobNameOf(type);
  jobs.refuseUnknown(type);
  const own = type.options ?? {};
  const queue = options.queue ?? own.queue ?? DEFAULT_QUEUE;
  const priority = options.priority ?? own.priority ?? 0;
  refuseMisplaced(queue, priority);
  const parsed = parsePayload(type, payload, 'dispatch');
  const { retryUntil, maxCrashes = 3 } = own;
  return {
    id: newId(),
    queue,
    job: name,
    payload: encodeWithin(maxPayload, name, parsed),
    priority,
    maxCrashes,
    ...dueOf(options.delay),
    retryForMs: retryUntil === undefined ? undefined : toMilliseconds(retryUntil),
    tags: tagsOf(type, parsed),
    unique: uniqueOf(type, parsed, rules),
    tenantId,
  };
}

/** A Date is kept as it is: counted from now, and from another now later, it would be another. */
function dueOf(delay: Duration = 0): Pick<FollowUp, 'delayMs' | 'notBefore'> {
  const delayMs = Math.max(0, toMilliseconds(delay));
  return types.isDate(delay) ? { delayMs: 0, notBefore: delay.getTime() } : { delayMs };
}

/**
 * A payload as the job's schema makes it.
 *
 * @throws E_JOB_PAYLOAD_INVALID naming each field
 */
export function parsePayload(type: JobClass, payload: unknown, when: 'dispatch' | 'run'): unknown {
  if (type.schema === undefined) return payload;
  const { success, data, error } = type.schema.safeParse(payload);
  if (success) return data;
  const problems = error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  throw JobPayloadInvalidError.of(jobNameOf(type), problems, when);
}

function tagsOf(type: JobClass, payload: unknown): readonly string[] | undefined {
  const tags = type.tags?.(payload as never);
  return tags === undefined || tags.length === 0 ? undefined : tags;
}

function refuseMisplaced(queue: string, priority: number): void {
  if (!Number.isSafeInteger(priority)) {
    throw new TypeError(`Expected \`priority\` to be a whole number, got \`${priority}\`.`);
  }
  if (!QUEUE_NAME.test(queue)) {
    throw new TypeError(`Expected \`queue\` to be ${QUEUE_NAME_RULE}, got \`${queue}\`.`);
  }
}

function encodeWithin(maxPayload: number, job: string, payload: unknown): string {
  const text = encodeReadable(payload);
  // A character has four bytes at most: only what may be too long is measured
  if (text.length * 4 <= maxPayload) return text;
  const bytes = Buffer.byteLength(text);
  if (bytes > maxPayload) throw JobPayloadTooLargeError.of(job, bytes, maxPayload);
  return text;
}

function uniqueOf(type: JobClass, payload: unknown, rules: NewJobRules): FollowUp['unique'] {
  const { unique } = type.options ?? {};
  if (unique === undefined || unique === false) return undefined;
  const options: UniqueOptions = unique === true ? {} : unique;
  const key = keyOf(type, options.by?.(payload as never), rules);
  if (options.for === undefined) return { key, until: options.until ?? 'done' };
  return { key, until: options.until ?? 'time', forMs: toMilliseconds(options.for) };
}

function debounceOf(
  { type, payload }: PendingJob,
  rules: NewJobRules,
  now: number,
): { readonly key: DebounceKey; readonly waitMs: number } | undefined {
  const { debounce } = type.options ?? {};
  if (debounce === undefined) return undefined;
  const key = keyOf(type, debounce.by?.(payload as never), rules);
  const waitMs = toMilliseconds(debounce.for);
  if (debounce.maxWait === undefined) return { key: { key }, waitMs };
  return { key: { key, latestAt: Math.ceil(now + toMilliseconds(debounce.maxWait)) }, waitMs };
}

function keyOf(
  type: JobClass,
  part: string | number | undefined,
  { tenantId }: NewJobRules,
): string {
  const name = `${tenantId === undefined ? '' : tenantKeyPrefix(tenantId)}${jobNameOf(type)}`;
  return part === undefined ? name : `${name}:${part}`;
}

/** What the keys of a tenant's jobs begin with. */
export function tenantKeyPrefix(tenantId: string): string {
  return `tenant:${tenantId}:`;
}
