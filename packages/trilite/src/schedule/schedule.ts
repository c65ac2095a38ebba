import { jobNameOf, type JobClass } from '../queue/job';
import type { JobArguments } from '../queue/pending-job';
import { wordsOf } from '../support/words';
import { ProcessTaskBuilder, RunningTaskBuilder, TaskBuilder } from './task-builder';
import type { CalledWork, ScheduledJobOptions } from './task';

/** What routes/console.ts exports: a function that declares the tasks. */
export type ScheduleFile = (schedule: Schedule) => void;

/**
 * Declares what runs when.
 *
 * @example
 * import { defineSchedule, type Job } from 'trilite';
 *
 * class BuildReport implements Job<{ id: string }> {
 *   async handle(payload: { id: string }): Promise<void> {}
 * }
 *
 * const schedule = defineSchedule((schedule) => {
 *   schedule.command('db:optimize').dailyAt('03:00').timezone('Europe/Vienna').withoutOverlapping();
 *   schedule.job(BuildReport, { id: 'daily' }, { priority: 10 }).everyFiveMinutes();
 *   schedule.call('heartbeat', async ({ signal }) => {}).everyMinute();
 *   schedule.exec('df -h').hourly();
 * });
 */
export const defineSchedule = (file: ScheduleFile): ScheduleFile => file;

/** Takes the tasks of a schedule, each of which says when it runs. */
export class Schedule {
  readonly #builders: TaskBuilder[] = [];
  #timezone = 'UTC';

  /** What was declared so far. */
  get builders(): readonly TaskBuilder[] {
    return this.#builders;
  }

  /** The time zone of tasks that name none. */
  get defaultTimezone(): string {
    return this.#timezone;
  }

  /** Sets the IANA time zone of every task that names none. Default: 'UTC'. */
  timezone(name: string): void {
    this.#timezone = name;
  }

  /** Runs a command of the console, as it is typed after `artisan`; what stands in "quotes" is one word. */
  command(line: string): ProcessTaskBuilder {
    const action = { kind: 'command', argv: wordsOf(line) } as const;
    return this.#add(new ProcessTaskBuilder({ name: line, what: line, action }));
  }

  /** Dispatches a job. */
  job<J extends JobClass>(
    job: J,
    ...[payload, options = {}]: JobArguments<J, ScheduledJobOptions>
  ): TaskBuilder {
    const name = jobNameOf(job);
    const action = { kind: 'job', job, payload, options } as const;
    return this.#add(new TaskBuilder({ name, what: name, action }));
  }

  /** Calls a function of this process. */
  call(name: string, work: CalledWork): RunningTaskBuilder {
    return this.#add(new RunningTaskBuilder({ name, what: name, action: { kind: 'call', work } }));
  }

  /** Runs a line in the shell, in the application's folder. */
  exec(line: string): ProcessTaskBuilder {
    const action = { kind: 'exec', line } as const;
    return this.#add(new ProcessTaskBuilder({ name: line, what: line, action }));
  }

  #add<B extends TaskBuilder>(builder: B): B {
    this.#builders.push(builder);
    return builder;
  }
}
