import type { ConfigProblem } from './errors';
import { show } from './problems';
import type { CacheSettings, DatabaseSettings, QueueSettings } from './schema';

const FILE = 'config/cache.ts';

interface Settings {
  readonly database: DatabaseSettings;
  readonly cache: CacheSettings;
  readonly queue: QueueSettings;
}

/** What config/cache.ts says of one store that does not go with what it, or another file, says elsewhere. */
export function cacheProblems(settings: Settings): ConfigProblem[] {
  const { cache } = settings;
  return [
    ...tieredProblems(cache),
    ...failoverProblems(cache),
    ...prefixProblems(cache),
    ...lockStoreProblems(cache),
    ...redisProblems(cache),
    ...boundProblems(cache, lastingConnections(settings)),
  ];
}

/** Connections that hold data, jobs or locks: what a cache may not throw away. */
export function lastingConnections({ database, cache, queue }: Settings): ReadonlySet<string> {
  const ofQueues = Object.values(queue.connections).flatMap((settings) =>
    'connection' in settings ? [settings.connection] : [],
  );
  return new Set([database.default, cache.lockConnection ?? database.default, ...ofQueues]);
}

function tieredProblems({ stores }: CacheSettings): ConfigProblem[] {
  const fitting = namesOf(stores, ({ driver }) => driver === 'sqlite');
  return Object.entries(stores).flatMap(([name, settings]) =>
    settings.driver === 'tiered' && !fitting.includes(settings.store)
      ? [
          problem(
            `stores.${name}.store`,
            settings.store,
            `a store of driver "sqlite"${listed(fitting)}`,
          ),
        ]
      : [],
  );
}

function failoverProblems({ prefix: common, stores }: CacheSettings): ConfigProblem[] {
  const fitting = namesOf(stores, ({ driver }) => driver !== 'failover');
  return Object.entries(stores).flatMap(([name, settings]) =>
    settings.driver === 'failover'
      ? settings.stores.flatMap((one) => [
          ...(fitting.includes(one)
            ? []
            : [problem(`stores.${name}.stores`, one, `names of other stores${listed(fitting)}`)]),
          ...memberProblems(name, { one, settings: stores[one], common }),
        ])
      : [],
  );
}

interface Member {
  readonly one: string;
  readonly settings: StoreSettings | undefined;
  readonly common: string;
}

/** A list names its entries alike in all its stores: to clear it would otherwise clear more than its own. */
function memberProblems(name: string, { one, settings, common }: Member): ConfigProblem[] {
  const own = settings !== undefined && 'prefix' in settings ? settings.prefix : undefined;
  if (own === undefined || own === common) return [];
  const expected = `the common prefix ${show(common)}: "${one}" is in the list of "${name}"`;
  return [problem(`stores.${one}.prefix`, own, expected)];
}

/** Two stores at one place would take each other's entries for their own, and clear them. */
function prefixProblems({ prefix: common, stores }: CacheSettings): ConfigProblem[] {
  const placed = Object.entries(stores).flatMap(([name, settings]) =>
    settings.driver === 'sqlite'
      ? [{ name, connection: settings.connection, prefix: settings.prefix ?? common }]
      : [],
  );
  return placed.flatMap(({ name, connection, prefix }, index) => {
    const other = placed
      .slice(0, index)
      .find((one) => one.connection === connection && overlap(one.prefix, prefix));
    if (other === undefined) return [];
    const expected = `a prefix that neither begins with that of "${other.name}" (${show(other.prefix)}) nor the other way round: both are on connection "${connection}"`;
    return [problem(`stores.${name}.prefix`, prefix, expected)];
  });
}

function lockStoreProblems({ lockStore, stores }: CacheSettings): ConfigProblem[] {
  const fitting = namesOf(stores, ({ driver }) => driver === 'redis');
  if (lockStore === undefined || fitting.includes(lockStore)) return [];
  return [problem('lockStore', lockStore, `a store of driver "redis"${listed(fitting)}`)];
}

function redisProblems({ stores }: CacheSettings): ConfigProblem[] {
  const placed = Object.entries(stores).flatMap(([name, settings]) =>
    settings.driver === 'redis' ? [{ name, ...settings }] : [],
  );
  return placed.flatMap(({ name, url, namespace, timeout }, index) => {
    const other = placed
      .slice(0, index)
      .find((one) => one.url === url && overlap(one.namespace, namespace));
    const expected = `a namespace that neither begins with that of "${other?.name}" (${show(other?.namespace)}) nor the other way round: both are on one server`;
    return [
      ...(other === undefined ? [] : [problem(`stores.${name}.namespace`, namespace, expected)]),
      ...(timeout > 0 ? [] : [problem(`stores.${name}.timeout`, '0ms', 'at least "1ms"')]),
    ];
  });
}

function overlap(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

/** The size of a file says nothing of the cache when something else lies in it. */
function boundProblems({ stores }: CacheSettings, lasting: ReadonlySet<string>): ConfigProblem[] {
  return Object.entries(stores).flatMap(([name, settings]) => {
    if (settings.driver !== 'sqlite' || settings.maxBytes === undefined) return [];
    if (!lasting.has(settings.connection)) return [];
    const expected = `no bound in bytes, or a connection that holds neither data nor jobs nor locks; "maxEntries" goes with any`;
    return [problem(`stores.${name}.maxBytes`, `${settings.maxBytes} bytes`, expected)];
  });
}

type StoreSettings = CacheSettings['stores'][string];

function namesOf(
  stores: CacheSettings['stores'],
  fits: (settings: StoreSettings) => boolean,
): string[] {
  return Object.entries(stores).flatMap(([name, settings]) => (fits(settings) ? [name] : []));
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? '; none is declared' : `: ${names.map(show).join(', ')}`;
}

function problem(key: string, found: string, expected: string): ConfigProblem {
  return { file: FILE, key, found: show(found), expected };
}
