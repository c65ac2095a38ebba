import type { JobState } from '../../src/queue/job-records';
import type {
  ClaimedJob,
  ClaimRequest,
  FollowUp,
  NewBatch,
  NewJob,
  QueueStore,
} from '../../src/queue/queue-store';

/** A store to be tried, empty; `elsewhere` leads to the same jobs as another process would. */
export interface QueueStoreUnderTest {
  readonly store: QueueStore;
  readonly elsewhere: QueueStore;
  close(): Promise<void>;
}

/** What a store to be tried differs in. */
export interface UnderTestOptions {
  /** Whether jobs that are done are kept until they are pruned. Default: true. */
  readonly keepsDone?: boolean;
}

export type CreateUnderTest = (options?: UnderTestOptions) => Promise<QueueStoreUnderTest>;

export type Subject = () => QueueStoreUnderTest;

export const NOW = Date.UTC(2026, 0, 1);
export const LEASE_MS = 10_000;
export const FAILURE = { message: 'It broke', detail: 'Error: It broke\n    at job.ts:1' };

function plain(id: string) {
  return {
    id,
    queue: 'default',
    job: 'TestJob',
    payload: JSON.stringify({ of: id }),
    priority: 0,
    maxCrashes: 3,
  };
}

/** A job due now. Ids sort by age, as those that the dispatcher makes do. */
export function newJob(id: string, differences: Partial<NewJob> = {}): NewJob {
  return { ...plain(id), availableAt: NOW, ...differences };
}

/** A job that is stored when another one has ended, due at once. */
export function followUp(id: string, differences: Partial<FollowUp> = {}): FollowUp {
  return { ...plain(id), delayMs: 0, ...differences };
}

/** A batch that nothing follows. */
export function newBatch(id: string, differences: Partial<NewBatch> = {}): NewBatch {
  return { id, name: '', allowFailures: false, createdAt: NOW, ...differences };
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

/** Claims a job that waits, whichever others do. */
export async function claimThe(store: QueueStore, id: string): Promise<ClaimedJob> {
  const claimed = await store.claim(request({ limit: 99 }));
  for (const other of claimed) {
    if (other.id !== id) await store.release(other, { availableAt: NOW, uncounted: true });
  }
  const job = claimed.find((one) => one.id === id);
  if (job === undefined) throw new Error(`Expected to claim "${id}".`);
  return job;
}

export async function expectNotOwned(store: QueueStore, job: ClaimedJob): Promise<void> {
  expect(await complete(store, job)).toBe(false);
  expect(await store.discard(job, 'Not mine')).toBe(false);
  expect(await store.release(job, { availableAt: NOW, failure: FAILURE })).toBe(false);
  expect(await store.fail(job, FAILURE)).toBe(false);
  expect(await store.renew([job], LEASE_MS * 9)).toEqual([job.id]);
  expect(await store.report(job, { progress: 50 })).toBe(false);
}

/** A job as somebody has it in hand who never claimed it. */
export function strange(job: ClaimedJob): ClaimedJob {
  return { ...job, owner: 'stranger', claim: job.claim + 1 };
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

/** Claims the next job, and has it done. @returns its id */
export async function runOne(store: QueueStore): Promise<string> {
  const job = await claimOne(store);
  await complete(store, job);
  return job.id;
}

/** Claims the next job, and has it fail. @returns its id */
export async function failOne(store: QueueStore): Promise<string> {
  const job = await claimOne(store);
  await store.fail(job, FAILURE);
  return job.id;
}

/** Where jobs stand; undefined for those that are not there. */
export function statesOf(
  store: QueueStore,
  ...ids: readonly string[]
): Promise<(JobState | undefined)[]> {
  return Promise.all(ids.map(async (id) => (await store.find(id))?.state));
}
