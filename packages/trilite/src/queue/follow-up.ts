import type { FollowUp, NewJob } from './queue-store';

/**
 * A follow-up as the job that it is from now on.
 *
 * Every key is in every job, and in one order: whoever reads jobs by the thousand reads faster what has one shape.
 */
export function toNewJob(
  { delayMs, notBefore = 0, retryForMs, unique, ...facts }: FollowUp,
  now: number,
  links: Pick<NewJob, 'chain' | 'cause' | 'debounce'> = {},
): NewJob {
  return {
    id: facts.id,
    queue: facts.queue,
    job: facts.job,
    payload: facts.payload,
    priority: facts.priority,
    maxCrashes: facts.maxCrashes,
    createdAt: now,
    availableAt: Math.max(Math.ceil(now + delayMs), notBefore),
    retryUntil: retryForMs === undefined ? undefined : Math.ceil(now + retryForMs),
    tags: facts.tags,
    unique: unique && {
      key: unique.key,
      until: unique.until,
      ...(unique.forMs !== undefined && { expiresAt: Math.ceil(now + unique.forMs) }),
    },
    debounce: links.debounce,
    chain: links.chain,
    batchId: undefined,
    cause: links.cause,
    tenantId: facts.tenantId,
  };
}
