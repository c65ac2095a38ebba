import { clock } from '../../support/clock';
import { toMilliseconds, type Duration } from '../../support/duration';
import { thisProcess } from '../../support/owner';
import { LONE_SURROGATE } from '../../support/storable';
import { LockNameInvalidError, LockTimeoutError } from '../errors';
import { noteGiven, noteReleased, takeInLine } from './lock-line';
import type { HeldLock, LockRequest, LockStore } from './lock-store';

/*
 * A lock as this process sees it; who holds it is known to the store alone.
 *
 *   get, block ──▶ taken by hand ────────▶ release, or the end of its ttl
 *   get(callback), block(callback) ──▶ taken for a callback ──▶ released when that ends, however it does
 *
 * Invariants:
 * 1. A lock taken for a callback is bound to this process: nobody else could release it. One taken by hand is not: it may have been handed to
 *    a job, which ends it by `restoreLock`.
 * 2. Whatever the callback did, its own error is what the caller sees.
 * 3. Everything that asks for, refreshes or releases a lock proves its owner to the store. An expired lock is nobody's.
 */

/** Characters of a name, the prefix included. */
const NAME_LENGTH = 512;

/** Finds the store at the time of each call: a lock holds no driver, and follows when a fake takes the store's place. */
export type LockStoreSource = () => LockStore;

/** What happened to a lock. */
export interface LockEvent {
  readonly kind: 'lock-acquired' | 'lock-released' | 'lock-missed';
  /** Its name, without the prefix. */
  readonly name: string;
  readonly owner: string;
}

/** Where locks live, and who is told of them. */
export interface LockContext {
  readonly source: LockStoreSource;
  /** Text before every name. */
  readonly prefix: string;
  /** Told after it happened; must not throw. */
  readonly onEvent: ((event: LockEvent) => void) | undefined;
}

/** Which lock, and for whom. */
export interface LockFacts {
  /** Without the prefix. */
  readonly name: string;
  readonly owner: string;
  /** Undefined for a lock that is restored: then `refresh` has to be told. */
  readonly ttl: Duration | undefined;
  /** Whose line waiters stand in. Default: the lock's own. */
  readonly line?: string;
}

/**
 * A lock by name: whoever holds it is the only one who does, in all processes that share the store.
 *
 * A held lock is not given twice, not even to its owner. It ends with `release`, or with its ttl; one taken for a callback also when its
 * process is gone. Made by `Locks`.
 */
export class Lock {
  /** Its name, without the prefix. */
  readonly name: string;
  /** Who holds it once it is taken: a text to hand to another process, which gives it to `restoreLock`. */
  readonly owner: string;
  readonly #context: LockContext;
  readonly #storedName: string;
  readonly #line: string;
  readonly #ttl: Duration | undefined;

  /**
   * @throws E_LOCK_NAME_INVALID
   * @throws RangeError for a ttl of 0 or less
   */
  constructor(context: LockContext, { name, owner, ttl, line }: LockFacts) {
    if (ttl !== undefined) ttlToMs(ttl);
    this.name = name;
    this.owner = owner;
    this.#context = context;
    this.#storedName = storedName(context, name);
    this.#line = line ?? this.#storedName;
    this.#ttl = ttl;
  }

  /**
   * Takes the lock if it is free; tells whether it was. With a callback runs that while it is held, and returns what it returns, or false
   * when the lock was not free.
   */
  get(): Promise<boolean>;
  get<T>(callback: (lock: Lock) => T | Promise<T>): Promise<T | false>;
  async get<T>(callback?: (lock: Lock) => T | Promise<T>): Promise<T | boolean> {
    const store = this.#context.source();
    const given = await store.acquire(this.#request(callback !== undefined));
    this.#tell(given === undefined ? 'lock-missed' : 'lock-acquired');
    if (given === undefined) return false;
    noteGiven(store, this.#line);
    return callback === undefined ? true : whileHeld(this, callback);
  }

  /**
   * Waits until the lock is free, and takes it. With a callback runs that while it is held, and returns what it returns. Those of one process
   * are served first come, first served.
   *
   * @param wait how long at most; 0 tries once
   * @throws E_LOCK_TIMEOUT
   */
  block(wait: Duration): Promise<void>;
  block<T>(wait: Duration, callback: (lock: Lock) => T | Promise<T>): Promise<T>;
  async block<T>(
    wait: Duration,
    callback?: (lock: Lock) => T | Promise<T>,
  ): Promise<T | undefined> {
    const waitMs = Math.max(0, toMilliseconds(wait));
    const request = (): LockRequest => this.#request(callback !== undefined);
    const store = this.#context.source();
    const given = await takeInLine(store, { request, line: this.#line, waitMs });
    this.#tell(given === undefined ? 'lock-missed' : 'lock-acquired');
    if (given === undefined) {
      throw LockTimeoutError.after(waitMs, this.name, await store.held([this.#storedName]));
    }
    return callback === undefined ? undefined : whileHeld(this, callback);
  }

  /** Gives the lock back; tells whether this owner held it still. */
  async release(): Promise<boolean> {
    const store = this.#context.source();
    const wasHeld = await store.release(this.#storedName, this.owner);
    if (wasHeld) this.#onReleased(store);
    return wasHeld;
  }

  /** Takes the lock from whoever holds it; tells whether somebody did. What they do meanwhile goes on. */
  async forceRelease(): Promise<boolean> {
    const store = this.#context.source();
    const wasHeld = await store.forceRelease(this.#storedName);
    if (wasHeld) this.#onReleased(store);
    return wasHeld;
  }

  /**
   * Has the lock last for a ttl from now; tells whether this owner held it still. One that was lost is not taken again.
   *
   * @param ttl by default the one the lock was made with
   * @throws TypeError for a restored lock without a ttl
   */
  async refresh(ttl: Duration | undefined = this.#ttl): Promise<boolean> {
    return this.#context.source().refresh(this.#storedName, this.owner, ttlToMs(ttl));
  }

  /** Whether anybody holds the lock. */
  async isLocked(): Promise<boolean> {
    const held = await this.#held();
    return held?.isAbandoned === false;
  }

  /** Whether this lock's owner holds it. */
  async isOwnedByCurrentProcess(): Promise<boolean> {
    const held = await this.#held();
    return held?.owner === this.owner;
  }

  /** Milliseconds this owner still holds it for; 0 when it does not. */
  async remaining(): Promise<number> {
    const held = await this.#held();
    return held?.owner === this.owner ? Math.max(0, held.expiresAt - clock.now()) : 0;
  }

  async #held(): Promise<HeldLock | undefined> {
    const [held] = await this.#context.source().held([this.#storedName]);
    return held;
  }

  #request(isBound: boolean): LockRequest {
    return {
      names: [this.#storedName],
      owner: this.owner,
      ttlMs: ttlToMs(this.#ttl),
      boundTo: isBound ? thisProcess() : undefined,
    };
  }

  #onReleased(store: LockStore): void {
    noteReleased(store, this.#line);
    this.#tell('lock-released');
  }

  #tell(kind: LockEvent['kind']): void {
    this.#context.onEvent?.({ kind, name: this.name, owner: this.owner });
  }
}

/** Runs a callback while a lock is held, and releases that when it ends. */
export async function whileHeld<T>(
  lock: Lock,
  callback: (lock: Lock) => T | Promise<T>,
): Promise<T> {
  try {
    return await callback(lock);
  } finally {
    // Whether the work was done is what the caller wants to know; a lock that could not be released ends with its ttl, or with its process.
    await lock.release().catch(() => undefined);
  }
}

/**
 * A name as the store has it.
 *
 * @throws E_LOCK_NAME_INVALID
 */
export function storedName({ prefix }: LockContext, name: string): string {
  if (typeof name !== 'string') {
    throw new TypeError(`Expected \`name\` to be a text, got \`${String(name)}\`.`);
  }
  const stored = prefix + name;
  if (name === '' || stored.length > NAME_LENGTH || LONE_SURROGATE.test(stored)) {
    throw LockNameInvalidError.for(name, NAME_LENGTH);
  }
  return stored;
}

/**
 * A ttl in whole milliseconds.
 *
 * @throws RangeError when it is 0 or less
 */
export function ttlToMs(ttl: Duration | undefined): number {
  if (ttl === undefined) {
    throw new TypeError('Expected `ttl` to be given: this lock was made without one.');
  }
  const milliseconds = Math.ceil(toMilliseconds(ttl));
  if (milliseconds > 0) return milliseconds;
  throw new RangeError(`Expected \`ttl\` to be longer than 0, got \`${String(ttl)}\`.`);
}
