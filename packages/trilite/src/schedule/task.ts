import type { JobClass, JobDispatchOptions } from '../queue/job';
import type { Resolver } from '../tenancy/container';
import type { Tenant } from '../tenancy/tenant';
import type { MissedPolicy } from './due-plan';
import type { DueTimes } from './due-times';

/** What a called task is given. */
export interface TaskContext extends Resolver {
  /** The task's name. */
  readonly task: string;
  /** The time it runs for; undefined when it is run by hand. */
  readonly dueAt: Date | undefined;
  /** Whose run it is; undefined for a task of the application itself. */
  readonly tenant: Tenant | undefined;
  /** Aborted when the scheduler must stop. A run that ignores it is given up, and goes on until the process ends. */
  readonly signal: AbortSignal;
}

/** What a hook is told of a run. */
export interface RunFacts extends Resolver {
  /** The task's name. */
  readonly task: string;
  /** The time it runs for; undefined when it is run by hand. */
  readonly dueAt: Date | undefined;
  /** Whose run it is; undefined for a task of the application itself. */
  readonly tenant: Tenant | undefined;
}

/** What a hook is told of a run that has ended. */
export interface EndedRunFacts extends RunFacts {
  readonly state: 'done' | 'failed';
  readonly tookMs: number;
  /** Of a command or a program. */
  readonly exitCode: number | undefined;
  /** The end of what it printed, or the text it returned. */
  readonly output: string;
  /** Why it failed. */
  readonly error: Error | undefined;
}

/** Something to do before or after a run. */
export type Hook<F extends RunFacts> = (facts: F) => Promise<void> | void;

/** Asked before a run whether it is to be. */
export type Condition = (facts: RunFacts) => Promise<boolean> | boolean;

/** The work of `schedule.call`. */
export type CalledWork = (context: TaskContext) => unknown;

/** How a job of the schedule is dispatched. */
export interface ScheduledJobOptions extends JobDispatchOptions {
  /** The queue connection it goes to. Default: the default one. */
  readonly connection?: string;
}

/** What a task does when it runs. */
export type TaskAction =
  | { readonly kind: 'command'; readonly argv: readonly string[] }
  | {
      readonly kind: 'job';
      readonly job: JobClass;
      readonly payload: unknown;
      readonly options: ScheduledJobOptions;
    }
  | { readonly kind: 'call'; readonly work: CalledWork }
  | { readonly kind: 'exec'; readonly line: string };

/** Where a task's output goes. */
export interface TaskOutput {
  readonly file: string;
  readonly append: boolean;
}

/** What stands for the id of the tenant in the name of an output file. */
export const TENANT_PLACE = '{tenant}';

/** How a task is run for each tenant. */
export interface PerTenant {
  /** Of which tenants it is a task. */
  readonly where: (tenant: Tenant) => boolean;
  /** The span over which the tenants' runs of one time are spread; 0 for none. */
  readonly jitterMs: number;
  /** Tenants at a time. */
  readonly concurrency: number;
}

/** One task of a schedule, checked and frozen. */
export interface Task {
  readonly name: string;
  /** The command line, the job, or the name once more. */
  readonly what: string;
  readonly action: TaskAction;
  readonly expression: string;
  readonly timezone: string;
  readonly times: DueTimes;
  readonly whenMissed: MissedPolicy;
  readonly onOneServer: boolean;
  readonly evenWhenPaused: boolean;
  readonly evenInMaintenanceMode: boolean;
  readonly inBackground: boolean;
  readonly rerunAfterCrash: boolean;
  /** How long another run is kept out at most; undefined when runs may overlap. */
  readonly overlapMs: number | undefined;
  readonly output: TaskOutput | undefined;
  /** Undefined for a task of the application itself. */
  readonly perTenant: PerTenant | undefined;
  readonly conditions: readonly { readonly test: Condition; readonly runsWhen: boolean }[];
  readonly before: readonly Hook<RunFacts>[];
  readonly after: readonly Hook<EndedRunFacts>[];
}
