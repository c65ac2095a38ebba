import type { CacheStore } from '../cache/cache-store';
import type { CacheStoreSettings } from '../config/schema';
import type { ConsoleApplication } from './console-application';
import type { Output } from './output';

/**
 * The cache store a command works on. It is asked below its repository: so nothing of what the command does is counted, and a store that does not
 * answer fails the command, where it would be a miss to an application.
 */
export interface ChosenCache {
  readonly name: string;
  readonly store: CacheStore;
  readonly settings: CacheStoreSettings;
  /** The text before every key. */
  readonly prefix: string;
  /** A key, or a tag, as the store has it. @throws E_CACHE_KEY_INVALID */
  readonly nameOf: (key: string) => string;
}

/**
 * The cache store of a name, by default the default one.
 *
 * @throws E_CACHE_STORE_UNKNOWN, E_CACHE_DRIVER_UNKNOWN
 */
export function chooseCache(
  { caches, config }: ConsoleApplication,
  name: string = caches.defaultName,
): ChosenCache {
  // Only here: `list` is to answer at once
  const { nameOf } = require('../cache/cache-key') as typeof import('../cache/cache-key');
  const store = caches.driver(name);
  const prefix = caches.prefixOf(name);
  const settings = config.cache.stores[name] as CacheStoreSettings; // or there would be no driver
  return { name, store, settings, prefix, nameOf: (key) => nameOf(key, prefix) };
}

/** The option of a command that names the store. */
export const storeOption = {
  type: 'string',
  value: 'name',
  description: 'The store; by default the default one',
} as const;

/** The settings of a store, and of those it is made of. */
export function partsOf(
  app: ConsoleApplication,
  settings: CacheStoreSettings,
): readonly CacheStoreSettings[] {
  const { stores } = app.config.cache;
  const parts = namesIn(settings).flatMap((name) => stores[name] ?? []);
  return [settings, ...parts.flatMap((part) => partsOf(app, part))];
}

function namesIn(settings: CacheStoreSettings): readonly string[] {
  if (settings.driver === 'failover') return settings.stores;
  return settings.driver === 'tiered' ? [settings.store] : [];
}

/** Says so when some of a store is out of reach of this process. */
export function warnOfMemory(app: ConsoleApplication, chosen: ChosenCache, output: Output): void {
  if (!partsOf(app, chosen.settings).some(({ driver }) => driver === 'memory')) return;
  output.warn(
    'A memory store lives in its own process: to empty that of a server or worker, restart it.',
  );
}
