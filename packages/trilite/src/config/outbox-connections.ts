import { lastingConnections } from './cache-problems';
import type { CacheSettings, DatabaseSettings, QueueSettings } from './schema';

/**
 * The connections whose transactions may dispatch jobs to a queue in another file: all but those that hold caches alone, for what may be
 * thrown away must hold no job.
 */
export function outboxConnections(settings: {
  readonly database: DatabaseSettings;
  readonly cache: CacheSettings;
  readonly queue: QueueSettings;
}): readonly string[] {
  const lasting = lastingConnections(settings);
  const ofCaches = Object.values(settings.cache.stores).flatMap((store) =>
    'connection' in store ? [store.connection] : [],
  );
  return Object.entries(settings.database.connections)
    .filter(([name, { readOnly }]) => !readOnly && (lasting.has(name) || !ofCaches.includes(name)))
    .map(([name]) => name);
}
