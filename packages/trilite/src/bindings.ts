import { CacheRegistry } from './cache/cache-registry';
import { CacheRepository } from './cache/cache-repository';
import { RateLimiter } from './cache/limits/rate-limiter';
import { Locks } from './cache/locks/locks';
import { cacheStore } from './cache/tokens';
import type { Config } from './config/load-config';
import { Artisan } from './console/artisan';
import type { ConsoleApplication } from './console/console-application';
import { ConnectionRegistry } from './database/connection-registry';
import { Database } from './database/database';
import { databaseConnection } from './database/tokens';
import { EventDispatcher } from './events/event-dispatcher';
import { TenantAddresses } from './http/identification/tenant-addresses';
import type { Route } from './http/route';
import { Sessions } from './http/session/sessions';
import { StoredFiles } from './http/uploads/stored-files';
import { SqliteSessionStore } from './http/session/sqlite-session-store';
import { UrlGenerator } from './http/urls/url-generator';
import type { ViewOptions } from './http/views/view-options';
import { QueueDispatcher } from './queue/queue-dispatcher';
import { QueueRegistry } from './queue/queue-registry';
import { queueConnection } from './queue/tokens';
import { Resources } from './resources';
import { Logger } from './support/logger';
import { TenantArchives } from './tenancy/archive/tenant-archives';
import type { Container, Scope } from './tenancy/container';
import { Tenancy } from './tenancy/tenancy';
import { TenantTokens } from './tenancy/tenant-tokens';
import type { Token } from './tenancy/token';
import type { Tenants } from './tenants';
import { bindViews } from './view-wiring';

/** What is bound. */
export interface BoundServices {
  readonly app: ConsoleApplication;
  /** The folder of artisan.ts. */
  readonly codePath: string;
  /** The application's own resources, whose names tokens stand for. */
  readonly central: Resources;
  readonly tenants: Tenants;
  /** Those of the web side, which is made at the first use. */
  readonly routes: () => readonly Route[];
  /** What app/views.ts says. */
  readonly views: () => ViewOptions;
}

/** Binds what every application has, once for each scope. */
export function bindServices(
  container: Container,
  { app, codePath, central, tenants, routes, views }: BoundServices,
): void {
  const { basePath, config, events } = app;
  container.perTenant(Resources, (scope) => tenants.resourcesOf(scope.identity));
  container.perTenant(Tenancy, () => tenants.tenancy);
  container.perTenant(TenantArchives, () => tenants.archives);
  container.perTenant(
    UrlGenerator,
    () =>
      new UrlGenerator({
        routes: routes(),
        addresses: new TenantAddresses(config),
        current: () => tenants.tenancy.current(),
        keys: config.app,
      }),
  );
  container.perTenant(Artisan, (scope) => new Artisan({ codePath, app, scope }));
  container.shared(EventDispatcher, () => events);
  container.shared(Logger, () => app.logger);
  container.shared(TenantTokens, () => new TenantTokens(config.app));
  bindViews(container, { basePath, config, options: views });
  const bind = <T>(token: Token<T>, choose: (resources: Resources) => T): void =>
    container.perTenant(token, (scope) => choose(scope.make(Resources)));
  bind(ConnectionRegistry, ({ connections }) => connections);
  bind(Database, (resources) => resources.database());
  bind(CacheRepository, (resources) => resources.cache());
  bind(CacheRegistry, ({ caches }) => caches);
  bind(Locks, ({ locks }) => locks);
  bind(RateLimiter, ({ limiter }) => limiter);
  container.perTenant(StoredFiles, ({ identity }) => new StoredFiles(config.storagePath, identity));
  container.perTenant(Sessions, (scope) => sessionsOf(scope, config));
  bind(QueueDispatcher, (resources) => resources.queue());
  bind(QueueRegistry, ({ queues }) => queues);
  for (const name of central.connections.names) {
    bind(databaseConnection(name), (resources) => resources.database(name));
  }
  for (const name of central.caches.names) {
    bind(cacheStore(name), (resources) => resources.cache(name));
  }
  for (const name of central.queues.names) {
    bind(queueConnection(name), (resources) => resources.queue(name));
  }
}

/** Sessions lie in the file of whoever's scope it is; where tenants share one, among those of the others. */
function sessionsOf(scope: Scope, { session }: Config): Sessions {
  const { guarded } = scope.make(Resources).connections;
  const { identity } = scope;
  const tenantId = identity.kind === 'tenant' ? identity.tenantId : undefined;
  const store = new SqliteSessionStore({
    connection: () => guarded.connection(session.connection),
    tenantId,
    lifetimeMs: session.lifetime,
    maxLifetimeMs: session.maxLifetime,
  });
  return new Sessions({ store, settings: session, tenantId });
}
