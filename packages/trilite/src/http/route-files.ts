import { RouteInvalidError } from './errors';
import type { Route } from './route';
import { Router, type RouteFile } from './router';

/** Where routes come from. */
export interface RouteSources {
  /** What a file of routes/ exports, by its name without ending; undefined when there is none. */
  readonly load: (stem: string) => RouteFile | undefined;
  readonly hasTenants: boolean;
  /** Central routes beside those of the files. */
  readonly central?: RouteFile | undefined;
  /** Routes of tenants beside those of the file. */
  readonly tenant?: RouteFile | undefined;
}

/**
 * The routes of an application: routes/web.ts and routes/api.ts answer requests of its own, routes/tenant.ts those of its tenants.
 *
 * @throws E_ROUTE_INVALID
 */
export function loadRoutes({ load, hasTenants, central, tenant }: RouteSources): readonly Route[] {
  const routes: Route[] = [];
  const application = new Router({}, routes, 'central');
  for (const stem of ['web', 'api']) {
    const file = loadFile(stem, load);
    const prefix = stem === 'api' ? '/api' : '';
    if (file !== undefined) application.group({ middleware: [stem], prefix }, file);
  }
  central?.(application);
  const tenants = new Router({}, routes, 'tenant');
  const file = loadFile('tenant', load);
  if (file !== undefined) tenants.group({ middleware: ['tenant'] }, file);
  tenant?.(tenants);
  if (!hasTenants && (file !== undefined || tenant !== undefined)) {
    throw RouteInvalidError.tenantsOff('routes/tenant.ts');
  }
  return routes;
}

function loadFile(stem: string, load: RouteSources['load']): RouteFile | undefined {
  const routes: unknown = load(stem);
  if (routes === undefined) return undefined;
  if (typeof routes !== 'function') throw RouteInvalidError.notRoutes(`routes/${stem}.ts`);
  return routes as RouteFile;
}
