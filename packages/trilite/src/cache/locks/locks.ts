import type { Duration } from '../../support/duration';
import { newOwner } from '../../support/owner';
import { Funnel } from './funnel';
import { Lock, type LockContext, type LockEvent, type LockStoreSource } from './lock';
import type { HeldLock } from './lock-store';
import { MemoryLockStore } from './memory-lock-store';

/** How locks are named, and who is told of them. */
export interface LocksOptions {
  /** Text before every name. Default: ''. */
  readonly prefix?: string;
  /** Told what happened to a lock, after it did; must not throw. */
  readonly onEvent?: ((event: LockEvent) => void) | undefined;
}

/** How work is kept from overlapping. */
export interface WithoutOverlappingOptions {
  /** How long the lock is held at most. Default: '1h'. */
  readonly lockFor?: Duration;
  /** How long to wait for those before. Default: '10s'. */
  readonly waitFor?: Duration;
}

/**
 * Locks by name, across all processes that share their file.
 *
 * A ttl is text with a unit (`'10m'`), a number of **seconds**, or a Date, and never 0: a lock whose holder dies must come free. A name has 1
 * to 512 characters with the prefix. Every method throws E_LOCK_NAME_INVALID for another, and a RangeError for a ttl of 0 or less.
 *
 * @example
 * import { injectable, Locks } from 'trilite';
 *
 * \@injectable()
 * export class ReportBuilder {
 *   constructor(private readonly locks: Locks) {}
 *
 *   build(id: string) {
 *     return this.locks.withoutOverlapping(`report:${id}`, async () => ({ id, builtAt: new Date() }));
 *   }
 * }
 */
export class Locks {
  /** Locks of this process alone. */
  static inMemory(options: LocksOptions = {}): Locks {
    const store = new MemoryLockStore();
    return new Locks(() => store, options);
  }

  readonly #context: LockContext;

  constructor(source: LockStoreSource, { prefix = '', onEvent }: LocksOptions = {}) {
    this.#context = { source, prefix, onEvent };
  }

  /**
   * A lock; it is not taken before `get` or `block`.
   *
   * @param ttl how long it is held at most
   * @param options `owner`: who holds it, a text. Default: another one for each lock.
   */
  lock(name: string, ttl: Duration, options: { readonly owner?: string } = {}): Lock {
    return new Lock(this.#context, { name, ttl, owner: options.owner ?? newOwner() });
  }

  /** A lock that was taken elsewhere, by its name and its `owner`: to release it, or to refresh it. */
  restoreLock(name: string, owner: string): Lock {
    return new Lock(this.#context, { name, owner, ttl: undefined });
  }

  /**
   * Runs a callback when no other one does under this name, and returns what it returns. The callback is given the lock, to refresh it.
   *
   * @throws E_LOCK_TIMEOUT when the one before did not end in time
   */
  withoutOverlapping<T>(
    name: string,
    callback: (lock: Lock) => T | Promise<T>,
    { lockFor = '1h', waitFor = '10s' }: WithoutOverlappingOptions = {},
  ): Promise<T> {
    return this.lock(name, lockFor).block(waitFor, callback);
  }

  /** Lets so many run at once under this name: `funnel('reports').limit(3).run(build)`. */
  funnel(name: string): Funnel {
    return new Funnel(this.#context, name);
  }

  /** The locks that are held, by name. */
  async held(): Promise<HeldLock[]> {
    const { source, prefix } = this.#context;
    const held = await source().held();
    return held
      .filter(({ name }) => name.startsWith(prefix))
      .map((lock) => ({ ...lock, name: lock.name.slice(prefix.length) }));
  }
}
