import type { Handler } from 'express';
import { toError } from '../support/errors';
import type { MiddlewareFunction } from './middleware';
import type { Next, Request, Response } from './request';
import { workOf } from './request-work';

/**
 * A handler for express that runs in the work of its request.
 *
 * Our Request is express's with more methods, which `app.request` carries: what express calls with is what the function takes. What it
 * throws becomes an Error, for to express some values, such as 'route', are commands.
 */
export function asHandler(handle: MiddlewareFunction): Handler {
  const handler = (request: Request, response: Response, next: Next): void => {
    const refuse = (thrown: unknown): void => next(toError(thrown));
    try {
      const work = workOf(request);
      const handled: unknown =
        work === undefined
          ? handle(request, response, next)
          : work.rejoin(() => handle(request, response, next));
      // Most of what a request passes goes on at once: for that, no promise is made
      if (isThenable(handled)) Promise.resolve(handled).catch(refuse);
    } catch (thrown) {
      refuse(thrown);
    }
  };
  return handler as unknown as Handler;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function';
}
