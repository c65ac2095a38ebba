import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** By connection, and not by request: a request that does not ask pays nothing. */
const stops = new WeakMap<Socket, AbortSignal>();

/** Notes what aborts once the server of a connection is to stop. */
export function noteStop(socket: Socket, signal: AbortSignal): void {
  stops.set(socket, signal);
}

/** What aborts once the server of a request is to stop: for answers that have no end of their own. Undefined behind a server that does not tell. */
export function stopOf(request: IncomingMessage): AbortSignal | undefined {
  return stops.get(request.socket);
}
