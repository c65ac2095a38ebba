import { nearest } from '../support/nearest';
import { RouteInvalidError } from './errors';
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
  readonly #paths: ReadonlyMap<string, string>;

  constructor(routes: readonly Route[]) {
    const named = routes.filter(
      (route): route is Route & { name: string } => route.name !== undefined,
    );
    this.#paths = new Map(named.map(({ name, path }) => [name, path]));
  }

  /**
   * The path of a named route with its parameters filled in and encoded; parameters the path does not hold become its query.
   *
   * @throws E_ROUTE_INVALID for an unknown name or a missing parameter
   */
  url(name: string, parameters: Readonly<Record<string, string | number>> = {}): string {
    const pattern = this.#paths.get(name);
    if (pattern === undefined) {
      throw RouteInvalidError.unknownName(name, nearest(name, [...this.#paths.keys()]));
    }
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
}
