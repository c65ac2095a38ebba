import { clock } from '../../../src/support/clock';
import { workIndexMigrations } from '../../../src/tenancy/work-index/schema';
import { WorkIndexStore, type WorkRow } from '../../../src/tenancy/work-index/work-index-store';
import type {
  LeaseRequest,
  WorkLease,
  WorkRelease,
} from '../../../src/tenancy/work-index/work-lease-store';
import { createTemporaryFile, type TemporaryFile } from '../../helpers/temporary-file';

export const START = Date.UTC(2026, 0, 1);
export const GRACE_MS = 6000;
export const LEASE_MS = 30_000;

export let file: TemporaryFile;
export let store: WorkIndexStore;
/** A store on another connection: to SQLite the same as another process. */
export let elsewhere: WorkIndexStore;

/** Gives every test of a file an index of its own, at a time that stands still. */
export function useWorkIndex(): void {
  beforeEach(async () => {
    clock.travelTo(START);
    file = await createTemporaryFile(workIndexMigrations);
    store = new WorkIndexStore(file.connection);
    elsewhere = new WorkIndexStore(file.elsewhere);
  });

  afterEach(async () => {
    clock.travelBack();
    await file.close();
  });
}

export function pass(milliseconds: number): void {
  clock.travelTo(clock.now() + milliseconds);
}

/** A touch of a job that is due now, or so many milliseconds from now. */
export function touch(tenantId: string, queue = 'default', delayMs = 0): Promise<boolean> {
  return store.touch(tenantId, queue, clock.now() + delayMs);
}

export function tryLease(request: Partial<LeaseRequest> = {}): Promise<WorkLease | undefined> {
  return store.lease({ owner: 'worker', leaseMs: LEASE_MS, ...request });
}

export async function lease(request: Partial<LeaseRequest> = {}): Promise<WorkLease> {
  const given = await tryLease(request);
  if (given === undefined) throw new Error('Nothing was leased.');
  return given;
}

/** Ends a turn that found what it says now. */
export function release(
  given: WorkLease,
  left: 'empty' | 'due' | { readonly dueAt: number },
  elapsedMs = 1,
): Promise<boolean> {
  const end: WorkRelease =
    left === 'due' ? { left, elapsedMs } : { left, elapsedMs, emptyReadAt: clock.now() };
  return store.release(given, end);
}

export async function row(tenantId: string, queue = 'default'): Promise<WorkRow | undefined> {
  return (await store.list()).find((one) => one.tenantId === tenantId && one.queue === queue);
}
