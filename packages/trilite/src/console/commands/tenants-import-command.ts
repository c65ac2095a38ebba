import type { ImportedTenant } from '../../tenancy/archive/archive-parts';
import { TenantArchives } from '../../tenancy/archive/tenant-archives';
import type { Command, CommandContext } from '../command';
import type { Output } from '../output';
import { defineSignature } from '../signature';
import { tenantAsJson } from '../tenant-facts';
import { wordsOf } from '../tenant-selection';
import { untilStopped } from '../until-stopped';

const signature = defineSignature({
  name: 'tenants:import',
  description: 'Create a tenant from a file that "tenants:export" has made',
  arguments: { file: { description: 'The file' } },
  options: {
    id: { type: 'string', value: 'id', description: 'Its id here; by default the one it had' },
    slug: { type: 'string', value: 'slug', description: 'Its slug here' },
    domains: {
      type: 'string',
      value: 'a,b',
      isOptional: true,
      description: 'Its host names here; without a value none',
    },
    'dry-run': { description: 'Examine the file, say what would come of it, and create nothing' },
    json: { description: 'Print JSON and nothing else' },
  },
});

export class TenantsImportCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    arguments: { file },
    options,
    output,
  }: CommandContext<typeof signature>): Promise<number> {
    const { id, slug, domains, 'dry-run': dryRun, json } = options;
    const archives = (await app()).make(TenantArchives);
    const imported = await untilStopped((signal) =>
      archives.import(file, {
        id,
        slug,
        domains: domains === undefined ? undefined : wordsOf(domains),
        dryRun,
        signal,
      }),
    );
    if (imported === undefined) {
      output.warn('Stopped: there is no tenant.');
      return 130;
    }
    if (json) output.json(asJson(imported));
    else print(imported, output);
    return 0;
  }
}

function asJson({ tenant, id, manifest, files, pending }: ImportedTenant): object {
  return {
    id,
    tenant: tenant === undefined ? null : tenantAsJson(tenant),
    from: { id: manifest.tenant.id, trilite: manifest.trilite, exportedAt: manifest.exportedAt },
    hasQueue: manifest.parts.some(({ name }) => name === 'queue.sqlite'),
    files,
    pending,
  };
}

function print({ tenant, id, manifest, files, pending }: ImportedTenant, output: Output): void {
  if (tenant === undefined) {
    output.info(`The file is whole. The tenant would be "${id}"; nothing was created.`);
  } else {
    output.success(`The tenant "${id}" is there.`);
  }
  output.twoColumn('Exported at', manifest.exportedAt);
  output.twoColumn('Was', manifest.tenant.id);
  output.twoColumn('Files of its own', String(files));
  if (pending.length === 0) return;
  output.warn(
    `Its files are older than the code: ${pending.join(', ')} did not run. Run "artisan tenants:migrate --tenants=${id}".`,
  );
}
