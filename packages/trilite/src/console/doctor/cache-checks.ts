import type { CacheStoreSettings } from '../../config/schema';
import { lastingConnections } from '../../config/cache-problems';
import { filesSetAside } from '../../database/care/durable-files';
import { realPath } from '../../database/file-locks';
import { humanBytes } from '../../support/bytes';
import { sizeOf } from '../../support/file-system';
import type { ConsoleApplication } from '../console-application';
import { ok, warn, type ApplicationChecks, type Finding } from './check';

type SqliteCache = Extract<CacheStoreSettings, { driver: 'sqlite' }>;

/** Whether cache files have an end, and whether one was damaged. */
export const cacheChecks: ApplicationChecks = (app) => {
  const stores = sqliteStores(app);
  const names = new Set(stores.map(([, { connection }]) => connection));
  const connections = [...names]
    .map((name) => app.connections.connection(name))
    .filter(({ file }) => file !== ':memory:');
  return [
    ...stores.map(([name, settings]) => ({
      name: `Bound of ${name}`,
      run: () => judgeBound(name, settings, lastingConnections(app.config)),
    })),
    ...connections.map(({ name, file }) => ({
      name: `Damage to ${name}`,
      run: () => checkSetAside(realPath(file)),
    })),
  ];
};

/**
 * Judges whether a cache has an end.
 *
 * @param lasting the connections that hold data, jobs or locks, so that the size of their files is no matter of a cache
 */
export function judgeBound(
  store: string,
  { connection, maxBytes, maxEntries }: SqliteCache,
  lasting: ReadonlySet<string>,
): Finding {
  const bounds = [
    ...(maxBytes === undefined ? [] : [humanBytes(maxBytes)]),
    ...(maxEntries === undefined ? [] : [`${maxEntries} entries`]),
  ];
  if (bounds.length > 0) return ok(`It is kept within ${bounds.join(' and ')}.`);
  const bound = lasting.has(connection) ? 'maxEntries: 100_000' : "maxBytes: '256mb'";
  return warn(
    'It has none: entries without a ttl stay, and the file grows with them.',
    `Set "${bound}" for "stores.${store}" in config/cache.ts.`,
  );
}

function sqliteStores({ config }: ConsoleApplication): [name: string, settings: SqliteCache][] {
  return Object.entries(config.cache.stores).flatMap(([name, settings]) =>
    settings.driver === 'sqlite' ? [[name, settings]] : [],
  );
}

/** A damaged cache is replaced without a word to anybody but the log; what damaged it may damage the data next. */
function checkSetAside(file: string): Finding {
  const damaged = filesSetAside(file, 'damaged');
  if (damaged.length === 0) return ok('No damaged file was set aside.');
  const named = damaged.map((path) => `${path} (${humanBytes(sizeOf(path))})`).join(', ');
  return warn(
    `A cache file was damaged, and a new one is in its place; the damaged one is ${named}.`,
    'Look for what damaged it: the disk ("dmesg"), a program that wrote into the file. Ask "artisan db:check" of the other files, then delete it.',
  );
}
