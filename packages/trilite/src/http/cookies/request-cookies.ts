import type { IncomingMessage } from 'node:http';
import { RequestSlot } from '../request-slot';
import type { Cookies } from './cookies';

const slot = new RequestSlot<Cookies | (() => Cookies)>();

/** Has a request have cookies, which are made when somebody asks for them. */
export function beginCookies(request: IncomingMessage, make: () => Cookies): void {
  slot.set(request, make);
}

/** The cookies of a request; undefined before it is told whose it is. */
export function cookiesOf(request: IncomingMessage): Cookies | undefined {
  const known = slot.get(request);
  if (typeof known !== 'function') return known;
  const cookies = known();
  slot.set(request, cookies);
  return cookies;
}
