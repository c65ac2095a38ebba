import type { IncomingMessage } from 'node:http';
import { RequestSlot } from './request-slot';

const slot = new RequestSlot<Error>();

/** Notes what a request was answered with an error for, whatever its client is told of it. */
export function noteFailure(request: IncomingMessage, error: Error): void {
  slot.set(request, error);
}

/** The error that a request was answered for; undefined when there was none. */
export function failureOf(request: IncomingMessage): Error | undefined {
  return slot.get(request);
}
