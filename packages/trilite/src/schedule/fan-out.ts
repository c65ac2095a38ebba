import { clock, monotonicMs } from '../support/clock';
import { messageOf, toError } from '../support/errors';
import type { Scope } from '../tenancy/container';
import { runEach } from '../tenancy/run-each';
import { KEPT_STATES, type Tenancy } from '../tenancy/tenancy';
import type { Tenant } from '../tenancy/tenant';
import { ClaimedRuns } from './claimed-runs';
import { Claims, type ClaimsParts } from './claims';
import { timesIn, type PlannedTimes } from './due-plan';
import { jitterOf } from './jitter';
import { PRUNE_EVERY_MS, pruneRuns } from './retention';
import type { RunSignals } from './run-signals';
import type { ScheduleStore } from './schedule-store';
import type {
  FanOutTally,
  ScheduledRun,
  SchedulerEvent,
  TellSchedulerEvent,
} from './scheduler-events';
import type { PerTenant, Task } from './task';

/*
 * The run of a task that is run for each tenant.
 *
 *   the application's file   claimed ──▶ running ───────────── every tenant was visited ──▶ done
 *                                          │  its scheduler died, or stopped: another one visits all of them again
 *   a tenant's file                        └─ visit: claimed ──▶ running ──▶ done │ failed      (as any task's, see scheduler.ts)
 *
 * Invariants:
 * 1. The run in the application's file says who visits the tenants, and that they were not all visited yet. It decides nothing else.
 * 2. Each (task, tenant, time) is claimed in the tenant's file, once: a tenant that is visited again has nothing to run.
 * 3. A visit claims what the tenant was not reached for before, as the task's policy for missed runs says. Times at which the task was not run
 *    for anybody, since it was paused or nobody scheduled, count for nobody.
 * 4. What goes wrong with one tenant is told with its id, and changes nothing for the others.
 */

/** What a tenant's runs are claimed and run with. */
export type TenantSchedule = Pick<ClaimsParts, 'store' | 'runner' | 'locks' | 'file'>;

/** What running tasks for tenants takes. */
export interface FanOutParts {
  readonly tenancy: Pick<Tenancy, 'select' | 'run'>;
  /** Called in the tenant's work. */
  readonly open: (tenant: Tenant, scope: Scope) => TenantSchedule;
  readonly sharesFile: (task: Task) => boolean;
  /** Whether the application is down for maintenance. */
  readonly isDown: () => boolean;
  /** Whose claims they are. */
  readonly owner: string;
  /** The application's own. */
  readonly store: ScheduleStore;
  readonly signals: RunSignals;
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly tell: TellSchedulerEvent;
}

/** One time of a task, and what its visits share. */
interface Round {
  readonly run: ScheduledRun;
  readonly times: PlannedTimes;
  readonly isPruning: boolean;
  readonly tell: (event: SchedulerEvent, tenantId: string) => void;
}

/** Runs tasks for each tenant, for one scheduler. */
export class FanOut {
  readonly #parts: FanOutParts;
  readonly #pruneAt = new Map<string, number>();

  constructor(parts: FanOutParts) {
    this.#parts = parts;
  }

  /** Runs a task for each of its tenants. @returns undefined when the scheduler stopped before every tenant was visited */
  async run(run: ScheduledRun, perTenant: PerTenant): Promise<FanOutTally | undefined> {
    const { tenancy, store, signals } = this.#parts;
    const { task, dueAt } = run;
    const { where, concurrency } = perTenant;
    const tally = { done: 0, failed: 0, skipped: 0 };
    const round: Round = {
      run,
      times: timesIn(await store.timesRun(task.name, dueAt)),
      isPruning: this.#isPruning(task),
      tell: (event, tenantId) => {
        count(event, tally);
        this.#parts.tell(event.kind === 'error' ? { ...event, tenant: tenantId } : event);
      },
    };
    // One that is younger than the time has not missed it
    const all = (await tenancy.select({ states: KEPT_STATES, where })).filter(
      ({ createdAt }) => createdAt <= dueAt,
    );
    let left = 0;
    const visits = inTurn(all, task, perTenant);
    await runEach([...visits.keys()], { concurrency, onError: 'collect' }, async (tenant) => {
      await this.#waitUntil(dueAt + (visits.get(tenant) ?? 0));
      if (signals.stop.aborted || !(await this.#visit(round, tenant))) left += 1;
    });
    return left > 0 ? undefined : tally;
  }

  async #waitUntil(moment: number): Promise<void> {
    const { pause, signals } = this.#parts;
    const untilThen = moment - clock.now();
    if (untilThen > 0) await pause(untilThen, signals.stop);
  }

  /** Never throws. @returns whether the visit is over: false when the scheduler stopped meanwhile */
  async #visit(round: Round, tenant: Tenant): Promise<boolean> {
    const skip = (reason: string): true => {
      const run = { ...round.run, attempt: 1, tenant: tenant.id };
      round.tell({ kind: 'skipped', run, reason }, tenant.id);
      return true;
    };
    if (tenant.state !== 'active') return skip(`the tenant is ${tenant.state}`);
    try {
      return await this.#parts.tenancy.run(tenant, (current, scope) =>
        this.#visitInside(round, current, this.#parts.open(current, scope)),
      );
    } catch (thrown) {
      return skip(messageOf(toError(thrown)));
    }
  }

  async #visitInside(round: Round, { id }: Tenant, schedule: TenantSchedule): Promise<boolean> {
    const { owner, signals, sharesFile, isDown } = this.#parts;
    const { task, dueAt } = round.run;
    const { store, runner } = schedule;
    const tell = (event: SchedulerEvent): void => round.tell(event, id);
    const onError = (thrown: unknown): void => tell({ kind: 'error', error: toError(thrown) });
    const hooks: Promise<void>[] = [];
    const follow = (work: Promise<void>): void => void hooks.push(work);
    const tenantClaims = { tenant: id, tasks: [task], owner, sharesFile, isDown, tell, follow };
    const claims = new Claims({ ...schedule, ...tenantClaims });
    const claimed = new ClaimedRuns({ owner, store, runner, signals, tell, onError });
    const state = await store.state();
    const openRuns = state.open.filter((open) => open.task === task.name);
    const { runs, error } = await collectRuns([
      ...openRuns.map((open) => () => claims.recover(open, clock.now())),
      () => claims.takeFor(task, state, { dueAt, times: round.times }),
    ]);
    let isOver = true;
    for (const run of runs) isOver = (await claimed.process(run)) && isOver;
    await Promise.all(hooks);
    if (error !== undefined) throw error;
    if (round.isPruning) {
      await pruneRuns(store, task.name, { task, now: clock.now() }).catch(onError);
    }
    return isOver;
  }

  #isPruning({ name }: Task): boolean {
    const now = monotonicMs();
    if (now < (this.#pruneAt.get(name) ?? 0)) return false;
    this.#pruneAt.set(name, now + PRUNE_EVERY_MS);
    return true;
  }
}

/** What was claimed, and the first error: what one claim meets does not undo the others. */
async function collectRuns(claims: readonly (() => Promise<ScheduledRun[]>)[]) {
  const runs: ScheduledRun[] = [];
  let error: Error | undefined;
  for (const claim of claims) {
    try {
      runs.push(...(await claim()));
    } catch (thrown) {
      error ??= toError(thrown);
    }
  }
  return { runs, error };
}

/** The tenants in the order of their moments, each with its own after the task's time. Those that are only skipped come first. */
function inTurn(
  tenants: readonly Tenant[],
  { name }: Task,
  { jitterMs }: PerTenant,
): ReadonlyMap<Tenant, number> {
  const moments = tenants.map((tenant): [Tenant, number] => [
    tenant,
    tenant.state === 'active' ? jitterOf(name, tenant.id, jitterMs) : 0,
  ]);
  return new Map(moments.sort(([, one], [, other]) => one - other));
}

function count({ kind }: SchedulerEvent, tally: { -readonly [K in keyof FanOutTally]: number }) {
  if (kind === 'done' || kind === 'dispatched') tally.done += 1;
  else if (kind === 'failed' || kind === 'skipped') tally[kind] += 1;
}
