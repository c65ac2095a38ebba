import type { Scope } from '../../tenancy/container';
import type { Tenancy } from '../../tenancy/tenancy';
import { TenantStateError } from '../../tenancy/errors';
import type { WorkIndex } from '../../tenancy/work-index/work-index';
import type { WorkLease } from '../../tenancy/work-index/work-lease-store';
import { clock, delayMs, monotonicMs } from '../../support/clock';
import { errorCode, toError } from '../../support/errors';
import { isOwnerGone, newOwner } from '../../support/owner';
import type { WorkerEvent } from '../queue-events';
import { QueueRegistry, type WorkOptions } from '../queue-registry';
import type { QueueStore } from '../queue-store';
import { Alarm } from '../worker/alarm';
import type { WorkerWatchdog } from '../worker/watchdog';
import type { Worker } from '../worker/worker';
import type { StopReason, WorkResult } from '../worker/worker-options';

/*
 * One worker for the queues of all tenants. Jobs lie in the tenants' own files; the work index says in which of them there are some.
 *
 *   sleep ──the index changed, a row is ready──▶ lease ──▶ turn: work that tenant's queue, as it would be worked alone ──▶ release ──▶ …
 *
 * Invariants:
 * 1. A turn lasts as long as `quantumMs` or `jobsPerTurn` allow. Whoever had the least time is next then, also while its last jobs still run:
 *    these keep their slots, and nobody waits for them.
 * 2. A tenant without work costs nothing: none of its files is opened, and none is watched.
 * 3. What a turn found goes into the index with the moment before it was looked at: a job that was stored since is not lost from sight.
 * 4. A tenant that takes no work, or whose files cannot be opened, is looked at again later; its jobs stay where they are.
 */

/** How long the right to a turn lasts unless it is renewed. */
const LEASE_MS = 30_000;

/** How long a tenant is left alone that takes no work now: what ends that touches its work. */
const PARK_MS = 60_000;

/** How long one is left alone whose files erred. */
const ERROR_PARK_MS = 5000;

/** How long after its quantum a turn that still runs jobs is handed on. */
const HAND_ON_MS = 50;

/** How long a tenant waits that has as many jobs running as it may. */
const FULL_PARK_MS = 250;

/** The pause when work is ready that may not be taken: others have it. */
const TAKEN_PAUSE_MS = 50;

/** How often it is looked whether workers are told to stop. */
const SIGNALS_MS = 2000;

/** A tenant is in no state for work, and its jobs wait for another. */
const PARKED: readonly (string | undefined)[] = ['E_TENANT_UNAVAILABLE', 'E_TENANT_SCHEMA'];

/** What errs in the work of a tenant that is deleted meanwhile. */
const MISSING = 'E_DATABASE_FILE_MISSING';

/** What a worker for all tenants is made of. */
export interface TenantWorkerParts {
  readonly tenancy: Tenancy;
  readonly index: WorkIndex;
  /** Name of the queue connection. */
  readonly connection: string;
  readonly options: TenantWorkOptions;
  /** The application's own queue: who asks workers to stop, asks there. */
  readonly central: QueueStore;
  readonly watchdog?: WorkerWatchdog | undefined;
  /** Told what happens to jobs; must not throw. */
  readonly tell?: (event: WorkerEvent, tenantId: string) => void;
  /** Told of errors that belong to no job. */
  readonly onError?: (error: Error, tenantId: string | undefined) => void;
}

/** How tenants are served. `concurrency` is jobs at a time, of all tenants together. */
export interface TenantWorkOptions extends Omit<WorkOptions, 'queues' | 'once' | 'watchdog'> {
  /** Queues that are served. Default: all. */
  readonly queues?: readonly string[] | undefined;
  /** Tenants that are served, by id. Default: all. */
  readonly tenants?: ((id: string) => boolean) | undefined;
  /** Jobs of one tenant at a time. Default: half of `concurrency`. */
  readonly maxPerTenant?: number | undefined;
  /** How long a turn goes on taking jobs. Default: 250. */
  readonly quantumMs?: number | undefined;
  /** Jobs of a turn at most. Default: 25. */
  readonly jobsPerTurn?: number | undefined;
}

/** Serves the queues of all tenants until it is told to stop. */
export class TenantWorker {
  readonly owner = newOwner();
  readonly #parts: TenantWorkerParts;
  readonly #options: TenantWorkOptions;
  readonly #alarm = new Alarm();
  readonly #turns = new Set<Turn>();
  readonly #ending = new Set<Promise<void>>();
  readonly #workers = new Set<Worker>();
  readonly #stopped = new AbortController();
  /** By somebody else: of who is being worked for, and of who is being opened. */
  #isAsked = false;
  /** Tenants that are not served, as far as the index has named them. */
  readonly #passedOver = new Set<string>();
  /** Tenants of whom it was told that they were deleted while their jobs ran. */
  readonly #gone = new Set<string>();
  #jobs = 0;
  #isPaused = false;
  #reason: StopReason | undefined;

  constructor(parts: TenantWorkerParts) {
    this.#parts = parts;
    this.#options = parts.options;
  }

  /** How many jobs it runs now. */
  get runningJobs(): number {
    return [...this.#workers].reduce((sum, worker) => sum + worker.runningJobs, 0);
  }

  /** Works until `stop`, or until its options say so; then resolves, holding no job. */
  async run(): Promise<WorkResult> {
    const { index, watchdog } = this.#parts;
    const beganAt = monotonicMs();
    await index.complete();
    const watch = index.watch(() => this.#alarm.ring());
    const listening = this.#listen();
    try {
      while (this.#reason === undefined) await this.#look(beganAt);
    } finally {
      this.#stopped.abort();
      await Promise.all(this.#ending);
      watch.close();
      watchdog?.close();
      await listening;
    }
    return { reason: this.#reason, jobs: this.#jobs };
  }

  /** Asks it to stop: running jobs may finish until the deadline. Harmless when repeated. */
  stop(): void {
    this.#isAsked = true;
    this.#stopFor('asked');
    for (const worker of this.#workers) worker.stop();
  }

  /** Puts running jobs back now instead of waiting for them. */
  stopNow(): void {
    this.stop();
    for (const worker of this.#workers) worker.stopNow();
  }

  /** Begins no turn until `resume`; running ones go on. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#alarm.ring();
  }

  /** Begins turns while there is room and work, then sleeps. */
  async #look(beganAt: number): Promise<void> {
    const { maxTimeMs = Infinity, maxJobs = Infinity, stopWhenEmpty } = this.#options;
    try {
      if (monotonicMs() - beganAt >= maxTimeMs) return this.#stopFor('max-time');
      if (this.#jobs >= maxJobs) return this.#stopFor('max-jobs');
      const lease = await this.#lease();
      if (lease !== undefined) return this.#begin(lease);
      const readyAt = await this.#parts.index.nextReadyAt(this.#served);
      const untilReadyMs = readyAt === undefined ? Infinity : readyAt - clock.now();
      if (stopWhenEmpty && this.#turns.size === 0 && untilReadyMs > 0) {
        return this.#stopFor('empty');
      }
      await this.#alarm.wait(
        Math.min(this.#options.sleepMs, Math.max(untilReadyMs, TAKEN_PAUSE_MS)),
      );
    } catch (error) {
      this.#parts.onError?.(toError(error), undefined);
      await delayMs(1000, this.#stopped.signal);
    }
  }

  get #served() {
    const { queues } = this.#options;
    return { queues, except: [...this.#passedOver], maxPerTenant: 1 };
  }

  async #lease(): Promise<WorkLease | undefined> {
    const { concurrency, tenants } = this.#options;
    while (!this.#isPaused && this.#busySlots < concurrency) {
      const request = { ...this.#served, owner: this.owner, leaseMs: LEASE_MS };
      const lease = await this.#parts.index.lease(request);
      if (lease === undefined || tenants === undefined || tenants(lease.tenantId)) return lease;
      this.#passedOver.add(lease.tenantId);
      await this.#parts.index.release(lease, { left: 'due', elapsedMs: 0 });
    }
    return undefined;
  }

  #begin(lease: WorkLease): void {
    const { concurrency, maxPerTenant = Math.ceil(concurrency / 2) } = this.#options;
    const running = sum(
      [...this.#turns].filter(({ lease: { tenantId } }) => tenantId === lease.tenantId),
    );
    const slots = Math.min(maxPerTenant - running, concurrency - this.#busySlots);
    const turn: Turn = { lease, slots, beganAt: monotonicMs(), isReleased: false };
    this.#turns.add(turn);
    const ended = this.#run(turn).finally(() => {
      this.#turns.delete(turn);
      this.#ending.delete(ended);
      this.#alarm.ring();
    });
    this.#ending.add(ended);
  }

  get #busySlots(): number {
    return sum([...this.#turns]);
  }

  /** Never rejects. */
  async #run(turn: Turn): Promise<void> {
    const { lease } = turn;
    const renewing = setInterval(() => {
      if (turn.isReleased) return;
      this.#parts.index.renew(lease, LEASE_MS).catch(() => undefined); // lost, it is found by whoever comes next
    }, LEASE_MS / 3);
    try {
      const work = turn.slots > 0 ? this.#workOn(turn) : parkedFor(FULL_PARK_MS);
      const found = await Promise.resolve(work).catch((error: unknown) =>
        this.#leftBy(toError(error), lease.tenantId),
      );
      if (found !== undefined) await this.#release(turn, found);
    } catch (error) {
      this.#parts.onError?.(toError(error), lease.tenantId);
    } finally {
      clearInterval(renewing);
    }
  }

  /** Gives the right to the next turn back; once it is given back, what is left is only made known. */
  async #release(turn: Turn, found: Found): Promise<void> {
    const { index } = this.#parts;
    const { tenantId, queue } = turn.lease;
    const isOurs =
      !turn.isReleased &&
      (await index.release(turn.lease, { ...found, elapsedMs: monotonicMs() - turn.beganAt }));
    turn.isReleased = true;
    if (isOurs || found.left === 'empty') return;
    await index.note(tenantId, queue, found.left === 'due' ? clock.now() : found.left.dueAt);
  }

  #workOn(turn: Turn): Promise<Found> {
    return this.#parts.tenancy.run(turn.lease.tenantId, (_tenant, scope) =>
      this.#workInside(scope, turn),
    );
  }

  async #workInside(scope: Scope, turn: Turn): Promise<Found> {
    const { connection, watchdog } = this.#parts;
    const { tenantId, queue } = turn.lease;
    this.#gone.delete(tenantId);
    const registry = scope.make(QueueRegistry);
    const store = registry.store(connection);
    if (await isPaused(store, queue)) return parkedFor(PARK_MS);
    const { quantumMs = 250, jobsPerTurn = 25 } = this.#options;
    const worker = registry.worker(
      connection,
      {
        ...this.#options,
        queues: [queue],
        concurrency: turn.slots,
        once: false,
        stopWhenEmpty: true,
        isListening: false,
        maxJobs: jobsPerTurn,
        maxTimeMs: quantumMs,
        watchdog,
      },
      (event) => this.#hear(event, tenantId),
    );
    this.#workers.add(worker);
    try {
      if (this.#isAsked || this.#stopped.signal.aborted) worker.stop();
      const working = worker.run();
      await this.#handOn(turn, { store, worker, working, quantumMs });
      const { jobs } = await working;
      this.#jobs += jobs;
    } finally {
      this.#workers.delete(worker);
    }
    return this.#lookFor(store, { tenantId, queue });
  }

  /** A job may take longer than the turn: whoever is next, of this tenant too, does not wait for it. */
  async #handOn(turn: Turn, { store, worker, working, quantumMs }: TurnWork): Promise<void> {
    const ended = new AbortController();
    const isOver = working.then(
      () => true,
      () => true, // whoever awaits the work itself is told
    );
    const isLong = delayMs(quantumMs + HAND_ON_MS, ended.signal).then(() => false);
    const isDone = await Promise.race([isOver, isLong]);
    ended.abort();
    if (isDone) return;
    turn.slots = worker.runningJobs;
    await this.#release(turn, await this.#lookFor(store, turn.lease));
    this.#alarm.ring();
  }

  /** What there is to do next. Jobs may have called for others, of other queues: whoever is killed before this is followed by who looks again. */
  async #lookFor(
    store: QueueStore,
    { tenantId, queue }: Pick<WorkLease, 'tenantId' | 'queue'>,
  ): Promise<Found> {
    const emptyReadAt = clock.now();
    const looks = await store.nextLooks();
    for (const [other, at] of looks) {
      if (other !== queue) await this.#parts.index.note(tenantId, other, at);
    }
    const dueAt = looks.get(queue);
    if (dueAt === undefined) return { left: 'empty', emptyReadAt };
    return dueAt <= clock.now() ? { left: 'due' } : { left: { dueAt }, emptyReadAt };
  }

  /** What is said of work that could not be looked at. */
  async #leftBy(error: Error, tenantId: string): Promise<Found | undefined> {
    const { index } = this.#parts;
    if (errorCode(error) === 'E_TENANT_NOT_FOUND') {
      await index.forget(tenantId);
      return undefined;
    }
    if (PARKED.includes(errorCode(error))) return parkedFor(PARK_MS);
    await this.#tellError(error, tenantId);
    return parkedFor(ERROR_PARK_MS);
  }

  #hear(event: WorkerEvent, tenantId: string): void {
    const isMissing = event.kind === 'error' && errorCode(event.error) === MISSING;
    if (!isMissing) return this.#parts.tell?.(event, tenantId);
    const told = this.#tellError(event.error, tenantId).finally(() => this.#ending.delete(told));
    this.#ending.add(told);
  }

  /** Each write for a tenant that was deleted while its jobs run errs: that is said once, and as what it is. Never rejects. */
  async #tellError(error: Error, tenantId: string): Promise<void> {
    const isGone =
      errorCode(error) === MISSING &&
      (await this.#parts.tenancy.find(tenantId).then(
        (tenant) => tenant === undefined || tenant.state === 'deleted',
        () => false,
      ));
    if (!isGone) return this.#parts.onError?.(error, tenantId);
    if (this.#gone.has(tenantId)) return;
    this.#gone.add(tenantId);
    this.#parts.onError?.(TenantStateError.unavailable(tenantId, 'deleted'), tenantId);
  }

  /** Until it stops: what is asked of all workers is asked of this one. */
  async #listen(): Promise<void> {
    let restartAt: number | undefined;
    for (let isFirst = true; !this.#stopped.signal.aborted; isFirst = false) {
      try {
        const signals = await this.#parts.central.signals(this.owner);
        if (isFirst) ({ restartAt } = signals);
        else if (signals.restartAt !== restartAt) this.#stopFor('restart');
        await this.#parts.index.recover((owner) => owner !== this.owner && isOwnerGone(owner));
        await this.#parts.index.complete(); // one that was lost meanwhile
      } catch (error) {
        this.#parts.onError?.(toError(error), undefined);
      }
      await delayMs(SIGNALS_MS, this.#stopped.signal);
    }
  }

  #stopFor(reason: StopReason): void {
    this.#reason ??= reason;
    this.#alarm.ring();
  }
}

/** The right to work a tenant's queue, in use. */
interface Turn {
  readonly lease: WorkLease;
  readonly beganAt: number;
  /** Jobs it may run at a time; those that still run, once it was handed on. */
  slots: number;
  /** Whether others may have the next one already. */
  isReleased: boolean;
}

interface TurnWork {
  readonly store: QueueStore;
  readonly worker: Worker;
  readonly working: Promise<WorkResult>;
  readonly quantumMs: number;
}

/** What a look at a queue found, and when it began. */
type Found =
  | { readonly left: 'due' }
  | { readonly left: 'empty' | { readonly dueAt: number }; readonly emptyReadAt: number };

function parkedFor(milliseconds: number): Found {
  const now = clock.now();
  return { left: { dueAt: now + milliseconds }, emptyReadAt: now };
}

async function isPaused(store: QueueStore, queue: string): Promise<boolean> {
  const signals = await store.signals('');
  return signals.isPaused || signals.pausedQueues.includes(queue);
}

function sum(turns: readonly Turn[]): number {
  return turns.reduce((slots, turn) => slots + turn.slots, 0);
}
