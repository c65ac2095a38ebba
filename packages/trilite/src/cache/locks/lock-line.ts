import { delayMs, monotonicMs } from '../../support/clock';
import type { LockRequest, LockStore } from './lock-store';

/*
 * Who of this process waits for a lock.
 *
 *   in line ──first──▶ asking ──given──▶ out
 *      │               │    ▲
 *      │               ▼    │ every 10 ms, and at once when rung: the lock was released here
 *      │              pausing
 *      └────────────────┴── its time is over ──▶ out
 *
 * Invariants:
 * 1. First in, first out; only the first asks the store. It reads, and writes when the lock looks free.
 * 2. Nobody holds the event loop up, and nobody waits for longer than he said.
 * 3. Who leaves the line rings the new first one: no place is left empty while others wait.
 * 4. A process that has had the lock for 100 ms, handing it on within itself, leaves it alone for 25 ms. Others look every 10 ms: without the
 *    pause they would hardly ever find it free.
 */

/** How often the first in line asks the store: what it waits for happens in other processes, which cannot ring here. */
const POLL_MS = 10;

/** How long a lock is handed on within a process, and how long others then have for it: longer than two looks of theirs. */
const TURN_MS = 100;
const YIELD_MS = 25;

/** New lines between two looks for those that nobody needs. */
const SWEEP_EVERY = 100;

/** What somebody waits for, and for how long. */
export interface Wait {
  /** What is asked for; made anew each time, for a ttl may end at a fixed time. */
  readonly request: () => LockRequest;
  /** The line to stand in: a name of the store, the same for all slots of a funnel. */
  readonly line: string;
  /** With 0 or less it is tried once. */
  readonly waitMs: number;
}

const linesOf = new WeakMap<LockStore, Map<string, LockLine>>();
let newLines = 0;

/** Waits in this process's line until the store gives a lock; undefined when it did not in time. */
export async function takeInLine(
  store: LockStore,
  { request, line, waitMs }: Wait,
): Promise<string | undefined> {
  const attempt = async (): Promise<string | undefined> => {
    const wanted = request();
    const held = await store.held(wanted.names);
    const taken = held.filter(({ isAbandoned }) => !isAbandoned);
    return taken.length < wanted.names.length ? store.acquire(wanted) : undefined;
  };
  const given = await lineFor(store, line).wait(attempt, waitMs);
  if (given !== undefined) noteGiven(store, line);
  return given;
}

/** Tells the line of a lock, if there is one, that somebody of this process was given it without waiting. */
export function noteGiven(store: LockStore, line: string): void {
  linesOf.get(store)?.get(line)?.onGiven();
}

/** Tells the line of a lock, if there is one, that it was released in this process. */
export function noteReleased(store: LockStore, line: string): void {
  linesOf.get(store)?.get(line)?.onReleased();
}

function lineFor(store: LockStore, name: string): LockLine {
  const lines = linesOf.get(store) ?? new Map<string, LockLine>();
  linesOf.set(store, lines);
  const known = lines.get(name);
  if (known !== undefined) return known;
  newLines += 1;
  if (newLines % SWEEP_EVERY === 0) {
    for (const [other, line] of lines) if (line.isIdle) lines.delete(other);
  }
  const line = new LockLine();
  lines.set(name, line);
  return line;
}

/** The line of one lock. */
class LockLine {
  readonly #waiters: Waiter[] = [];
  /** Since when this process hands the lock on within itself, and when it last released it; by the monotonic clock. */
  #turnBeganAt = -Infinity;
  #releasedAt = -Infinity;

  /** Whether nobody stands here, and nothing is to be remembered. */
  get isIdle(): boolean {
    return this.#waiters.length === 0 && monotonicMs() - this.#releasedAt > YIELD_MS;
  }

  async wait(
    attempt: () => Promise<string | undefined>,
    waitMs: number,
  ): Promise<string | undefined> {
    const until = monotonicMs() + waitMs;
    const waiter = new Waiter();
    this.#waiters.push(waiter);
    try {
      for (;;) {
        const given = this.#mayAsk(waiter, until) ? await attempt() : undefined;
        if (given !== undefined) return given;
        const restMs = until - monotonicMs();
        if (restMs <= 0) return undefined;
        await waiter.pause(Math.min(restMs, this.#pauseOf(waiter)));
      }
    } finally {
      this.#leave(waiter);
    }
  }

  onGiven(): void {
    const now = monotonicMs();
    if (now - this.#releasedAt >= YIELD_MS) this.#turnBeganAt = now;
  }

  onReleased(): void {
    this.#releasedAt = monotonicMs();
    this.#waiters[0]?.ring();
  }

  /** Who has less time left than others are given does not lose it to them. */
  #mayAsk(waiter: Waiter, until: number): boolean {
    const yieldMs = this.#yieldMs;
    return this.#waiters[0] === waiter && (yieldMs === 0 || monotonicMs() + yieldMs >= until);
  }

  #pauseOf(waiter: Waiter): number {
    return this.#waiters[0] === waiter ? this.#yieldMs || POLL_MS : Infinity;
  }

  /** How long this process still has to leave the lock alone. */
  get #yieldMs(): number {
    const hasHadItsTurn = this.#releasedAt - this.#turnBeganAt >= TURN_MS;
    return hasHadItsTurn ? Math.max(0, this.#releasedAt + YIELD_MS - monotonicMs()) : 0;
  }

  #leave(waiter: Waiter): void {
    this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
    this.#waiters[0]?.ring();
  }
}

/** One place in a line. A ring that comes while it is not pausing ends its next pause. */
class Waiter {
  #isRung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#isRung = true;
    this.#wake?.();
  }

  async pause(milliseconds: number): Promise<void> {
    if (!this.#isRung) {
      const rung = new AbortController();
      this.#wake = () => rung.abort();
      await delayMs(milliseconds, rung.signal);
      this.#wake = undefined;
    }
    this.#isRung = false;
  }
}
