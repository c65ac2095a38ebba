import type { IncomingMessage } from 'node:http';
import type { Session } from './session';

const byRequest = new WeakMap<IncomingMessage, Session>();

/** Gives a request its session. */
export function beginSession(request: IncomingMessage, session: Session): void {
  byRequest.set(request, session);
}

/** The session of a request; undefined where none was started. */
export function sessionOf(request: IncomingMessage): Session | undefined {
  return byRequest.get(request);
}
