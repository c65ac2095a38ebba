import { clock } from '../support/clock';
import type { NewJob } from './queue-store';

/** Queues that there is work in, each with the time from which on. */
export type ReadyQueues = ReadonlyMap<string, number>;

/** Runs what stores jobs once it is said where they will be: work nobody hears of is never done, and an empty place is soon looked at. */
export type Announce = <T>(ready: ReadyQueues, work: () => Promise<T>) => Promise<T>;

/** The earliest time at which there is work in each queue that jobs go to. */
export function readyOf(jobs: readonly Pick<NewJob, 'queue' | 'availableAt'>[]): ReadyQueues {
  const ready = new Map<string, number>();
  for (const { queue, availableAt } of jobs) {
    ready.set(queue, Math.min(ready.get(queue) ?? Infinity, availableAt));
  }
  return ready;
}

/** Work in each of some queues, now. */
export function readyNow(queues: readonly string[]): ReadyQueues {
  return new Map(queues.map((queue) => [queue, clock.now()]));
}
