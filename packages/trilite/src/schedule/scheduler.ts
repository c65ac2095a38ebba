import { MAX_TIMER_MS, aborted, clock, delayMs, monotonicMs } from '../support/clock';
import { toError } from '../support/errors';
import { newOwner } from '../support/owner';
import { Claims, type ClaimsParts } from './claims';
import { ClaimedRuns } from './claimed-runs';
import { FanOut, type FanOutParts } from './fan-out';
import { PRUNE_EVERY_MS, pruneRuns } from './retention';
import { RunSignals } from './run-signals';
import type { OwnedRun, ScheduleStore } from './schedule-store';
import type {
  FanOutTally,
  ScheduledRun,
  SchedulerEvent,
  TellSchedulerEvent,
} from './scheduler-events';
import type { PerTenant, Task } from './task';

/*
 * A scheduler: looks which times have come, claims their runs, and runs them.
 *
 *   looking ──▶ waiting, 30 s at most ──▶ looking …  ──stop()──▶ draining ──all ended, or deadline──▶ stopped
 *
 *   a time has come ──▶ judged: paused? conditions? ──▶ claimed, in one transaction with "seen until"
 *     a job of a queue in the same file: dispatched in that very transaction, and done
 *     any other: claimed ──▶ running ──▶ done │ failed
 *     one that is run for each tenant: see fan-out.ts
 *
 * Invariants:
 * 1. Each (task, time) is claimed once, whoever else schedules: its row is the claim.
 * 2. A job of a queue in the same file is dispatched if, and only if, its run is claimed: both are one commit.
 * 3. Runs of one look begin in the order declared, one after another but for those in the background and of tenants, and hold up no later look.
 * 4. A run belongs to its owner, until that is gone: then a claimed one is taken over while it is on time, and a running one has crashed.
 * 5. The clock is read anew every 30 s at least: a machine that slept is noticed, and what was missed meanwhile dealt with by its policy.
 * 6. A stopped scheduler holds no run: what has not begun is given back.
 * 7. Errors of the store end a look, never the scheduler.
 */

/** How a scheduler works. */
export interface SchedulerOptions {
  /** How long a stop waits for running tasks. Default: 30 s. */
  readonly shutdownMs?: number;
  /** Waits in place of a timer. For tests. */
  readonly pause?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** What a scheduler is made of. */
export interface SchedulerParts extends Omit<ClaimsParts, 'owner' | 'tell' | 'follow' | 'tenant'> {
  /** Runs work for the application itself. */
  readonly enter: <T>(work: () => T) => T;
  /** What tasks that are run for each tenant take; undefined where there are no tenants. */
  readonly tenants: Pick<FanOutParts, 'tenancy' | 'open'> | undefined;
}

/** Longest wait between two looks. */
const LONGEST_PAUSE_MS = 30_000;

/** Pause after an error of the store: not long, for a run is late after a minute. */
const ERROR_PAUSE_MS = 1000;

/** How long what was told to stop may take to end: a child has five seconds before it is killed, and hooks after a run may never end. */
const LEAVE_MS = 10_000;

const MINUTE_MS = 60_000;

const scheduling = new Set<Scheduler>();

/** The schedulers of this process that are at work. For the tests' leak guard. */
export function runningSchedulers(): readonly Scheduler[] {
  return [...scheduling];
}

/** Runs the tasks of a schedule as they become due. */
export class Scheduler {
  /** The name this scheduler's claims carry. */
  readonly owner = newOwner();
  readonly #tasks: readonly Task[];
  readonly #store: ScheduleStore;
  readonly #enter: <T>(work: () => T) => T;
  readonly #claims: Claims;
  readonly #claimed: ClaimedRuns;
  readonly #fanOut: FanOut | undefined;
  readonly #shutdownMs: number;
  readonly #pause: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly #tell: TellSchedulerEvent;
  readonly #stop = new AbortController();
  readonly #stopNow = new AbortController();
  readonly #signals = new RunSignals(this.#stop.signal);
  /** What is under way: the runs of each look, and those in the background. */
  readonly #underWay = new Set<Promise<void>>();
  #hasErred = false;
  /** The moment of the last look: what came since then is still to be looked at. */
  #lookedAt = 0;
  #pruneAt = 0;

  constructor(
    parts: SchedulerParts,
    { shutdownMs = 30_000, pause = delayMs }: SchedulerOptions = {},
    tell: TellSchedulerEvent = () => undefined,
  ) {
    this.#tasks = parts.tasks;
    this.#store = parts.store;
    this.#enter = parts.enter;
    const { owner } = this;
    const follow = (work: Promise<void>): void => this.#follow(work);
    const onError = (thrown: unknown): void => this.#err(thrown);
    const running = { owner, signals: this.#signals, tell };
    this.#claims = new Claims({ ...parts, owner, tell, follow });
    this.#claimed = new ClaimedRuns({ ...parts, ...running, onError });
    this.#fanOut = parts.tenants && new FanOut({ ...parts, ...parts.tenants, ...running, pause });
    this.#shutdownMs = shutdownMs;
    this.#pause = pause;
    this.#tell = tell;
  }

  /** How many tasks it runs now. */
  get runningTasks(): number {
    return this.#signals.running;
  }

  /** Runs tasks as they become due, until `stop`; then resolves, holding no run. */
  run(): Promise<void> {
    return this.#lead(async () => {
      while (!this.#stop.signal.aborted) {
        await this.#look(this.#tasks);
        await this.#pause(this.#pauseMs(), this.#stop.signal);
      }
    });
  }

  /**
   * Runs what is due now, and waits for it: for a crontab that calls every minute. Tasks that are due several times a minute are run until
   * its end.
   */
  runDue(): Promise<void> {
    return this.#lead(async () => {
      const end = clock.now() - (clock.now() % MINUTE_MS) + MINUTE_MS;
      await this.#look(this.#tasks);
      const frequent = this.#tasks.filter(({ times }) => times.isFrequent);
      for (let next = this.#nextOf(frequent); next < end; next = this.#nextOf(frequent)) {
        if (this.#stop.signal.aborted) return;
        await this.#pause(Math.max(0, next - clock.now()), this.#stop.signal);
        await this.#look(frequent);
      }
    });
  }

  /** Asks the scheduler to stop: running tasks may finish until the deadline. Harmless when repeated. */
  stop(): void {
    this.#stop.abort();
  }

  /** Has running tasks stop now instead of waiting for them. */
  stopNow(): void {
    this.stop();
    this.#stopNow.abort();
  }

  async #lead(work: () => Promise<void>): Promise<void> {
    scheduling.add(this);
    try {
      await this.#enter(async () => {
        await this.#store.state(); // a file that does not answer now is told at once, not every turn
        await work();
      });
    } finally {
      await this.#drain();
      scheduling.delete(this);
    }
  }

  /** One look at what is due. */
  async #look(tasks: readonly Task[]): Promise<void> {
    this.#hasErred = false;
    const runs: ScheduledRun[] = [];
    const collect = async (claim: () => Promise<ScheduledRun[]>): Promise<void> => {
      try {
        runs.push(...(await claim()));
      } catch (error) {
        this.#err(error); // of this run or task alone: its turn comes again
      }
    };
    const now = clock.now();
    this.#lookedAt = now;
    try {
      const state = await this.#store.state();
      for (const open of state.open) await collect(() => this.#claims.recover(open, now));
      for (const task of tasks) await collect(() => this.#claims.take(task, state, now));
      await this.#prune(now);
    } catch (error) {
      this.#err(error);
    }
    if (runs.length > 0) this.#follow(this.#runInOrder(runs));
  }

  #pauseMs(): number {
    if (this.#hasErred) return ERROR_PAUSE_MS;
    const untilNext = Math.ceil(this.#nextOf(this.#tasks) - clock.now());
    return Math.min(LONGEST_PAUSE_MS, Math.max(1, untilNext));
  }

  /** The next time of any task, be it one that came while the last look went on: timers are early at times, and looks take theirs. */
  #nextOf(tasks: readonly Task[]): number {
    const now = clock.now();
    const after = Math.min(this.#lookedAt, now); // the clock may be put back
    return Math.min(now + MAX_TIMER_MS, ...tasks.map(({ times }) => times.next(after) ?? Infinity));
  }

  async #runInOrder(runs: readonly ScheduledRun[]): Promise<void> {
    for (const { name } of this.#tasks) {
      const forEach = runs.filter(({ task }) => task.perTenant && task.name === name);
      if (forEach.length > 0) this.#follow(this.#runForEach(forEach));
    }
    for (const run of runs.filter(({ task }) => task.perTenant === undefined)) {
      const ended = this.#claimed.process(run).then(() => undefined);
      if (run.task.inBackground) this.#follow(ended);
      else await ended;
    }
  }

  /** One time of the task after another: each has a number of tenants at once. */
  async #runForEach(runs: readonly ScheduledRun[]): Promise<void> {
    for (const run of runs) {
      if (run.task.perTenant) await this.#runForTenants(run, run.task.perTenant);
    }
  }

  /** Visits every tenant. When it cannot, or the scheduler stops, the rest is left to whoever looks next. Never throws. */
  async #runForTenants(run: ScheduledRun, perTenant: PerTenant): Promise<void> {
    const row = this.#claimed.rowOf(run);
    let attempt = run.attempt;
    try {
      if (!this.#stop.signal.aborted && !(await this.#store.start(row))) return;
      const tally = this.#stop.signal.aborted ? undefined : await this.#fanOut?.run(run, perTenant);
      if (tally !== undefined) {
        await this.#claimed.finish(row, { state: 'done', message: inWords(tally) });
        this.#tell({ kind: 'fanned-out', run, tally });
        return;
      }
    } catch (error) {
      this.#err(error);
      attempt += 1;
    }
    await this.#leave(row, attempt);
  }

  async #leave(row: OwnedRun, attempt: number): Promise<void> {
    try {
      const isLeft = await this.#store.giveBack({ ...row, state: 'running', attempt });
      if (!isLeft) await this.#store.giveBack({ ...row, state: 'claimed', attempt });
    } catch (error) {
      this.#err(error); // this process's end tells that it is nobody's
    }
  }

  async #prune(now: number): Promise<void> {
    if (monotonicMs() < this.#pruneAt) return;
    this.#pruneAt = monotonicMs() + PRUNE_EVERY_MS;
    for (const name of await this.#store.recordedTasks()) {
      const task = this.#tasks.find((one) => one.name === name);
      await pruneRuns(this.#store, name, { task, now });
    }
  }

  #follow(work: Promise<void>): void {
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }

  /** Waits for what is under way; after a stop only until the deadline, when the rest is told to stop, and left when it does not. */
  async #drain(): Promise<void> {
    const drained = new AbortController();
    const cutOff = this.#cutOff(drained.signal);
    const left = cutOff.then(() =>
      drained.signal.aborted ? undefined : this.#pause(LEAVE_MS, drained.signal),
    );
    await Promise.race([this.#allEnded(), left]);
    drained.abort();
    await cutOff;
  }

  async #allEnded(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async #cutOff(drained: AbortSignal): Promise<void> {
    await aborted(AbortSignal.any([this.#stop.signal, drained]));
    await delayMs(this.#shutdownMs, AbortSignal.any([this.#stopNow.signal, drained]));
    this.#signals.cutOff();
  }

  #err(thrown: unknown): void {
    this.#hasErred = true;
    this.#tell({ kind: 'error', error: toError(thrown) } satisfies SchedulerEvent);
  }
}

function inWords({ done, failed, skipped }: FanOutTally): string {
  return `${done + failed + skipped} tenants: ${done} done, ${failed} failed, ${skipped} skipped`;
}
