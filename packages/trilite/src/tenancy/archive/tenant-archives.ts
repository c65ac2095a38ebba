import { TenancyOffError, TenantsShareFilesError } from '../errors';
import type {
  ExportOptions,
  ExportedTenant,
  ImportOptions,
  ImportedTenant,
  TenantArchivesParts,
} from './archive-parts';

/**
 * Hands tenants over from one application to another, as one file each: data, jobs, `files/`, and a manifest. The cache is not in it.
 *
 * @example
 * import { TenantArchives, injectable } from 'trilite';
 *
 * \@injectable()
 * export class Farewell {
 *   constructor(private readonly archives: TenantArchives) {}
 *
 *   async pack(id: string) {
 *     const { bytes } = await this.archives.export(id, `/srv/outbox/${id}.tar.gz`, { withoutQueue: true });
 *     return bytes;
 *   }
 * }
 */
export class TenantArchives {
  readonly #parts: TenantArchivesParts | undefined;
  readonly #isOn: boolean;

  /** @param parts undefined where tenants share files, or there are none */
  constructor(isOn: boolean, parts: TenantArchivesParts | undefined) {
    this.#isOn = isOn;
    this.#parts = parts;
  }

  /**
   * Writes all that belongs to a tenant into one file, a tar under gzip that its owner alone may read, while the tenant is in use. Data and jobs are
   * those of one moment; jobs in hand are among those that wait. The file is there whole, or not at all.
   *
   * @throws E_TENANT_NOT_FOUND, E_TENANT_STATE, E_TENANTS_SHARE_FILES, E_DATABASE_BUSY when a transaction on its files does not end
   * @throws E_TENANT_ARCHIVE_EXISTS, E_TENANT_ARCHIVE_FAILED, E_TENANT_ARCHIVE_FULL, E_BACKUP_DAMAGED when a file of the tenant is
   */
  export(id: string, file: string, options: ExportOptions = {}): Promise<ExportedTenant> {
    return this.#with((parts) => {
      const { TenantExporter } = require('./tenant-exporter') as typeof import('./tenant-exporter');
      return new TenantExporter(parts, options).export(id, file);
    });
  }

  /**
   * Creates a tenant from such a file. Nothing of the file is trusted: names, sizes, content and whose the files are must be as its manifest
   * says. Files that are older than the code are migrated where `migrations.onOpen` is "migrate", else left as they are. The tenant is active,
   * and there whole, or not at all.
   *
   * @throws E_TENANT_ARCHIVE_INVALID, E_TENANT_ARCHIVE_FAILED, E_TENANT_ARCHIVE_FULL, E_TENANT_ID_INVALID, E_TENANT_DOMAIN_INVALID,
   *   E_TENANTS_SHARE_FILES
   * @throws E_TENANT_TAKEN when id, slug or a domain is or was another tenant's
   * @throws E_TENANT_SCHEMA when its files are newer than the code, E_MIGRATION_FAILED
   */
  import(file: string, options: ImportOptions = {}): Promise<ImportedTenant> {
    return this.#with((parts) => {
      const { TenantImporter } = require('./tenant-importer') as typeof import('./tenant-importer');
      return new TenantImporter(parts, options).import(file);
    });
  }

  async #with<T>(work: (parts: TenantArchivesParts) => Promise<T>): Promise<T> {
    if (!this.#isOn) throw TenancyOffError.now();
    if (this.#parts !== undefined) return work(this.#parts);
    const help =
      'Back all of them up with "artisan db:backup --all"; one alone cannot be taken out.';
    throw TenantsShareFilesError.cannot('hand a tenant over as a file', help);
  }
}
