import { humanBytes } from '../../support/bytes';
import { sizeOf } from '../../support/file-system';
import type { Tenant } from '../../tenancy/tenant';
import { TENANT_ROLES, TenantPaths } from '../../tenancy/tenant-paths';
import type { Command, CommandContext } from '../command';
import type { Output } from '../output';
import { defineSignature } from '../signature';
import { quotaLines, stateText, tenantAsJson } from '../tenant-facts';

const signature = defineSignature({
  name: 'tenants:show',
  description: 'Show what is known of a tenant, and its files',
  arguments: { id: { description: 'The tenant, by id' } },
  options: { json: { description: 'Print JSON and nothing else' } },
});

interface TenantFile {
  readonly path: string;
  /** Of the file and its -wal; 0 when it is not there. */
  readonly bytes: number;
}

export class TenantsShowCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    arguments: { id },
    options,
    output,
  }: CommandContext<typeof signature>): Promise<void> {
    const { tenancy, config } = await app();
    const tenant = await tenancy.findOrFail(id);
    const hasFiles = config.tenancy.mode === 'files';
    const files = hasFiles ? filesOf(tenant, new TenantPaths(config.storagePath)) : [];
    if (options.json) output.json({ ...tenantAsJson(tenant), files });
    else print(tenant, files, output);
  }
}

function filesOf({ id, state }: Tenant, paths: TenantPaths): TenantFile[] {
  const folder = state === 'deleted' ? paths.trash(id) : paths.folder(id);
  return TENANT_ROLES.map((role) => {
    const path = `${folder}/${paths.fileName(id, role)}`;
    return { path, bytes: sizeOf(path) + sizeOf(`${path}-wal`) };
  });
}

function print(tenant: Tenant, files: readonly TenantFile[], output: Output): void {
  output.heading(tenant.id, stateText(tenant, output));
  output.twoColumn('Name', tenant.name);
  output.twoColumn('Slug', tenant.slug);
  output.twoColumn('Domains', tenant.domains.join(' ') || 'none');
  output.twoColumn('Weight', String(tenant.weight));
  output.twoColumn('Created', new Date(tenant.createdAt).toISOString());
  if (tenant.deletedAt !== undefined) {
    output.twoColumn('Deleted', new Date(tenant.deletedAt).toISOString());
  }
  for (const [key, value] of Object.entries(tenant.config)) {
    output.twoColumn(`Setting "${key}"`, JSON.stringify(value));
  }
  output.heading('Quotas');
  for (const [name, value] of Object.entries(quotaLines(tenant.quotas))) {
    output.twoColumn(name, value);
  }
  if (files.length > 0) output.heading('Files');
  for (const { path, bytes } of files) {
    output.twoColumn(path, bytes === 0 ? output.colors.red('not there') : humanBytes(bytes));
  }
  output.line();
}
