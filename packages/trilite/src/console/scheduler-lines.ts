import type { RunOutcome } from '../schedule/task-runner';
import type { FanOutTally, ScheduledRun, SchedulerEvent } from '../schedule/scheduler-events';
import { clock } from '../support/clock';
import { humanDuration } from '../support/duration';
import { FrameworkError, messageOf } from '../support/errors';
import type { Output } from './output';

/** How a scheduler's lines look. */
export interface SchedulerLinesOptions {
  readonly json: boolean;
  /** Whether lines carry the time that a run is for. */
  readonly verbose: boolean;
}

/** Prints what a scheduler tells: a line when a task begins, and one when it ends. */
export class SchedulerLines {
  readonly #output: Output;
  readonly #options: SchedulerLinesOptions;

  constructor(output: Output, options: SchedulerLinesOptions) {
    this.#output = output;
    this.#options = options;
  }

  print(event: SchedulerEvent): void {
    if (this.#options.json) return this.#output.result(JSON.stringify(toJson(event)));
    const { bold, dim, green, red, yellow } = this.#output.colors;
    switch (event.kind) {
      case 'error':
        return this.#output.error(
          `${event.tenant === undefined ? '' : `[${event.tenant}] `}${messageOf(event.error)}`,
          event.error instanceof FrameworkError ? event.error.help : undefined,
        );
      case 'running':
        return this.#row(event.run, yellow('RUNNING'));
      case 'dispatched':
        return this.#row(event.run, green(bold('DISPATCHED')));
      case 'done':
        return this.#row(event.run, `${took(event.outcome, dim)} ${green(bold('DONE'))}`);
      case 'failed':
        this.#row(event.run, `${took(event.outcome, dim)} ${red(bold('FAIL'))}`);
        return this.#output.line(`    ${red(reasonOf(event.outcome))}`);
      case 'skipped':
        return this.#row(event.run, `${dim(event.reason)} ${yellow(bold('SKIPPED'))}`);
      case 'missed':
        return this.#row(
          event.run,
          yellow(bold(event.count === 1 ? 'MISSED' : `${counted(event)} MISSED`)),
        );
      case 'fanned-out':
        return this.#row(event.run, `${dim(tallyOf(event))} ${green(bold('ALL TENANTS'))}`);
      case 'crashed':
        return this.#row(event.run, red(bold(event.runsAgain ? 'CRASHED, RUNS AGAIN' : 'CRASHED')));
    }
  }

  #row({ task, dueAt, attempt, tenant }: ScheduledRun, right: string): void {
    const { dim } = this.#output.colors;
    const whose = tenant === undefined ? task.name : `${task.name} [${tenant}]`;
    const detail = dim(` ${new Date(dueAt).toISOString()}${attempt > 1 ? ` #${attempt}` : ''}`);
    const name = this.#options.verbose ? `${whose}${detail}` : whose;
    this.#output.twoColumn(`${dim(timestamp())} ${name}`, right);
  }
}

/** Missed runs are counted up to 1,000. */
function counted({ count }: { readonly count: number }): string {
  return count < 1000 ? String(count) : 'MORE THAN 1000';
}

/** The first line of why a run failed; the whole is kept with it. */
function reasonOf({ error }: RunOutcome): string {
  return error === undefined ? '' : (messageOf(error).split('\n')[0] ?? '');
}

function tallyOf({ tally: { done, failed, skipped } }: { readonly tally: FanOutTally }): string {
  return `${done} done, ${failed} failed, ${skipped} skipped`;
}

function took({ tookMs }: RunOutcome, dim: (text: string) => string): string {
  return dim(humanDuration(tookMs));
}

function timestamp(): string {
  return clock.date().toISOString().slice(0, 19).replace('T', ' ');
}

function toJson(event: SchedulerEvent): object {
  const at = clock.date().toISOString();
  if (event.kind === 'error') {
    return { at, kind: event.kind, tenant: event.tenant, message: messageOf(event.error) };
  }
  const { kind, run, ...rest } = event;
  const dueAt = new Date(run.dueAt).toISOString();
  const facts = { at, kind, task: run.task.name, tenant: run.tenant, dueAt };
  const attempt = { attempt: run.attempt };
  if (!('outcome' in rest)) return { ...facts, ...attempt, ...rest };
  const { tookMs, exitCode, error } = rest.outcome;
  const message = error === undefined ? {} : { message: messageOf(error) };
  return { ...facts, ...attempt, tookMs, exitCode, ...message };
}
