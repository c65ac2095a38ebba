import { clock } from '../support/clock';
import { toMilliseconds, type Duration } from '../support/duration';

/** Stops the clock at a moment: every ttl, delay and lease reads it. */
export function travelTo(moment: Date | number): void {
  clock.travelTo(moment);
}

/** Moves the stopped clock on by a duration; a running clock stops first. */
export function travel(duration: Duration): void {
  clock.travelTo(clock.now() + toMilliseconds(duration));
}

/** Lets the clock run again. */
export function travelBack(): void {
  clock.travelBack();
}
