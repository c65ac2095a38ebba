import type { NextFunction, Request as ExpressRequest, Response as ExpressResponse } from 'express';
import type { Tenant } from '../tenancy/tenant';
import { NotFoundError } from './errors';

/** A request: express's own, with an id and parameters that are there or answer 404. */
export interface Request extends ExpressRequest {
  /** The request's id: on every log line and error, and in the X-Request-Id header of the answer. */
  readonly id: string;
  /** Whose request this is; undefined for the application's own. */
  readonly tenant: Tenant | undefined;
  /**
   * A parameter of the route's path, as text.
   *
   * @throws E_NOT_FOUND (404) when the path has none of that name, or an empty one
   */
  param(name: string): string;
}

/** A response: express's own. */
export type Response = ExpressResponse;

/** Goes on to the next middleware, or to the error handler with an error. */
export type Next = NextFunction;

/** What every request of a kernel's express application can do beside express's own. */
export const requestMethods = {
  tenant: undefined,
  param(this: ExpressRequest, name: string): string {
    const value: unknown = this.params[name];
    if (typeof value !== 'string' || value === '') throw NotFoundError.forParameter(name);
    return value;
  },
};
