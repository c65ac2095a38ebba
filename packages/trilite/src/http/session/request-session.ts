import type { IncomingMessage } from 'node:http';
import { RequestSlot } from '../request-slot';
import type { Session } from './session';

const slot = new RequestSlot<Session | (() => Session)>();

/** Has a request have a session, which is made when somebody asks for it. */
export function beginSession(request: IncomingMessage, make: () => Session): void {
  slot.set(request, make);
}

/** Whether a request has a session, made or not. */
export function hasSession(request: IncomingMessage): boolean {
  return slot.get(request) !== undefined;
}

/** The session of a request; undefined where none was started. */
export function sessionOf(request: IncomingMessage): Session | undefined {
  const known = slot.get(request);
  if (typeof known !== 'function') return known;
  const session = known();
  slot.set(request, session);
  return session;
}
