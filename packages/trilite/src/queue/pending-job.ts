import type { JobClass, JobDispatchOptions, PayloadOf, PendingJob } from './job';

/** The payload and options a job class is dispatched with; a job without a payload may leave both out. */
export type JobArguments<J extends JobClass, O> = [PayloadOf<J>] extends [void]
  ? [payload?: undefined, options?: O]
  : [payload: PayloadOf<J>, options?: O];

/**
 * Describes a job that is dispatched with others. A payload of another type than `handle` takes does not compile.
 *
 * @example
 * import { job, QueueDispatcher, type Job } from 'trilite';
 *
 * class ImportRows implements Job<{ from: number }> {
 *   async handle(payload: { from: number }): Promise<void> {}
 * }
 *
 * async function importAll(queue: QueueDispatcher) {
 *   await queue.bulk([job(ImportRows, { from: 0 }), job(ImportRows, { from: 500 }, { delay: '1m' })]);
 * }
 */
export function job<J extends JobClass>(
  type: J,
  ...[payload, options = {}]: JobArguments<J, JobDispatchOptions>
): PendingJob {
  return { type, payload, options };
}
