import { hostname } from 'node:os';
import type { Locks } from '../cache/locks/locks';
import { clock, within } from '../support/clock';
import { messageOf, toError } from '../support/errors';
import { isOwnerGone, pidOfOwner } from '../support/owner';
import { isOnTime, planRuns, type DuePlan, type PlannedTimes } from './due-plan';
import {
  EVERY_TASK,
  NOBODY,
  type OpenRun,
  type ScheduleState,
  type ScheduleStore,
} from './schedule-store';
import type { ScheduledRun, SchedulerEvent, TellSchedulerEvent } from './scheduler-events';
import type { Task } from './task';
import type { RunOutcome, TaskRunner } from './task-runner';

/** What claiming takes. */
export interface ClaimsParts {
  /** Whose claims they are. */
  readonly owner: string;
  readonly tasks: readonly Task[];
  readonly store: ScheduleStore;
  readonly runner: TaskRunner;
  readonly locks: Locks;
  /** Whose runs they are, by id; undefined for the application's own. */
  readonly tenant?: string | undefined;
  /** The file the store is in: schedulers that share it are one server. */
  readonly file: string;
  /** Whether the application is down for maintenance. */
  readonly isDown: () => boolean;
  /** Whether a task's job is stored in the store's own file. */
  readonly sharesFile: (task: Task) => boolean;
  readonly tell: TellSchedulerEvent;
  /** Takes work that nobody waits for now, and that is to end before the scheduler does. */
  readonly follow: (work: Promise<void>) => void;
}

/** Why a run is over before it began. */
type Refusal =
  | { readonly state: 'skipped'; readonly message: string }
  | { readonly state: 'failed'; readonly message: string; readonly error: Error };

/** What a look at a task's times came to, before it is written down. */
interface Look {
  readonly plan: DuePlan;
  /** The span that was looked at. */
  readonly from: number;
  readonly to: number;
  readonly refusals: ReadonlyMap<number, Refusal | undefined>;
}

const MINUTE_MS = 60_000;

/** How long the conditions of a task may take. */
const CONDITION_MS = 10_000;

/** How often a task is run whose schedulers die: one that kills its process must not do so for ever. */
const MAX_ATTEMPTS = 3;

/** How often the run of a task for its tenants is gone on with: each time one of them may have been what killed the process. */
const MAX_FAN_OUTS = 10;

/** How long another server is kept from running the same (task, time), and one that makes up for every run it has missed. */
const SERVER_LOCK_MS = 3_600_000;
const MADE_UP_LOCK_MS = 7 * 24 * 3_600_000;

/** The longest lock: of a task that is due once a year. */
const LONGEST_LOCK_MS = 400 * 24 * 3_600_000;

/** When a run is given up whose owner nobody can judge, in another container or where there is no /proc, or whose task nobody knows. */
const UNJUDGED_MS = 24 * 3_600_000;

/** Put back by more, the clock has tasks begin anew; by less, they wait until it is there again. */
const CLOCK_BACK_MS = 60_000;

/** Claims the runs whose time has come, for one scheduler. */
export class Claims {
  readonly #parts: ClaimsParts;

  constructor(parts: ClaimsParts) {
    this.#parts = parts;
  }

  /** Claims what is due of a task, and answers what is left to run; jobs of a queue in the same file are dispatched already. */
  async take(task: Task, state: ScheduleState, now: number): Promise<ScheduledRun[]> {
    const beginsAt = task.times.isFrequent ? now : now - (now % MINUTE_MS) - 1;
    const from = await this.#seenUntil(task, state, { now, beginsAt });
    return this.#takeSpan(task, state, { times: task.times, from, to: now });
  }

  /**
   * Claims what a tenant has to run of a task that is run for each at a time now: the run of that time, and by the task's policy those that did
   * not reach it.
   *
   * @param times at which the task was run for each up to now
   */
  async takeFor(
    task: Task,
    state: ScheduleState,
    { dueAt, times }: { readonly dueAt: number; readonly times: PlannedTimes },
  ): Promise<ScheduledRun[]> {
    const facts = { now: clock.now(), beginsAt: dueAt - 1 };
    const from = await this.#seenUntil(task, state, facts);
    return this.#takeSpan(task, state, { times, from, to: dueAt });
  }

  /** Deals with a run whose owner is gone, and answers it when it is ours to run now. */
  async recover(open: OpenRun, now: number): Promise<ScheduledRun[]> {
    const { owner, tasks } = this.#parts;
    if (open.owner === owner || !isGone(open, now)) return [];
    const task = tasks.find(({ name }) => name === open.task);
    if (task === undefined) return this.#giveUp(open, now);
    const run = this.#runOf(task, open.dueAt, open.attempt);
    if (this.#isForEach(task)) return this.#recoverForEach(open, run, now);
    return open.state === 'running'
      ? this.#recoverRunning(open, run)
      : this.#recoverClaimed(open, run, now);
  }

  /** Claims what a plan says of a span. */
  async #takeSpan(
    task: Task,
    state: ScheduleState,
    {
      times,
      from,
      to,
    }: { readonly times: PlannedTimes; readonly from: number; readonly to: number },
  ): Promise<ScheduledRun[]> {
    const plan = planRuns(times, task.whenMissed, { seenUntil: from, now: to });
    if (plan === undefined) return [];
    // Outside of the transaction: conditions take their time, and a lock may be on a server.
    const refusals = new Map<number, Refusal | undefined>();
    for (const dueAt of plan.due) refusals.set(dueAt, await this.#refuse(task, dueAt, state));
    return this.#claim(task, { plan, from, to, refusals });
  }

  #runOf(task: Task, dueAt: number, attempt = 1): ScheduledRun {
    return { task, dueAt, attempt, tenant: this.#parts.tenant };
  }

  /** Whether a run here stands for those of all tenants: conditions, locks and jobs are then theirs. */
  #isForEach({ perTenant }: Task): boolean {
    return perTenant !== undefined && this.#parts.tenant === undefined;
  }

  /**
   * From when on a task's times are looked at. A task that is new, or has other times than before, begins with the minute it is seen in; one
   * that is due several times a minute, with the moment.
   */
  async #seenUntil(
    task: Task,
    { progress }: ScheduleState,
    { now, beginsAt }: { readonly now: number; readonly beginsAt: number },
  ): Promise<number> {
    const known = progress.get(task.name);
    const expression = task.times.fingerprint;
    if (known?.expression === expression && known.seenUntil <= now + CLOCK_BACK_MS) {
      return known.seenUntil;
    }
    await this.#parts.store.begin(task.name, { expression, seenUntil: beginsAt });
    return beginsAt;
  }

  async #refuse(
    task: Task,
    dueAt: number,
    { paused }: ScheduleState,
  ): Promise<Refusal | undefined> {
    const isPaused = paused.has(task.name) || paused.has(EVERY_TASK);
    if (isPaused && !task.evenWhenPaused) return { state: 'skipped', message: 'it is paused' };
    if (!task.evenInMaintenanceMode && this.#parts.isDown()) {
      return { state: 'skipped', message: 'the application is down for maintenance' };
    }
    if (this.#isForEach(task)) return undefined;
    const refusal = await this.#ask(task, dueAt);
    if (refusal !== undefined) return refusal;
    if (!task.onOneServer || (await this.#isOurServers(task, dueAt))) return undefined;
    return { state: 'skipped', message: 'another server runs it' };
  }

  async #ask(task: Task, dueAt: number): Promise<Refusal | undefined> {
    if (task.conditions.length === 0) return undefined;
    try {
      const answer = await within(CONDITION_MS, this.#parts.runner.refusal(task, dueAt));
      if (answer === undefined) throw new Error('Its conditions did not answer within 10 s.');
      return answer.value === undefined ? undefined : { state: 'skipped', message: answer.value };
    } catch (thrown) {
      const error = toError(thrown);
      return { state: 'failed', message: messageOf(error), error };
    }
  }

  /** All schedulers of a file are one owner: what one of them was kept from by its death, another one does. */
  async #isOurServers(task: Task, dueAt: number): Promise<boolean> {
    const { locks, file } = this.#parts;
    const owner = `${hostname()}:${file}`;
    const seconds = Math.ceil(serverLockMs(task, dueAt) / 1000);
    const lock = locks.lock(`schedule:${task.name}:${dueAt}`, seconds, { owner });
    return (await lock.get()) || lock.isOwnedByCurrentProcess();
  }

  /** One transaction: that the times were seen, what was missed, the claims, and the jobs that go into the same file. */
  async #claim(task: Task, look: Look): Promise<ScheduledRun[]> {
    const events: SchedulerEvent[] = [];
    const claimed: ScheduledRun[] = [];
    await this.#parts.store.transaction(async () => {
      if (!(await this.#parts.store.advance(task.name, look))) return; // another scheduler was first
      events.push(...(await this.#writeMissed(task, look.plan)));
      for (const dueAt of look.plan.due) {
        const run = this.#runOf(task, dueAt);
        const event = await this.#claimOne(run, look.refusals.get(dueAt));
        if (event === 'claimed') claimed.push(run);
        else if (event !== 'taken') events.push(event);
      }
    });
    for (const event of events) this.#announce(event);
    return claimed;
  }

  async #claimOne(
    run: ScheduledRun,
    refusal: Refusal | undefined,
  ): Promise<SchedulerEvent | 'claimed' | 'taken'> {
    const { owner, store, sharesFile } = this.#parts;
    const row = { task: run.task.name, dueAt: run.dueAt, owner };
    const isDispatch = refusal === undefined && !this.#isForEach(run.task) && sharesFile(run.task);
    const state = refusal?.state ?? (isDispatch ? 'done' : 'claimed');
    if (!(await store.add({ ...row, state, message: refusal?.message }))) return 'taken';
    if (refusal?.state === 'skipped') return { kind: 'skipped', run, reason: refusal.message };
    if (refusal !== undefined) return failed(run, refusal.error);
    if (!isDispatch) return 'claimed';
    try {
      await this.#parts.runner.dispatch(run.task);
      return { kind: 'dispatched', run };
    } catch (thrown) {
      const error = toError(thrown);
      await store.finish(row, { state: 'failed', message: messageOf(error) });
      return failed(run, error);
    }
  }

  async #writeMissed(task: Task, { missed }: DuePlan): Promise<SchedulerEvent[]> {
    if (missed === undefined) return [];
    const { newest, oldest, count } = missed;
    const message = count === 1 ? undefined : `${count} runs, the first at ${iso(oldest)}`;
    const { owner, store } = this.#parts;
    const row = { task: task.name, dueAt: newest, owner, state: 'missed', message } as const;
    if (!(await store.add(row))) return [];
    return [{ kind: 'missed', run: this.#runOf(task, newest), count }];
  }

  /** Tells what was committed, and calls the hooks of runs that are over by it. */
  #announce(event: SchedulerEvent): void {
    const { runner, tell, follow } = this.#parts;
    tell(event);
    if (event.kind !== 'dispatched' && event.kind !== 'failed') return;
    const { task, dueAt } = event.run;
    const outcome = event.kind === 'failed' ? event.outcome : DISPATCHED;
    follow(runner.callAfter(task, { ...runner.facts(task, dueAt), ...outcome }));
  }

  /** A task that nobody here knows may be one of the next release, which deals with it; for a day, then it was removed. */
  async #giveUp(open: OpenRun, now: number): Promise<[]> {
    const state = open.state === 'running' ? 'crashed' : 'missed';
    if (now - open.claimedAt > UNJUDGED_MS) await this.#parts.store.finish(open, { state });
    return [];
  }

  async #recoverRunning(open: OpenRun, run: ScheduledRun): Promise<ScheduledRun[]> {
    const { owner, store, tell } = this.#parts;
    const runsAgain = run.task.rerunAfterCrash && open.attempt < MAX_ATTEMPTS;
    const attempt = open.attempt + 1;
    const isOurs = runsAgain
      ? await store.handOver(open, { to: owner, attempt })
      : await store.finish(open, {
          state: 'crashed',
          message: 'its scheduler died before its end',
        });
    if (!isOurs) return [];
    tell({ kind: 'crashed', run, runsAgain });
    return runsAgain ? [{ ...run, attempt }] : [];
  }

  /** Somebody looked in time: what is left is run for the other tenants, until the task's next time has come. */
  async #recoverForEach(open: OpenRun, run: ScheduledRun, now: number): Promise<ScheduledRun[]> {
    const { owner, store, tell } = this.#parts;
    const attempt = open.owner === NOBODY ? open.attempt : open.attempt + 1;
    const goesOn = attempt <= MAX_FAN_OUTS && isStillDue(run.task, run.dueAt, now);
    const isOurs = goesOn
      ? await store.handOver(open, { to: owner, attempt })
      : await store.finish(open, { state: 'crashed', message: 'not all tenants were reached' });
    if (!isOurs) return [];
    if (open.owner !== NOBODY || !goesOn) tell({ kind: 'crashed', run, runsAgain: goesOn });
    return goesOn ? [{ ...run, attempt }] : [];
  }

  async #recoverClaimed(open: OpenRun, run: ScheduledRun, now: number): Promise<ScheduledRun[]> {
    const { owner, store, tell } = this.#parts;
    const { task, dueAt, attempt } = run;
    if (attempt > 1 || isStillDue(task, dueAt, now)) {
      return (await store.handOver(open, { to: owner, attempt })) ? [run] : [];
    }
    const message = 'its scheduler was gone before it began';
    if (await store.finish(open, { state: 'missed', message })) {
      tell({ kind: 'missed', run, count: 1 });
    }
    return [];
  }
}

/** Whether what was claimed for a time is run yet, although nobody began it. */
function isStillDue({ whenMissed, perTenant, times }: Task, dueAt: number, now: number): boolean {
  if (whenMissed !== 'skip') return true;
  return perTenant === undefined
    ? isOnTime(times, dueAt, now)
    : (times.next(dueAt) ?? Infinity) > now;
}

/** A server that was down makes up for what it missed, and not for what another one has run: the last time is made up for until the next has come. */
function serverLockMs({ whenMissed, times }: Task, dueAt: number): number {
  if (whenMissed === 'skip') return SERVER_LOCK_MS;
  if (whenMissed === 'all') return MADE_UP_LOCK_MS;
  const untilNext = (times.next(dueAt) ?? Infinity) - clock.now();
  return Math.min(LONGEST_LOCK_MS, Math.max(0, untilNext) + SERVER_LOCK_MS);
}

const DISPATCHED: RunOutcome = {
  state: 'done',
  tookMs: 0,
  exitCode: undefined,
  output: '',
  error: undefined,
};

function failed(run: ScheduledRun, error: Error): SchedulerEvent {
  return { kind: 'failed', run, outcome: { ...DISPATCHED, state: 'failed', error } };
}

function isGone({ owner, claimedAt }: OpenRun, now: number): boolean {
  if (owner === NOBODY || isOwnerGone(owner)) return true;
  return pidOfOwner(owner) === undefined && now - claimedAt > UNJUDGED_MS;
}

const iso = (time: number): string => new Date(time).toISOString();
