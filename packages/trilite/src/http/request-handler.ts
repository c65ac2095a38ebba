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
  const handler = async (request: Request, response: Response, next: Next): Promise<void> => {
    try {
      const work = workOf(request);
      await (work === undefined
        ? handle(request, response, next)
        : work.rejoin(() => handle(request, response, next)));
    } catch (thrown) {
      next(toError(thrown));
    }
  };
  return handler as unknown as Handler;
}
