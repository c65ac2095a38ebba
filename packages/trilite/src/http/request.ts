import type { NextFunction, Request as ExpressRequest, Response as ExpressResponse } from 'express';
import type { Tenant } from '../tenancy/tenant';
import type { ParameterBinding } from './binding';
import { NotFoundError, RouteInvalidError } from './errors';
import type { Validation } from './validation/validated';

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
  /**
   * What a parameter of the route's path stands for.
   *
   * @throws E_ROUTE_INVALID when the route does not bind it
   */
  bound<T>(binding: ParameterBinding<T>): T;
  /**
   * What a request holds, once it is valid.
   *
   * @throws E_ROUTE_INVALID when neither the route nor its method asks for it
   */
  valid<T>(validation: Validation<T>): T;
}

/** A response: express's own. */
export type Response = ExpressResponse;

/** Goes on to the next middleware, or to the error handler with an error. */
export type Next = NextFunction;

const bounds = new WeakMap<object, Map<ParameterBinding<unknown>, unknown>>();

/** What the parameters of a request's path stand for. */
export function boundTo(request: ExpressRequest): Map<ParameterBinding<unknown>, unknown> {
  const bound = bounds.get(request) ?? new Map<ParameterBinding<unknown>, unknown>();
  bounds.set(request, bound);
  return bound;
}

const valids = new WeakMap<object, Map<Validation<unknown>, unknown>>();

/** What was found valid in a request. */
export function validIn(request: ExpressRequest): Map<Validation<unknown>, unknown> {
  const valid = valids.get(request) ?? new Map<Validation<unknown>, unknown>();
  valids.set(request, valid);
  return valid;
}

/** What every request of a kernel's express application can do beside express's own. */
export const requestMethods = {
  tenant: undefined,
  param(this: ExpressRequest, name: string): string {
    const value: unknown = this.params[name];
    if (typeof value !== 'string' || value === '') throw NotFoundError.forParameter(name);
    return value;
  },
  bound<T>(this: ExpressRequest, binding: ParameterBinding<T>): T {
    const bound = boundTo(this);
    if (!bound.has(binding)) throw RouteInvalidError.notBound(binding.parameter, this.path);
    return bound.get(binding) as T;
  },
  valid<T>(this: ExpressRequest, validation: Validation<T>): T {
    const valid = validIn(this);
    if (!valid.has(validation)) throw RouteInvalidError.notValidated(this.path);
    return valid.get(validation) as T;
  },
};
