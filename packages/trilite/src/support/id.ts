import { monotonicFactory } from 'ulid';
import { clock } from './clock';

const nextUlid = monotonicFactory();

/**
 * A new identifier: 26 characters that sort by time of creation within a process.
 *
 * @see https://github.com/ulid/spec
 */
export function newId(): string {
  return nextUlid(clock.now());
}
