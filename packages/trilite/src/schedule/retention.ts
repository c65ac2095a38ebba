import type { ScheduleStore } from './schedule-store';
import type { Task } from './task';

/** How often old runs are forgotten, and how long those of a task are kept, and of one that is due several times a minute. */
export const PRUNE_EVERY_MS = 3_600_000;
const KEEP_MS = 30 * 24 * 3_600_000;
const KEEP_FREQUENT_MS = 24 * 3_600_000;

/** Forgets old runs of a task. @param task undefined for one that is no longer declared */
export async function pruneRuns(
  store: ScheduleStore,
  name: string,
  { task, now }: { readonly task: Task | undefined; readonly now: number },
): Promise<void> {
  const before = now - (task?.times.isFrequent === true ? KEEP_FREQUENT_MS : KEEP_MS);
  while ((await store.prune(name, before)) > 0);
}
