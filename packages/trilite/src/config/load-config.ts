import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { z } from 'zod';
import { loadExports, sourceFile, sourceFiles } from '../support/file-discovery';
import { isPlainObject } from '../support/storable';
import { cacheProblems } from './cache-problems';
import { storagePath } from './env';
import {
  ConfigFileError,
  ConfigInvalidError,
  StorageNotWritableError,
  type ConfigProblem,
} from './errors';
import { problemsOf, show } from './problems';
import { enterProject, under, type Project } from './project';
import { sessionProblems } from './session-problems';
import { tenancyProblems } from './tenancy-problems';
import {
  appSchema,
  cacheSchema,
  databaseSchema,
  loggingSchema,
  queueSchema,
  sessionSchema,
  tenancySchema,
  type AppSettings,
  type CacheSettings,
  type DatabaseSettings,
  type LoggingSettings,
  type QueueSettings,
  type SessionSettings,
  type TenancySettings,
} from './schema';

/** The settings of an application: checked, defaulted, frozen. Durations are milliseconds, sizes bytes, files absolute. */
export interface Config {
  readonly app: AppSettings;
  readonly database: DatabaseSettings;
  readonly cache: CacheSettings & { readonly lockConnection: string };
  readonly queue: QueueSettings;
  readonly tenancy: TenancySettings;
  readonly session: SessionSettings & { readonly connection: string; readonly cookie: string };
  readonly logging: LoggingSettings & { readonly access: false | { readonly ip: boolean } };
  /** The folder of the SQLite files, absolute. */
  readonly storagePath: string;
  /** What further files in config/ export, by file name. */
  readonly others: Readonly<Record<string, unknown>>;
}

/** What the files say, each for itself. */
type LoadedSettings = Omit<Config, 'cache' | 'session' | 'logging' | 'storagePath' | 'others'> & {
  readonly cache: CacheSettings;
  readonly session: SessionSettings;
  readonly logging: LoggingSettings;
};

/** Files that need not be there. */
const OPTIONAL = ['session'];

const SCHEMAS = {
  app: { schema: appSchema, define: 'defineApp' },
  database: { schema: databaseSchema, define: 'defineDatabase' },
  cache: { schema: cacheSchema, define: 'defineCache' },
  queue: { schema: queueSchema, define: 'defineQueue' },
  tenancy: { schema: tenancySchema, define: 'defineTenancy' },
  session: { schema: sessionSchema, define: 'defineSession' },
  logging: { schema: loggingSchema, define: 'defineLogging' },
} as const;

/** Which storage folder a config folder was evaluated with: its modules are loaded once a process, applications may be several. */
const evaluatedWith = new Map<string, string>();

/**
 * Loads config/*.ts of a project, checks every file, and what the files say of each other.
 *
 * @param storage another storage folder than STORAGE_PATH says. For tests.
 * @throws E_CONFIG_INVALID with every problem of every file at once.
 * @throws E_CONFIG_FILE, E_ENVIRONMENT_INVALID, E_STORAGE_NOT_WRITABLE
 */
export function loadConfig(project: Project, storage?: string): Config {
  enterProject(project);
  const folder = join(project.codePath, 'config');
  const evaluatedStorage = evaluatedWith.get(folder) ?? storagePath();
  evaluatedWith.set(folder, evaluatedStorage);
  const loaded = loadSettings(project, folder);
  const others = loadOthers(folder);
  const target = storage ?? evaluatedStorage;
  enterProject({ ...project, storagePath: target }); // for code that asks for it from now on
  const config = {
    ...loaded,
    app: placeUploads(loaded.app, evaluatedStorage, target),
    database: placeFiles(loaded.database, evaluatedStorage, target),
    storagePath: target,
  };
  refuseUnwritable(target);
  refuseProblems(crossProblems(config));
  const stores =
    storage === undefined
      ? loaded.cache.stores
      : moveServers(loaded.cache.stores, basename(storage));
  const cache = { ...loaded.cache, stores, lockConnection: lockConnectionOf(loaded) };
  const session = placeSessions(loaded);
  const logging = { ...loaded.logging, access: accessOf(loaded) };
  return deepFreeze({ ...config, cache, session, logging, others });
}

/**
 * While somebody develops, "serve" prints a line for each request: there are not to be two. Where lines of their level are left out, nothing is
 * counted for them.
 */
function accessOf({ app, logging }: LoadedSettings): Config['logging']['access'] {
  if (!['trace', 'debug', 'info'].includes(logging.level)) return false;
  const { access = !['development', 'testing'].includes(app.env) } = logging;
  return access === true ? { ip: false } : access;
}

function loadSettings(project: Project, folder: string): LoadedSettings {
  const problems: ConfigProblem[] = [];
  const settings = Object.entries(SCHEMAS).map(([name, { schema, define }]) => {
    const file = relative(project.basePath, join(folder, `${name}.ts`));
    const input = loadInput(folder, name, file, define);
    const result = (schema as z.ZodType).safeParse(input);
    // Nothing else has secrets: elsewhere "key" and "token" are names of headers and entries
    const options = { hideSecrets: name === 'app' };
    if (!result.success) problems.push(...problemsOf(result.error, input, file, options));
    return [name, result.data];
  });
  refuseProblems(problems);
  return Object.fromEntries(settings) as LoadedSettings;
}

function loadInput(folder: string, name: string, file: string, define: string): unknown {
  const source = sourceFile(folder, name);
  if (source === undefined && OPTIONAL.includes(name)) return {};
  if (source === undefined) throw ConfigFileError.missing(file);
  const input = loadExports(source)['default'];
  if (input === undefined) throw ConfigFileError.withoutDefault(file, define);
  return input;
}

function loadOthers(folder: string): Record<string, unknown> {
  const others = sourceFiles(folder).filter(({ stem }) => !(stem in SCHEMAS) && stem !== 'env');
  return Object.fromEntries(others.map((file) => [file.stem, loadExports(file)['default']]));
}

/** Makes files absolute. */
function placeFiles(database: DatabaseSettings, from: string, to: string): DatabaseSettings {
  const connections = Object.entries(database.connections).map(([name, settings]) => {
    const { file } = settings;
    return [name, { ...settings, file: file === ':memory:' ? file : place(file, from, to) }];
  });
  return {
    ...database,
    connections: Object.fromEntries(connections) as DatabaseSettings['connections'],
  };
}

/** Makes the folder of uploads absolute. */
function placeUploads(app: AppSettings, from: string, to: string): AppSettings {
  const { http } = app;
  const folder = place(http.uploads.folder, from, to);
  return { ...app, http: { ...http, uploads: { ...http.uploads, folder } } };
}

/** An absolute path; what lies below the storage folder it was written for is moved to the one asked for. */
function place(file: string, from: string, to: string): string {
  const path = under(to, [file]);
  const inside = relative(from, path);
  return inside.startsWith('..') ? path : resolve(to, inside);
}

/** Another storage folder goes with other places on servers: tests are not to meet what an application keeps there. */
function moveServers(stores: CacheSettings['stores'], place: string): CacheSettings['stores'] {
  const moved = Object.entries(stores).map(([name, settings]) => [
    name,
    settings.driver === 'redis'
      ? { ...settings, namespace: `${settings.namespace}${place}:` }
      : settings,
  ]);
  return Object.fromEntries(moved) as CacheSettings['stores'];
}

/** The queue's file, where it has one: a cache's may be thrown away. */
function lockConnectionOf({ database, cache, queue }: LoadedSettings): string {
  const own = queue.connections[queue.default];
  return cache.lockConnection ?? (own?.driver === 'sqlite' ? own.connection : database.default);
}

function placeSessions({ app, database, session }: LoadedSettings): Config['session'] {
  const name = app.name.toLowerCase().replace(/[^a-z0-9]+/g, '_');
  return {
    ...session,
    connection: session.connection ?? database.default,
    cookie: session.cookie ?? `${name}_session`,
  };
}

function crossProblems(settings: LoadedSettings): ConfigProblem[] {
  const { database, cache, queue } = settings;
  const connections = Object.keys(database.connections);
  return [
    ...reference('config/database.ts', 'default', database.default, connections),
    ...reference('config/cache.ts', 'default', cache.default, Object.keys(cache.stores)),
    ...reference('config/queue.ts', 'default', queue.default, Object.keys(queue.connections)),
    ...(cache.lockConnection === undefined
      ? []
      : reference('config/cache.ts', 'lockConnection', cache.lockConnection, connections)),
    ...connectionReferences('config/cache.ts', 'stores', cache.stores, connections),
    ...connectionReferences('config/queue.ts', 'connections', queue.connections, connections),
    ...queueFailoverProblems(queue),
    ...Object.entries(database.connections).flatMap(([name, { file }]) =>
      folderProblem(name, file),
    ),
    ...sharedFileProblems(database),
    ...leaseProblems(queue),
    ...cacheProblems({ database, cache, queue }),
    ...sessionProblems(settings),
    ...tenancyProblems({
      ...settings,
      cache: { ...cache, lockConnection: lockConnectionOf(settings) },
    }),
  ];
}

function connectionReferences(
  file: string,
  group: string,
  entries: Readonly<Record<string, object>>,
  connections: readonly string[],
): ConfigProblem[] {
  return Object.entries(entries).flatMap(([name, entry]) =>
    'connection' in entry
      ? reference(file, `${group}.${name}.connection`, String(entry.connection), connections)
      : [],
  );
}

function reference(
  file: string,
  key: string,
  found: string,
  known: readonly string[],
): ConfigProblem[] {
  if (known.includes(found)) return [];
  const expected =
    known.length === 0
      ? 'a name that is declared; none is'
      : `one of ${known.map(show).join(', ')}`;
  return [{ file, key, found: show(found), expected }];
}

function folderProblem(name: string, file: string): ConfigProblem[] {
  const folder = dirname(file);
  if (file === ':memory:' || isFolder(folder)) return [];
  const expected = `an existing folder (mkdir -p ${folder})`;
  return [
    {
      file: 'config/database.ts',
      key: `connections.${name}.file`,
      found: `a file in "${folder}", which is no folder`,
      expected,
    },
  ];
}

/** Two connections on one file would wait for each other's lock; two roles share a file by naming one connection. */
function sharedFileProblems({ connections }: DatabaseSettings): ConfigProblem[] {
  const owners = new Map<string, string>();
  return Object.entries(connections).flatMap(([name, { file }]) => {
    const place = behindLinks(file);
    const owner = owners.get(place);
    if (file === ':memory:' || owner === undefined) {
      owners.set(place, name);
      return [];
    }
    const expected = `a file of its own; to share one, name the connection "${owner}" in config/cache.ts or config/queue.ts`;
    return [
      {
        file: 'config/database.ts',
        key: `connections.${name}.file`,
        found: `the file of "${owner}"`,
        expected,
      },
    ];
  });
}

/** A list may name neither itself nor another list: they could go round in a circle. */
function queueFailoverProblems({ connections }: QueueSettings): ConfigProblem[] {
  const known = Object.keys(connections).filter((name) => connections[name]?.driver !== 'failover');
  return Object.entries(connections).flatMap(([name, settings]) =>
    settings.driver === 'failover'
      ? settings.connections.flatMap((one, index) =>
          reference('config/queue.ts', `connections.${name}.connections.${index}`, one, known),
        )
      : [],
  );
}

function leaseProblems(queue: QueueSettings): ConfigProblem[] {
  return Object.entries(queue.connections).flatMap(([name, settings]) =>
    'lease' in settings && settings.lease < 1000
      ? [
          {
            file: 'config/queue.ts',
            key: `connections.${name}.lease`,
            found: `${settings.lease}ms`,
            expected: 'at least "1s"',
          },
        ]
      : [],
  );
}

function refuseProblems(problems: readonly ConfigProblem[]): void {
  if (problems.length > 0) throw ConfigInvalidError.for(problems);
}

function refuseUnwritable(folder: string): void {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw StorageNotWritableError.at(folder, error);
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (!Array.isArray(value) && !isPlainObject(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}

/** Where a file really lies, or will: links lead two names to one file. */
function behindLinks(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return dirname(file) === file ? file : join(behindLinks(dirname(file)), basename(file));
  }
}
