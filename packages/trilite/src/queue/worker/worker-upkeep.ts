import { clock, delayMs, monotonicMs } from '../../support/clock';
import { isOwnerGone } from '../../support/owner';
import { JobCrashedError } from '../errors';
import type { ClaimedJob, QueueStore, RecoveredJob, WorkerSignals } from '../queue-store';
import type { WorkerOptions } from './worker-options';

/** How often a worker looks for jobs of dead owners, and renews its own (three times a lease at least). */
const UPKEEP_MS = 2000;

/** How often a worker forgets jobs that ended long ago. */
const PRUNE_MS = 60_000;

/** What the upkeep of a worker works with, and whom it tells. */
export interface WorkerUpkeepParts {
  readonly store: QueueStore;
  readonly owner: string;
  readonly options: WorkerOptions;
  readonly heldJobs: () => readonly ClaimedJob[];
  readonly relay?: () => Promise<number>;
  readonly onLost: (id: string) => void;
  readonly onCancel: (id: string) => void;
  readonly onRecovered: (recovered: RecoveredJob) => void;
  /** A job that had crashed once too often: nobody else calls its `failed`. */
  readonly onFailedByCrash: (job: ClaimedJob, error: Error) => void;
  readonly onRelayed: (jobs: number) => void;
  readonly onRestart: () => void;
  /** There may be jobs to claim. */
  readonly onWork: () => void;
  /** The queue has answered, and leases are renewed. */
  readonly onKept: () => void;
  readonly onError: (error: unknown) => void;
}

/** What a worker does beside its jobs, every two seconds: renews leases, takes jobs back from the dead, relays, prunes, and reads what it is told. */
export class WorkerUpkeep {
  readonly #parts: WorkerUpkeepParts;
  readonly #stopped = new AbortController();
  #signals: WorkerSignals | undefined;
  #restartAtStart: number | undefined;
  #pruneAt = 0;
  #memoryBytes = 0;
  #first: Promise<void> | undefined;

  constructor(parts: WorkerUpkeepParts) {
    this.#parts = parts;
  }

  /** The memory of the process, when it was last looked at. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** The worker's queues that are not paused, as far as is known. */
  openQueues(): readonly string[] {
    const { queues } = this.#parts.options;
    if (this.#signals === undefined) return queues;
    const { isPaused, pausedQueues } = this.#signals;
    return isPaused ? [] : queues.filter((queue) => !pausedQueues.includes(queue));
  }

  /** Goes on until `stop`. Never rejects. */
  async run(): Promise<void> {
    const tickMs = Math.min(this.#parts.options.leaseMs / 3, UPKEEP_MS);
    for (let tick = this.first(); ; tick = this.#tick()) {
      await tick.catch((error: unknown) => this.#parts.onError(error));
      await delayMs(tickMs, this.#stopped.signal);
      if (this.#stopped.signal.aborted) return;
    }
  }

  /**
   * Settles once all of it was done for the first time: what dead workers hold, and what was committed and not relayed, is to be found by
   * the next claim then. Rejects when it was not.
   */
  first(): Promise<void> {
    return (this.#first ??= this.#tick());
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #tick(): Promise<void> {
    await this.#readSignals();
    await this.#renew();
    this.#parts.onKept();
    await this.#recover();
    await this.#prune();
    this.#weigh();
    await this.#relay(); // last: other files may err in it, and nothing of this queue is to wait until they do not
  }

  #weigh(): void {
    const { options, onWork } = this.#parts;
    if (options.maxMemoryBytes === undefined) return;
    this.#memoryBytes = process.memoryUsage.rss();
    if (this.#memoryBytes > options.maxMemoryBytes) onWork();
  }

  async #readSignals(): Promise<void> {
    const { store, owner, onCancel, onRestart, onWork } = this.#parts;
    const last = this.#signals;
    this.#signals = await store.signals(owner);
    const { restartAt, cancelled } = this.#signals;
    if (last === undefined) this.#restartAtStart = restartAt;
    else if (restartAt !== this.#restartAtStart) onRestart();
    for (const id of cancelled) onCancel(id);
    if (last !== undefined && this.openQueues().length > 0) onWork();
  }

  async #renew(): Promise<void> {
    const { store, options, heldJobs, onLost } = this.#parts;
    const held = heldJobs();
    if (held.length === 0) return;
    for (const id of await store.renew(held, options.leaseMs)) onLost(id);
  }

  async #recover(): Promise<void> {
    const { store, owner, onRecovered, onWork } = this.#parts;
    const recovered = await store.recover(
      (candidate) => candidate !== owner && isOwnerGone(candidate),
    );
    for (const one of recovered) {
      onRecovered(one);
      if (one.outcome === 'failed') await this.#tellFailed(one);
    }
    if (recovered.length > 0) onWork();
  }

  async #tellFailed({ id }: RecoveredJob): Promise<void> {
    const { store, onFailedByCrash } = this.#parts;
    const [failed] = await store.failed({ ids: [id] });
    if (failed === undefined) return; // put back meanwhile
    const job: ClaimedJob = {
      ...failed,
      exceptions: 0,
      crashes: failed.attempts,
      claim: 0,
      owner: '',
      retryUntil: undefined,
      cause: undefined,
      isLinked: false,
    };
    onFailedByCrash(job, JobCrashedError.times(failed.attempts, failed.job));
  }

  async #relay(): Promise<void> {
    const { relay, onRelayed, onWork } = this.#parts;
    const jobs = (await relay?.()) ?? 0;
    if (jobs === 0) return;
    onRelayed(jobs);
    onWork();
  }

  async #prune(): Promise<void> {
    const { store, options } = this.#parts;
    if (monotonicMs() < this.#pruneAt) return;
    const pruned = await store.prune(clock.now() - options.keepFinishedMs);
    // A full piece: there is more, and the next tick goes on with it
    if (pruned < 500) this.#pruneAt = monotonicMs() + PRUNE_MS;
  }
}
