import type { Config } from './config/load-config';
import type { ConnectionRegistry } from './database/connection-registry';
import { HttpKernel } from './http/http-kernel';
import type { HttpKernelOptions } from './http/middleware';
import { loadRoutes, type RouteSources } from './http/route-files';
import type { Observation } from './observation';
import { staticFiles } from './http/static-files';
import { errorView } from './http/views/error-views';
import { RequestViews } from './http/views/request-views';
import type { Logger } from './support/logger';
import type { Maintenance } from './support/maintenance';
import type { Scope } from './tenancy/container';
import type { Tenancy } from './tenancy/tenancy';
import { TenantTokens } from './tenancy/tenant-tokens';
import { AssetRegistry } from './view/asset-registry';

/** What the web side of an application is made of. */
export interface FrontDoorParts {
  readonly config: Config;
  /** What app/http/kernel.ts says. */
  readonly options: HttpKernelOptions;
  readonly routes: Omit<RouteSources, 'hasTenants'>;
  /** The application's own. */
  readonly scope: Scope;
  readonly tenancy: Tenancy;
  /** Whose state /up tells. */
  readonly connections: ConnectionRegistry;
  readonly logger: Logger;
  readonly maintenance: Maintenance;
  /** The application's folder. */
  readonly basePath: string;
  readonly observation: Observation;
}

/** Composes the web side. @throws E_ROUTE_INVALID, E_CONTAINER_UNRESOLVABLE, E_VIEW_HELPER_INVALID */
export function createHttpKernel(parts: FrontDoorParts): HttpKernel {
  const {
    config,
    options,
    routes,
    scope,
    tenancy,
    connections,
    logger,
    maintenance,
    basePath,
    observation,
  } = parts;
  observation.metrics?.start();
  const hasTenants = config.tenancy.mode !== 'off';
  const settings = config.tenancy.identification;
  const assets = scope.make(AssetRegistry);
  scope.make(RequestViews); // what app/views.ts says is judged now, not at the first page
  return new HttpKernel({
    settings: config.app,
    options,
    routes: loadRoutes({ ...routes, hasTenants }),
    scope,
    tenants: hasTenants ? { tenancy, settings, tokens: scope.make(TenantTokens) } : undefined,
    logger,
    maintenance,
    basePath,
    watchers: observation.watchers,
    records: observation.records,
    metrics: observation.metrics,
    files: assets.exist ? staticFiles(assets) : undefined,
    errorView: errorView({ scope, logger }),
    health: () =>
      connections.health((connection, error) =>
        logger.error({ connection, err: error }, 'A connection does not answer'),
      ),
  });
}
