import type { ConfigProblem } from './errors';
import { show } from './problems';
import type {
  CacheSettings,
  DatabaseSettings,
  QueueSettings,
  SessionSettings,
  TenancySettings,
} from './schema';
import { tenantConnections } from './tenant-connections';

interface Settings {
  readonly database: DatabaseSettings;
  readonly cache: CacheSettings;
  readonly queue: QueueSettings;
  readonly session: SessionSettings;
  readonly tenancy: TenancySettings;
}

/** What config/session.ts says that does not go with what other files say. */
export function sessionProblems(settings: Settings): ConfigProblem[] {
  const { connection } = settings.session;
  const fitting = fittingConnections(settings);
  if (connection === undefined || fitting.includes(connection)) return [];
  const expected = `one of ${fitting.map(show).join(', ')}: sessions lie where nothing is thrown away, and where tenants have files of their own, in one of those`;
  return [{ file: 'config/session.ts', key: 'connection', found: show(connection), expected }];
}

/** Files of caches are cleared, and made anew when they are damaged. */
function fittingConnections(settings: Settings): string[] {
  const { database, cache, tenancy } = settings;
  const ofCaches = Object.values(cache.stores).flatMap((store) =>
    'connection' in store ? [store.connection] : [],
  );
  const names =
    tenancy.mode === 'files'
      ? Object.values(tenantConnections(settings))
      : Object.keys(database.connections);
  return names.filter((name) => name === database.default || !ofCaches.includes(name));
}
