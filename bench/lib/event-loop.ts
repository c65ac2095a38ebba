import { monotonicMs } from './time';

/** Watches the event loop of this process. */
export interface EventLoopWatch {
  /** Ends the watch. @returns the longest time between two ticks of a timer of 1 ms; nothing is subtracted */
  stop(): number;
}

export function watchEventLoop(): EventLoopWatch {
  let worst = 0;
  let lastAt = monotonicMs();
  const tick = (): void => {
    const now = monotonicMs();
    worst = Math.max(worst, now - lastAt);
    lastAt = now;
  };
  const timer = setInterval(tick, 1);
  return {
    stop() {
      clearInterval(timer);
      tick(); // a loop that still stands cannot have ticked
      return worst;
    },
  };
}
