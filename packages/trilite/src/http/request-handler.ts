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
      if (isThenable(handled)) handled.then(undefined, refuse);
    } catch (thrown) {
      refuse(thrown);
    }
  };
  return handler as unknown as Handler;
}

/** Handlers as one that calls each after the one before it: express looks at each of its own layers anew for every request. */
export function inTurn(handlers: readonly Handler[]): Handler {
  return handlers.reduceRight<Handler>(
    (rest, handle) => (request, response, next) =>
      handle(request, response, (thrown?: unknown) => {
        if (thrown === undefined || thrown === null) rest(request, response, next);
        else next(thrown);
      }),
    (_request, _response, next) => next(),
  );
}

/** A handler for one path alone, of requests that only ask; as express tells paths apart, in capitals and with a slash at the end or without. */
export function at(path: string, handle: Handler): Handler {
  const asked = [path.toLowerCase(), `${path.toLowerCase()}/`];
  return (request, response, next) => {
    const isAsked = request.method === 'GET' || request.method === 'HEAD';
    if (isAsked && asked.includes(request.path.toLowerCase())) handle(request, response, next);
    else next();
  };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function';
}
