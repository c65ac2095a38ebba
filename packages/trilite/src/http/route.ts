import type { ParameterBinding } from './binding';
import type { MiddlewareEntry } from './middleware';
import { parameterText } from './parameter-text';
import type { Request, Response } from './request';
import type { Upload } from './uploads/upload';
import type { Validation } from './validation/validated';

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
export type HttpMethod = (typeof HTTP_METHODS)[number];

export const HTTP_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** Whose requests a route answers: those of the application itself, or those of tenants. */
export type RouteSide = 'central' | 'tenant';

/** What a parameter of a path may be: one of those that have a name, or whatever an expression matches from its beginning to its end. */
export type ParameterPattern = keyof typeof PATTERNS | RegExp;

const PATTERNS = {
  number: /\d+/,
  alpha: /[A-Za-z]+/,
  slug: /[a-z0-9]+(?:-[a-z0-9]+)*/,
  uuid: /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i,
  ulid: /[0-7][0-9a-hjkmnp-tv-z]{25}/i,
} as const;

/** A route as it was declared. */
export interface Route {
  readonly methods: readonly HttpMethod[];
  /** The whole path, prefixes included. */
  readonly path: string;
  /** The host it answers, with `:name` for a label; undefined for every host. */
  readonly domain: string | undefined;
  readonly action: readonly [ControllerClass, string] | RouteFunction;
  readonly middleware: readonly MiddlewareEntry[];
  readonly name: string | undefined;
  readonly side: RouteSide;
  /** What its parameters have to match, by name. */
  readonly patterns: Readonly<Record<string, ParameterPattern>>;
  readonly bindings: readonly ParameterBinding<unknown>[];
  /** What its requests have to hold, beside what stands above its controller's method. */
  readonly validations: readonly Validation<unknown>[];
  /** The files it takes, beside what stands above its controller's method. */
  readonly uploads: readonly Upload<unknown>[];
  /** Whether it answers what no other route of its side does. */
  readonly isFallback: boolean;
}

/**
 * The parameters of a request, those of its host among them, where it is for a route; undefined where it is not.
 *
 * @param host undefined for a request that names none, as HTTP/1.0 allows
 */
export type RouteMatch = (
  host: string | undefined,
  parameters: Readonly<Record<string, unknown>>,
) => Readonly<Record<string, unknown>> | undefined;

/** What tells whether a request is for a route, by its host and its parameters. A parameter that is not there has nothing to match. */
export function matcherOf({ domain, patterns }: Route): RouteMatch {
  const labels = domain?.split('.');
  const expressions = Object.entries(patterns).map(([name, pattern]) => {
    const { source, flags } = typeof pattern === 'string' ? PATTERNS[pattern] : pattern;
    return [name, new RegExp(`^(?:${source})$`, flags.replace(/[gy]/g, ''))] as const;
  });
  return (host, parameters) => {
    const ofHost = labels === undefined ? {} : matchLabels(labels, host ?? '');
    if (ofHost === undefined) return undefined;
    const all = { ...parameters, ...ofHost };
    const fits = expressions.every(([name, expression]) => {
      const value = parameterText(all[name]);
      return value === undefined || expression.test(value);
    });
    return fits ? all : undefined;
  };
}

function matchLabels(
  labels: readonly string[],
  host: string,
): Readonly<Record<string, string>> | undefined {
  const given = host.toLowerCase().split('.');
  if (labels.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, label] of labels.entries()) {
    const value = given[index] ?? '';
    if (label.startsWith(':')) parameters[label.slice(1)] = value;
    else if (label.toLowerCase() !== value) return undefined;
  }
  return parameters;
}
