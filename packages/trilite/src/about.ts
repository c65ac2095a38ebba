import type { Config } from './config/load-config';
import type { About } from './console/console-application';
import { driverVersions } from './database/connection-driver';
import type { Maintenance } from './support/maintenance';
import { triliteVersion } from './support/version';

/** What an application is made of, by section. */
export function aboutApplication(
  { app, cache, queue, database, tenancy }: Config,
  basePath: string,
  maintenance: Maintenance,
): About {
  const down = maintenance.state();
  const versions = driverVersions();
  const files = Object.entries(database.connections).map(([name, { file }]) => [name, file]);
  return {
    Environment: {
      Name: app.name,
      Environment: app.env,
      Debug: app.debug,
      Maintenance: down === undefined ? false : `since ${new Date(down.since).toISOString()}`,
      URL: app.url ?? `http://localhost:${app.http.port}`,
      Folder: basePath,
    },
    Versions: {
      Trilite: triliteVersion(),
      Node: process.versions.node,
      SQLite: versions.sqlite,
      'better-sqlite3': versions.driver,
    },
    Drivers: {
      Database: database.default,
      Cache: cache.default,
      Queue: queue.default,
      Tenancy: tenancy.mode,
    },
    Files: Object.fromEntries(files) as Record<string, string>,
  };
}
