import { Locks } from '../cache/locks/locks';
import type { Config } from '../config/load-config';
import type { Connection } from '../database/connection';
import { ConnectionRegistry } from '../database/connection-registry';
import type { JobRegistry } from '../queue/job-registry';
import { toFollowUp } from '../queue/new-job';
import { QueueRegistry } from '../queue/queue-registry';
import { messageOf, toError } from '../support/errors';
import { nearest } from '../support/nearest';
import { runEach, type TenantRun } from '../tenancy/run-each';
import type { Tenancy } from '../tenancy/tenancy';
import type { Scope } from '../tenancy/container';
import type { Tenant } from '../tenancy/tenant';
import { ScheduleInvalidError, ScheduleTaskUnknownError, type ScheduleProblem } from './errors';
import { Schedule, type ScheduleFile } from './schedule';
import { EVERY_TASK, ScheduleStore, type RunRecord } from './schedule-store';
import type { Scheduler, SchedulerOptions } from './scheduler';
import type { TellSchedulerEvent } from './scheduler-events';
import type { Task, TaskAction } from './task';
import type { BuiltTask } from './task-builder';
import type { TenantSchedule } from './fan-out';
import {
  TaskRunner,
  type NoteTask,
  type RunOutcome,
  type TaskRunnerParts,
  type TenantWork,
} from './task-runner';

/** A function that declares tasks, and where it stands. */
export interface ScheduleSource {
  /** As messages name it: `routes/console.ts`. */
  readonly file: string;
  /** Undefined when there is none. */
  readonly declare: ScheduleFile | undefined;
}

/** What a schedule is made of. */
export interface ScheduleRegistryParts extends Omit<
  TaskRunnerParts,
  'onHookError' | 'whose' | 'note'
> {
  readonly sources: readonly ScheduleSource[];
  readonly config: Config;
  readonly jobs: JobRegistry;
  readonly tenancy: Tenancy;
  /** Whether the application is down for maintenance. */
  readonly isDown: () => boolean;
  /** The names of the commands there are; asked only when the schedule has commands. */
  readonly commandNames: () => readonly string[];
  /** The connection of the file that remembers what was run: that of the locks. */
  readonly connection: () => Connection;
}

/** How a task is run by hand for each tenant. */
export interface RunNowForEach {
  /** By id; undefined for all that are active. */
  readonly tenants?: readonly string[] | undefined;
  readonly signal: AbortSignal;
  readonly onHookError: (error: Error) => void;
  readonly onEnd: (tenant: Tenant, outcome: RunOutcome) => void;
}

/** What is known of a task. */
export interface TaskStatus {
  readonly task: Task;
  /** Epoch milliseconds; undefined when there is no next time. */
  readonly nextDueAt: number | undefined;
  readonly last: RunRecord | undefined;
  readonly isPaused: boolean;
}

/**
 * The tasks of the schedule by name, and what became of them. `app.schedule`.
 *
 * @throws E_SCHEDULE_INVALID from its constructor, with everything that is wrong with the tasks at once
 */
export class ScheduleRegistry {
  /** The tasks for this environment, in the order declared. */
  readonly tasks: readonly Task[];
  readonly #parts: ScheduleRegistryParts;
  #store: ScheduleStore | undefined;
  #note: NoteTask | undefined;

  constructor(parts: ScheduleRegistryParts) {
    this.#parts = parts;
    this.tasks = this.#build();
  }

  /**
   * A task by name.
   *
   * @throws E_SCHEDULE_TASK_UNKNOWN
   */
  find(name: string): Task {
    const task = this.tasks.find((one) => one.name === name);
    if (task !== undefined) return task;
    throw ScheduleTaskUnknownError.named(
      name,
      this.tasks.map((one) => one.name),
    );
  }

  /** What is known of every task at a moment, in the order declared. */
  async statuses(now: number): Promise<TaskStatus[]> {
    const { paused } = await this.store.state();
    const last = await this.store.lastRuns();
    return this.tasks.map((task) => ({
      task,
      nextDueAt: task.times.next(now),
      last: last.get(task.name),
      isPaused: paused.has(task.name) || paused.has(EVERY_TASK),
    }));
  }

  /** What was run, in the file of the locks. */
  get store(): ScheduleStore {
    this.#store ??= new ScheduleStore(this.#parts.connection());
    return this.#store;
  }

  /**
   * Pauses a task, or all: what becomes due meanwhile is recorded as skipped. False when it was paused.
   *
   * @throws E_SCHEDULE_TASK_UNKNOWN
   */
  async pause(name?: string): Promise<boolean> {
    return this.store.pause(name === undefined ? EVERY_TASK : this.find(name).name);
  }

  /**
   * Ends the pause of a task, or every pause. False when there was none.
   *
   * @throws E_SCHEDULE_TASK_UNKNOWN
   */
  async resume(name?: string): Promise<boolean> {
    return this.store.resume(name === undefined ? EVERY_TASK : this.find(name).name);
  }

  /** Has tasks noted in the place of their work, by schedulers that are made from now on. For fakes. */
  use(note: NoteTask): void {
    this.#note = note;
  }

  /** A scheduler; it does nothing before `run` or `runDue`. */
  scheduler(tell: TellSchedulerEvent = () => undefined, options: SchedulerOptions = {}): Scheduler {
    // A web server never needs it
    const { Scheduler } = require('./scheduler') as typeof import('./scheduler');
    const { locks, enter, tenancy, isDown } = this.#parts;
    const parts = {
      tasks: this.tasks,
      store: this.store,
      runner: this.#runner((error) => tell({ kind: 'error', error })),
      locks,
      enter,
      isDown,
      file: this.#parts.connection().file,
      sharesFile: (task: Task) => this.#sharesFile(task),
      tenants: tenancy.isOn
        ? {
            tenancy,
            open: (tenant: Tenant, scope: Scope) => this.#scheduleOf({ tenant, scope }, tell),
          }
        : undefined,
    };
    return new Scheduler(parts, options, tell);
  }

  /** Runs a task now, whatever its times, conditions and locks say. Nothing is recorded. */
  runNow(
    task: Task,
    signal: AbortSignal,
    onHookError: (error: Error) => void,
  ): Promise<RunOutcome> {
    return this.#runner(onHookError).run(task, undefined, signal);
  }

  /**
   * Runs a task now for each tenant of its own, whatever their times, conditions and locks say. Nothing is recorded. One that cannot be served
   * has failed.
   *
   * @param tenants by id; undefined for all that are active
   * @throws E_TENANT_NOT_FOUND, E_TENANT_UNAVAILABLE for one that is named
   */
  async runNowForEach(
    task: Task,
    { tenants, signal, onHookError, onEnd }: RunNowForEach,
  ): Promise<TenantRun> {
    const { tenancy } = this.#parts;
    const { where, concurrency } = task.perTenant ?? { where: undefined, concurrency: 1 };
    const chosen = await tenancy.select({ tenants, where });
    return runEach(chosen, { concurrency, onError: 'collect' }, async (one) => {
      signal.throwIfAborted();
      const outcome = await tenancy.run(one, (tenant, scope) =>
        this.#runner(onHookError, { tenant, scope }).run(task, undefined, signal),
      );
      onEnd(one, outcome);
      if (outcome.error !== undefined) throw outcome.error;
    });
  }

  #runner(onHookError: (error: Error) => void, whose?: TenantWork): TaskRunner {
    if (whose === undefined) {
      return new TaskRunner({ ...this.#parts, note: this.#note, onHookError });
    }
    const { scope } = whose;
    return new TaskRunner({
      ...this.#parts,
      note: this.#note,
      make: (token) => scope.make(token),
      enter: (work) => scope.run(work),
      queues: scope.make(QueueRegistry),
      locks: scope.make(Locks),
      whose,
      onHookError,
    });
  }

  /** What a tenant's runs lie in: the file of its locks, or that of all. */
  #scheduleOf(whose: TenantWork, tell: TellSchedulerEvent): TenantSchedule {
    const { tenant, scope } = whose;
    const isShared = this.#parts.config.tenancy.mode === 'single';
    const shared = this.#parts.connection();
    const connection = isShared ? shared : scope.make(ConnectionRegistry).connection(shared.name);
    const onHookError = (error: Error): void => tell({ kind: 'error', error, tenant: tenant.id });
    return {
      store: new ScheduleStore(connection, isShared ? tenant.id : undefined),
      runner: this.#runner(onHookError, whose),
      locks: scope.make(Locks),
      file: connection.file,
    };
  }

  /** Whether a task's job is stored in the file of the runs: then claim and job can be one commit. */
  #sharesFile({ action }: Task): boolean {
    if (action.kind !== 'job') return false;
    const { queue } = this.#parts.config;
    const settings = queue.connections[action.options.connection ?? queue.default];
    return settings?.driver === 'sqlite' && settings.connection === this.#parts.connection().name;
  }

  #build(): readonly Task[] {
    const { sources, config } = this.#parts;
    const built: (BuiltTask & { readonly file: string })[] = [];
    for (const { file, declare } of sources) {
      if (declare === undefined) continue;
      if (typeof declare !== 'function') throw ScheduleInvalidError.notASchedule(file);
      const schedule = new Schedule();
      declare(schedule);
      const facts = { timezone: schedule.defaultTimezone, environment: config.app.env };
      built.push(...schedule.builders.map((builder) => ({ ...builder.build(facts), file })));
    }
    const problems = built.flatMap((one) => this.#problemsOf(one, built));
    if (problems.length > 0) throw ScheduleInvalidError.for(problems);
    return built.flatMap(({ task }) => task ?? []);
  }

  #problemsOf(
    one: BuiltTask & { readonly file: string },
    all: readonly BuiltTask[],
  ): ScheduleProblem[] {
    const { name, file } = one;
    const isTaken = all.find((other) => other.name === name) !== one;
    const taken = isTaken ? ['has a name that another task has; give it one by name()'] : [];
    const problems = [
      ...one.problems,
      ...taken,
      ...this.#actionProblems(one.action),
      ...this.#tenantProblems(one),
    ];
    return problems.map((problem) => ({ file, task: name, problem }));
  }

  #tenantProblems({ perTenant }: BuiltTask): string[] {
    if (perTenant === undefined || this.#parts.tenancy.isOn) return [];
    return ['is run for each tenant, and there are none; see "mode" in config/tenancy.ts'];
  }

  #actionProblems(action: TaskAction): string[] {
    switch (action.kind) {
      case 'command':
        return this.#commandProblems(action.argv);
      case 'job':
        return this.#jobProblems(action);
      case 'call':
        return typeof action.work === 'function' ? [] : ['has no function to call'];
      case 'exec':
        return action.line.trim() === '' ? ['has no line to run'] : [];
    }
  }

  #commandProblems([name = '']: readonly string[]): string[] {
    const known = this.#parts.commandNames();
    if (known.includes(name)) return [];
    const [guess] = nearest(name, known);
    const hint = guess === undefined ? 'see "artisan list"' : `did you mean "${guess}"?`;
    return [`runs the command "${name}", which is not there; ${hint}`];
  }

  /** What would be thrown each time, is told before the first. */
  #jobProblems({ job, payload, options }: Extract<TaskAction, { kind: 'job' }>): string[] {
    const { config, jobs, queues } = this.#parts;
    const { connection } = options;
    if (connection !== undefined && !queues.names.includes(connection)) {
      return [`goes to the queue connection "${connection}", which is not declared`];
    }
    const settings = config.queue.connections[connection ?? config.queue.default];
    const isBound = settings !== undefined && 'maxPayload' in settings;
    const maxPayload = isBound ? settings.maxPayload : Infinity;
    try {
      toFollowUp({ type: job, payload, options }, { jobs, maxPayload });
      return [];
    } catch (error) {
      return [`cannot be dispatched: ${messageOf(toError(error))}`];
    }
  }
}
