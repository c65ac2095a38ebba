import { clock } from '../../support/clock';
import type { RateClaim, RateLimitStore, RateVerdict, RateWindow } from './rate-limit-store';

/** Hits between two sweeps of what has ended. */
const SWEEP_EVERY = 50;

/** Rate limits in this process's memory. */
export class MemoryRateLimitStore implements RateLimitStore {
  readonly #windows = new Map<string, RateWindow>();
  #hits = 0;

  async take(claims: readonly RateClaim[]): Promise<RateVerdict> {
    const isAllowed = claims.every(({ key, max }) => (this.#open(key)?.hits ?? 0) < max);
    const windows = claims.flatMap(({ key, windowMs }) =>
      isAllowed ? this.#count(key, windowMs, 1) : (this.#open(key) ?? []),
    );
    return { isAllowed, windows };
  }

  async hit(key: string, windowMs: number, by: number): Promise<RateWindow> {
    return this.#count(key, windowMs, by);
  }

  async find(key: string): Promise<RateWindow | undefined> {
    return this.#open(key);
  }

  async clear(key: string): Promise<boolean> {
    const wasOpen = this.#open(key) !== undefined;
    this.#windows.delete(key);
    return wasOpen;
  }

  #open(key: string): RateWindow | undefined {
    const window = this.#windows.get(key);
    return window !== undefined && window.resetsAt > clock.now() ? window : undefined;
  }

  #count(key: string, windowMs: number, by: number): RateWindow {
    this.#sweepNowAndThen();
    const { hits, resetsAt } = this.#open(key) ?? { hits: 0, resetsAt: clock.now() + windowMs };
    const window = { key, hits: hits + by, resetsAt };
    this.#windows.set(key, window);
    return window;
  }

  #sweepNowAndThen(): void {
    this.#hits += 1;
    if (this.#hits % SWEEP_EVERY !== 0) return;
    for (const key of this.#windows.keys()) {
      if (this.#open(key) === undefined) this.#windows.delete(key);
    }
  }
}
