import type { Lock } from '../../cache/locks/lock';
import { Locks } from '../../cache/locks/locks';
import { MAX_TIMER_MS } from '../../support/clock';
import { toMilliseconds, type Duration } from '../../support/duration';
import { jobNameOf, type JobMiddleware, type RunningJob } from '../job';
import { drop } from './drop';

/** How runs are kept from overlapping. */
export interface OverlapOptions {
  /** How long a job waits that finds another one in its way, before it looks again. Default: '5s'. */
  readonly releaseAfter?: Duration;
  /** Whether a job that finds another one in its way is dropped instead: it ends as done. Default: false. */
  readonly dontRelease?: boolean;
  /**
   * How long the lock outlasts a worker that fell silent where nobody can tell that it died, and a run that goes on after it was told to
   * stop. While a run goes on, its lock is renewed three times in that span. Default: '90s'.
   */
  readonly expiresAfter?: Duration;
  /** Whether the key is one of all job classes, and not of this class alone. Default: false. */
  readonly shared?: boolean;
}

/**
 * Lets one run at a time begin under a key, in all processes. A job in whose way another one is waits, and counts no try.
 *
 * The run holds a lock, by default one for each class. It ends with the run, not with what the queue is told of it: a run that goes on after
 * its timeout still keeps others out. When the process dies, whoever comes next on the same machine gets it at once.
 *
 * @example
 * import { WithoutOverlapping, type Job, type JobMiddleware } from 'trilite';
 *
 * export class SyncAccount implements Job<{ accountId: number }> {
 *   middleware({ accountId }: { accountId: number }): readonly JobMiddleware[] {
 *     return [new WithoutOverlapping(accountId, { releaseAfter: '30s' })];
 *   }
 *
 *   async handle(): Promise<void> {}
 * }
 */
export class WithoutOverlapping implements JobMiddleware {
  readonly #key: string | number;
  readonly #options: Required<OverlapOptions>;

  /**
   * @param key what tells jobs apart. Default: nothing, one run of the class at a time
   * @throws TypeError for a shared lock without a key, and for what is no duration
   */
  constructor(key: string | number = '', options: OverlapOptions = {}) {
    const { releaseAfter = '5s', dontRelease = false } = options;
    const { expiresAfter = '90s', shared = false } = options;
    if (shared && key === '') {
      throw new TypeError('Expected `key` to be given: a shared lock has no other name.');
    }
    toMilliseconds(releaseAfter);
    toMilliseconds(expiresAfter);
    this.#key = key;
    this.#options = { releaseAfter, dontRelease, expiresAfter, shared };
  }

  async handle(run: RunningJob, next: () => Promise<void>): Promise<void> {
    const { releaseAfter, dontRelease, expiresAfter } = this.#options;
    const lock = run.make(Locks).lock(this.#lockName(run), expiresAfter);
    const hasRun = await lock.get(async () => {
      await whileRenewed(lock, { expiresAfter, signal: run.signal, work: next });
      return true;
    });
    if (hasRun) return;
    if (dontRelease) return drop(run, `the lock "${lock.name}" was held`);
    run.postpone(releaseAfter);
  }

  /** No class has an empty name: a shared lock is none of a class. */
  #lockName({ type }: RunningJob): string {
    return `overlap:${this.#options.shared ? '' : jobNameOf(type)}:${this.#key}`;
  }
}

interface Renewal {
  readonly expiresAfter: Duration;
  readonly signal: AbortSignal;
  readonly work: () => Promise<void>;
}

/** Renews a lock while work goes on that nobody told to stop: one that hangs for ever must not hold it for ever. */
async function whileRenewed(lock: Lock, { expiresAfter, signal, work }: Renewal): Promise<void> {
  const renew = (): void => {
    if (signal.aborted) return;
    lock.refresh().catch(() => undefined); // the next one comes before the lock has ended
  };
  const timer = setInterval(renew, Math.min(toMilliseconds(expiresAfter) / 3, MAX_TIMER_MS));
  timer.unref();
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
}
