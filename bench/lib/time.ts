import { setTimeout as delay } from 'node:timers/promises';

export { setImmediate as nextTurn } from 'node:timers/promises';
export { delay };

/** Milliseconds of the system's monotonic clock, which all processes of the machine share. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
