import type { IncomingMessage } from 'node:http';
import type { Cookies } from './cookies';

const byRequest = new WeakMap<IncomingMessage, Cookies>();

/** Gives a request its cookies. */
export function beginCookies(request: IncomingMessage, cookies: Cookies): void {
  byRequest.set(request, cookies);
}

/** The cookies of a request; undefined before it is told whose it is. */
export function cookiesOf(request: IncomingMessage): Cookies | undefined {
  return byRequest.get(request);
}
