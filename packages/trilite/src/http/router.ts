import type { MiddlewareEntry } from './middleware';
import type { Request, Response } from './request';

/** A controller class. */
export type ControllerClass = new (...dependencies: never[]) => object;

/** The names of a controller's methods. */
export type MethodName<C extends ControllerClass> = {
  [K in keyof InstanceType<C>]: InstanceType<C>[K] extends (...parameters: never[]) => unknown
    ? K
    : never;
}[keyof InstanceType<C>] &
  string;

/** A plain function that answers. */
export type RouteFunction = (request: Request, response: Response) => unknown;

/** Where a route leads: a function, or a controller and the name of its method. */
export type RouteAction<C extends ControllerClass> = readonly [C, MethodName<C>] | RouteFunction;

/** HTTP methods a route can have. */
export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';

/** Whose requests a route answers: those of the application itself, or those of tenants. */
export type RouteSide = 'central' | 'tenant';

/** A route as it was declared. */
export interface Route {
  readonly method: HttpMethod;
  /** The whole path, prefixes included. */
  readonly path: string;
  readonly action: readonly [ControllerClass, string] | RouteFunction;
  readonly middleware: readonly MiddlewareEntry[];
  readonly name: string | undefined;
  readonly side: RouteSide;
}

/** What a group gives to its routes. */
export interface GroupOptions {
  /** Put before each path. */
  readonly prefix?: string;
  /** Put before each name. */
  readonly name?: string;
  /** Passed before each route's own middleware. */
  readonly middleware?: readonly MiddlewareEntry[];
}

/** The routes of a file: a function that declares them. */
export type RouteFile = (route: Router) => void;

/**
 * Declares the routes of a file.
 *
 * @example
 * import { defineRoutes } from 'trilite';
 *
 * class ReportController {
 *   show() {
 *     return { ok: true };
 *   }
 * }
 *
 * export default defineRoutes((route) => {
 *   route.get('/reports/:id', [ReportController, 'show']).name('reports.show');
 *   route.group({ prefix: '/admin', middleware: ['web'] }, (admin) => {
 *     admin.get('/', () => 'Hello');
 *   });
 * });
 */
export const defineRoutes = (routes: RouteFile): RouteFile => routes;

/** A route being declared. */
export interface RouteBuilder {
  /** Names the route, after the names of its groups. */
  name(name: string): RouteBuilder;
  /** Adds middleware, passed after that of the groups. */
  middleware(...entries: readonly MiddlewareEntry[]): RouteBuilder;
}

/** Collects routes as they are declared. */
export class Router {
  readonly #group: Required<GroupOptions>;
  readonly #routes: Route[];
  readonly #side: RouteSide;

  /** @param routes where declared ones are added */
  constructor(group: GroupOptions = {}, routes: Route[] = [], side: RouteSide = 'central') {
    this.#group = {
      prefix: group.prefix ?? '',
      name: group.name ?? '',
      middleware: group.middleware ?? [],
    };
    this.#routes = routes;
    this.#side = side;
  }

  /** Every route declared so far, in order. */
  get routes(): readonly Route[] {
    return this.#routes;
  }

  get<C extends ControllerClass>(path: string, action: RouteAction<C>): RouteBuilder {
    return this.#add('GET', path, action);
  }

  post<C extends ControllerClass>(path: string, action: RouteAction<C>): RouteBuilder {
    return this.#add('POST', path, action);
  }

  put<C extends ControllerClass>(path: string, action: RouteAction<C>): RouteBuilder {
    return this.#add('PUT', path, action);
  }

  patch<C extends ControllerClass>(path: string, action: RouteAction<C>): RouteBuilder {
    return this.#add('PATCH', path, action);
  }

  delete<C extends ControllerClass>(path: string, action: RouteAction<C>): RouteBuilder {
    return this.#add('DELETE', path, action);
  }

  options<C extends ControllerClass>(path: string, action: RouteAction<C>): RouteBuilder {
    return this.#add('OPTIONS', path, action);
  }

  /** Declares routes that share a prefix, a beginning of their names, or middleware. */
  group(options: GroupOptions, routes: RouteFile): void {
    const inner = new Router(
      {
        prefix: joinPaths(this.#group.prefix, options.prefix ?? ''),
        name: this.#group.name + (options.name ?? ''),
        middleware: [...this.#group.middleware, ...(options.middleware ?? [])],
      },
      this.#routes,
      this.#side,
    );
    routes(inner);
  }

  #add(method: HttpMethod, path: string, action: Route['action']): RouteBuilder {
    const index = this.#routes.length;
    let route: Route = {
      method,
      path: joinPaths(this.#group.prefix, path),
      action,
      middleware: this.#group.middleware,
      name: undefined,
      side: this.#side,
    };
    this.#routes.push(route);
    const change = (changes: Partial<Route>): RouteBuilder => {
      route = { ...route, ...changes };
      this.#routes[index] = route;
      return builder;
    };
    const builder: RouteBuilder = {
      name: (name) => change({ name: this.#group.name + name }),
      middleware: (...entries) => change({ middleware: [...route.middleware, ...entries] }),
    };
    return builder;
  }
}

function joinPaths(prefix: string, path: string): string {
  const segments = [prefix, path]
    .map((part) => part.replace(/^\/+|\/+$/g, ''))
    .filter((part) => part !== '');
  return `/${segments.join('/')}`;
}
