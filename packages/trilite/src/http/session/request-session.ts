import type { IncomingMessage } from 'node:http';
import { RequestSlot } from '../request-slot';
import type { Session } from './session';

const slot = new RequestSlot<Session>();

/** Gives a request its session. */
export function beginSession(request: IncomingMessage, session: Session): void {
  slot.set(request, session);
}

/** The session of a request; undefined where none was started. */
export function sessionOf(request: IncomingMessage): Session | undefined {
  return slot.get(request);
}
