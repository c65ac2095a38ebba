import { FrameworkError } from '../support/errors';

/** One thing that is wrong with a task of a schedule. */
export interface ScheduleProblem {
  /** The file the task is declared in: `routes/console.ts`. */
  readonly file: string;
  /** The task's name. */
  readonly task: string;
  /** What is wrong, as the end of a sentence: `has no frequency`. */
  readonly problem: string;
}

/** Thrown at boot when a schedule holds a task that can never be run as it is declared. */
export class ScheduleInvalidError extends FrameworkError {
  static for(problems: readonly ScheduleProblem[]): ScheduleInvalidError {
    const lines = problems.map(({ file, task, problem }) => `  ${file}  "${task}" ${problem}`);
    const files = [...new Set(problems.map(({ file }) => file))].join(', ');
    return new ScheduleInvalidError({
      code: 'E_SCHEDULE_INVALID',
      message: ['The schedule is not valid.', ...lines].join('\n'),
      help: `Correct ${files}; docs/scheduler.md of the trilite package shows every method.`,
    });
  }

  static notASchedule(file: string): ScheduleInvalidError {
    return new ScheduleInvalidError({
      code: 'E_SCHEDULE_INVALID',
      message: `The file "${file}" exports no schedule.`,
      help: 'End it with "export default defineSchedule((schedule) => { … });".',
    });
  }
}

/** Thrown when a task is asked for by a name that no task of the schedule has. */
export class ScheduleTaskUnknownError extends FrameworkError {
  static named(name: string, known: readonly string[]): ScheduleTaskUnknownError {
    const names = known.map((one) => `"${one}"`).join(', ');
    return new ScheduleTaskUnknownError({
      code: 'E_SCHEDULE_TASK_UNKNOWN',
      message: `The schedule has no task "${name}"; there are: ${names === '' ? 'none' : names}.`,
      help: 'See "artisan schedule:list", or declare it in routes/console.ts.',
    });
  }
}

/** The error of a run whose command or program did not end with 0. */
export class ScheduleTaskFailedError extends FrameworkError {
  static exited(task: string, code: number, lastLine: string): ScheduleTaskFailedError {
    return new ScheduleTaskFailedError({
      code: 'E_SCHEDULE_TASK_FAILED',
      message: `The task "${task}" ended with exit code ${code}${lastLine === '' ? '' : `: ${lastLine}`}`,
      help: 'See what it says: "artisan schedule:test" runs it now, "sendOutputTo" keeps its output.',
    });
  }
}

/** The reason of a task's signal when the scheduler has to stop before the task is done. */
export class SchedulerStoppingError extends FrameworkError {
  static now(): SchedulerStoppingError {
    return new SchedulerStoppingError({
      code: 'E_SCHEDULER_STOPPING',
      message: 'The scheduler stopped before the task was done.',
      help: 'Give it longer with "--shutdown-timeout", or split the work; it is not run again by itself.',
    });
  }
}
