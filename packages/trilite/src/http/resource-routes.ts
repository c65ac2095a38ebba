import pluralize from 'pluralize';
import { RouteInvalidError } from './errors';
import type { ControllerClass, HttpMethod, RouteAction } from './route';

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

/** What declares routes. */
export interface RouteDeclarer {
  match(
    methods: readonly HttpMethod[],
    path: string,
    action: RouteAction<ControllerClass>,
  ): { name(name: string): unknown };
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
): void {
  const known = Object.keys(RESOURCE).filter((method) => hasForms || !FORMS.includes(method));
  const has = (method: string): boolean =>
    typeof (controller.prototype as Record<string, unknown>)[method] === 'function';
  const { only = known.filter(has), except = [] } = options;
  const chosen = known.filter((method) => only.includes(method) && !except.includes(method));
  if (chosen.length === 0) throw RouteInvalidError.noResource(name, controller.name, known);
  const { path, key } = pathsOf(name);
  for (const method of chosen as ResourceMethod[]) {
    const { methods, hasKey, end } = RESOURCE[method];
    router
      .match(methods, `${path}${hasKey ? `/:${key}` : ''}${end}`, [controller, method])
      .name(`${name}.${method}`);
  }
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
