import { isLockError } from './errors';
import { watchEventLoop } from './event-loop';
import { nextRow } from './rows';
import { monotonicMs, nextTurn } from './time';

/** Writes a row; what is asynchronous is awaited. */
export type Write = (key: number, body: string) => unknown;

/** What a process has to say of its writes. */
export interface WriteReport {
  readonly writesPerSecond: number;
  /** How long each write took, in milliseconds: from when it was asked for until it was committed. */
  readonly waits: Float64Array;
  /** Writes that failed because the file was locked. */
  readonly lockErrors: number;
  /** The longest time the event loop stood still, in milliseconds. */
  readonly stallMs: number;
}

/** How long a loop may run without a turn of the event loop. Trilite's own bound; raw writes get the same. */
const TURN_MS = 5;

/** Writes one row after the other, each when the one before is committed, and without a pause between them. */
export async function writeFor(seconds: number, write: Write): Promise<WriteReport> {
  const waits: number[] = [];
  let lockErrors = 0;
  const loop = watchEventLoop();
  const startedAt = monotonicMs();
  let now = startedAt;
  let turnedAt = startedAt;
  while (now - startedAt < seconds * 1000) {
    const askedAt = now;
    try {
      await write(...nextRow());
    } catch (error) {
      if (!isLockError(error)) throw error;
      lockErrors += 1;
    }
    now = monotonicMs();
    waits.push(now - askedAt);
    if (now - turnedAt < TURN_MS) continue;
    await nextTurn();
    now = turnedAt = monotonicMs();
  }
  const writesPerSecond = ((waits.length - lockErrors) * 1000) / (now - startedAt);
  return { writesPerSecond, waits: Float64Array.from(waits), lockErrors, stallMs: loop.stop() };
}
