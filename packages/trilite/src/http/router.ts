import type { ParameterBinding } from './binding';
import type { MiddlewareEntry } from './middleware';
import {
  declareResource,
  type ResourceBuilder,
  type ResourceMethod,
  type ResourceOptions,
} from './resource-routes';
import {
  HTTP_METHODS,
  type ControllerClass,
  type HttpMethod,
  type ParameterPattern,
  type Route,
  type MethodName,
  type RouteAction,
  type RouteSide,
} from './route';
import type { Upload } from './uploads/upload';
import type { Validation } from './validation/validated';

/** What a group gives to its routes. */
export interface GroupOptions {
  /** Put before each path. */
  readonly prefix?: string;
  /** Put before each name. */
  readonly name?: string;
  /** Passed before each route's own middleware. */
  readonly middleware?: readonly MiddlewareEntry[];
  /** The host they answer, `:name` for a label of it: `request.param(name)`. Default: every host, or that of the group around. */
  readonly domain?: string;
  /** What parameters have to match. */
  readonly where?: Readonly<Record<string, ParameterPattern>>;
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
 *   route.get('/reports/:id', [ReportController, 'show']).where('id', 'number').name('reports.show');
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
  /** Says what a parameter has to match: an address in which it does not is another route's, or 404. */
  where(parameter: string, pattern: ParameterPattern): RouteBuilder;
  /** Has parameters stand for what they name: what is not there is 404 before the controller is made. `request.bound(binding)` gives it. */
  bind(...bindings: readonly ParameterBinding<unknown>[]): RouteBuilder;
  /** Says what its requests have to hold: what does not is 422 before the controller is made. `request.valid(validation)` gives it. */
  validate(...validations: readonly Validation<unknown>[]): RouteBuilder;
  /** Says which files it takes: forms with files are 415 elsewhere. `request.file(upload)` gives them. */
  upload(...uploads: readonly Upload<unknown>[]): RouteBuilder;
}

/** Collects routes as they are declared. */
export class Router {
  readonly #group: Required<Omit<GroupOptions, 'domain'>> & Pick<GroupOptions, 'domain'>;
  readonly #routes: Route[];
  readonly #side: RouteSide;

  /** @param routes where declared ones are added */
  constructor(group: GroupOptions = {}, routes: Route[] = [], side: RouteSide = 'central') {
    this.#group = { prefix: '', name: '', middleware: [], where: {}, ...group };
    this.#routes = routes;
    this.#side = side;
  }

  /** Every route declared so far, in order. */
  get routes(): readonly Route[] {
    return this.#routes;
  }

  get<C extends ControllerClass>(path: string, action: RouteAction<C>): RouteBuilder {
    return this.match(['GET'], path, action);
  }

  post<C extends ControllerClass>(path: string, action: RouteAction<C>): RouteBuilder {
    return this.match(['POST'], path, action);
  }

  put<C extends ControllerClass>(path: string, action: RouteAction<C>): RouteBuilder {
    return this.match(['PUT'], path, action);
  }

  patch<C extends ControllerClass>(path: string, action: RouteAction<C>): RouteBuilder {
    return this.match(['PATCH'], path, action);
  }

  delete<C extends ControllerClass>(path: string, action: RouteAction<C>): RouteBuilder {
    return this.match(['DELETE'], path, action);
  }

  options<C extends ControllerClass>(path: string, action: RouteAction<C>): RouteBuilder {
    return this.match(['OPTIONS'], path, action);
  }

  /** One route for every method. */
  any<C extends ControllerClass>(path: string, action: RouteAction<C>): RouteBuilder {
    return this.match(HTTP_METHODS, path, action);
  }

  /** One route for several methods. */
  match<C extends ControllerClass>(
    methods: readonly HttpMethod[],
    path: string,
    action: RouteAction<C>,
  ): RouteBuilder {
    return this.#add({ methods, path: joinPaths(this.#group.prefix, path), action });
  }

  /**
   * Answers with another address: a path, or a whole address that stands in the code, not in a request.
   *
   * @param status 302 unless it is for good: 301
   */
  redirect(path: string, to: string, status: 301 | 302 | 303 | 307 | 308 = 302): RouteBuilder {
    return this.match(['GET'], path, (_request, response) => {
      response.redirect(status, to);
    });
  }

  /** Answers what no other route of this side does, instead of 404. Declared once. */
  fallback<C extends ControllerClass>(action: RouteAction<C>): RouteBuilder {
    return this.#add({ methods: HTTP_METHODS, path: '/{*fallback}', action, isFallback: true });
  }

  /**
   * The routes of a collection, for those methods that the controller has: index, create, store, show, edit, update, destroy. `posts` is
   * `/posts/:post`, named `posts.show`; `posts.comments` is `/posts/:post/comments/:comment`.
   *
   * @throws E_ROUTE_INVALID when the controller has none of them, or not one that `only` names
   */
  resource<C extends ControllerClass>(
    name: string,
    controller: C,
    options?: ResourceOptions<ResourceMethod & MethodName<C>>,
  ): ResourceBuilder {
    return declareResource(this, { name, controller, hasForms: true, options });
  }

  /** The same without the pages of forms: `create` and `edit`. */
  apiResource<C extends ControllerClass>(
    name: string,
    controller: C,
    options?: ResourceOptions<Exclude<ResourceMethod, 'create' | 'edit'> & MethodName<C>>,
  ): ResourceBuilder {
    return declareResource(this, { name, controller, hasForms: false, options });
  }

  /** Declares routes that share a prefix, a beginning of their names, middleware, a host, or what their parameters are. */
  group(options: GroupOptions, routes: RouteFile): void {
    const { prefix, name, middleware, where, domain } = this.#group;
    const inner = new Router(
      {
        prefix: joinPaths(prefix, options.prefix ?? ''),
        name: name + (options.name ?? ''),
        middleware: [...middleware, ...(options.middleware ?? [])],
        where: { ...where, ...options.where },
        ...((options.domain ?? domain) !== undefined && { domain: options.domain ?? domain }),
      },
      this.#routes,
      this.#side,
    );
    routes(inner);
  }

  #add(
    declared: Pick<Route, 'methods' | 'path' | 'action'> & { readonly isFallback?: boolean },
  ): RouteBuilder {
    const index = this.#routes.length;
    let route: Route = {
      isFallback: false,
      ...declared,
      domain: this.#group.domain,
      middleware: this.#group.middleware,
      name: undefined,
      side: this.#side,
      patterns: this.#group.where,
      bindings: [],
      validations: [],
      uploads: [],
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
      where: (parameter, pattern) =>
        change({ patterns: { ...route.patterns, [parameter]: pattern } }),
      validate: (...validations) => change({ validations: [...route.validations, ...validations] }),
      upload: (...uploads) => change({ uploads: [...route.uploads, ...uploads] }),
      bind: (...bindings) => change({ bindings: [...route.bindings, ...bindings] }),
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
