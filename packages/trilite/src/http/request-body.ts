import express, { Router, type Handler } from 'express';
import { RequestInvalidError } from './errors';
import { takeFormMethod } from './form-method';
import type { Request } from './request';
import { asHandler } from './request-handler';

/** Levels of lists and objects in each other. */
const MOST_LEVELS = 100;

/** Names by which an object that is put together of a request's would change what it inherits. */
const UNSAFE_NAMES: readonly string[] = ['__proto__'];

/**
 * Reads bodies of JSON and of forms, takes a form for the method it asks for, and refuses those that are dangerous to whoever works with them: nested so deeply that walking through
 * them ends the stack, and with keys that change what an object inherits when they are copied. A request without a body goes past it at once.
 *
 * @param limit bytes; more is 413
 * @throws E_REQUEST_INVALID (400, 413)
 */
export function bodyReader(limit: number): Handler {
  const readers = Router().use(
    express.json({ limit }),
    express.urlencoded({ extended: false, limit }),
    asHandler((request, _response, next) => {
      refuseUnsafe(request.body);
      takeFormMethod(request);
      next();
    }),
  );
  return (request, response, next) => {
    if (hasBody(request)) readers(request, response, next);
    else next();
  };
}

/** @see RFC 9112, 6.3: a request has a body where one of these is there */
function hasBody({ headers }: Pick<Request, 'headers'>): boolean {
  return headers['transfer-encoding'] !== undefined || headers['content-length'] !== undefined;
}

/** @throws E_REQUEST_INVALID (400) */
export function refuseUnsafe(body: unknown): void {
  const problem = problemOf(body);
  if (problem !== undefined) throw RequestInvalidError.because(problem, 400, undefined);
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
