import pluralize from 'pluralize';
import type { ParameterBinding } from './binding';
import { RouteInvalidError } from './errors';
import type { MiddlewareEntry } from './middleware';
import type { ControllerClass, HttpMethod, ParameterPattern, RouteAction } from './route';

/** What a controller of a collection may have a method for. */
export type ResourceMethod = keyof typeof RESOURCE;

/** Which routes a collection has. */
export interface ResourceOptions<M extends string> {
  /** These alone. Default: those that the controller has. */
  readonly only?: readonly M[] | undefined;
  /** All but these. */
  readonly except?: readonly M[] | undefined;
}

/** Below which path each is answered, in the order of declaring: `/posts/create` is no post. */
const RESOURCE = {
  index: { methods: ['GET'], hasKey: false, end: '' },
  create: { methods: ['GET'], hasKey: false, end: '/create' },
  store: { methods: ['POST'], hasKey: false, end: '' },
  show: { methods: ['GET'], hasKey: true, end: '' },
  edit: { methods: ['GET'], hasKey: true, end: '/edit' },
  update: { methods: ['PUT', 'PATCH'], hasKey: true, end: '' },
  destroy: { methods: ['DELETE'], hasKey: true, end: '' },
} as const;

/** The pages of forms, which an API has none of. */
const FORMS: readonly string[] = ['create', 'edit'];

/** What is said of a route once it is declared. */
export interface ResourceBuilder {
  /** Adds middleware to each of its routes, passed after that of the groups. */
  middleware(...entries: readonly MiddlewareEntry[]): ResourceBuilder;
  /** Says what a parameter has to match. */
  where(parameter: string, pattern: ParameterPattern): ResourceBuilder;
  /** Has parameters stand for what they name, in those of its routes whose path has them. */
  bind(...bindings: readonly ParameterBinding<unknown>[]): ResourceBuilder;
}

/** What declares routes. */
export interface RouteDeclarer {
  match(
    methods: readonly HttpMethod[],
    path: string,
    action: RouteAction<ControllerClass>,
  ): ResourceBuilder & { name(name: string): ResourceBuilder };
}

/** A collection to declare. */
export interface Resource {
  /** In the plural, with those it lies in before it: `posts.comments`. */
  readonly name: string;
  readonly controller: ControllerClass;
  readonly hasForms: boolean;
  readonly options?: ResourceOptions<string> | undefined;
}

/** Declares the routes of a collection. @throws E_ROUTE_INVALID */
export function declareResource(
  router: RouteDeclarer,
  { name, controller, hasForms, options = {} }: Resource,
): ResourceBuilder {
  const known = Object.keys(RESOURCE).filter((method) => hasForms || !FORMS.includes(method));
  const has = (method: string): boolean =>
    typeof (controller.prototype as Record<string, unknown>)[method] === 'function';
  const { only = known.filter(has), except = [] } = options;
  const chosen = known.filter((method) => only.includes(method) && !except.includes(method));
  if (chosen.length === 0) throw RouteInvalidError.noResource(name, controller.name, known);
  const { path, key } = pathsOf(name);
  const routes = (chosen as ResourceMethod[]).map((method) => {
    const { methods, hasKey, end } = RESOURCE[method];
    const own = `${path}${hasKey ? `/:${key}` : ''}${end}`;
    const route = router.match(methods, own, [controller, method]).name(`${name}.${method}`);
    const parameters: readonly string[] = own.match(/(?<=:)\w+/g) ?? [];
    return { route, parameters };
  });
  const builder: ResourceBuilder = {
    middleware: (...entries) => {
      for (const { route } of routes) route.middleware(...entries);
      return builder;
    },
    where: (parameter, pattern) => {
      for (const { route } of routes) route.where(parameter, pattern);
      return builder;
    },
    bind: (...bindings) => {
      for (const { route, parameters } of routes) {
        route.bind(...bindings.filter(({ parameter }) => parameters.includes(parameter)));
      }
      return builder;
    },
  };
  return builder;
}

/** `posts.comments` lies at `/posts/:post/comments`, and one of it has the key `comment`. */
function pathsOf(name: string): { path: string; key: string } {
  const parts = name.split('.');
  const keyOf = (part: string): string => pluralize.singular(part).replace(/-/g, '_');
  const path = parts
    .map((part, index) => (index < parts.length - 1 ? `/${part}/:${keyOf(part)}` : `/${part}`))
    .join('');
  return { path, key: keyOf(parts.at(-1) ?? '') };
}
