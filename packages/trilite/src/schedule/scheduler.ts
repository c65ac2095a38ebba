import { MAX_TIMER_MS, aborted, clock, delayMs, monotonicMs } from '../support/clock';
import { messageOf, toError } from '../support/errors';
import { newOwner } from '../support/owner';
import { Claims, type ClaimsParts } from './claims';
import { SchedulerStoppingError } from './errors';
import type { OwnedRun, RunEnd, ScheduleStore } from './schedule-store';
import type { ScheduledRun, SchedulerEvent, TellSchedulerEvent } from './scheduler-events';
import type { Task } from './task';
import type { TaskRunner } from './task-runner';

/*
 * A scheduler: looks which times have come, claims their runs, and runs them.
 *
 *   looking ──▶ waiting, 30 s at most ──▶ looking …  ──stop()──▶ draining ──all ended, or deadline──▶ stopped
 *
 *   a time has come ──▶ judged: paused? conditions? ──▶ claimed, in one transaction with "seen until"
 *     a job of a queue in the same file: dispatched in that very transaction, and done
 *     any other: claimed ──▶ running ──▶ done │ failed
 *
 * Invariants:
 * 1. Each (task, time) is claimed once, whoever else schedules: its row is the claim.
 * 2. A job of a queue in the same file is dispatched if, and only if, its run is claimed: both are one commit.
 * 3. Runs of one look begin in the order declared, one after another but for those in the background, and hold up no later look.
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
export type SchedulerParts = Omit<ClaimsParts, 'owner' | 'tell' | 'follow'>;

/** Longest wait between two looks. */
const LONGEST_PAUSE_MS = 30_000;

/** Pause after an error of the store: not long, for a run is late after a minute. */
const ERROR_PAUSE_MS = 1000;

/** How long what was told to stop may take to end: a child has five seconds before it is killed, and hooks after a run may never end. */
const LEAVE_MS = 10_000;

/** How often the end of a run is tried to be written when the store errs. */
const FINISH_ATTEMPTS = 5;

/** How often old runs are forgotten, and how long those of a task are kept, and of one that is due several times a minute. */
const PRUNE_EVERY_MS = 3_600_000;
const KEEP_MS = 30 * 24 * 3_600_000;
const KEEP_FREQUENT_MS = 24 * 3_600_000;

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
  readonly #runner: TaskRunner;
  readonly #claims: Claims;
  readonly #shutdownMs: number;
  readonly #pause: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly #tell: TellSchedulerEvent;
  readonly #stop = new AbortController();
  readonly #stopNow = new AbortController();
  /** Who tells each running task to stop: one for each, for a signal keeps those who listen to it. */
  readonly #running = new Set<AbortController>();
  /** What is under way: the runs of each look, and those in the background. */
  readonly #underWay = new Set<Promise<void>>();
  #hasErred = false;
  #isCutOff = false;
  #pruneAt = 0;

  constructor(
    parts: SchedulerParts,
    { shutdownMs = 30_000, pause = delayMs }: SchedulerOptions = {},
    tell: TellSchedulerEvent = () => undefined,
  ) {
    this.#tasks = parts.tasks;
    this.#store = parts.store;
    this.#runner = parts.runner;
    const follow = (work: Promise<void>): void => this.#follow(work);
    this.#claims = new Claims({ ...parts, owner: this.owner, tell, follow });
    this.#shutdownMs = shutdownMs;
    this.#pause = pause;
    this.#tell = tell;
  }

  /** How many tasks it runs now. */
  get runningTasks(): number {
    return this.#running.size;
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
      for (let next = nextOf(frequent); next < end; next = nextOf(frequent)) {
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
      await this.#store.state(); // a file that does not answer now is told at once, not every turn
      await work();
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
    try {
      const now = clock.now();
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
    const untilNext = Math.ceil(nextOf(this.#tasks) - clock.now());
    return Math.min(LONGEST_PAUSE_MS, Math.max(1, untilNext));
  }

  async #runInOrder(runs: readonly ScheduledRun[]): Promise<void> {
    for (const run of runs) {
      const ended = this.#process(run);
      if (run.task.inBackground) this.#follow(ended);
      else await ended;
    }
  }

  /** Runs a claimed run, unless the scheduler stops or another run of the task is in its way. Never throws. */
  async #process(run: ScheduledRun): Promise<void> {
    const row = this.#rowOf(run);
    try {
      if (this.#stop.signal.aborted) {
        await this.#store.giveBack({ ...row, attempt: run.attempt });
        return;
      }
      const wasRun = await this.#runner.withoutOverlap(run.task, () => this.#begin(run, row));
      if (wasRun !== undefined) return;
      const reason = 'another run goes on';
      await this.#finish(row, { state: 'skipped', message: reason });
      this.#tell({ kind: 'skipped', run, reason });
    } catch (thrown) {
      this.#err(thrown);
      await this.#finish(row, { state: 'failed', message: messageOf(toError(thrown)) });
    }
  }

  async #begin(run: ScheduledRun, row: OwnedRun): Promise<true> {
    if (!(await this.#store.start(row))) return true; // no longer ours: the clock jumped, or somebody thought us dead
    const controller = new AbortController();
    this.#running.add(controller);
    this.#tell({ kind: 'running', run });
    if (this.#isCutOff) controller.abort(SchedulerStoppingError.now());
    const outcome = await this.#runner.run(run.task, run.dueAt, controller.signal);
    this.#running.delete(controller);
    const { state, exitCode, error } = outcome;
    const message = error === undefined ? undefined : messageOf(error);
    await this.#finish(row, { state, exitCode, message });
    this.#tell({ kind: state, run, outcome });
    return true;
  }

  /** Never throws. A run whose end cannot be written stays open until this process has ended, and has crashed then. */
  async #finish(row: OwnedRun, end: RunEnd): Promise<void> {
    for (let attempt = 1; attempt <= FINISH_ATTEMPTS; attempt += 1) {
      try {
        await this.#store.finish(row, end);
        return;
      } catch (error) {
        this.#err(error);
        await delayMs(ERROR_PAUSE_MS);
      }
    }
  }

  #rowOf({ task, dueAt }: ScheduledRun): OwnedRun {
    return { task: task.name, dueAt, owner: this.owner };
  }

  async #prune(now: number): Promise<void> {
    if (monotonicMs() < this.#pruneAt) return;
    this.#pruneAt = monotonicMs() + PRUNE_EVERY_MS;
    const frequent = this.#tasks.filter(({ times }) => times.isFrequent).map(({ name }) => name);
    for (const task of await this.#store.recordedTasks()) {
      const before = now - (frequent.includes(task) ? KEEP_FREQUENT_MS : KEEP_MS);
      while ((await this.#store.prune(task, before)) > 0);
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
    this.#isCutOff = true; // for a run that begins at this moment
    for (const controller of this.#running) controller.abort(SchedulerStoppingError.now());
  }

  #err(thrown: unknown): void {
    this.#hasErred = true;
    this.#tell({ kind: 'error', error: toError(thrown) } satisfies SchedulerEvent);
  }
}

/** The next time of any task. */
function nextOf(tasks: readonly Task[]): number {
  const now = clock.now();
  return Math.min(now + MAX_TIMER_MS, ...tasks.map(({ times }) => times.next(now) ?? Infinity));
}
