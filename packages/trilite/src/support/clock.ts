/** The only reader of the wall clock. Everything that expires, waits or is dated asks here. */
export class Clock {
  #travelledTo: number | undefined;

  /** The current time in milliseconds since the epoch. */
  now(): number {
    return this.#travelledTo ?? Date.now();
  }

  /** The current time as a Date. */
  date(): Date {
    return new Date(this.now());
  }

  /** Stops the clock at a moment. For tests. */
  travelTo(moment: Date | number): void {
    const time = moment instanceof Date ? moment.getTime() : moment;
    if (!Number.isFinite(time)) {
      throw new TypeError(
        `Expected \`moment\` to be a valid Date or epoch milliseconds, got \`${String(moment)}\`.`,
      );
    }
    this.#travelledTo = time;
  }

  /** Lets the clock run again. */
  travelBack(): void {
    this.#travelledTo = undefined;
  }
}

/** The process's clock. */
export const clock = new Clock();

/** Milliseconds from an arbitrary start that never run backwards: for measuring how long something took. */
export function monotonicMs(): number {
  return performance.now();
}

/** Milliseconds of the machine's monotonic clock: the same in every thread of the process. */
export function systemMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

/** The longest delay a timer takes; beyond it Node would fire at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Resolves after some milliseconds of real time, or at once when the signal aborts. */
export function delayMs(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, Math.min(milliseconds, MAX_TIMER_MS));
    signal?.addEventListener('abort', finish, { once: true });
  });
}

/** What a promise gives, unless that takes longer than some milliseconds: then undefined. */
export async function within<T>(
  milliseconds: number,
  promise: Promise<T>,
): Promise<{ readonly value: T } | undefined> {
  const waited = new AbortController();
  const given = promise.then((value) => ({ value }));
  try {
    return await Promise.race([given, delayMs(milliseconds, waited.signal).then(() => undefined)]);
  } finally {
    waited.abort();
  }
}

/** A turn of the event loop: timers, sockets and signals come first. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Resolves once a signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
}
