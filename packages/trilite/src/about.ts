import { existsSync, readdirSync, statSync } from 'node:fs';
import type { Config } from './config/load-config';
import type { About, ConsoleApplication } from './console/console-application';
import { driverVersions } from './database/connection-driver';
import { humanBytes } from './support/bytes';
import { triliteVersion } from './support/version';
import { isTenantId } from './tenancy/tenant-id';
import { TenantPaths } from './tenancy/tenant-paths';

/** What is told of an application. */
export type AboutFacts = Pick<
  ConsoleApplication,
  'basePath' | 'config' | 'maintenance' | 'schedule'
>;

/** What an application is made of, by section. Opens no file, so that it answers where one is damaged or locked. */
export function aboutApplication({ basePath, config, maintenance, schedule }: AboutFacts): About {
  const { app, cache, queue, database, tenancy } = config;
  const down = maintenance.state();
  const versions = driverVersions();
  const files = Object.entries(database.connections).map(([name, { file }]) => [
    name,
    `${file} (${sizesOf(file)})`,
  ]);
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
    },
    Files: Object.fromEntries(files) as Record<string, string>,
    Tenants: {
      Mode: tenancy.mode,
      ...(tenancy.mode === 'files' && { Folders: foldersOfTenants(config) }),
    },
    Queue: {
      Default: queue.default,
      Connections: Object.entries(queue.connections)
        .map(([name, { driver }]) => `${name} (${driver})`)
        .join(', '),
    },
    Scheduler: {
      Tasks: schedule.tasks.length,
      'For each tenant': schedule.tasks.filter(({ perTenant }) => perTenant !== undefined).length,
    },
  };
}

/** How large a file is, and the changes beside it that are not in it yet. */
function sizesOf(file: string): string {
  const size = sizeOf(file);
  if (size === undefined) return file === ':memory:' ? 'in memory' : 'not there yet';
  const wal = sizeOf(`${file}-wal`) ?? 0;
  return wal === 0 ? humanBytes(size) : `${humanBytes(size)}, -wal ${humanBytes(wal)}`;
}

function sizeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.size;
}

function foldersOfTenants({ storagePath }: Config): number {
  const { root } = new TenantPaths(storagePath);
  if (!existsSync(root)) return 0;
  return readdirSync(root).filter((name) => isTenantId(name)).length;
}
