import { afterResponse } from '../support/after-response';
import { within } from '../support/clock';
import type { Middleware } from './middleware';
import type { Next, Request, Response } from './request';

/** How long `terminate` waits for a `handle` that goes on after its client has left. */
const GRACE_MS = 10_000;

/**
 * Has a request pass a middleware that ends what it begins.
 *
 * 1. `terminate` is called once the response is closed and `handle` has settled: what that still waits for when the client leaves, such as a lock,
 *    would be had by nobody otherwise, and be held.
 * 2. A request whose client has left before it got here does not come in: its response will not close again.
 */
export function passTerminable(
  middleware: Middleware,
  request: Request,
  response: Response,
  next: Next,
): unknown {
  let handled: unknown;
  const isToClose = afterResponse(async () => {
    // What it fails with is answered where it was called
    await within(
      GRACE_MS,
      Promise.resolve(handled).catch(() => undefined),
    );
    await middleware.terminate?.(request, response);
  });
  if (isToClose) handled = middleware.handle(request, response, next);
  return handled;
}
