import { randomUUID } from 'node:crypto';
import { types } from 'node:util';
import express, { type Express, type Handler } from 'express';
import type { AppSettings } from '../config/schema';
import { collectAfterResponse, type AfterResponse } from '../support/after-response';
import { toError } from '../support/errors';
import type { Logger } from '../support/logger';
import type { Scope } from '../tenancy/container';
import { refuseUnresolvable } from '../tenancy/resolution-check';
import type { InjectableClass } from '../tenancy/token';
import { SafeHtml } from '../view/html';
import { MethodNotAllowedError, NotFoundError, RouteInvalidError } from './errors';
import { errorHandler } from './error-handler';
import {
  isMiddlewareClass,
  type HttpKernelOptions,
  type MiddlewareClass,
  type MiddlewareEntry,
  type MiddlewareFunction,
} from './middleware';
import { requestMethods, type Next, type Request, type Response } from './request';
import type { HttpMethod, Route } from './router';

/** What a kernel is made of. */
export interface HttpKernelParts {
  readonly settings: AppSettings;
  readonly options: HttpKernelOptions;
  readonly routes: readonly Route[];
  /** Whose container makes controllers and middleware. */
  readonly scope: Scope;
  readonly logger: Logger;
  /** The state of each connection, for /up. */
  readonly health: () => Promise<Readonly<Record<string, 'up' | 'down'>>>;
}

/**
 * Turns requests into controller calls.
 *
 *     request → id → body → scope → global middleware → route's middleware → controller → response
 *                                                └────────── error ──────────────▶ error handler
 */
export class HttpKernel {
  readonly routes: readonly Route[];
  readonly #parts: HttpKernelParts;
  readonly #express: Express;
  /** What requests have put off until after their response, while it runs. */
  readonly #afterResponses = new Set<Promise<void>>();

  /**
   * @throws E_ROUTE_INVALID when routes contradict themselves
   * @throws E_CONTAINER_UNRESOLVABLE when a controller or middleware cannot be made
   */
  constructor(parts: HttpKernelParts) {
    this.#parts = parts;
    this.routes = parts.routes;
    refuseDuplicateNames(parts.routes);
    refuseUnresolvable(this.#classes(), parts.scope);
    this.#express = this.#build();
  }

  /** The kernel as a request listener, for a server or a test client. */
  get handler(): Express {
    return this.#express;
  }

  /** Waits for what requests have put off until after their response. */
  async settled(): Promise<void> {
    while (this.#afterResponses.size > 0) await Promise.all(this.#afterResponses);
  }

  #build(): Express {
    const { settings, options, logger } = this.#parts;
    const app = express();
    app.disable('x-powered-by');
    app.set('trust proxy', settings.http.trustProxy);
    Object.assign(app.request, requestMethods);
    app.use(giveId);
    app.get('/up', this.#health());
    app.use(
      express.json({ limit: settings.http.bodyLimit }),
      express.urlencoded({ extended: false, limit: settings.http.bodyLimit }),
    );
    app.use(asHandler((_request, response, next) => this.#enterScope(response, next)));
    for (const entry of options.middleware ?? []) app.use(this.#middleware(entry));
    for (const route of this.routes) this.#mount(app, route);
    this.#mountMethodRefusals(app);
    app.use(
      asHandler((request) => {
        throw NotFoundError.forPath(request.method, request.path);
      }),
    );
    app.use(errorHandler({ debug: settings.debug, logger }) as unknown as Handler);
    return app;
  }

  #enterScope(response: Response, next: Next): void {
    this.#parts.scope.run(() => {
      const take = collectAfterResponse();
      response.once('close', () => this.#runAfter(take()));
      next();
    });
  }

  #runAfter(works: readonly AfterResponse[]): void {
    if (works.length === 0) return;
    const running = this.#parts.scope.run(async () => {
      for (const work of works) await work();
    });
    const settled = running
      .catch((error: unknown) =>
        this.#parts.logger.error({ err: error }, 'Work after a response failed'),
      )
      .finally(() => this.#afterResponses.delete(settled));
    this.#afterResponses.add(settled);
  }

  #mount(app: Express, route: Route): void {
    const chain = this.#expand(route).map((entry) => this.#middleware(entry));
    const method = route.method.toLowerCase() as Lowercase<HttpMethod>;
    try {
      app[method](
        route.path,
        ...chain,
        asHandler((request, response) => this.#call(route, request, response)),
      );
    } catch (error) {
      throw RouteInvalidError.badPath(route.path, error);
    }
  }

  /** A path that other methods answer is 405, not 404. */
  #mountMethodRefusals(app: Express): void {
    for (const path of new Set(this.routes.map((route) => route.path))) {
      const allowed = this.routes
        .filter((route) => route.path === path)
        .map((route) => route.method);
      const all = allowed.includes('GET') ? [...allowed, 'HEAD'] : allowed;
      app.all(
        path,
        asHandler((request, response) => refuseMethod(request, response, [...new Set(all)])),
      );
    }
  }

  async #call({ action }: Route, request: Request, response: Response): Promise<void> {
    if (typeof action === 'function') {
      return send(await action(request, response), action.length, response);
    }
    const [type, method] = action;
    const controller = this.#parts.scope.make(type) as Record<
      string,
      (...values: unknown[]) => unknown
    >;
    const handle = controller[method] as (request: Request, response: Response) => unknown;
    send(await handle.call(controller, request, response), handle.length, response);
  }

  #middleware(entry: MiddlewareClass | MiddlewareFunction): Handler {
    if (!isMiddlewareClass(entry)) return asHandler(entry);
    return asHandler((request, response, next) => {
      const middleware = this.#parts.scope.make(entry);
      return middleware.handle(request, response, next);
    });
  }

  #expand(route: Route): (MiddlewareClass | MiddlewareFunction)[] {
    const groups = this.#parts.options.groups ?? {};
    return route.middleware.flatMap((entry: MiddlewareEntry) => {
      if (typeof entry !== 'string') return [entry];
      const group = groups[entry];
      if (group === undefined) {
        throw RouteInvalidError.noGroup(entry, route.path, Object.keys(groups));
      }
      return group;
    });
  }

  #classes(): InjectableClass[] {
    const entries = [
      ...(this.#parts.options.middleware ?? []),
      ...this.routes.flatMap((route) => this.#expand(route)),
    ];
    return [...entries.filter(isMiddlewareClass), ...this.routes.flatMap(controllerOf)];
  }

  #health(): Handler {
    return asHandler(async (_request, response) => {
      const connections = await this.#parts.health();
      const isUp = Object.values(connections).every((state) => state === 'up');
      response.status(isUp ? 200 : 503).json({ status: isUp ? 'up' : 'down', connections });
    });
  }
}

function refuseMethod(request: Request, response: Response, allowed: readonly string[]): void {
  if (request.method !== 'OPTIONS') {
    throw new MethodNotAllowedError(request.method, request.path, allowed);
  }
  response.setHeader('Allow', allowed.join(', '));
  response.status(204).end();
}

/** What a controller returned, as an answer; one that answered by itself is left alone. */
function send(result: unknown, parameters: number, response: Response): void {
  if (response.headersSent || response.writableEnded) return;
  if (result instanceof SafeHtml) response.type('html').send(result.toString());
  else if (typeof result === 'string') response.type('html').send(result);
  else if (Buffer.isBuffer(result)) response.send(result);
  else if (result !== undefined) response.json(jsonOf(result));
  // Whoever asked for the response may still answer later; whoever did not, has nothing more to say.
  else if (parameters < 2) response.status(204).end();
}

/** A Map, such as `cache.many` gives, would be an empty object. */
function jsonOf(result: unknown): unknown {
  return types.isMap(result) ? Object.fromEntries(result) : result;
}

function giveId(request: express.Request & { id?: string }, response: Response, next: Next): void {
  const id = randomUUID();
  request.id = id;
  response.setHeader('X-Request-Id', id);
  next();
}

/**
 * Our Request is express's with more methods, which `app.request` carries: what express calls with is what the function takes. What it
 * throws becomes an Error, for to express some values, such as 'route', are commands.
 */
function asHandler(handle: MiddlewareFunction): Handler {
  const handler = async (request: Request, response: Response, next: Next): Promise<void> => {
    try {
      await handle(request, response, next);
    } catch (thrown) {
      next(toError(thrown));
    }
  };
  return handler as unknown as Handler;
}

function controllerOf({ action, path }: Route): InjectableClass[] {
  if (typeof action === 'function') return [];
  const [type, method] = action;
  if (typeof (type.prototype as Record<string, unknown>)[method] !== 'function') {
    throw RouteInvalidError.noMethod(type.name, method, path);
  }
  return [type];
}

function refuseDuplicateNames(routes: readonly Route[]): void {
  const paths = new Map<string, string>();
  for (const { name, path } of routes) {
    if (name === undefined) continue;
    const taken = paths.get(name);
    if (taken !== undefined) throw RouteInvalidError.duplicateName(name, taken, path);
    paths.set(name, path);
  }
}
