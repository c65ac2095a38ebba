import type { Lock } from '../cache/locks/lock';
import type { Locks } from '../cache/locks/locks';
import type { JobClass } from '../queue/job';
import type { DispatchArguments } from '../queue/queue-dispatcher';
import type { QueueRegistry } from '../queue/queue-registry';
import { rejectionOf } from '../support/abort';
import { delayMs, monotonicMs } from '../support/clock';
import { toError } from '../support/errors';
import type { Resolver, Scope } from '../tenancy/container';
import type { Tenant } from '../tenancy/tenant';
import { runChild, type ChildProgram } from './child-process';
import { ScheduleTaskFailedError } from './errors';
import {
  TENANT_PLACE,
  type EndedRunFacts,
  type RunFacts,
  type Task,
  type TaskAction,
  type TaskOutput,
} from './task';
import { OutputSink } from './task-output';

/** Runs a command of the console within this process. @returns its exit code */
export type RunCommand = (argv: readonly string[], run: CommandRun) => Promise<number>;

/** How a task runs a command. */
export interface CommandRun {
  readonly print: (text: string) => void;
  /** Aborted when it is to stop. */
  readonly signal: AbortSignal;
  /** The work of a tenant it is run in; undefined for that of the application. */
  readonly whose: TenantWork | undefined;
}

/** The work of a tenant that a task is run in. */
export interface TenantWork {
  readonly tenant: Tenant;
  readonly scope: Scope;
}

/** Is told of a task that would have run, and for which tenant. */
export type NoteTask = (task: Task, tenant: string | undefined) => void;

/** What running tasks takes. */
export interface TaskRunnerParts {
  /** Takes note of a task in the place of its work. For fakes. */
  readonly note?: NoteTask | undefined;
  readonly make: Resolver['make'];
  /** Runs work for whoever the task is for. */
  readonly enter: <T>(work: () => T) => T;
  readonly queues: QueueRegistry;
  readonly locks: Locks;
  readonly basePath: string;
  readonly runCommand: RunCommand;
  /** The program that runs a command of the console in a process of its own. */
  readonly commandProgram: (argv: readonly string[]) => ChildProgram;
  /** Whose tasks are run; undefined for the application's own. */
  readonly whose?: TenantWork | undefined;
  /** Told of what hooks throw. */
  readonly onHookError: (error: Error) => void;
}

/** How a run ended. */
export interface RunOutcome {
  readonly state: 'done' | 'failed';
  readonly tookMs: number;
  readonly exitCode: number | undefined;
  readonly output: string;
  readonly error: Error | undefined;
}

/** What the work of a run came to. */
interface Worked {
  readonly exitCode: number | undefined;
}

/** How often a lock is tried to be given back whose file errs, and the pause in between. */
const GIVE_BACK_ATTEMPTS = 5;
const GIVE_BACK_PAUSE_MS = 1000;

/** Runs one task once: hooks before, the work, hooks after. */
export class TaskRunner {
  readonly #parts: TaskRunnerParts;

  constructor(parts: TaskRunnerParts) {
    this.#parts = parts;
  }

  /** Runs a task. Never throws: what went wrong is the outcome. */
  async run(task: Task, dueAt: number | undefined, signal: AbortSignal): Promise<RunOutcome> {
    const startedAt = monotonicMs();
    const facts = this.facts(task, dueAt);
    let sink: OutputSink | undefined;
    let worked: Worked | undefined;
    let error: Error | undefined;
    try {
      sink = new OutputSink(this.#outputOf(task), this.#parts.basePath);
      worked = await this.#perform(task, facts, sink, signal);
      error = failureOf(task, worked, sink) ?? sink.error;
    } catch (thrown) {
      error = toError(thrown);
    } finally {
      sink?.close();
    }
    // Work that stops where its signal says so throws an error of its own, and a child that is ended an exit code; the signal knows why.
    if (error !== undefined && signal.aborted) error = toError(signal.reason);
    const outcome: RunOutcome = {
      state: error === undefined ? 'done' : 'failed',
      tookMs: monotonicMs() - startedAt,
      exitCode: worked?.exitCode,
      output: sink?.tail ?? '',
      error,
    };
    await this.callAfter(task, { ...facts, ...outcome });
    return outcome;
  }

  /** What hooks and conditions are told of a run. */
  facts(task: Task, dueAt: number | undefined): RunFacts {
    const date = dueAt === undefined ? undefined : new Date(dueAt);
    const { make, whose } = this.#parts;
    return { task: task.name, dueAt: date, tenant: whose?.tenant, make: (token) => make(token) };
  }

  /** Calls the hooks after a run. What they throw is told, and changes nothing. */
  async callAfter(task: Task, facts: EndedRunFacts): Promise<void> {
    for (const hook of task.after) {
      try {
        await this.#parts.enter(() => hook(facts));
      } catch (thrown) {
        this.#parts.onHookError(toError(thrown));
      }
    }
  }

  /** Why a run is not to be: the answer of its conditions. Undefined when all of them hold. */
  async refusal(task: Task, dueAt: number | undefined): Promise<string | undefined> {
    const facts = this.facts(task, dueAt);
    for (const { test, runsWhen } of task.conditions) {
      const holds = await this.#parts.enter(() => test(facts));
      if (holds !== runsWhen) return runsWhen ? 'its "when" did not hold' : 'its "skip" held';
    }
    return undefined;
  }

  /** Runs work while no other run of the task goes on; undefined when one does. */
  async withoutOverlap<T>(task: Task, work: () => Promise<T>): Promise<T | undefined> {
    if (task.overlapMs === undefined) return work();
    const lock = this.#parts.locks.lock(`schedule:${task.name}`, task.overlapMs / 1000);
    const held = await lock.get(async () => ({ value: await work() }));
    if (held === false) return undefined;
    await giveBack(lock);
    return held.value;
  }

  /** Dispatches the job of a task. Inside a transaction of the queue's own connection it is part of it. */
  async dispatch(task: Task): Promise<void> {
    if (this.#isNoted(task)) return;
    const { action } = task;
    if (action.kind !== 'job') return;
    const { connection, ...options } = action.options;
    const dispatcher = this.#parts.queues.dispatcher(connection);
    // Their types were checked against the class where they were declared
    await dispatcher.dispatch(
      action.job,
      ...([action.payload, options] as DispatchArguments<JobClass>),
    );
  }

  async #perform(
    task: Task,
    facts: RunFacts,
    sink: OutputSink,
    signal: AbortSignal,
  ): Promise<Worked> {
    for (const hook of task.before) await this.#parts.enter(() => hook(facts));
    const { action } = task;
    if (action.kind !== 'job' && this.#isNoted(task)) return { exitCode: undefined };
    switch (action.kind) {
      case 'job':
        await this.dispatch(task);
        return { exitCode: undefined };
      case 'call':
        await this.#call(action, facts, sink, signal);
        return { exitCode: undefined };
      case 'command':
        return { exitCode: await this.#command(action, task.inBackground, sink, signal) };
      case 'exec': {
        const { basePath, whose } = this.#parts;
        const variables = whose && { TENANT_ID: whose.tenant.id };
        const program = { command: action.line, cwd: basePath, variables };
        return { exitCode: await runChild(program, sink.write, signal) };
      }
    }
  }

  #isNoted(task: Task): boolean {
    const { note, whose } = this.#parts;
    note?.(task, whose?.tenant.id);
    return note !== undefined;
  }

  async #call(
    { work }: Extract<TaskAction, { kind: 'call' }>,
    facts: RunFacts,
    sink: OutputSink,
    signal: AbortSignal,
  ): Promise<void> {
    const called = this.#parts.enter(async () => work({ ...facts, signal }));
    const returned = await Promise.race([called, rejectionOf(signal)]);
    if (typeof returned === 'string') sink.write(returned);
  }

  #command(
    { argv }: Extract<TaskAction, { kind: 'command' }>,
    inBackground: boolean,
    sink: OutputSink,
    signal: AbortSignal,
  ): Promise<number> {
    if (inBackground) return runChild(this.#parts.commandProgram(argv), sink.write, signal);
    const { runCommand, whose } = this.#parts;
    return Promise.race([
      runCommand(argv, { print: sink.write, signal, whose }),
      rejectionOf(signal),
    ]);
  }

  #outputOf({ output }: Task): TaskOutput | undefined {
    const id = this.#parts.whose?.tenant.id;
    if (output === undefined || id === undefined) return output;
    return { ...output, file: output.file.replaceAll(TENANT_PLACE, id) };
  }
}

/** One that could not be given back when the work ended: this process lives on, and the task would be kept from running until its ttl ends. */
async function giveBack(lock: Lock): Promise<void> {
  for (let attempt = 1; attempt <= GIVE_BACK_ATTEMPTS; attempt += 1) {
    try {
      if (await lock.isOwnedByCurrentProcess()) await lock.release();
      return;
    } catch {
      await delayMs(GIVE_BACK_PAUSE_MS); // as long as the file errs, no other run can take it either
    }
  }
}

function failureOf(task: Task, { exitCode }: Worked, sink: OutputSink): Error | undefined {
  if (exitCode === undefined || exitCode === 0) return undefined;
  return ScheduleTaskFailedError.exited(task.name, exitCode, sink.lastLine);
}
