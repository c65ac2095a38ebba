import { delayMs } from '../support/clock';
import { messageOf, toError } from '../support/errors';
import type { RunSignals } from './run-signals';
import type { OwnedRun, RunEnd, ScheduleStore } from './schedule-store';
import type { ScheduledRun, TellSchedulerEvent } from './scheduler-events';
import type { TaskRunner } from './task-runner';

/** What running claimed runs takes. */
export interface ClaimedRunsParts {
  /** Whose claims they are. */
  readonly owner: string;
  readonly store: ScheduleStore;
  readonly runner: TaskRunner;
  readonly signals: RunSignals;
  readonly tell: TellSchedulerEvent;
  /** Told of errors that belong to no run. */
  readonly onError: (thrown: unknown) => void;
}

/** How often the end of a run is tried to be written when the store errs, and the pause in between. */
const FINISH_ATTEMPTS = 5;
const FINISH_PAUSE_MS = 1000;

/** Runs what one scheduler has claimed in one file, and writes down how it ended. */
export class ClaimedRuns {
  readonly #parts: ClaimedRunsParts;

  constructor(parts: ClaimedRunsParts) {
    this.#parts = parts;
  }

  /** Runs a claimed run, unless the scheduler stops or another run of the task is in its way. Never throws. @returns whether it is over */
  async process(run: ScheduledRun): Promise<boolean> {
    const { store, runner, signals, tell, onError } = this.#parts;
    const row = this.rowOf(run);
    try {
      if (signals.stop.aborted) {
        await store.giveBack({ ...row, state: 'claimed', attempt: run.attempt });
        return false;
      }
      const wasRun = await runner.withoutOverlap(run.task, () => this.#begin(run, row));
      if (wasRun !== undefined) return true;
      const reason = 'another run goes on';
      await this.finish(row, { state: 'skipped', message: reason });
      tell({ kind: 'skipped', run, reason });
    } catch (thrown) {
      onError(thrown);
      await this.finish(row, { state: 'failed', message: messageOf(toError(thrown)) });
    }
    return true;
  }

  /** Never throws. A run whose end cannot be written stays open until this process has ended, and has crashed then. */
  async finish(row: OwnedRun, end: RunEnd): Promise<void> {
    for (let attempt = 1; attempt <= FINISH_ATTEMPTS; attempt += 1) {
      try {
        await this.#parts.store.finish(row, end);
        return;
      } catch (error) {
        this.#parts.onError(error);
        await delayMs(FINISH_PAUSE_MS);
      }
    }
  }

  /** The row of a run that is ours. */
  rowOf({ task, dueAt }: ScheduledRun): OwnedRun {
    return { task: task.name, dueAt, owner: this.#parts.owner };
  }

  async #begin(run: ScheduledRun, row: OwnedRun): Promise<true> {
    const { store, runner, signals, tell } = this.#parts;
    if (!(await store.start(row))) return true; // no longer ours: the clock jumped, or somebody thought us dead
    const outcome = await signals.with((signal) => {
      tell({ kind: 'running', run });
      return runner.run(run.task, run.dueAt, signal);
    });
    const { state, exitCode, error } = outcome;
    const message = error === undefined ? undefined : messageOf(error);
    await this.finish(row, { state, exitCode, message });
    tell({ kind: state, run, outcome });
    return true;
  }
}
