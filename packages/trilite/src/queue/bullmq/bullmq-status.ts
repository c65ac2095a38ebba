import { clock } from '../../support/clock';
import type { QueueStatus } from '../job-records';
import type { BullmqQueues } from './bullmq-queues';
import type { Pauses } from './bullmq-signals';

/** Jobs that are looked at: BullMQ has no count by due time, none by hour, and no percentiles. */
const SAMPLE = 1000;

const HOUR_MS = 3_600_000;

/** How a queue stands. Ages and ends are those of the thousand jobs that come first, and that ended last. */
export async function readStatus(
  queues: BullmqQueues,
  queue: string,
  { isPaused, pausedQueues }: Pauses,
): Promise<QueueStatus> {
  const now = clock.now();
  const jobs = queues.queue(queue);
  const backend = jobs.getBackend();
  const [counts, due, waiting, done, failed] = await Promise.all([
    backend.getCounts(['waiting', 'prioritized', 'delayed', 'active', 'failed']),
    backend.getCounts(['delayed'], now + 1),
    jobs.getJobs(['waiting', 'prioritized', 'delayed'], 0, SAMPLE - 1, true),
    jobs.getJobs(['completed'], 0, SAMPLE - 1),
    jobs.getJobs(['failed'], 0, SAMPLE - 1),
  ]);
  const [standing = 0, prioritized = 0, delayed = 0, running = 0, allFailed = 0] = counts;
  const [overdue = 0] = due;
  const ages = waiting.map(({ data }) => now - data.availableAt).filter((age) => age >= 0);
  const isRecent = ({ finishedOn = 0 }: { finishedOn?: number | undefined }): boolean =>
    finishedOn > now - HOUR_MS;
  const well = done.flatMap(({ finishedOn, returnvalue }) =>
    returnvalue !== null && 'tookMs' in returnvalue ? [{ finishedOn, ...returnvalue }] : [],
  );
  const times = well.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  return {
    queue,
    ready: standing + prioritized + overdue,
    delayed: delayed - overdue,
    running,
    failed: allFailed,
    oldestAgeMs: ages.length === 0 ? undefined : Math.max(...ages),
    doneLastHour: well.filter(isRecent).length,
    failedLastHour: failed.filter(isRecent).length,
    runtimeP50Ms: times[Math.ceil(times.length * 0.5) - 1],
    runtimeP95Ms: times[Math.ceil(times.length * 0.95) - 1],
    isPaused: isPaused || pausedQueues.includes(queue),
  };
}
