import { parseBytes, SMALLEST_TENANT_FILE } from '../../config/bytes';
import type { TenantRole } from '../../config/tenant-connections';
import { TenantsShareFilesError } from '../../tenancy/errors';
import type { TenantQuotas } from '../../tenancy/tenant';
import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import { defineSignature } from '../signature';
import { quotaLines } from '../tenant-facts';

const size = (what: string) =>
  ({
    type: 'string',
    value: 'size',
    description: `${what}, as "1gb"; "none" is without limit`,
  }) as const;

const signature = defineSignature({
  name: 'tenants:quota',
  description: 'Show or set how much a tenant may have, and the turns of its jobs',
  arguments: { id: { description: 'The tenant, by id' } },
  options: {
    database: size('Size of its data file'),
    cache: size('Size of its cache file'),
    queue: size('Size of its queue file'),
    'jobs-pending': {
      type: 'string',
      value: 'n',
      description: 'Jobs that may wait; "none" is without limit',
    },
    weight: { type: 'integer', value: 'n', description: 'Turns of its jobs', min: 1 },
    json: { description: 'Print JSON and nothing else' },
  },
});

type Options = CommandContext<typeof signature>['options'];

export class TenantsQuotaCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    arguments: { id },
    options,
    output,
  }: CommandContext<typeof signature>): Promise<void> {
    const changes = readChanges(options);
    const { weight } = options;
    const { tenancy, config } = await app();
    const { databaseBytes, cacheBytes, queueBytes } = changes;
    const hasBytes = (databaseBytes ?? cacheBytes ?? queueBytes) !== undefined;
    if (hasBytes && config.tenancy.mode === 'single') {
      const help = 'Bound the jobs that wait instead: "--jobs-pending=<n>".';
      throw TenantsShareFilesError.cannot('bound the size of the files of one tenant', help);
    }
    let tenant = await tenancy.findOrFail(id);
    if (weight !== undefined || Object.keys(changes).length > 0) {
      const quotas = { ...tenant.quotas, ...changes };
      tenant = await tenancy.rename(id, { quotas, ...(weight !== undefined && { weight }) });
    }
    if (options.json) return output.json({ id, quotas: tenant.quotas, weight: tenant.weight });
    output.heading(id, 'may have');
    for (const [name, value] of Object.entries(quotaLines(tenant.quotas))) {
      output.twoColumn(name, value);
    }
    output.twoColumn('Turns of its jobs', String(tenant.weight));
    output.line();
  }
}

/** Undefined, as JSON leaves it out, is without limit. */
function readChanges(options: Options): TenantQuotas {
  const { database, cache, queue } = options;
  const jobs = options['jobs-pending'];
  return {
    ...(database !== undefined && { databaseBytes: readSize('database', database) }),
    ...(cache !== undefined && { cacheBytes: readSize('cache', cache) }),
    ...(queue !== undefined && { queueBytes: readSize('queue', queue) }),
    ...(jobs !== undefined && { jobsPending: readCount(jobs) }),
  };
}

function readSize(option: TenantRole, text: string): number | undefined {
  if (text === 'none') return undefined;
  const bytes = parseBytes(text);
  const least = SMALLEST_TENANT_FILE[option];
  if (bytes !== undefined && bytes >= least) return bytes;
  throw CommandUsageError.because(
    signature.name,
    `"--${option}=${text}" is no size such as "1gb", at least "${least / 1024}kb", nor "none"`,
  );
}

function readCount(text: string): number | undefined {
  if (text === 'none') return undefined;
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw CommandUsageError.because(
    signature.name,
    `"--jobs-pending=${text}" is neither a whole number of at least 1 nor "none"`,
  );
}
