import { requireWholeNumber } from '../support/argument';
import { monotonicMs } from '../support/clock';
import { defaultBudget } from './connection-budget';
import { currentSession } from './connection-session';
import { PoolExhaustedError, type ConnectionFacts } from './errors';

/*
 * Which connections of tenants may have their files open.
 *
 *   resting ──enter()──▶ open ──rested(), closed()──▶ resting
 *      └─────no room─────▶ waiting ──room──▶ open
 *                             └──its time is over──▶ E_POOL_EXHAUSTED
 *
 * Invariants:
 * 1. Only the member itself closes its handles: the pool asks it to rest, and one that is in use refuses.
 * 2. Room is made before it is taken, so that at most `limit` members are open at any moment, but for the fifth rule.
 * 3. More than `budget` are open only while all of them are in use: whoever is no longer, rests at once.
 * 4. Who waits is served first in, first out, and all who wait for one member with the first of them.
 * 5. Who waits inside a transaction holds a place of another member: those go beyond `limit`, by `reserve` at most. If every place were held by
 *    a transaction that needs a second file, none of them would ever end.
 * 6. Members stand in the order of their last use.
 */

/** Beyond the budget, by how much it may be exceeded while all are in use: a quarter of the descriptors is left then. */
const LIMIT_FACTOR = 1.5;

/** Of the budget, how much more is for those inside a transaction: an eighth of the descriptors is left then. */
const RESERVE_FACTOR = 0.25;

/** How often it is looked, in one `idleMs`, who was not used. */
const SWEEPS = 2;

/** How many connections a pool keeps open. */
export interface ConnectionPoolOptions {
  /** Connections that stay open, 1 or more. Default: `defaultBudget()`. */
  readonly budget?: number;
  /** Connections that may be open at most, while all are in use; `budget` or more. Default: half as much again as `budget`. */
  readonly limit?: number;
  /** Connections beyond `limit` that may be open for work that is inside a transaction of another. Default: a quarter of `budget`. */
  readonly reserve?: number;
  /** Milliseconds after which a connection that is not used rests, and half as long again at most. Default: 60,000. */
  readonly idleMs?: number;
}

/** What is known of a pool. */
export interface PoolStatistics {
  /** Connections that are open now. */
  readonly open: number;
  /** How often one was opened, since the pool was made. */
  readonly opened: number;
  /** How often one rested. */
  readonly rested: number;
  /** How often one had to wait for room. */
  readonly waits: number;
}

/** A connection, as far as a pool needs to know it. */
export interface PoolMember extends ConnectionFacts {
  readonly settings: { readonly busyTimeout: number };
  /** Closes its handles and tells its slot, unless they are in use. @returns whether it rests */
  rest(): boolean;
}

/** Bounds how many connections are open at a time: beyond the budget, those rest that were not used for longest. */
export class ConnectionPool {
  readonly budget: number;
  readonly limit: number;
  readonly reserve: number;
  readonly idleMs: number;
  /** In the order of their last use. */
  readonly #open = new Set<PoolSlot>();
  readonly #waiting = new Set<WaitingMember>();
  /** The one used last. */
  #latest: PoolSlot | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sweeps = 0;
  #opened = 0;
  #rested = 0;
  #waits = 0;
  readonly #actions: PoolActions = {
    enter: (slot, since) => this.#enter(slot, since),
    hurry: (slot) => this.#hurry(slot),
    touch: (slot) => this.#touch(slot),
    idle: (slot) => this.#idle(slot),
    leave: (slot, isResting) => this.#leave(slot, isResting),
  };

  constructor({
    budget = defaultBudget(),
    limit = Math.ceil(budget * LIMIT_FACTOR),
    reserve = Math.ceil(budget * RESERVE_FACTOR),
    idleMs = 60_000,
  }: ConnectionPoolOptions = {}) {
    requireWholeNumber('budget', budget, 1);
    requireWholeNumber('limit', limit, budget);
    requireWholeNumber('reserve', reserve, 0);
    requireWholeNumber('idleMs', idleMs, 1);
    this.budget = budget;
    this.limit = limit;
    this.reserve = reserve;
    this.idleMs = idleMs;
  }

  get statistics(): PoolStatistics {
    return {
      open: this.#open.size,
      opened: this.#opened,
      rested: this.#rested,
      waits: this.#waits,
    };
  }

  /** A place for a connection, which asks there before it opens, and tells what it does. */
  join(member: PoolMember): PoolSlot {
    return new PoolSlot(member, this.#actions);
  }

  /** Has everybody rest who is in use by nobody. */
  rest(): void {
    this.#shrink(0);
  }

  #enter(slot: PoolSlot, since: number): Promise<void> | undefined {
    const isUrgent = slot.isHurried || currentSession() !== undefined;
    if (this.#hasRoom(isUrgent)) {
      this.#admit(slot);
      this.#release(slot); // those who wait for it in no transaction
      return undefined;
    }
    this.#waits += 1;
    return new Promise((resolve, reject) => {
      const { member } = slot;
      const giveUp = (): void => {
        this.#waiting.delete(waiting);
        reject(PoolExhaustedError.after(monotonicMs() - since, member, this));
      };
      const left = member.settings.busyTimeout - (monotonicMs() - since);
      const timer = setTimeout(giveUp, Math.max(0, left));
      const waiting: WaitingMember = { slot, resolve, timer, isUrgent };
      this.#waiting.add(waiting);
    });
  }

  #hasRoom(isUrgent: boolean): boolean {
    if (this.#waiting.size > 0 && !isUrgent) return false;
    this.#shrink(this.budget - 1);
    return this.#open.size < this.#mostFor(isUrgent);
  }

  #mostFor(isUrgent: boolean): number {
    return isUrgent ? this.limit + this.reserve : this.limit;
  }

  /** Somebody asks for a member inside a transaction: whoever waits for it, or will for all of them, waits no longer than that one may. */
  #hurry(slot: PoolSlot): void {
    slot.isHurried = true;
    for (const waiting of this.#waiting) if (waiting.slot === slot) waiting.isUrgent = true;
    this.#serve();
  }

  /** Has those rest that were not used for longest, until no more than so many are open, and nobody who was last used before a sweep. */
  #shrink(most: number, sweep = 0): void {
    for (let tries = this.#open.size; tries > 0; tries -= 1) {
      const [oldest] = this.#open;
      if (oldest === undefined) return;
      if (this.#open.size <= most && oldest.usedIn >= sweep) return;
      if (!oldest.member.rest()) this.#touch(oldest); // in use at this moment
    }
  }

  #admit(slot: PoolSlot): void {
    slot.isOpen = true;
    slot.isHurried = false;
    this.#opened += 1;
    this.#touch(slot);
    this.#timer ??= setInterval(() => this.#sweep(), this.idleMs / SWEEPS).unref();
  }

  #touch(slot: PoolSlot): void {
    slot.usedIn = this.#sweeps;
    if (slot === this.#latest) return;
    this.#open.delete(slot);
    this.#open.add(slot);
    this.#latest = slot;
  }

  #idle(slot: PoolSlot): void {
    const isRoomNeeded = this.#open.size > this.budget || this.#waiting.size > 0;
    if (!isRoomNeeded || !slot.member.rest()) this.#touch(slot);
  }

  #leave(slot: PoolSlot, isResting: boolean): void {
    if (isResting) this.#rested += 1;
    else this.#release(slot);
    if (this.#open.delete(slot)) slot.isOpen = false;
    if (this.#latest === slot) this.#latest = undefined;
    this.#serve();
    if (this.#open.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #serve(): void {
    for (const { slot, isUrgent } of this.#waiting) {
      if (this.#open.size >= this.#mostFor(isUrgent)) continue;
      this.#admit(slot);
      this.#release(slot);
    }
  }

  /** Lets those go on who wait for a member. */
  #release(slot: PoolSlot): void {
    for (const waiting of this.#waiting) {
      if (waiting.slot !== slot) continue;
      this.#waiting.delete(waiting);
      clearTimeout(waiting.timer);
      waiting.resolve();
    }
  }

  #sweep(): void {
    this.#sweeps += 1;
    this.#shrink(this.budget, this.#sweeps - SWEEPS);
  }
}

interface WaitingMember {
  readonly slot: PoolSlot;
  readonly resolve: () => void;
  readonly timer: NodeJS.Timeout;
  /** Whether somebody asks inside a transaction. */
  isUrgent: boolean;
}

/** What a slot asks of its pool. */
interface PoolActions {
  readonly enter: (slot: PoolSlot, since: number) => Promise<void> | undefined;
  readonly hurry: (slot: PoolSlot) => void;
  readonly touch: (slot: PoolSlot) => void;
  readonly idle: (slot: PoolSlot) => void;
  readonly leave: (slot: PoolSlot, isResting: boolean) => void;
}

/** The place of one connection in a pool. */
export class PoolSlot {
  readonly member: PoolMember;
  /** Whether its member may have handles open. Written by the pool. */
  isOpen = false;
  /** After how many sweeps it was used last. Written by the pool. */
  usedIn = 0;
  /** Whether somebody inside a transaction has asked for its member, for whom another one may be the first to wait. Written by the pool. */
  isHurried = false;
  readonly #pool: PoolActions;
  #isClosed = false;

  constructor(member: PoolMember, pool: PoolActions) {
    this.member = member;
    this.#pool = pool;
  }

  /** Marks a use of the open handles; costs next to nothing. @returns whether they may be open: if not, `enter` comes first */
  used(): boolean {
    if (this.isOpen) this.#pool.touch(this);
    return this.isOpen;
  }

  /**
   * Asks for room to open the handles: undefined when it is there. Whoever awaits it keeps the member from resting meanwhile.
   *
   * @param since since when it waits, by the monotonic clock
   * @throws E_POOL_EXHAUSTED after `busyTimeout`
   */
  enter(since: number): Promise<void> | undefined {
    if (this.#isClosed || this.used()) return undefined;
    return this.#pool.enter(this, since);
  }

  /** Tells that the current work asks for the member, which may be waiting for others already. */
  asked(): void {
    if (!this.isOpen && currentSession() !== undefined) this.#pool.hurry(this);
  }

  /** Tells that nothing uses the member any more: beyond the budget it rests now. */
  idle(): void {
    this.isHurried = false;
    if (this.isOpen) this.#pool.idle(this);
  }

  /** Tells that the handles are closed, to be opened anew at their next use. */
  rested(): void {
    if (this.isOpen) this.#pool.leave(this, true);
  }

  /** Tells that the member is closed for good: who waits for it goes on, and meets that. Twice without harm. */
  closed(): void {
    this.#isClosed = true;
    this.#pool.leave(this, false);
  }
}
