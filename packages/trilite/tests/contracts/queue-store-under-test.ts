import type { ClaimedJob, ClaimRequest, NewJob, QueueStore } from '../../src/queue/queue-store';

/** A store to be tried, empty; `elsewhere` leads to the same jobs as another process would. */
export interface QueueStoreUnderTest {
  readonly store: QueueStore;
  readonly elsewhere: QueueStore;
  close(): Promise<void>;
}

export type Subject = () => QueueStoreUnderTest;

export const NOW = Date.UTC(2026, 0, 1);
export const LEASE_MS = 10_000;
export const FAILURE = { message: 'It broke', detail: 'Error: It broke\n    at job.ts:1' };

/** A job due now. Ids sort by age, as those that the dispatcher makes do. */
export function newJob(id: string, differences: Partial<NewJob> = {}): NewJob {
  return {
    id,
    queue: 'default',
    job: 'TestJob',
    payload: JSON.stringify({ of: id }),
    priority: 0,
    availableAt: NOW,
    maxCrashes: 3,
    ...differences,
  };
}

export function request(differences: Partial<ClaimRequest> = {}): ClaimRequest {
  return { queues: ['default'], limit: 1, owner: 'owner', leaseMs: LEASE_MS, ...differences };
}

export async function claimOne(
  store: QueueStore,
  differences: Partial<ClaimRequest> = {},
): Promise<ClaimedJob> {
  const [job] = await store.claim(request(differences));
  if (job === undefined) throw new Error('Expected a job to claim.');
  return job;
}

export async function claimIds(
  store: QueueStore,
  differences: Partial<ClaimRequest> = {},
): Promise<string[]> {
  return (await store.claim(request(differences))).map(({ id }) => id);
}

export async function expectNotOwned(store: QueueStore, job: ClaimedJob): Promise<void> {
  expect(await complete(store, job)).toBe(false);
  expect(await store.release(job, { availableAt: NOW, failure: FAILURE })).toBe(false);
  expect(await store.fail(job, FAILURE)).toBe(false);
  expect(await store.renew([job], LEASE_MS * 9)).toEqual([job.id]);
  expect(await store.report(job, { progress: 50 })).toBe(false);
}

/** Ends a run well; tells whether the caller still was the owner. */
export async function complete(store: QueueStore, job: ClaimedJob): Promise<boolean> {
  const lost = await store.complete([{ job, tookMs: 5 }]);
  return lost.length === 0;
}

/** Puts failed jobs back, all of them by default; returns the ids of those that wait again. */
export async function retry(store: QueueStore, ids?: readonly string[]): Promise<string[]> {
  const { retried } = await store.retry(ids === undefined ? {} : { ids });
  return [...retried];
}
