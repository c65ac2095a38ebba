import { clock } from '../support/clock';
import { toMilliseconds, type Duration } from '../support/duration';
import { nearest } from '../support/nearest';
import { AppKeyMissingError } from '../tenancy/errors';
import type { Tenant } from '../tenancy/tenant';
import { RouteInvalidError } from './errors';
import type { Address, TenantAddresses } from './identification/tenant-addresses';
import type { Request } from './request';
import type { Route } from './route';
import { refuseUnsigned, signQuery } from './url-signature';

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
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #addresses: TenantAddresses;
  readonly #current: () => Tenant | undefined;
  readonly #appKey: string | undefined;

  constructor({ routes, addresses, current, appKey }: UrlGeneratorParts) {
    const named = routes.filter(
      (route): route is Route & { name: string } => route.name !== undefined,
    );
    this.#routes = new Map(named.map((route) => [route.name, route]));
    this.#addresses = addresses;
    this.#current = current;
    this.#appKey = appKey;
  }

  /**
   * The path of a named route with its parameters filled in and encoded; parameters the path does not hold become its query. In the work of a
   * tenant whose pages are on another host, a route of the application's own comes as a whole address, and so does one of a domain of its own.
   *
   * @throws E_ROUTE_INVALID for an unknown name, a missing parameter, or a tenant's route in nobody's work
   */
  url(name: string, parameters: UrlParameters = {}): string {
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
  absoluteUrl(name: string, parameters: UrlParameters = {}): string {
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
  signedUrl(
    name: string,
    parameters: UrlParameters = {},
    { expiresIn }: SignedUrlOptions = {},
  ): string {
    const { origin, path, query } = this.#place(name, parameters);
    const expiresAt = expiresIn === undefined ? undefined : clock.now() + toMilliseconds(expiresIn);
    const place = { path, query, tenantId: this.#current()?.id };
    return `${origin}${path}${textOf(signQuery(place, this.#key, expiresAt))}`;
  }

  /**
   * Refuses a request for an address that `signedUrl` did not make, in the work it is answered in.
   *
   * @throws E_URL_SIGNATURE (403), E_APP_KEY_MISSING
   */
  refuseUnsigned(request: Pick<Request, 'originalUrl'>): void {
    const [path = '', ...query] = request.originalUrl.split('?');
    const place = { path, query: new URLSearchParams(query.join('?')) };
    refuseUnsigned({ ...place, tenantId: this.#current()?.id }, this.#key);
  }

  get #key(): string {
    if (this.#appKey === undefined) throw AppKeyMissingError.signing('an address');
    return this.#appKey;
  }

  #place(name: string, parameters: UrlParameters): Place {
    const route = this.#routes.get(name);
    if (route === undefined) {
      throw RouteInvalidError.unknownName(name, nearest(name, [...this.#routes.keys()]));
    }
    const { origin, prefix } = this.#addressOf(route, name);
    const rest = new Map(Object.entries(parameters));
    const path = prefix + fill(route.path, name, rest);
    const host = route.domain === undefined ? undefined : fill(route.domain, name, rest);
    return {
      origin: host === undefined ? origin : withHost(origin, host),
      path,
      query: toQuery(rest),
    };
  }

  #addressOf({ side }: Route, name: string): Address {
    if (side === 'central') return this.#addresses.central;
    const tenant = this.#current();
    if (tenant === undefined) throw RouteInvalidError.outsideTenant(name);
    return this.#addresses.of(tenant);
  }
}

/** Values of a path's parameters and of a query. */
export type UrlParameters = Readonly<Record<string, string | number>>;

/** How an address is signed. */
export interface SignedUrlOptions {
  /** How long it is good, to the second. Default: for ever. */
  readonly expiresIn?: Duration | undefined;
}

/** What addresses are made of. */
export interface UrlGeneratorParts {
  readonly routes: readonly Route[];
  readonly addresses: TenantAddresses;
  /** The tenant whose work it is. */
  readonly current: () => Tenant | undefined;
  /** What addresses are signed with; undefined where there is none. */
  readonly appKey: string | undefined;
}

interface Place {
  readonly origin: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Fills in a pattern's parameters, and takes them away from the others. */
function fill(pattern: string, name: string, rest: Map<string, string | number>): string {
  return pattern.replace(/:(\w+)/g, (_, parameter: string) => {
    const value = rest.get(parameter);
    if (value === undefined || value === '') {
      throw RouteInvalidError.missingParameter(name, parameter);
    }
    rest.delete(parameter);
    return encodeURIComponent(value);
  });
}

function toQuery(parameters: ReadonlyMap<string, string | number>): URLSearchParams {
  return new URLSearchParams(
    [...parameters].map(([key, value]): [string, string] => [key, String(value)]),
  );
}

function textOf(query: URLSearchParams): string {
  return query.size === 0 ? '' : `?${query.toString()}`;
}

function withHost(origin: string, host: string): string {
  const url = new URL(origin);
  url.hostname = host;
  return url.origin;
}
