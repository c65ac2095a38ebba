import type { ConfigProblem } from './errors';
import { show } from './problems';
import type {
  AppSettings,
  CacheSettings,
  DatabaseSettings,
  QueueSettings,
  TenancySettings,
} from './schema';
import { tenantConnections } from './tenant-connections';

interface Settings {
  readonly app: AppSettings;
  readonly database: DatabaseSettings;
  readonly cache: CacheSettings & { readonly lockConnection: string };
  readonly queue: QueueSettings;
  readonly tenancy: TenancySettings;
}

/** What other files say that does not go with tenants, or with files of their own for each. */
export function tenancyProblems(settings: Settings): ConfigProblem[] {
  if (settings.tenancy.mode === 'off') return [];
  if (settings.tenancy.mode === 'single') return identificationProblems(settings);
  const connections = tenantConnections(settings);
  return [
    ...missing('cache', connections.cache, 'config/cache.ts'),
    ...missing('queue', connections.queue, 'config/queue.ts'),
    ...sharing(Object.values(connections)),
    ...inMemory(settings, Object.values(connections)),
    ...lockProblems(settings, Object.values(connections)),
    ...identificationProblems(settings),
  ];
}

/** Sources that are asked, and can never answer. */
function identificationProblems({ app, tenancy: { identification } }: Settings): ConfigProblem[] {
  const { chain, baseDomain } = identification;
  const problems: ConfigProblem[] = [];
  if (chain.includes('subdomain') && baseDomain === undefined) {
    problems.push({
      file: 'config/tenancy.ts',
      key: 'identification.baseDomain',
      found: 'nothing',
      expected: 'the domain whose subdomains are tenants: "subdomain" is in the chain',
    });
  }
  if (chain.includes('token') && app.key === undefined) {
    problems.push({
      file: 'config/app.ts',
      key: 'key',
      found: 'nothing',
      expected: 'env.APP_KEY, which signs tokens: "token" is in the chain of config/tenancy.ts',
    });
  }
  return problems;
}

function missing(role: string, connection: string | undefined, file: string): ConfigProblem[] {
  if (connection !== undefined) return [];
  const key = role === 'cache' ? 'stores' : 'connections';
  const expected = `one of driver "sqlite": each tenant has a ${role} file of its own`;
  return [{ file, key, found: 'none in a SQLite file', expected }];
}

function sharing(connections: readonly string[]): ConfigProblem[] {
  const shared = connections.find((name, index) => connections.indexOf(name) !== index);
  if (shared === undefined) return [];
  const expected = 'three connections, one each for data, cache and queue';
  return [{ file: 'config/database.ts', key: 'connections', found: show(shared), expected }];
}

function inMemory({ database }: Settings, connections: readonly string[]): ConfigProblem[] {
  return [...new Set(connections)]
    .filter((name) => database.connections[name]?.file === ':memory:')
    .map((name) => ({
      file: 'config/database.ts',
      key: `connections.${name}.file`,
      found: show(':memory:'),
      expected: 'a file: tenants have files of their own in its place',
    }));
}

function lockProblems({ cache }: Settings, connections: readonly string[]): ConfigProblem[] {
  if (cache.lockStore !== undefined || connections.includes(cache.lockConnection)) return [];
  return [
    {
      file: 'config/cache.ts',
      key: 'lockConnection',
      found: show(cache.lockConnection),
      expected: `one of ${connections.map(show).join(', ')}: locks lie in a file of the tenant's`,
    },
  ];
}
