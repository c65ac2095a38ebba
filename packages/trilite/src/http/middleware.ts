import type { CorsOptions } from './cors';
import type { TenantMembership, TenantResolver } from './identification/tenant-claim';
import type { Next, Request, Response } from './request';
import type { SecureHeadersOptions } from './secure-headers';

/**
 * Something a request passes on its way to the controller. Made anew for each request by the container.
 *
 * @example
 * import { injectable, type Middleware, type Next, type Request, type Response } from 'trilite';
 *
 * \@injectable()
 * export class NoStore implements Middleware {
 *   handle(request: Request, response: Response, next: Next) {
 *     response.setHeader('Cache-Control', 'no-store');
 *     next();
 *   }
 * }
 */
export interface Middleware {
  handle(request: Request, response: Response, next: Next): unknown;
  /**
   * What it does once the response is closed and `handle` has settled, in the same work: the one that came in is called, whatever became of the
   * request. One whose client has left by then does not come in.
   */
  terminate?(request: Request, response: Response): unknown;
}

/** A middleware class. */
export type MiddlewareClass = new (...dependencies: never[]) => Middleware;

/** A middleware as a plain function. */
export type MiddlewareFunction = (request: Request, response: Response, next: Next) => unknown;

/** A class, a function, or the name of a group or an alias of app/http/kernel.ts: `web`, `throttle:60,1`. */
export type MiddlewareEntry = MiddlewareClass | MiddlewareFunction | string;

/** Makes a middleware of the words after a colon: `throttle:60,1` calls it with '60' and '1'. */
export type MiddlewareFactory = (
  ...words: readonly string[]
) => MiddlewareClass | MiddlewareFunction;

/** What app/http/kernel.ts declares. */
export interface HttpKernelOptions {
  /** What every request passes. Default: none. */
  readonly middleware?: readonly (MiddlewareClass | MiddlewareFunction)[];
  /** Middleware by group name; the files of routes/ use the group of their name (web, api, tenant). Default: none. */
  readonly groups?: Readonly<Record<string, readonly MiddlewareEntry[]>>;
  /** What makes a middleware of the words after its name: `throttle:60,1`. Default: `throttle` and `signed` alone. */
  readonly aliases?: Readonly<Record<string, MiddlewareFactory>>;
  /**
   * Whether the user of a request belongs to the tenant that only a header, a query parameter or a cookie names. Called in the tenant's work,
   * after `middleware`, which says who the user is, and before the groups and the route. Default: nobody belongs to any.
   */
  readonly membership?: TenantMembership;
  /**
   * Sets headers that have browsers protect pages on every answer, errors included, as helmet names them: `true` for all, `{ … }` for what differs.
   * Default: false.
   */
  readonly secureHeaders?: boolean | SecureHeadersOptions;
  /** Whose pages may read every answer, errors included. For some routes alone put `cors(…)` into their group. Default: those of the same origin. */
  readonly cors?: CorsOptions;
  /** Ways of your own to tell the tenant of a request, beside the chain of config/tenancy.ts. Default: none. */
  readonly resolvers?: readonly TenantResolver[];
}

/** Declares the middleware of an application. */
export const defineHttpKernel = (options: HttpKernelOptions): HttpKernelOptions => options;

/** Tells a middleware class from a function. */
export function isMiddlewareClass(
  entry: MiddlewareClass | MiddlewareFunction,
): entry is MiddlewareClass {
  return typeof (entry.prototype as Partial<Middleware> | undefined)?.handle === 'function';
}
