/** How long the main thread may be late: its own timer comes first. */
const GRACE_MS = 1000;

/**
 * How long a watchdog waits for the main thread. A process that was stopped as a whole, with its machine or by SIGSTOP, is late everywhere:
 * nothing blocks it, and its timers come first once it goes on.
 */
export class Patience {
  #sparedUntil = 0;

  /** Notes a pause between two looks: what it was to take, and when it began and ended. */
  notePause(milliseconds: number, beganAt: number, endedAt: number): void {
    if (endedAt - beganAt > milliseconds + GRACE_MS) this.#sparedUntil = endedAt + GRACE_MS;
  }

  /** Whether a deadline was passed although the main thread had time to act. */
  isOverFor(deadline: number, now: number): boolean {
    return now > Math.max(deadline + GRACE_MS, this.#sparedUntil);
  }
}
