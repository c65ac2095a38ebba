import { randomUUID } from 'node:crypto';
import express, { type Express, type Handler, type IRouter } from 'express';
import type { AppSettings, IdentificationSettings } from '../config/schema';
import { collectAfterResponse, type AfterResponse } from '../support/after-response';
import type { Logger } from '../support/logger';
import type { Maintenance } from '../support/maintenance';
import { labelWork } from '../support/scope-holder';
import { WorkRecord } from '../support/work-record';
import type { Scope } from '../tenancy/container';
import type { Tenancy } from '../tenancy/tenancy';
import { refuseUnresolvable } from '../tenancy/resolution-check';
import type { TenantTokens } from '../tenancy/tenant-tokens';
import type { InjectableClass } from '../tenancy/token';
import { responseMethods } from './answers/response-methods';
import { send } from './answers/send';
import { CookieFactory, hasSecureUrl } from './cookies/cookie-factory';
import { cors, corsPolicyAmong } from './cors';
import { NotFoundError, RouteInvalidError, TenantMembershipError } from './errors';
import { errorHandler } from './error-handler';
import { bodyReader } from './request-body';
import {
  TenantIdentification,
  type IdentifiedTenant,
} from './identification/tenant-identification';
import {
  isMiddlewareClass,
  type HttpKernelOptions,
  type MiddlewareClass,
  type MiddlewareFunction,
} from './middleware';
import { maintenanceGate } from './maintenance-gate';
import { metricsEndpoint, type MetricsText } from './metrics-endpoint';
import { MiddlewareNames } from './middleware-aliases';
import { requestMethods, type Next, type Request, type Response } from './request';
import { asHandler, at, inTurn } from './request-handler';
import { refuseUnclearHost, takeAbsoluteTarget } from './request-target';
import { noteRoute, watching, type RequestWatcher } from './request-watch';
import { beginWork, workOf } from './request-work';
import { mountRoutes } from './route-mount';
import type { Route, RouteFunction } from './route';
import { secureHeaders } from './secure-headers';
import { passTerminable } from './terminable';
import { UploadDesk } from './uploads/upload-desk';
import type { ErrorView } from './views/error-views';

/** The groups of routes/web.ts, routes/api.ts and routes/tenant.ts. */
const NO_GROUPS = { web: [], api: [], tenant: [] };

/** What a kernel is made of. */
export interface HttpKernelParts {
  readonly settings: AppSettings;
  /** The folder of the SQLite files, absolute. */
  readonly options: HttpKernelOptions;
  readonly routes: readonly Route[];
  /** The application's own scope; the container of a request's makes its controllers and middleware. */
  readonly scope: Scope;
  /** Undefined in an application without tenants. */
  readonly tenants?: HttpTenants | undefined;
  readonly logger: Logger;
  readonly maintenance: Maintenance;
  /** The application's folder. */
  readonly basePath: string;
  /** Told of every request but those of /up. */
  readonly watchers: readonly RequestWatcher[];
  /** What is kept of what each request asks of databases and caches. */
  readonly records: 'nothing' | 'counts' | 'queries';
  /** What is counted; undefined where nothing is. */
  readonly metrics: { readonly text: MetricsText } | undefined;
  /** The state of each connection, for /up. */
  readonly health: () => Promise<Readonly<Record<string, 'up' | 'down'>>>;
  /** Answers with files of public/; undefined where there is no such folder. */
  readonly files?: Handler | undefined;
  /** The application's own pages for requests that failed. */
  readonly errorView?: ErrorView | undefined;
}

/** How a kernel serves tenants. */
export interface HttpTenants {
  readonly tenancy: Tenancy;
  readonly settings: IdentificationSettings;
  readonly tokens: TenantTokens;
}

/** What is said of a request here alone. */
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A request on its way. */
interface Passage {
  readonly request: Request;
  readonly response: Response;
  readonly next: Next;
}

/**
 * Turns requests into controller calls.
 *
 *     request → id → whose? → scope → body → global middleware → membership → route's middleware → controller → response
 *                      └────────────────────────────── error ──────────────────────────────▶ error handler
 *
 * 1. Whose a request is, is told once, before anything of the application runs.
 * 2. Its work lasts until the response is closed, sent or not, and what was put off until then is done. The tenant's scope stays open for so
 *    long, and no longer.
 * 3. Every handler runs in that work, whoever calls it: readers of bodies call back from where nobody has decided for whom the work is.
 * 4. A route answers the requests of its side alone. To the other one it is not there.
 */
export class HttpKernel {
  readonly routes: readonly Route[];
  readonly #parts: HttpKernelParts;
  readonly #identification: TenantIdentification | undefined;
  readonly #cookies: CookieFactory;
  readonly #names: MiddlewareNames;
  readonly #uploads: UploadDesk;
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
    this.#identification = createIdentification(parts);
    const { groups, aliases } = parts.options;
    // Those that route files name by themselves are there, if only with nothing in them
    this.#names = new MiddlewareNames({ ...NO_GROUPS, ...groups }, aliases);
    this.#cookies = new CookieFactory(parts.settings, parts.tenants?.settings);
    this.#uploads = new UploadDesk(parts.settings);
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
    const { settings, logger, basePath, errorView: view } = this.#parts;
    const app = express();
    app.disable('x-powered-by');
    app.set('env', 'production'); // what express answers when nobody else does has no stack
    app.set('trust proxy', settings.http.trustProxy);
    Object.defineProperties(app.request, Object.getOwnPropertyDescriptors(requestMethods));
    Object.assign(app.response, responseMethods);
    app.use(inTurn(this.#beforeRoutes()));
    this.#mountRoutes(app);
    app.use(
      asHandler((request) => {
        throw NotFoundError.forPath(request.method, request.path);
      }),
    );
    app.use(inItsWork(errorHandler({ debug: settings.debug, basePath, logger, view })));
    return app;
  }

  #beforeRoutes(): Handler[] {
    const { settings, options, watchers, maintenance, files } = this.#parts;
    return [
      ...this.#ofEveryAnswer(),
      asHandler(begin),
      at('/up', this.#health()),
      ...this.#metrics(),
      ...(files === undefined ? [] : [files]),
      ...(watchers.length === 0 ? [] : [asHandler(watching(watchers))]),
      asHandler(maintenanceGate(maintenance, hasSecureUrl(settings))),
      asHandler((request, response, next) => this.#enter({ request, response, next })),
      bodyReader(settings.http.bodyLimit),
      ...(options.middleware ?? []).map((entry) => this.#middleware(entry)),
      ...(this.#identification === undefined
        ? []
        : [asHandler((request, _response, next) => this.#requireMembership(request, next))]),
    ];
  }

  /** Before anything can fail: an error is an answer, too. */
  #ofEveryAnswer(): Handler[] {
    const { secureHeaders: headers = false, cors: policy } = this.#parts.options;
    const isHttps = hasSecureUrl(this.#parts.settings);
    return [
      ...(headers === false ? [] : [secureHeaders(headers === true ? {} : headers, isHttps)]),
      ...(policy === undefined ? [] : [asHandler(cors(policy))]),
    ];
  }

  /** Without tenants at once, and not a tick later. */
  #enter(passage: Passage): Promise<void> | void {
    const identification = this.#identification;
    if (identification === undefined) return this.#begin(this.#parts.scope, undefined, passage);
    return this.#enterFor(identification, passage);
  }

  async #enterFor(identification: TenantIdentification, passage: Passage): Promise<void> {
    const { scope, tenants } = this.#parts;
    const identified = await identification.identify(passage.request);
    if (identified === undefined) return this.#begin(scope, undefined, passage);
    try {
      // A server that was started inside a tenant's work hands that down to its requests: they decide anew
      await tenants?.tenancy.run(
        identified.tenant,
        (tenant, own) =>
          new Promise<void>((resolve) => {
            this.#begin(own, { ...identified, tenant }, passage, resolve);
          }),
        { allowSwitch: true },
      );
    } catch (error) {
      await identification.identify(passage.request); // its state has changed since: the answer is that of the new one
      throw error;
    }
  }

  /** Goes on with a request in its scope. @param done called when its response is closed, and what it put off is done */
  #begin(
    scope: Scope,
    identified: IdentifiedTenant | undefined,
    { request, response, next }: Passage,
    done?: () => void,
  ): void {
    if (response.closed) return done?.(); // its sender has gone: it would never close again
    scope.runRejoinable((rejoin) => {
      labelWork({ requestId: request.id });
      beginWork(request, { scope, identified, rejoin, record: this.#createRecord() });
      this.#cookies.begin(request, response, identified);
      if (identified !== undefined) takeFor(request, identified);
      const take = collectAfterResponse();
      response.once('close', () => {
        const works = take();
        if (works.length === 0) done?.();
        else void this.#runAfter(scope, works).then(done);
      });
      next();
    });
  }

  #createRecord(): WorkRecord | undefined {
    const { records } = this.#parts;
    return records === 'nothing' ? undefined : new WorkRecord(records === 'queries');
  }

  async #requireMembership(request: Request, next: Next): Promise<void> {
    const identified = workOf(request)?.identified;
    if (identified?.trust === 'hint') {
      const { tenant } = identified;
      const answer: unknown = await this.#parts.options.membership?.(request, tenant);
      if (answer !== true) throw TenantMembershipError.refused(tenant.id);
    }
    next();
  }

  async #runAfter(scope: Scope, works: readonly AfterResponse[]): Promise<void> {
    const running = scope.run(async () => {
      for (const work of works) await work();
    });
    const settled: Promise<void> = running
      .catch((error: unknown) =>
        this.#parts.logger.error({ err: error }, 'Work after a response failed'),
      )
      .finally(() => this.#afterResponses.delete(settled));
    this.#afterResponses.add(settled);
    await settled;
  }

  #mountRoutes(app: Express): void {
    if (this.#identification === undefined) return this.#mountSide(app, this.routes);
    const [central, tenant] = (['central', 'tenant'] as const).map((side) => {
      const router = express.Router();
      this.#mountSide(
        router,
        this.routes.filter((route) => route.side === side),
      );
      return router;
    });
    app.use((request, response, next) => {
      const side = workOf(request)?.identified === undefined ? central : tenant;
      side?.(request, response, next);
    });
  }

  #mountSide(router: IRouter, routes: readonly Route[]): void {
    mountRoutes(router, routes, {
      chainOf: (route) => this.#expand(route).map((entry) => this.#middleware(entry)),
      corsOf: (route) => corsPolicyAmong(this.#expand(route)),
      scopeOf: (request) => this.#scopeOf(request),
      note: this.#parts.watchers.length > 0 || this.#parts.settings.debug ? noteRoute : undefined,
      uploads: this.#uploads,
      call: (route, request, response) => this.#call(route, request, response),
    });
  }

  async #call({ action }: Route, request: Request, response: Response): Promise<unknown> {
    const [controller, handle] = this.#handlerOf(action, request);
    const result = await handle.call(controller, request, response);
    return send({ result, hasResponse: handle.length > 1 }, request, response);
  }

  #handlerOf(action: Route['action'], request: Request): [unknown, RouteFunction] {
    if (typeof action === 'function') return [undefined, action];
    const [type, method] = action;
    const controller = this.#scopeOf(request).make(type) as Record<string, RouteFunction>;
    return [controller, controller[method] as RouteFunction];
  }

  #middleware(entry: MiddlewareClass | MiddlewareFunction): Handler {
    if (!isMiddlewareClass(entry)) return asHandler(entry);
    return asHandler((request, response, next) => {
      const middleware = this.#scopeOf(request).make(entry);
      if (middleware.terminate === undefined) return middleware.handle(request, response, next);
      return passTerminable(middleware, request, response, next);
    });
  }

  #scopeOf(request: Request): Scope {
    return workOf(request)?.scope ?? this.#parts.scope;
  }

  #expand(route: Route): (MiddlewareClass | MiddlewareFunction)[] {
    return this.#names.expand(route.middleware, route.path);
  }

  #classes(): InjectableClass[] {
    const entries = [
      ...(this.#parts.options.middleware ?? []),
      ...this.routes.flatMap((route) => this.#expand(route)),
    ];
    return [...entries.filter(isMiddlewareClass), ...this.routes.flatMap(controllerOf)];
  }

  #metrics(): Handler[] {
    const { metrics, settings } = this.#parts;
    const { metrics: asked } = settings.http;
    if (metrics === undefined || asked === false) return [];
    return [at(asked.path, asHandler(metricsEndpoint(asked, () => metrics.text())))];
  }

  #health(): Handler {
    return asHandler(async (_request, response) => {
      const connections = await this.#parts.health();
      const isUp = Object.values(connections).every((state) => state === 'up');
      // Whoever asks may leave the application where it is: it answers, if only that it is being maintained
      const status = !isUp ? 'down' : this.#parts.maintenance.isDown ? 'maintenance' : 'up';
      response.status(isUp ? 200 : 503).json({ status, connections });
    });
  }
}

function createIdentification({ tenants, options, settings }: HttpKernelParts) {
  return tenants === undefined
    ? undefined
    : new TenantIdentification({
        ...tenants,
        resolvers: options.resolvers ?? [],
        hasMembership: options.membership !== undefined,
        url: settings.url,
      });
}

function begin(request: Mutable<Request>, response: Response, next: Next): void {
  const id = randomUUID();
  request.id = id;
  response.setHeader('X-Request-Id', id);
  refuseUnclearHost(request);
  takeAbsoluteTarget(request);
  next();
}

/** Has a request say whose it is. */
function takeFor(request: Mutable<Request>, { tenant, path }: IdentifiedTenant): void {
  request.tenant = tenant;
  if (path !== undefined) request.url = path.rest;
}

function inItsWork(handle: ReturnType<typeof errorHandler>): Handler {
  const handler: typeof handle = (thrown, request, response, next) => {
    const work = workOf(request);
    if (work === undefined) return handle(thrown, request, response, next);
    work.rejoin(() => handle(thrown, request, response, next));
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
