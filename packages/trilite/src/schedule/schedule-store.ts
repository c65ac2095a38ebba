import type { Connection } from '../database/connection';
import type { Handle } from '../database/connection-handle';
import { clock } from '../support/clock';

/** How a run stands; the last five are ends. */
export type RunState = 'claimed' | 'running' | 'done' | 'failed' | 'skipped' | 'crashed' | 'missed';

/** Which run: a task and one of its times. */
export interface RunKey {
  readonly task: string;
  /** Epoch milliseconds. */
  readonly dueAt: number;
}

/** A run that is somebody's. */
export interface OwnedRun extends RunKey {
  readonly owner: string;
}

/** A run that is not over. */
export interface OpenRun extends OwnedRun {
  readonly state: 'claimed' | 'running';
  /** 1 for the first. */
  readonly attempt: number;
  readonly claimedAt: number;
}

/** What is written down of a run. */
export interface RunRecord extends RunKey {
  readonly state: RunState;
  readonly attempt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly exitCode: number | null;
  readonly message: string | null;
}

/** A run to write down. */
export interface NewRun extends RunKey {
  readonly state: RunState;
  readonly owner: string;
  readonly message?: string | undefined;
}

/** How a run ended. */
export interface RunEnd {
  readonly state: Exclude<RunState, 'claimed' | 'running'>;
  readonly exitCode?: number | undefined;
  readonly message?: string | undefined;
}

/** Until when a task's times were looked at. */
export interface TaskProgress {
  /** Changes with what decides the times. */
  readonly expression: string;
  readonly seenUntil: number;
}

/** What every turn of a scheduler begins with. */
export interface ScheduleState {
  readonly progress: ReadonlyMap<string, TaskProgress>;
  /** The tasks that are paused; `EVERY_TASK` stands for all. */
  readonly paused: ReadonlySet<string>;
  readonly open: readonly OpenRun[];
}

/** The name under which the whole schedule is paused; no task can have it. */
export const EVERY_TASK = '*';

/** Nobody: a run that was given back is taken over by whoever looks next. */
export const NOBODY = '';

/** Runs of each task that are kept however old they are, and how many are forgotten in one statement. */
const KEPT_RUNS = 100;
const PRUNE_BATCH = 500;

/** What is kept of a message. */
const MESSAGE_LENGTH = 2000;

const PROGRESS = `
  select task, expression, seen_until as seenUntil from schedule_tasks where tenant_id = :tenantId`;
const PAUSED = 'select task from schedule_pauses';
const OPEN = `
  select task, due_at as dueAt, state, owner, attempt, claimed_at as claimedAt
  from schedule_runs where tenant_id = :tenantId and state in ('claimed', 'running') order by due_at`;

const BEGIN = `
  insert into schedule_tasks (tenant_id, task, expression, seen_until) values (:tenantId, :task, :expression, :seenUntil)
  on conflict (tenant_id, task) do update set expression = excluded.expression, seen_until = excluded.seen_until`;

/** One look at a time has an effect: whoever comes second finds that the task was seen until later. */
const ADVANCE = `
  update schedule_tasks set seen_until = :to where tenant_id = :tenantId and task = :task and seen_until = :from`;

const ADD = `
  insert into schedule_runs (tenant_id, task, due_at, state, owner, claimed_at, started_at, finished_at, message)
  values (:tenantId, :task, :dueAt, :state, :owner, :now, iif(:state = 'done', :now, null), iif(:state = 'claimed', null, :now), :message)
  on conflict do nothing`;

/** The proof of ownership in every statement that changes a run in hand. */
const OWNED = `tenant_id = :tenantId and task = :task and due_at = :dueAt and owner = :owner`;

const START = `update schedule_runs set state = 'running', started_at = :now where ${OWNED} and state = 'claimed'`;

const FINISH = `
  update schedule_runs set state = :state, finished_at = :now, exit_code = :exitCode, message = :message
  where ${OWNED} and state in ('claimed', 'running', 'done')`;

const HAND_OVER = `
  update schedule_runs set state = 'claimed', owner = :to, attempt = :attempt, claimed_at = :now, started_at = null
  where ${OWNED} and state = :state`;

const LAST_RUNS = `
  select task, due_at as dueAt, state, attempt, started_at as startedAt, finished_at as finishedAt, exit_code as exitCode, message
  from schedule_runs as run
  where tenant_id = :tenantId
    and due_at = (select max(due_at) from schedule_runs where tenant_id = :tenantId and task = run.task)`;

const RUNS_OF = `
  select task, due_at as dueAt, state, attempt, started_at as startedAt, finished_at as finishedAt, exit_code as exitCode, message
  from schedule_runs where tenant_id = :tenantId and task = :task order by due_at desc limit :limit`;

const TIMES_RUN = `
  select due_at from schedule_runs
  where tenant_id = :tenantId and task = :task and due_at <= :upTo and state not in ('missed', 'skipped') order by due_at desc limit 1000`;

const RECORDED = 'select distinct task from schedule_runs where tenant_id = :tenantId';

const PAUSE = 'insert into schedule_pauses (task, paused_at) values (?, ?) on conflict do nothing';
const RESUME = 'delete from schedule_pauses where task = ?';
const RESUME_ALL = 'delete from schedule_pauses';

const PRUNE = `
  delete from schedule_runs where (tenant_id, task, due_at) in (
    select tenant_id, task, due_at from schedule_runs
    where tenant_id = :tenantId and task = :task and due_at < :before and state not in ('claimed', 'running')
      and due_at < (
        select due_at from schedule_runs where tenant_id = :tenantId and task = :task order by due_at desc limit 1 offset ${KEPT_RUNS - 1})
    order by due_at limit ${PRUNE_BATCH})`;

/**
 * What a schedule remembers, in the file that holds the locks.
 *
 *     ─add─▶ claimed ─start─▶ running ─finish─▶ done │ failed │ crashed
 *              │  ▲              │
 *              │  └──hand over───┘ its owner is gone, or gave it back
 *              └─finish─▶ done (a job that is dispatched) │ skipped │ missed
 *
 * Guarantees:
 * 1. Each (task, time) has one row at most: `add` changes nothing, and says so, when there is one.
 * 2. `start`, `finish` and `handOver` change nothing, and say so, unless the owner they name has the run still.
 * 3. Inside `transaction` everything is one commit; what is dispatched there to a queue of the same file is part of it.
 */
export class ScheduleStore {
  readonly #connection: Connection;
  /** What every statement about runs and times is about. */
  readonly #whose: { readonly tenantId: string };

  /** @param tenantId whose runs they are, in a file that tenants share. Default: those of whom the whole file belongs to, or of nobody else. */
  constructor(connection: Connection, tenantId = '') {
    this.#connection = connection;
    this.#whose = { tenantId };
  }

  /** What is known, in one read. */
  state(): Promise<ScheduleState> {
    return this.#connection.read((handle) => {
      const progress = handle.statement(PROGRESS).all(this.#whose) as ({
        task: string;
      } & TaskProgress)[];
      const paused = handle.statement(PAUSED).pluck().all() as string[];
      return {
        progress: new Map(progress.map(({ task, ...rest }) => [task, rest])),
        paused: new Set(paused),
        open: handle.statement(OPEN).all(this.#whose) as OpenRun[],
      };
    });
  }

  /** Runs what it is given in one transaction. */
  transaction<T>(work: () => Promise<T>): Promise<T> {
    return this.#connection.transaction(work);
  }

  /** Has a task's times looked at from a moment on: a new task's, or one's whose times are others now. */
  async begin(task: string, { expression, seenUntil }: TaskProgress): Promise<void> {
    await this.#connection.write((handle) =>
      handle.statement(BEGIN).run({ ...this.#whose, task, expression, seenUntil }),
    );
  }

  /** Notes that a task's times were looked at; false when somebody else did meanwhile. */
  advance(task: string, span: { readonly from: number; readonly to: number }): Promise<boolean> {
    return this.#change(ADVANCE, { task, ...span });
  }

  /** Writes a run down; false when it is there already. */
  add({ message, ...run }: NewRun): Promise<boolean> {
    return this.#change(ADD, { ...run, message: cut(message), now: clock.now() });
  }

  /** A claimed run begins. */
  start({ task, dueAt, owner }: OwnedRun): Promise<boolean> {
    return this.#change(START, { task, dueAt, owner, now: clock.now() });
  }

  /** A run has ended. */
  finish({ task, dueAt, owner }: OwnedRun, { state, exitCode, message }: RunEnd): Promise<boolean> {
    const end = { state, exitCode: exitCode ?? null, message: cut(message), now: clock.now() };
    return this.#change(FINISH, { task, dueAt, owner, ...end });
  }

  /** Gives a run to whoever looks next. */
  giveBack(run: OwnedRun & Pick<OpenRun, 'attempt' | 'state'>): Promise<boolean> {
    return this.handOver(run, { to: NOBODY, attempt: run.attempt });
  }

  /** Makes an open run a claimed one of another owner. */
  handOver(
    { task, dueAt, owner, state }: OwnedRun & Pick<OpenRun, 'state'>,
    next: { readonly to: string; readonly attempt: number },
  ): Promise<boolean> {
    return this.#change(HAND_OVER, { task, dueAt, owner, state, ...next, now: clock.now() });
  }

  /** The times up to one at which a task was run, or was to be but for a crash; the newest 1,000, oldest first. */
  async timesRun(task: string, upTo: number): Promise<number[]> {
    const times = await this.#connection.read(
      (handle) =>
        handle
          .statement(TIMES_RUN)
          .pluck()
          .all({ ...this.#whose, task, upTo }) as number[],
    );
    return times.reverse();
  }

  /** The newest run of each task. */
  async lastRuns(): Promise<ReadonlyMap<string, RunRecord>> {
    const rows = await this.#connection.read(
      (handle) => handle.statement(LAST_RUNS).all(this.#whose) as RunRecord[],
    );
    return new Map(rows.map((row) => [row.task, row]));
  }

  /** The runs of a task, newest first. */
  runs(task: string, limit: number): Promise<RunRecord[]> {
    return this.#connection.read(
      (handle) => handle.statement(RUNS_OF).all({ ...this.#whose, task, limit }) as RunRecord[],
    );
  }

  /** The tasks that have runs, those that are no longer declared among them. */
  async recordedTasks(): Promise<string[]> {
    const rows = await this.#connection.read(
      (handle) => handle.statement(RECORDED).all(this.#whose) as Pick<RunKey, 'task'>[],
    );
    return rows.map(({ task }) => task);
  }

  /** Pauses a task, or all by `EVERY_TASK`; false when it was paused. */
  pause(task: string): Promise<boolean> {
    return this.#connection.write(
      (handle) => handle.statement(PAUSE).run(task, clock.now()).changes > 0,
    );
  }

  /** Ends a pause; of `EVERY_TASK` ends every one. False when there was none. */
  resume(task: string): Promise<boolean> {
    return this.#connection.write((handle) => {
      if (task === EVERY_TASK) return handle.statement(RESUME_ALL).run().changes > 0;
      return handle.statement(RESUME).run(task).changes > 0;
    });
  }

  /** Forgets runs of a task from before a moment, but for the last 100; so many at a time. @returns how many */
  prune(task: string, before: number): Promise<number> {
    return this.#connection.write(
      (handle) => handle.statement(PRUNE).run({ ...this.#whose, task, before }).changes,
    );
  }

  #change(statement: string, values: Readonly<Record<string, unknown>>): Promise<boolean> {
    return this.#connection.write(
      (handle: Handle) =>
        handle.statement(statement).run({ ...values, ...this.#whose }).changes > 0,
    );
  }
}

function cut(message: string | undefined): string | null {
  if (message === undefined) return null;
  return message.length > MESSAGE_LENGTH ? `${message.slice(0, MESSAGE_LENGTH)}…` : message;
}
