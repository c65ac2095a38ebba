import { randomFillSync } from 'node:crypto';
import { monotonicFactory } from 'ulid';
import { clock } from './clock';

/** Random bytes drawn at once: an id takes sixteen, and asking for each by itself costs more than the rest of it. */
const pool = Buffer.alloc(4096);

let used = pool.length;

const nextUlid = monotonicFactory(() => {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const byte = pool[used] ?? 0;
  used += 1;
  return byte / 256;
});

/**
 * A new identifier: 26 characters that sort by time of creation within a process.
 *
 * @see https://github.com/ulid/spec
 */
export function newId(): string {
  return nextUlid(clock.now());
}
