import type { Next, Request, Response } from './request';
import { RequestInvalidError } from './errors';

/** Levels of lists and objects in each other. */
const MOST_LEVELS = 100;

/** Names by which an object that is put together of a request's would change what it inherits. */
const UNSAFE_NAMES: readonly string[] = ['__proto__'];

/**
 * Refuses bodies that are dangerous to whoever works with them: nested so deeply that walking through them ends the stack, and with keys that
 * change what an object inherits when they are copied.
 *
 * @throws E_REQUEST_INVALID (400)
 */
export function refuseUnsafeBody(request: Request, _response: Response, next: Next): void {
  const problem = problemOf(request.body);
  if (problem !== undefined) throw RequestInvalidError.because(problem, 400, undefined);
  next();
}

/** Level by level, and not by recursion: that would end the stack here. */
function problemOf(body: unknown): string | undefined {
  let level: unknown[] = [body];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MOST_LEVELS) return `its body is nested more than ${MOST_LEVELS} levels deep`;
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) continue;
      for (const name of UNSAFE_NAMES) {
        if (Object.hasOwn(value, name)) return `its body has the key "${name}"`;
      }
      for (const inner of Object.values(value)) next.push(inner);
    }
    level = next;
  }
  return undefined;
}
