import type { AppKeys } from '../../support/app-key';
import { clock } from '../../support/clock';
import { toMilliseconds, type Duration } from '../../support/duration';
import { nearest } from '../../support/nearest';
import { Signer } from '../../tenancy/signer';
import type { Tenant } from '../../tenancy/tenant';
import { RouteInvalidError } from '../errors';
import type { Address, TenantAddresses } from '../identification/tenant-addresses';
import type { Request } from '../request';
import type { Route } from '../route';
import { RoutePath } from './route-path';
import type { RouteName, UrlArguments, UrlParameters, UrlValue } from './routes';
import { refuseUnsigned, SIGNED_URL, signQuery } from './url-signature';

/**
 * Makes addresses of named routes.
 *
 * @example
 * import { injectable, UrlGenerator } from 'trilite';
 *
 * \@injectable()
 * export class ReportController {
 *   constructor(private readonly urls: UrlGenerator) {}
 *
 *   show() {
 *     return { next: this.urls.url('reports.show', { id: 7, page: 2 }) }; // /reports/7?page=2
 *   }
 * }
 */
export class UrlGenerator {
  readonly #routes: ReadonlyMap<string, NamedRoute>;
  readonly #addresses: TenantAddresses;
  readonly #current: () => Tenant | undefined;
  readonly #keys: AppKeys;
  readonly #signer: Signer;

  constructor({ routes, addresses, current, keys }: UrlGeneratorParts) {
    this.#routes = 'get' in routes ? routes : namedAmong(routes);
    this.#addresses = addresses;
    this.#current = current;
    this.#keys = keys;
    this.#signer = new Signer(keys, SIGNED_URL);
  }

  /**
   * The addresses of a tenant as its own work has them, in whatever work this is: for a page of the application that leads to its tenants. None of
   * the tenant's files is opened.
   *
   * @example
   * import { injectable, Tenancy, UrlGenerator } from 'trilite';
   *
   * \@injectable()
   * export class TenantController {
   *   constructor(
   *     private readonly tenancy: Tenancy,
   *     private readonly urls: UrlGenerator,
   *   ) {}
   *
   *   async index() {
   *     const tenants = await this.tenancy.list(['active']);
   *     return tenants.map((tenant) => this.urls.of(tenant).absoluteUrl('tenant.home'));
   *   }
   * }
   */
  of(tenant: Tenant): UrlGenerator {
    return new UrlGenerator({
      routes: this.#routes,
      addresses: this.#addresses,
      current: () => tenant,
      keys: this.#keys,
    });
  }

  /**
   * The path of a named route with its parameters filled in and encoded; parameters the path does not hold become its query. In the work of a
   * tenant whose pages are on another host, a route of the application's own comes as a whole address, and so does one of a domain of its own.
   *
   * @throws E_ROUTE_INVALID for an unknown name, a missing parameter, or a tenant's route in nobody's work
   */
  url<N extends RouteName>(name: N, ...[parameters]: UrlArguments<N>): string {
    const { origin, path, query } = this.#place(name, parameters);
    const tenant = this.#current();
    const here = tenant === undefined ? this.#addresses.central : this.#addresses.of(tenant);
    return `${here.origin === origin ? '' : origin}${path}${textOf(query)}`;
  }

  /**
   * The same with scheme and host: of `url` in config/app.ts, or of the tenant. For what is read elsewhere, such as a mail.
   *
   * @throws E_ROUTE_INVALID
   */
  absoluteUrl<N extends RouteName>(name: N, ...[parameters]: UrlArguments<N>): string {
    const { origin, path, query } = this.#place(name, parameters);
    return `${origin}${path}${textOf(query)}`;
  }

  /**
   * The same, signed: nobody can alter it, and the middleware `signed` lets in nobody without. Behind whatever host it is asked for; that of one
   * tenant is worth nothing at another.
   *
   * @throws E_ROUTE_INVALID, E_APP_KEY_MISSING
   * @example
   * import { defineRoutes, signed } from 'trilite';
   *
   * export default defineRoutes((route) => {
   *   route.get('/unsubscribe/:user', () => 'Done').name('unsubscribe').middleware(signed);
   * });
   */
  signedUrl<N extends RouteName>(
    name: N,
    ...given: [...UrlArguments<N>, options?: SignedUrlOptions]
  ): string {
    const [parameters, { expiresIn } = {}] = given as unknown as [
      UrlParameters?,
      SignedUrlOptions?,
    ];
    const { origin, path, query } = this.#place(name, parameters);
    const expiresAt = expiresIn === undefined ? undefined : clock.now() + toMilliseconds(expiresIn);
    const place = { path, query, tenantId: this.#current()?.id };
    return `${origin}${path}${textOf(signQuery(place, this.#signer, expiresAt))}`;
  }

  /**
   * Refuses a request for an address that `signedUrl` did not make, in the work it is answered in.
   *
   * @throws E_URL_SIGNATURE (403), E_APP_KEY_MISSING
   */
  refuseUnsigned(request: Pick<Request, 'originalUrl'>): void {
    const [path = '', ...query] = request.originalUrl.split('?');
    const place = { path, query: new URLSearchParams(query.join('?')) };
    refuseUnsigned({ ...place, tenantId: this.#current()?.id }, this.#signer);
  }

  #place(name: string, parameters: UrlParameters = {}): Place {
    const named = this.#routes.get(name);
    if (named === undefined) {
      throw RouteInvalidError.unknownName(name, nearest(name, [...this.#routes.keys()]));
    }
    const { origin, prefix } = this.#addressOf(named.route, name);
    const path = prefix + fill(named.path, name, parameters);
    const host = named.host === undefined ? undefined : fill(named.host, name, parameters);
    return {
      origin: host === undefined ? origin : withHost(origin, host),
      path,
      query: toQuery(Object.entries(parameters).filter(([key]) => !named.parameters.has(key))),
    };
  }

  #addressOf({ side }: Route, name: string): Address {
    if (side === 'central') return this.#addresses.central;
    const tenant = this.#current();
    if (tenant === undefined) throw RouteInvalidError.outsideTenant(name);
    return this.#addresses.of(tenant);
  }
}

/** How an address is signed. */
export interface SignedUrlOptions {
  /** How long it is good, to the second. Default: for ever. */
  readonly expiresIn?: Duration | undefined;
}

/** What addresses are made of. */
export interface UrlGeneratorParts {
  /** All of them, or the named ones as another generator has them. */
  readonly routes: readonly Route[] | ReadonlyMap<string, NamedRoute>;
  readonly addresses: TenantAddresses;
  /** The tenant whose work it is. */
  readonly current: () => Tenant | undefined;
  /** What addresses are signed with. */
  readonly keys: AppKeys;
}

interface Place {
  readonly origin: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

/** A route with a name, and what its addresses are made from. */
interface NamedRoute {
  readonly route: Route;
  readonly path: RoutePath;
  readonly host: RoutePath | undefined;
  /** The names of what both need. */
  readonly parameters: ReadonlySet<string>;
}

function namedAmong(routes: readonly Route[]): ReadonlyMap<string, NamedRoute> {
  return new Map(
    routes.flatMap((route) => (route.name === undefined ? [] : [[route.name, named(route)]])),
  );
}

function named(route: Route): NamedRoute {
  const path = new RoutePath(route.path);
  // Labels of a host are written as segments of a path are
  const host = route.domain === undefined ? undefined : new RoutePath(route.domain);
  const all = [...path.parameters, ...(host?.parameters ?? [])];
  return { route, path, host, parameters: new Set(all.map((parameter) => parameter.name)) };
}

/** Browsers leave it out, encoded or not, and ".." takes the folder before it along: the address would be another one. */
const DOT_SEGMENT = /(?:^|\/)\.{1,2}(?:\/|$)/;

function fill(pattern: RoutePath, name: string, given: UrlParameters): string {
  const values: Record<string, string | readonly string[]> = {};
  for (const parameter of pattern.parameters) {
    const value = given[parameter.name];
    const isMissing = value === undefined || value === '' || (isList(value) && value.length === 0);
    if (!isMissing) values[parameter.name] = isList(value) ? value.map(String) : String(value);
    else if (!parameter.isOptional) throw RouteInvalidError.missingParameter(name, parameter.name);
  }
  const filled = pattern.fill(values);
  if (DOT_SEGMENT.test(filled)) throw RouteInvalidError.dotSegment(name, filled);
  return filled;
}

function toQuery(
  parameters: readonly (readonly [string, UrlParameters[string]])[],
): URLSearchParams {
  return new URLSearchParams(
    parameters.flatMap(([key, value]) =>
      (isList(value) ? value : [value]).flatMap((one): [string, string][] =>
        one === undefined ? [] : [[key, String(one)]],
      ),
    ),
  );
}

function isList(value: UrlParameters[string]): value is readonly UrlValue[] {
  return Array.isArray(value);
}

function textOf(query: URLSearchParams): string {
  return query.size === 0 ? '' : `?${query.toString()}`;
}

function withHost(origin: string, host: string): string {
  const url = new URL(origin);
  url.hostname = host;
  return url.origin;
}
