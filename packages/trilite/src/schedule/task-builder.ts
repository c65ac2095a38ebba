import { toMilliseconds, type Duration } from '../support/duration';
import { messageOf, toError } from '../support/errors';
import type { MissedPolicy } from './due-plan';
import { DueTimes } from './due-times';
import { Frequencies } from './frequencies';
import { EVERY_TASK } from './schedule-store';
import type { Tenant } from '../tenancy/tenant';
import {
  TENANT_PLACE,
  type Condition,
  type EndedRunFacts,
  type Hook,
  type PerTenant,
  type RunFacts,
  type Task,
  type TaskAction,
  type TaskOutput,
} from './task';

/** Characters of a task's name: locks are named after it, and lists show it in a line. */
const NAME_LENGTH = 200;

/** What a task is begun with. */
export interface TaskBuilderParts {
  /** What it is called unless `name` says otherwise. */
  readonly name: string;
  readonly what: string;
  readonly action: TaskAction;
}

/** What a schedule knows when it is built. */
export interface BuildFacts {
  /** The time zone of tasks that name none. */
  readonly timezone: string;
  readonly environment: string;
}

/** How a task is run for each tenant. */
export interface PerTenantOptions {
  /** Of which tenants it is a task. Default: all. */
  readonly where?: (tenant: Tenant) => boolean;
  /** Spreads the tenants' runs of one time over this span, each always at its own moment of it. Default: none. */
  readonly jitter?: Duration;
  /** Tenants at a time, 1 or more. Default: 2. */
  readonly concurrency?: number;
}

/** What a built task came to: the task, unless it is not for this environment, and what is wrong with it. */
export interface BuiltTask {
  readonly name: string;
  readonly action: TaskAction;
  readonly perTenant: PerTenant | undefined;
  readonly task: Task | undefined;
  readonly problems: readonly string[];
}

/** Says when a task runs, and under which conditions. Made by `Schedule`. */
export class TaskBuilder extends Frequencies {
  protected readonly parts: TaskBuilderParts;
  protected output: TaskOutput | undefined;
  protected overlapMs: number | undefined;
  protected isRerun = false;
  protected isBackground = false;
  protected readonly hooksBefore: Hook<RunFacts>[] = [];
  readonly #hooksAfter: Hook<EndedRunFacts>[] = [];
  readonly #conditions: { readonly test: Condition; readonly runsWhen: boolean }[] = [];
  #name: string;
  #timezone: string | undefined;
  #environments: readonly string[] | undefined;
  #whenMissed: MissedPolicy = 'skip';
  #isOnOneServer = false;
  #isEvenWhenPaused = false;
  #isEvenInMaintenance = false;
  #perTenant: PerTenant | undefined;

  constructor(parts: TaskBuilderParts) {
    super();
    this.parts = parts;
    this.#name = parts.name;
  }

  /** What it is called in the list, in the records and by locks; unique. Default: the command line or the job's name. */
  name(name: string): this {
    this.#name = name;
    return this;
  }

  /** The IANA time zone of its times. Default: that of the schedule, else UTC. */
  timezone(name: string): this {
    this.#timezone = name;
    return this;
  }

  /** Runs in these environments (APP_ENV) alone; elsewhere it is as if it were not declared. */
  environments(names: string | readonly string[]): this {
    this.#environments = typeof names === 'string' ? [names] : names;
    return this;
  }

  /** Runs when the condition holds; else the run is recorded as skipped. It is asked before the run is claimed, and has ten seconds. */
  when(test: Condition): this {
    this.#conditions.push({ test, runsWhen: true });
    return this;
  }

  /** Runs unless the condition holds. */
  skip(test: Condition): this {
    this.#conditions.push({ test, runsWhen: false });
    return this;
  }

  /**
   * What becomes of runs whose time nobody looked at within a minute: none is run, the last one is once, or every one, oldest first, 100 at
   * most. Default: 'skip', with a row that says so.
   */
  whenMissed(policy: MissedPolicy): this {
    this.#whenMissed = policy;
    return this;
  }

  /** Takes a lock by task and time as well, for schedulers of several machines that share a `lockStore` on Redis. */
  onOneServer(): this {
    this.#isOnOneServer = true;
    return this;
  }

  /** Runs while it, or the whole schedule, is paused. */
  evenWhenPaused(): this {
    this.#isEvenWhenPaused = true;
    return this;
  }

  /** Runs while the application is down for maintenance. */
  evenInMaintenanceMode(): this {
    this.#isEvenInMaintenance = true;
    return this;
  }

  /**
   * Runs once for each tenant that is active, in its work: what it claims, locks and dispatches lies in the tenant's files. One that cannot be
   * served is skipped, and holds nobody up.
   */
  perTenant({ where = () => true, jitter = 0, concurrency = 2 }: PerTenantOptions = {}): this {
    const jitterMs = this.#jitterMs(jitter);
    if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
      this.refuse(`runs for ${String(concurrency)} tenants at a time; expected 1 or more`);
    }
    this.#perTenant = Object.freeze({ where, jitterMs, concurrency });
    return this;
  }

  /** Called after each run, however it ended. What a hook throws is told, and changes nothing. */
  after(hook: Hook<EndedRunFacts>): this {
    this.#hooksAfter.push(hook);
    return this;
  }

  /** Called after a run that went well. */
  onSuccess(hook: Hook<EndedRunFacts>): this {
    return this.after((facts) => (facts.state === 'done' ? hook(facts) : undefined));
  }

  /** Called after a run that failed. */
  onFailure(hook: Hook<EndedRunFacts>): this {
    return this.after((facts) => (facts.state === 'failed' ? hook(facts) : undefined));
  }

  /** The task, and everything that is wrong with it. Called by the schedule. */
  build({ timezone, environment }: BuildFacts): BuiltTask {
    const problems = [...this.problems, ...this.#tenantProblems()];
    if (!isName(this.#name)) {
      problems.push(`needs a name of 1 to ${NAME_LENGTH} characters by name()`);
    }
    const zone = this.#timezone ?? timezone;
    const times = problems.length === 0 ? this.#times(zone, problems) : undefined;
    const isForHere = this.#environments?.includes(environment) ?? true;
    return {
      name: this.#name,
      action: this.parts.action,
      perTenant: this.#perTenant,
      task: isForHere && times !== undefined ? this.#task(zone, times) : undefined,
      problems,
    };
  }

  #jitterMs(jitter: Duration): number {
    try {
      const span = toMilliseconds(jitter);
      if (span >= 0) return span;
    } catch {
      // told below, with the name of the task
    }
    this.refuse(`spreads its runs over "${String(jitter)}"; expected a duration such as "30s"`);
    return 0;
  }

  #tenantProblems(): string[] {
    if (this.#perTenant === undefined) return [];
    const problems: string[] = [];
    if (this.output !== undefined && !this.output.file.includes(TENANT_PLACE)) {
      problems.push(
        `sends the output of all tenants to one file; put "${TENANT_PLACE}" into its name`,
      );
    }
    if (this.isBackground && this.parts.action.kind === 'command') {
      problems.push('runs in the background; commands of tenants run in this process');
    }
    return problems;
  }

  #times(timezone: string, problems: string[]): DueTimes | undefined {
    const { expression, windows } = this;
    if (!isTimezone(timezone)) {
      problems.push(`has the time zone "${timezone}"; expected one such as "Europe/Vienna"`);
      return undefined;
    }
    try {
      const times = new DueTimes({ expression, timezone, windows });
      if (times.next(0) === undefined) problems.push(`is never due by "${expression}"`);
      return times;
    } catch (error) {
      const reason = messageOf(toError(error)).replace(/^CronPattern: /, '');
      problems.push(`has the cron expression "${expression}": ${reason}`);
      return undefined;
    }
  }

  #task(timezone: string, times: DueTimes): Task {
    return Object.freeze({
      name: this.#name,
      what: this.parts.what,
      action: this.parts.action,
      expression: this.expression,
      timezone,
      times,
      whenMissed: this.#whenMissed,
      onOneServer: this.#isOnOneServer,
      evenWhenPaused: this.#isEvenWhenPaused,
      evenInMaintenanceMode: this.#isEvenInMaintenance,
      inBackground: this.isBackground,
      rerunAfterCrash: this.isRerun,
      overlapMs: this.overlapMs,
      output: this.output,
      perTenant: this.#perTenant,
      conditions: this.#conditions,
      before: this.hooksBefore,
      after: this.#hooksAfter,
    });
  }
}

/** A task that runs for a while: a function, a command or a program. */
export class RunningTaskBuilder extends TaskBuilder {
  /**
   * Skips a run while another one of the task goes on, in any process. The lock ends with the run, with its process, or after a span.
   *
   * @param expires how long another run is kept out at most
   */
  withoutOverlapping(expires: Duration = '24h'): this {
    try {
      this.overlapMs = toMilliseconds(expires);
    } catch {
      // told below, with the name of the task
    }
    if (this.overlapMs === undefined || this.overlapMs <= 0) {
      this.refuse(`keeps others out for "${String(expires)}"; expected a duration such as "24h"`);
    }
    return this;
  }

  /** Runs again, twice at most, when its scheduler died in the middle of it. Without it such a run is recorded as crashed. */
  rerunAfterCrash(): this {
    this.isRerun = true;
    return this;
  }

  /** Called before each run; when it throws, the run has failed. */
  before(hook: Hook<RunFacts>): this {
    this.hooksBefore.push(hook);
    return this;
  }

  /** Writes what it prints, or the text it returns, into a file, made anew at each run; relative to the application's folder. */
  sendOutputTo(file: string): this {
    return this.#write({ file, append: false });
  }

  /** Writes what it prints, or the text it returns, at the end of a file. */
  appendOutputTo(file: string): this {
    return this.#write({ file, append: true });
  }

  #write(output: TaskOutput): this {
    if (output.file === '') this.refuse('sends its output to a file without a name');
    this.output = output;
    return this;
  }
}

/** A task that can have a process of its own: a command or a program. */
export class ProcessTaskBuilder extends RunningTaskBuilder {
  /** Runs in a process of its own, beside the tasks that are due at the same moment. */
  runInBackground(): this {
    this.isBackground = true;
    return this;
  }
}

function isName(name: string): boolean {
  return name !== '' && name !== EVERY_TASK && name.length <= NAME_LENGTH && !/[\r\n]/.test(name);
}

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
