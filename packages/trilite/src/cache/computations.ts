import { clock, delayMs, monotonicMs, within } from '../support/clock';
import { ContextVariable } from '../support/context-variable';
import { newOwner } from '../support/owner';
import { decode, encode } from '../support/serializer';
import type { CacheEntry, CacheHit, CacheStore, ClaimAnswer } from './cache-store';
import { CacheRecursionError } from './errors';
import { MemoCacheStore } from './stores/memo-cache-store';

/*
 * Who computes the value of a key that many miss at once.
 *
 * Of one process the first one leads, and the others wait for what it gets, up to `wait`. Of many processes the leader that claims the key computes; the
 * others look every few milliseconds whether the value is there.
 *
 *   miss ─▶ follow (somebody of this process leads) ─────────────────────────▶ a copy of what the leader got
 *     └───▶ lead ─▶ claim ─▶ found ──────────────────────────────────────────▶ the value
 *                     ├────▶ claimed ─▶ compute ─▶ fill ─────────────────────▶ the value
 *                     └────▶ taken ─▶ look, and claim now and then ─▶ … ─▶ after `wait`: compute as well, and fill in the other's name
 *
 * Invariants:
 * 1. A claim ends with its computation, with its process, or with its lease; the computing process renews it.
 * 2. What is computed is written only if the key was neither written, forgotten nor cleared meanwhile; the caller gets it in any case.
 * 3. Nobody waits inside a transaction of the store's own connection: who is waited for may wait for its end.
 * 4. Nobody in a process follows what began before the process forgot the key, or cleared anything.
 * 5. A failed computation fails for those who followed it in its process; in other processes the next one computes.
 */

/** A claim lasts so long without a sign of life. */
const LEASE_MS = 10_000;

/** How often who waits for another process looks for the value, and after how many looks it asks for the right to compute. */
const LOOK_MS = 10;
const LOOKS = 10;

/** Somebody wants the value of a key. */
export interface Computation<T> {
  readonly store: CacheStore;
  /** With its prefix. */
  readonly key: string;
  readonly compute: () => T | Promise<T>;
  /** What is written of a value; undefined when it is not to be kept. */
  readonly entryOf: (value: T) => CacheEntry | undefined;
  /** Whether a value that is stale is as good as none. */
  readonly isRefresh: boolean;
  /** How long another process is waited for. */
  readonly waitMs: number;
  readonly onWritten: () => void;
  /** Notes that the store does not answer; throws anything else. */
  readonly onUnavailable: (error: unknown) => void;
}

/** A key of a store whose computation the current work is part of, and the one which that is part of. */
interface Enclosing {
  readonly of: Computations;
  readonly key: string;
  readonly outer: Enclosing | undefined;
}

const enclosing = new ContextVariable<Enclosing>();

/** The computations of one store in this process. */
export class Computations {
  /** What whoever misses a key follows. */
  readonly #leading = new Map<string, Promise<unknown>>();
  /** Behind a stale value: nobody follows these, for they have no value where another process computes. */
  readonly #refreshing = new Map<string, Promise<unknown>>();
  /** All of them with their keys, those that nobody follows any more included. */
  readonly #running = new Map<Promise<unknown>, string>();

  /** Settles when nothing is being computed. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running.keys());
  }

  /** Has nobody follow what is being computed of these keys, or of any: it began before they were forgotten. */
  outdate(keys: Iterable<string> = this.#leading.keys()): void {
    for (const key of keys) this.#leading.delete(key);
  }

  /** The value of a key that was just missed. @throws E_CACHE_RECURSION */
  async compute<T>(computation: Computation<T>): Promise<T> {
    const { store, key } = computation;
    if (!(store instanceof MemoCacheStore)) return this.#lead(computation);
    // Who waits for others looks into the store itself; and the miss that was remembered is none any more
    const below = { ...computation, store: store.below };
    return this.#lead(below).finally(() => store.readAnew(key));
  }

  /** Computes the value of a key anew behind a stale one, unless somebody does so already. */
  async refresh<T>(computation: Computation<T>): Promise<void> {
    const { key } = computation;
    if (this.#leading.has(key) || this.#refreshing.has(key)) return;
    await this.#run(key, refresh(this.#tracked(computation)), this.#refreshing);
  }

  #tracked<T>(computation: Computation<T>): Computation<T> {
    const { key, compute } = computation;
    const inner = { of: this, key, outer: enclosing.get() };
    return { ...computation, compute: () => enclosing.run(inner, compute) };
  }

  /** Whether the current work is part of the key's computation, which would wait for itself. */
  #isWithin(key: string): boolean {
    let one = enclosing.get();
    while (one !== undefined && !(one.of === this && one.key === key)) one = one.outer;
    return one !== undefined && [...this.#running.values()].includes(key);
  }

  async #lead<T>(computation: Computation<T>): Promise<T> {
    const { store, key } = computation;
    if (store.isInTransaction?.() === true) return computeAndKeep(computation, undefined);
    if (this.#isWithin(key)) throw CacheRecursionError.at(key);
    const leading = this.#leading.get(key) as Promise<T> | undefined;
    if (leading !== undefined) {
      const followed = await within(computation.waitMs, leading);
      return followed === undefined ? lead({ ...computation, waitMs: 0 }) : copyOf(followed.value);
    }
    return this.#run(key, lead(this.#tracked(computation)));
  }

  async #run<T>(key: string, work: Promise<T>, among = this.#leading): Promise<T> {
    among.set(key, work);
    this.#running.set(work, key);
    try {
      return await work;
    } finally {
      this.#running.delete(work);
      if (among.get(key) === work) among.delete(key);
    }
  }
}

/** Whoever followed gets a value of its own, as from the store. */
function copyOf<T>(value: T): T {
  return decode(encode(value)) as T;
}

async function lead<T>(computation: Computation<T>): Promise<T> {
  const { waitMs } = computation;
  const owner = newOwner();
  const answer = await claimWithin(computation, owner, monotonicMs() + waitMs);
  if (answer?.state === 'found') return answer.hit.value as T;
  // What changes the key meanwhile ends the other's claim: there is nothing to fill then
  const right = answer?.state === 'taken' ? { owner: answer.owner, isOwn: false } : own(owner);
  return computeAndKeep(computation, answer && right);
}

async function refresh<T>(computation: Computation<T>): Promise<void> {
  const owner = newOwner();
  const answer = await claim(computation, owner).catch(computation.onUnavailable);
  if (answer?.state === 'claimed') await computeAndKeep(computation, own(owner));
}

/** The right to compute, or the value; that of another who has computed for too long; undefined when the store does not answer. */
async function claimWithin<T>(
  computation: Computation<T>,
  owner: string,
  until: number,
): Promise<ClaimAnswer | undefined> {
  try {
    for (;;) {
      const answer = await claim(computation, owner);
      if (answer.state !== 'taken') return answer;
      const hit = await look(computation, until);
      if (hit !== undefined) return { state: 'found', hit };
      if (monotonicMs() >= until) return answer;
    }
  } catch (error) {
    computation.onUnavailable(error);
    return undefined;
  }
}

function claim<T>(
  { store, key, isRefresh }: Computation<T>,
  owner: string,
  renewal = false,
): Promise<ClaimAnswer> {
  return store.claim({ key, owner, until: clock.now() + LEASE_MS, refresh: isRefresh, renewal });
}

async function look<T>(
  { store, key }: Computation<T>,
  until: number,
): Promise<CacheHit | undefined> {
  for (let looks = 0; looks < LOOKS && monotonicMs() < until; looks += 1) {
    await delayMs(LOOK_MS);
    const hit = await store.get(key);
    if (hit !== undefined) return hit;
  }
  return undefined;
}

/** In whose name a value is filled. */
interface Right {
  readonly owner: string | undefined;
  /** Whether the claim is this computation's own, to be renewed and released. */
  readonly isOwn: boolean;
}

function own(owner: string): Right {
  return { owner, isOwn: true };
}

/** @param right without one the value is put, whatever was there */
async function computeAndKeep<T>(
  computation: Computation<T>,
  right: Right | undefined,
): Promise<T> {
  const { store, key, compute, entryOf, onUnavailable } = computation;
  const { owner = '', isOwn = false } = right ?? {};
  const renewal = isOwn ? renew(computation, owner) : undefined;
  let isKept = false;
  try {
    const value = await compute();
    const entry = entryOf(value);
    if (entry === undefined) return value;
    const written = right === undefined ? store.put(entry) : store.fill(entry, owner);
    isKept = await written.then(
      (isFilled) => isFilled !== false,
      (error: unknown) => {
        onUnavailable(error);
        return false; // the claim is to end, or whoever misses the key next would wait for it
      },
    );
    if (isKept) computation.onWritten();
    return value;
  } finally {
    clearInterval(renewal);
    if (!isKept && isOwn) await store.release(key, owner).catch(onUnavailable);
  }
}

function renew<T>(computation: Computation<T>, owner: string): NodeJS.Timeout {
  const claimAgain = (): void => void claim(computation, owner, true).catch(() => undefined);
  return setInterval(claimAgain, LEASE_MS / 3).unref();
}
