import { humanBytes } from '../../support/bytes';
import { sizeOf } from '../../support/file-system';
import { KEPT_STATES } from '../../tenancy/tenancy';
import type { Tenant } from '../../tenancy/tenant';
import { TenantPaths } from '../../tenancy/tenant-paths';
import type { TenantRole } from '../../config/tenant-connections';
import { sharedQueues } from '../chosen-queue';
import type { Command, CommandContext } from '../command';
import type { ConsoleApplication } from '../console-application';
import type { Output } from '../output';
import { requireOwnFiles } from '../own-files';
import { defineSignature } from '../signature';
import { gather, type Gathered } from '../tenant-gathering';
import { readTenantFilter, selectTenants, tenantOptions } from '../tenant-selection';
import { tenantView } from '../tenant-view';

const signature = defineSignature({
  name: 'tenants:stats',
  description: 'Show the sizes of the files of tenants, their jobs and their caches',
  options: {
    ...tenantOptions,
    json: { description: 'Print JSON and nothing else' },
  },
});

/** What a tenant has. */
interface TenantStats {
  /** Bytes of each file and its -wal. */
  readonly files: Readonly<Record<TenantRole, number>>;
  readonly jobs: { readonly waiting: number; readonly running: number; readonly failed: number };
  readonly cache: {
    readonly entries: number;
    readonly bytes: number;
    /** Hits among all reads; null where nothing was read. */
    readonly hitRate: number | null;
  };
}

export class TenantsStatsCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<number> {
    const booted = await app();
    requireOwnFiles(booted, 'tell the files of tenants apart', 'db:show');
    const filter = readTenantFilter(signature.name, options, KEPT_STATES);
    const tenants = await selectTenants(booted.tenancy, filter);
    const all = await gather(tenants, (tenant) => statsOf(booted, tenant));
    if (options.json) output.json(all.map(({ result, ...rest }) => ({ ...rest, ...result })));
    else print(all, output);
    return all.some(({ error }) => error !== undefined) ? 1 : 0;
  }
}

function statsOf(app: ConsoleApplication, tenant: Tenant): Promise<TenantStats> {
  return app.tenancy.run(
    tenant,
    async (current, scope) => {
      const view = tenantView(app, current, scope);
      const [jobs, cache] = [await jobsOf(view), await cacheOf(view)];
      return { files: filesOf(app, current), jobs, cache };
    },
    { states: KEPT_STATES, anySchema: true },
  );
}

function filesOf({ config }: ConsoleApplication, { id }: Tenant): TenantStats['files'] {
  const paths = new TenantPaths(config.storagePath);
  const bytes = (role: TenantRole): number => {
    const path = paths.file(id, role);
    return sizeOf(path) + sizeOf(`${path}-wal`);
  };
  return { database: bytes('database'), cache: bytes('cache'), queue: bytes('queue') };
}

async function jobsOf(view: ConsoleApplication): Promise<TenantStats['jobs']> {
  const jobs = { waiting: 0, running: 0, failed: 0 };
  for (const name of sharedQueues(view)) {
    for (const status of await view.queues.store(name).status()) {
      jobs.waiting += status.ready + status.delayed;
      jobs.running += status.running;
      jobs.failed += status.failed;
    }
  }
  return jobs;
}

/** Of the stores in the tenant's own file: what others hold is of each process, or of all tenants. */
async function cacheOf(view: ConsoleApplication): Promise<TenantStats['cache']> {
  const { caches, config } = view;
  const own = caches.names.filter((name) => config.cache.stores[name]?.driver === 'sqlite');
  let [entries, bytes, hits, misses] = [0, 0, 0, 0];
  for (const name of own) {
    const store = caches.driver(name);
    const contents = await store.contents(caches.prefixOf(name));
    const counts = await store.counts();
    entries += contents.entries;
    bytes += contents.bytes;
    hits += counts.hits;
    misses += counts.misses;
  }
  return { entries, bytes, hitRate: hits + misses === 0 ? null : hits / (hits + misses) };
}

const HEADINGS = [
  'Tenant',
  'Data',
  'Cache',
  'Queue',
  'Waiting',
  'Running',
  'Failed',
  'Entries',
  'Hit rate',
];

function print(all: readonly Gathered<TenantStats>[], output: Output): void {
  const { red } = output.colors;
  const rows = all.map(({ tenant, result, error }) =>
    result === undefined
      ? [tenant, red(error?.message ?? ''), '', '', '', '', '', '', '']
      : [
          tenant,
          humanBytes(result.files.database),
          humanBytes(result.files.cache),
          humanBytes(result.files.queue),
          result.jobs.waiting,
          result.jobs.running,
          result.jobs.failed,
          result.cache.entries,
          result.cache.hitRate === null ? '' : `${(result.cache.hitRate * 100).toFixed(1)} %`,
        ],
  );
  if (rows.length === 0) return output.info('There is no such tenant.');
  output.table(HEADINGS, rows);
}
