import { nearest } from '../support/nearest';
import type { Tenant } from '../tenancy/tenant';
import { RouteInvalidError } from './errors';
import type { Address, TenantAddresses } from './identification/tenant-addresses';
import type { Route } from './router';

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

  /** @param current the tenant whose work it is */
  constructor(
    routes: readonly Route[],
    addresses: TenantAddresses,
    current: () => Tenant | undefined,
  ) {
    const named = routes.filter(
      (route): route is Route & { name: string } => route.name !== undefined,
    );
    this.#routes = new Map(named.map((route) => [route.name, route]));
    this.#addresses = addresses;
    this.#current = current;
  }

  /**
   * The path of a named route with its parameters filled in and encoded; parameters the path does not hold become its query. In the work of a
   * tenant whose pages are on another host, a route of the application's own comes as a whole address.
   *
   * @throws E_ROUTE_INVALID for an unknown name, a missing parameter, or a tenant's route in nobody's work
   */
  url(name: string, parameters: UrlParameters = {}): string {
    const { address, path } = this.#place(name, parameters);
    const tenant = this.#current();
    const isElsewhere =
      tenant !== undefined && this.#addresses.of(tenant).origin !== address.origin;
    return isElsewhere ? `${address.origin}${path}` : path;
  }

  /**
   * The same with scheme and host: of `url` in config/app.ts, or of the tenant. For what is read elsewhere, such as a mail.
   *
   * @throws E_ROUTE_INVALID
   */
  absoluteUrl(name: string, parameters: UrlParameters = {}): string {
    const { address, path } = this.#place(name, parameters);
    return `${address.origin}${path}`;
  }

  #place(name: string, parameters: UrlParameters): { address: Address; path: string } {
    const route = this.#routes.get(name);
    if (route === undefined) {
      throw RouteInvalidError.unknownName(name, nearest(name, [...this.#routes.keys()]));
    }
    const address = this.#addressOf(route, name);
    return { address, path: address.prefix + fill(route.path, name, parameters) };
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

function fill(pattern: string, name: string, parameters: UrlParameters): string {
  const rest = new Map(Object.entries(parameters));
  const path = pattern.replace(/:(\w+)/g, (_, parameter: string) => {
    const value = rest.get(parameter);
    if (value === undefined || value === '') {
      throw RouteInvalidError.missingParameter(name, parameter);
    }
    rest.delete(parameter);
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams(
    [...rest].map(([key, value]): [string, string] => [key, String(value)]),
  ).toString();
  return query === '' ? path : `${path}?${query}`;
}
