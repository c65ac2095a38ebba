import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { backupSnapshot, beginSnapshot, type BackupSource } from '../../database/care/backup';
import {
  partialOf,
  release,
  removeAbandonedPartials,
  removeFile,
  syncFolder,
} from '../../database/care/durable-files';
import type { Handle } from '../../database/connection-handle';
import { clock } from '../../support/clock';
import { newId } from '../../support/id';
import { triliteVersion } from '../../support/version';
import { TenantFolderError, TenantStateError } from '../errors';
import { KEPT_STATES } from '../tenancy';
import type { Tenant } from '../tenant';
import type { TenantId } from '../tenant-id';
import { LASTING_ROLES, type LastingRole } from '../tenant-paths';
import { refuseWrongStamp } from '../tenant-stamp-store';
import {
  TenantArchiveExistsError,
  TenantArchiveFailedError,
  explainArchive,
} from './archive-errors';
import { copyLooseFiles, measure } from './loose-files';
import { partName, toManifest } from './manifest';
import { packArchive, type PartSource } from './pack';
import { giveSignsOfLife } from './sign-of-life';
import type { ExportOptions, ExportedTenant, TenantArchivesParts } from './archive-parts';

/*
 * An export: all that belongs to a tenant in one file, while everybody goes on working with it.
 *
 *   snapshot   Both files are locked for writing for the moment in which their snapshots begin: the jobs are those of the data.
 *   copy       The snapshots, verified, and `files/`, go to a folder among those that are put together; an export that was killed is
 *              found there by "tenants:doctor".
 *   settle     What another application cannot go on with is taken from the copies: runs in hand wait again.
 *   pack       into .{name}.{pid}.partial beside the archive, the manifest first.
 *   publish    fsync, rename, fsync of the folder.
 */

/** Makes the archive of one tenant. */
export class TenantExporter {
  readonly #parts: TenantArchivesParts;
  readonly #options: ExportOptions;

  constructor(parts: TenantArchivesParts, options: ExportOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** @throws as `TenantArchives.export` */
  async export(id: string, file: string): Promise<ExportedTenant> {
    const tenant = await this.#parts.tenancy.findOrFail(id);
    refuseUnlessKept(tenant);
    const target = resolve(file);
    this.#refuseTarget(target);
    const staging = this.#parts.paths.creating(tenant.id, newId());
    const partial = partialOf(target);
    mkdirSync(staging, { recursive: true, mode: 0o700 });
    const stopSigns = giveSignsOfLife(staging);
    try {
      removeAbandonedPartials(dirname(target), target);
      const exported = await this.#pack(tenant, staging, partial);
      this.#options.signal?.throwIfAborted();
      this.#refuseTarget(target); // packing took its time
      renameSync(partial, target);
      syncFolder(dirname(target));
      return { ...exported, file: target, bytes: statSync(target).size };
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      throw explainArchive(error, target);
    } finally {
      stopSigns();
      removeFile(partial);
      release(partial);
      rmSync(staging, { recursive: true, force: true });
    }
  }

  async #pack(
    tenant: Tenant,
    staging: string,
    partial: string,
  ): Promise<Omit<ExportedTenant, 'file' | 'bytes'>> {
    const { paths, files, schema } = this.#parts;
    const { withoutQueue = false, signal } = this.#options;
    const copies = await this.#copyFiles(tenant, staging);
    const migrations = await schema.ran({ ...copies, cache: join(staging, 'cache') }, tenant.id);
    const own = await this.#settle(tenant.id, copies);
    const roots = { from: paths.files(tenant.id), to: join(staging, 'files') };
    const { folders, sources } = await copyLooseFiles(roots, 'files', signal);
    // What was not found was not there; unless the whole tenant was taken away
    if (!files.isThere(tenant.id)) throw TenantFolderError.gone(paths.folder(tenant.id));
    const manifest = toManifest({
      trilite: triliteVersion(),
      exportedAt: new Date(clock.now()).toISOString(),
      tenant: factsOf(tenant),
      migrations,
      folders: [...folders],
      parts: [...own, ...sources].map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })),
    });
    await packArchive(partial, { manifest, sources: [...own, ...sources], signal });
    return { tenant, files: sources.length, hasQueue: !withoutQueue };
  }

  /** Copies data and jobs as of one moment. The queue is copied in any case: its migrations are told. */
  async #copyFiles(
    tenant: Tenant,
    staging: string,
  ): Promise<Readonly<Record<LastingRole, string>>> {
    const { paths, files, settings } = this.#parts;
    const { signal } = this.#options;
    const begun: { readonly source: BackupSource; readonly snapshot: Handle }[] = [];
    try {
      await files.whileLocked(tenant.id, LASTING_ROLES, () => {
        for (const role of LASTING_ROLES) {
          const file = paths.file(tenant.id, role);
          const source = { name: role, file, settings: { ...settings(role), file } };
          begun.push({ source, snapshot: beginSnapshot(source) });
        }
      });
      const copied: string[] = [];
      for (const { source, snapshot } of begun) {
        const onProgress = (): void => signal?.throwIfAborted();
        const { path } = await backupSnapshot(source, snapshot, { folder: staging, onProgress });
        copied.push(path);
      }
      const [database = '', queue = ''] = copied;
      return { database, queue };
    } finally {
      for (const { snapshot } of begun) snapshot.close();
    }
  }

  async #settle(
    tenantId: TenantId,
    copies: Readonly<Record<LastingRole, string>>,
  ): Promise<PartSource[]> {
    const { withoutQueue = false } = this.#options;
    const { files, paths, settle } = this.#parts;
    const sources: PartSource[] = [];
    for (const role of LASTING_ROLES) {
      if (role === 'queue' && withoutQueue) continue;
      const path = copies[role];
      await files.change(path, role, (handle) => {
        // Nobody gets what is another tenant's because it lies in the wrong place
        refuseWrongStamp(handle, { file: paths.file(tenantId, role), tenantId, role });
        settle(handle, { withoutQueue });
      });
      const mtime = new Date(clock.now());
      sources.push({ name: partName(role), path, mode: 0o600, mtime, ...(await measure(path)) });
    }
    return sources;
  }

  #refuseTarget(target: string): void {
    const folder = dirname(target);
    if (!existsSync(folder)) throw TenantArchiveFailedError.noFolder(folder);
    const facts = statSync(target, { throwIfNoEntry: false });
    if (facts === undefined) return;
    if (this.#options.force !== true || !facts.isFile()) throw TenantArchiveExistsError.at(target);
  }
}

function refuseUnlessKept({ id, state }: Tenant): void {
  if (KEPT_STATES.includes(state)) return;
  throw TenantStateError.cannot('export', id, { state, from: KEPT_STATES });
}

function factsOf({ id, slug, name, domains, weight, config, quotas, createdAt }: Tenant) {
  return {
    id,
    slug,
    name,
    domains: [...domains],
    weight,
    config: { ...config },
    quotas,
    createdAt: new Date(createdAt).toISOString(),
  };
}
