import { MAX_TIMER_MS } from '../../support/clock';

/** Wakes one waiter: who is rung for while nobody waits ends the next wait at once. */
export class Alarm {
  #hasRung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#hasRung = true;
    this.#wake?.();
  }

  /** Waits until the alarm rings, or for some milliseconds of real time. */
  async wait(milliseconds: number): Promise<void> {
    if (!this.#hasRung && milliseconds > 0) await this.#sleep(milliseconds);
    this.#hasRung = false;
  }

  #sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), Math.min(milliseconds, MAX_TIMER_MS));
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }
}
