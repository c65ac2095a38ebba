import type { RunningJob } from '../job';

/** Ends a run that never began as done, and leaves a line with the job: in `queue:show` it would look as if it had run. */
export async function drop(run: RunningJob, why: string): Promise<void> {
  await run.log(`Not run: ${why}.`);
}
