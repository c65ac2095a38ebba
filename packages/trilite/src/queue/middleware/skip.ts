import type { JobMiddleware, RunningJob } from '../job';
import { drop } from './drop';

/** Whether something holds: known already, or found out when the run would begin. */
export type SkipCondition = boolean | ((run: RunningJob) => boolean | Promise<boolean>);

/**
 * Has a job end as done without running.
 *
 * @example
 * import { CacheRepository, Skip, type Job, type JobMiddleware } from 'trilite';
 *
 * export class RemindUser implements Job<{ userId: number; isMuted: boolean }> {
 *   middleware({ isMuted }: { userId: number; isMuted: boolean }): readonly JobMiddleware[] {
 *     return [Skip.when(isMuted), Skip.unless((run) => run.make(CacheRepository).boolean('reminders', true))];
 *   }
 *
 *   async handle(): Promise<void> {}
 * }
 */
export class Skip implements JobMiddleware {
  readonly #isSkipped: (run: RunningJob) => boolean | Promise<boolean>;

  private constructor(isSkipped: (run: RunningJob) => boolean | Promise<boolean>) {
    this.#isSkipped = isSkipped;
  }

  /** Skips a job when something holds. */
  static when(condition: SkipCondition): Skip {
    return new Skip(asFunction(condition));
  }

  /** Skips a job unless something holds. */
  static unless(condition: SkipCondition): Skip {
    const holds = asFunction(condition);
    return new Skip(async (run) => !(await holds(run)));
  }

  async handle(run: RunningJob, next: () => Promise<void>): Promise<void> {
    if (await this.#isSkipped(run)) return drop(run, 'it was skipped');
    return next();
  }
}

function asFunction(condition: SkipCondition): (run: RunningJob) => boolean | Promise<boolean> {
  return typeof condition === 'function' ? condition : () => condition;
}
