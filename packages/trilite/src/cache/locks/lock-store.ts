/** What is asked of a store: one of some locks, for some time. */
export interface LockRequest {
  /** The locks that would do, best first. One name, or the slots of a funnel. */
  readonly names: readonly string[];
  /** Who shall hold it; every later call proves it by this. */
  readonly owner: string;
  /** Whole milliseconds it is held at most, counted from when it is given. */
  readonly ttlMs: number;
  /**
   * The process it ends with (`thisProcess()`), for a lock that nobody else can release; undefined for one that may be handed to another
   * process.
   */
  readonly boundTo: string | undefined;
}

/** A lock that somebody holds. Times are epoch milliseconds. */
export interface HeldLock {
  readonly name: string;
  readonly owner: string;
  readonly acquiredAt: number;
  readonly expiresAt: number;
  readonly boundTo: string | undefined;
  /** Whether the process it is bound to is known to be gone: whoever asks next gets it. */
  readonly isAbandoned: boolean;
}

/**
 * What a driver of locks does: give each to one owner at a time.
 *
 *     free ──acquire──▶ held ──release, forceRelease, end of its ttl──▶ free
 *                       │  ▲ ▲
 *                       │  │ └ refresh
 *                       ▼  │
 *                    abandoned: the process it is bound to is gone
 *
 * Guarantees:
 * 1. Each method is atomic across processes that share the store.
 * 2. A held lock is not given twice, not even to its owner. It is held until `expiresAt`, and free from that millisecond on.
 * 3. A lock bound to a process is abandoned as soon as `isOwnerGone` says so of that process: `acquire` gives it to who asks next. Any other is
 *    held until its ttl ends, whatever becomes of the process.
 * 4. `release` and `refresh` change nothing, and say so, unless that owner holds the lock still.
 * 5. Locks that nobody asks for again do not pile up: what has expired is removed now and then.
 */
export interface LockStore {
  /** Gives the first of the locks that is free, else an abandoned one; returns its name, or undefined when all are held. */
  acquire(request: LockRequest): Promise<string | undefined>;

  /** Gives a lock back. Tells whether that owner held it still. */
  release(name: string, owner: string): Promise<boolean>;

  /** Takes a lock from whoever holds it. Tells whether somebody did. */
  forceRelease(name: string): Promise<boolean>;

  /** Has a lock held for so many milliseconds from now. Tells whether that owner held it still. */
  refresh(name: string, owner: string, ttlMs: number): Promise<boolean>;

  /** The locks that have not expired, by name: of these, or every one. An abandoned one is among them. */
  held(names?: readonly string[]): Promise<HeldLock[]>;
}
