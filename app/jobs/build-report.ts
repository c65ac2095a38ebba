import { setTimeout as pause } from 'node:timers/promises';
import {
  CacheRepository,
  clock,
  Database,
  injectable,
  type Job,
  type JobContext,
  type JobOptions,
} from 'trilite';

const STEPS = 10;
const STEP_MS = 150;

/** Counts the visits of the first page into a report. Its pauses stand for work that takes a while. */
@injectable()
export class BuildReport implements Job {
  static readonly options: JobOptions = { tries: 3, backoff: ['1s', '10s'], timeout: '60s' };

  constructor(
    private readonly db: Database,
    private readonly cache: CacheRepository,
  ) {}

  async handle(_payload: void, { id, progress, signal }: JobContext): Promise<void> {
    for (let step = 1; step <= STEPS; step += 1) {
      await pause(STEP_MS, undefined, { signal });
      await progress((step / STEPS) * 100);
    }
    const visits = await this.cache.get<number>('visits', 0);
    // A job may run twice: after a crash between this line and its acknowledgement. One report is left all the same.
    await this.db
      .insertInto('reports')
      .values({ id, visits, built_at: clock.now() })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
  }
}
