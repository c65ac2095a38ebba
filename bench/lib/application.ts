import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createApplication,
  type Application,
  type ApplicationOptions,
  type CacheOptions,
  type QueueOptions,
  type SqliteConnectionOptions,
  type TenancyOptions,
} from 'trilite';

export type { Application };

/** A connection to one SQLite file. */
export type Connection = ReturnType<Application['connections']['connection']>;

/** What differs from Trilite's defaults, for each connection. */
export type Connections = Readonly<Record<string, Partial<SqliteConnectionOptions>>>;

/** Cache stores by name; the first is the default one. */
export type CacheStores = CacheOptions['stores'];

/** Queue connections by name; the first is the default one. */
export type Queues = QueueOptions['connections'];

/**
 * Makes an application of configuration alone in a folder, and its files with a schema. Its connections have the settings that a new
 * application has, but for what a benchmark says of them; `file` is by default the connection's name.
 */
export async function makeApplication(
  folder: string,
  connections: Connections,
  schema: string,
): Promise<Application> {
  writeConfig(folder, { connections });
  const app = await openApplication(folder);
  for (const name of Object.keys(connections)) {
    const connection = app.connections.connection(name);
    await connection.create();
    await connection.write((handle) => handle.exec(schema), { several: true });
  }
  return app;
}

/** Makes such an application with cache stores, and its files with the tables that these bring. */
export async function makeCacheApplication(
  folder: string,
  connections: Connections,
  stores: CacheStores,
): Promise<Application> {
  writeConfig(folder, { connections, stores });
  const app = await openApplication(folder);
  await app.migrator().migrate();
  return app;
}

/** Makes such an application with queues, the jobs of a file here, and a command line. */
export async function makeQueueApplication(
  folder: string,
  queues: Queues,
  jobs: string,
): Promise<Application> {
  const names = Object.values(queues).flatMap((one) => ('connection' in one ? one.connection : []));
  writeConfig(folder, { connections: Object.fromEntries(names.map((name) => [name, {}])), queues });
  mkdirSync(join(folder, 'app/jobs'), { recursive: true });
  writeFileSync(join(folder, 'app/jobs/jobs.js'), `module.exports = ${requireOf(jobs)};\n`);
  const artisan = requireOf(require.resolve('trilite/artisan'));
  writeFileSync(join(folder, 'artisan.js'), `void ${artisan}.runArtisan(__dirname);\n`);
  const app = await openApplication(folder);
  await app.migrator().migrate();
  return app;
}

/** Makes an application that keeps tenants in files of their own, with the jobs of a file here. */
export async function makeTenantApplication(folder: string, jobs: string): Promise<Application> {
  writeConfig(folder, {
    connections: { default: {}, cache: {}, queue: {} },
    stores: { sqlite: { driver: 'sqlite', connection: 'cache' } },
    queues: { sqlite: { driver: 'sqlite', connection: 'queue' } },
    tenancy: { mode: 'files' },
  });
  mkdirSync(join(folder, 'app/jobs'), { recursive: true });
  writeFileSync(join(folder, 'app/jobs/jobs.js'), `module.exports = ${requireOf(jobs)};\n`);
  const app = await openApplication(folder);
  await app.migrator().migrate();
  return app;
}

function requireOf(file: string): string {
  return `require(${JSON.stringify(file)})`;
}

/** Opens an application made before, in this or another process. */
export function openApplication(
  folder: string,
  options: Partial<ApplicationOptions> = {},
): Promise<Application> {
  return createApplication({ ...options, basePath: folder, storagePath: folder });
}

/** What an application is configured with, beside what all of them are. */
interface Settings {
  readonly connections: Connections;
  readonly stores?: CacheStores;
  readonly queues?: Queues;
  readonly tenancy?: TenancyOptions;
}

function writeConfig(folder: string, settings: Settings): void {
  mkdirSync(join(folder, 'config'), { recursive: true });
  for (const [name, value] of Object.entries(configOf(folder, settings))) {
    const text = `exports.default = ${JSON.stringify(value)};\n`;
    writeFileSync(join(folder, 'config', `${name}.js`), text);
  }
  writeFileSync(join(folder, 'package.json'), '{}');
}

function configOf(
  folder: string,
  {
    connections,
    stores = { memory: { driver: 'memory' } },
    queues = { sync: { driver: 'sync' } },
    tenancy = {},
  }: Settings,
): Record<string, unknown> {
  const files = Object.entries(connections).map(([name, options]) => [
    name,
    { driver: 'sqlite', file: join(folder, `${name}.sqlite`), ...options },
  ]);
  return {
    app: {},
    database: {
      default: Object.keys(connections)[0],
      connections: Object.fromEntries(files) as unknown,
    },
    cache: { default: Object.keys(stores)[0], stores },
    queue: { default: Object.keys(queues)[0], connections: queues },
    tenancy,
    logging: { level: 'silent' },
  };
}
