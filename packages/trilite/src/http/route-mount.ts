import type { Handler, IRouter } from 'express';
import type { Scope } from '../tenancy/container';
import { isPreflight } from './cors';
import { MethodNotAllowedError, NotFoundError, RouteInvalidError } from './errors';
import { foundIn, type Request, type Response } from './request';
import { asHandler } from './request-handler';
import { RequestSlot } from './request-slot';
import { matcherOf, type HttpMethod, type Route } from './route';
import { expecting, taking } from './uploads/route-uploads';
import type { UploadDesk } from './uploads/upload-desk';
import { validationsOf } from './validation/validated';

/** What routes are mounted with. */
export interface RouteMountParts {
  /** What a route's requests pass before it. */
  readonly chainOf: (route: Route) => readonly Handler[];
  /** What answers for its preflights. */
  readonly corsOf: (route: Route) => Handler | undefined;
  readonly scopeOf: (request: Request) => Scope;
  /** Told which route a request is for, before its middleware. Default: nobody is. */
  readonly note?: ((request: Request, route: Route) => void) | undefined;
  readonly uploads: UploadDesk;
  /** Answers. */
  readonly call: (route: Route, request: Request, response: Response) => Promise<unknown>;
}

/**
 * Mounts the routes of one side: each in the order of its declaration, then what refuses other methods of their paths, then the fallback.
 *
 *     host, patterns ──not this route's──▶ the next route
 *      └──▶ middleware ──▶ bindings ──not there──▶ 404
 *                           └──▶ files ──none taken──▶ 415
 *                                 └──▶ validation ──not valid──▶ 422
 *                                       └──▶ controller
 *
 * @throws E_ROUTE_INVALID
 */
export function mountRoutes(
  router: IRouter,
  routes: readonly Route[],
  parts: RouteMountParts,
): void {
  const [fallback, ...others] = routes.filter(({ isFallback }) => isFallback);
  if (others.length > 0) throw RouteInvalidError.severalFallbacks();
  const declared = routes.filter(({ isFallback }) => !isFallback);
  for (const route of declared) mount(router, route, parts);
  mountMethodRefusals(router, declared, parts);
  if (fallback !== undefined) mount(router, fallback, parts);
}

function mount(router: IRouter, route: Route, parts: RouteMountParts): void {
  const handlers = [
    ...(route.domain === undefined && Object.keys(route.patterns).length === 0
      ? []
      : [passingBy(route)]),
    ...(parts.note === undefined ? [] : [noting(route, parts.note)]),
    ...expecting(route, parts.uploads),
    ...parts.chainOf(route),
    ...(route.bindings.length === 0 ? [] : [binding(route, parts.scopeOf)]),
    ...taking(route),
    ...validating(route),
    asHandler((request, response) => parts.call(route, request, response)),
  ];
  try {
    for (const method of route.methods) {
      router[method.toLowerCase() as Lowercase<HttpMethod>](route.path, ...handlers);
    }
  } catch (error) {
    throw RouteInvalidError.badPath(route.path, error);
  }
}

/** Leaves requests that are not this route's to the next one. */
function passingBy(route: Route): Handler {
  const match = matcherOf(route);
  return (request, _response, next) => {
    const parameters = match(hostOf(request), request.params);
    if (parameters === undefined) return next('route');
    Object.assign(request.params, parameters);
    next();
  };
}

/** Undefined where a request names none, whatever the types of express say. */
function hostOf({ hostname }: Pick<Request, 'hostname'>): string | undefined {
  return hostname;
}

function noting(route: Route, note: NonNullable<RouteMountParts['note']>): Handler {
  return (request, _response, next) => {
    note(request as Request, route);
    next();
  };
}

/** After the middleware: who may not come in is not told what there is. */
function binding({ bindings }: Route, scopeOf: RouteMountParts['scopeOf']): Handler {
  return asHandler(async (request, _response, next) => {
    for (const one of bindings) {
      const value = request.param(one.parameter);
      const found = await one.find(value, scopeOf(request));
      if (found === undefined || found === null) throw NotFoundError.bound(one.parameter, value);
      foundIn(request).set(one, found);
    }
    next();
  });
}

/** What the route asks for first, then what stands above the method. */
function validating({ action, validations }: Route): Handler[] {
  const all = [
    ...validations,
    ...(typeof action === 'function'
      ? []
      : validationsOf(action[0].prototype as object, action[1])),
  ];
  if (all.length === 0) return [];
  return [
    asHandler(async (request, _response, next) => {
      for (const one of all) foundIn(request).set(one, await one.check(request));
      next();
    }),
  ];
}

/** A route that would answer a request of one of its methods. */
interface FittingRoute {
  readonly route: Route;
  readonly policy: Handler | undefined;
}

const fitting = new RequestSlot<readonly FittingRoute[]>();

/**
 * A path that other methods answer is 405, not 404. A preflight is for the route of the method that it asks for.
 *
 * A path may fit several routes that write it in different ways, as `/posts/live` and `/posts/:post`: all of them count.
 */
function mountMethodRefusals(
  router: IRouter,
  routes: readonly Route[],
  { corsOf }: RouteMountParts,
): void {
  for (const path of new Set(routes.map((route) => route.path))) {
    const ofPath = routes
      .filter((route) => route.path === path)
      .map((route) => ({ route, match: matcherOf(route), policy: corsOf(route) }));
    router.all(path, (request, _response, next) => {
      const host = hostOf(request);
      const found = ofPath.filter(({ match }) => match(host, request.params) !== undefined);
      fitting.set(request, [...(fitting.get(request) ?? []), ...found]);
      next();
    });
  }
  const places = new Map(routes.map((route, place) => [route, place]));
  const placeOf = ({ route }: FittingRoute): number => places.get(route) ?? 0;
  router.use(
    asHandler((request, response, next) => {
      const found = [...(fitting.get(request) ?? [])].sort((a, b) => placeOf(a) - placeOf(b));
      const asked = isPreflight(request) && request.get('Access-Control-Request-Method');
      const policy = found.find(({ route }) => answers(route, asked))?.policy;
      if (policy !== undefined) return policy(request, response, next);
      const allowed = methodsOf(found.map(({ route }) => route));
      if (allowed.length === 0) next();
      else refuseMethod(request, response, allowed);
    }),
  );
}

function answers({ methods }: Route, method: string | false | undefined): boolean {
  return methods.some((one) => one === (method === 'HEAD' ? 'GET' : method));
}

function methodsOf(routes: readonly Route[]): readonly string[] {
  const methods = new Set<string>(routes.flatMap((route) => route.methods));
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods];
}

function refuseMethod(request: Request, response: Response, allowed: readonly string[]): void {
  if (request.method !== 'OPTIONS') {
    throw new MethodNotAllowedError(request.method, request.path, allowed);
  }
  response.setHeader('Allow', allowed.join(', '));
  response.status(204).end();
}
