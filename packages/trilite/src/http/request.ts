import type { NextFunction, Request as ExpressRequest, Response as ExpressResponse } from 'express';
import type { Tenant } from '../tenancy/tenant';
import type { ParameterBinding } from './binding';
import type { CookieOptions, Cookies } from './cookies/cookies';
import { cookiesOf } from './cookies/request-cookies';
import { NotFoundError, RouteInvalidError, SessionMissingError } from './errors';
import { parameterText } from './parameter-text';
import { RequestSlot } from './request-slot';
import { actAs, userOf, type RequestUser } from './request-user';
import { sessionOf } from './session/request-session';
import type { Session } from './session/session';
import type { Upload } from './uploads/upload';
import type { Validation } from './validation/validated';

/** A request: express's own, with an id and parameters that are there or answer 404. */
export interface Request extends ExpressRequest {
  /** The request's id: on every log line and error, and in the X-Request-Id header of the answer. */
  readonly id: string;
  /** Whose request this is; undefined for the application's own. */
  readonly tenant: Tenant | undefined;
  /**
   * A parameter of the route's path, as text; of `*rest` its segments with slashes between them.
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
  /**
   * The files that came with a request.
   *
   * @throws E_ROUTE_INVALID when neither the route nor its method takes them
   */
  file<T>(upload: Upload<T>): T;
  /** The cookies of the request, and those its response sets. */
  readonly cookies: Cookies;
  /**
   * The value of a cookie; undefined where there is none, or none that is to be believed.
   *
   * @param options `plain`: as it was set
   */
  cookie(name: string, options?: Pick<CookieOptions, 'plain'>): string | undefined;
  /**
   * What is kept for the visitor between requests.
   *
   * @throws E_SESSION_MISSING where `startSession` stands before neither the route nor all
   */
  readonly session: Session;
  /** Whom the request comes from, as a middleware of the application's own has said; undefined for nobody. */
  readonly user: RequestUser | undefined;
  /** Says whom the request comes from, for all that comes after; `undefined` for nobody. */
  actAs(user: RequestUser | undefined): void;
}

/** A response: express's own. */
export type Response = ExpressResponse;

/** Goes on to the next middleware, or to the error handler with an error. */
export type Next = NextFunction;

const found = new RequestSlot<Map<object, unknown>>();

/** What was found for a request before its controller was made: by the binding or the validation that asked for it. */
export function foundIn(request: ExpressRequest): Map<object, unknown> {
  const known = found.get(request) ?? new Map<object, unknown>();
  found.set(request, known);
  return known;
}

/** What every request of a kernel's express application can do beside express's own. */
export const requestMethods = {
  tenant: undefined,
  param(this: ExpressRequest, name: string): string {
    const value = parameterText(this.params[name]);
    if (value === undefined || value === '') throw NotFoundError.forParameter(name);
    return value;
  },
  bound<T>(this: ExpressRequest, binding: ParameterBinding<T>): T {
    const known = foundIn(this);
    if (!known.has(binding)) throw RouteInvalidError.notBound(binding.parameter, this.path);
    return known.get(binding) as T;
  },
  valid<T>(this: ExpressRequest, validation: Validation<T>): T {
    const known = foundIn(this);
    if (!known.has(validation)) throw RouteInvalidError.notValidated(this.path);
    return known.get(validation) as T;
  },
  file<T>(this: ExpressRequest, upload: Upload<T>): T {
    const known = foundIn(this);
    if (!known.has(upload)) throw RouteInvalidError.notUploaded(upload.field, this.path);
    return known.get(upload) as T;
  },
  get cookies(): Cookies | undefined {
    return cookiesOf(this as unknown as Request);
  },
  cookie(this: Request, name: string, options?: Pick<CookieOptions, 'plain'>): string | undefined {
    return this.cookies.get(name, options);
  },
  get session(): Session {
    const request = this as unknown as Request;
    const session = sessionOf(request);
    if (session === undefined) throw SessionMissingError.forRequest(request.method, request.path);
    return session;
  },
  get user(): RequestUser | undefined {
    return userOf(this as unknown as Request);
  },
  /** Middleware for express, such as passport, assigns it. */
  set user(user: RequestUser | undefined) {
    actAs(this as unknown as Request, user);
  },
  actAs(this: Request, user: RequestUser | undefined): void {
    actAs(this, user);
  },
};
