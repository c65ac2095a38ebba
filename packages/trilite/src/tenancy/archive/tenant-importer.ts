import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { syncFile, syncFolder } from '../../database/care/durable-files';
import { verifyCopy } from '../../database/care/integrity-thread';
import { freeBytes } from '../../support/file-system';
import { TenantTakenError } from '../errors';
import type { Tenant } from '../tenant';
import { parseTenantId, type TenantId } from '../tenant-id';
import {
  LASTING_ROLES,
  TENANT_ROLES,
  type LastingRole,
  type TenantFilePaths,
} from '../tenant-paths';
import type { WantedTenant } from '../new-tenant';
import {
  TenantArchiveFullError,
  TenantArchiveInvalidError,
  explainReading,
  takenByArchive,
} from './archive-errors';
import { isBelowFiles, partName, type Manifest } from './manifest';
import type { ImportOptions, ImportedTenant, TenantArchivesParts } from './archive-parts';
import { giveSignsOfLife } from './sign-of-life';
import { unpackArchive } from './unpack';

/*
 * An import: a tenant from an archive, there whole or not at all.
 *
 *   unpack    into .creating/{id}.{attempt}: what the manifest names and nothing else
 *   look      each file is whole, is that of the tenant of the manifest, and is not newer than the code
 *   sign      under another id, the files become that tenant's
 *   adopt     Only now is the id taken; the folder is renamed into place, and the tenant is there.
 *
 * Killed before `adopt`, it leaves a folder that "tenants:doctor --fix" removes; within it, a tenant that is being created, which it ends.
 */

/** A tenant that is put together aside. */
interface Workshop {
  readonly folder: string;
  readonly wanted: WantedTenant;
  readonly id: TenantId;
}

/** Makes a tenant of one archive. */
export class TenantImporter {
  readonly #parts: TenantArchivesParts;
  readonly #options: ImportOptions;
  #workshop: Workshop | undefined;
  #stopSigns = (): void => undefined;

  constructor(parts: TenantArchivesParts, options: ImportOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** @throws as `TenantArchives.import` */
  async import(given: string): Promise<ImportedTenant> {
    const file = resolve(given);
    try {
      return await this.#import(file);
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      if (error instanceof TenantTakenError) throw takenByArchive(error, file);
      throw explainReading(error, file);
    } finally {
      this.#stopSigns();
      const folder = this.#workshop?.folder;
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    }
  }

  async #import(file: string): Promise<ImportedTenant> {
    const { signal, dryRun = false } = this.#options;
    const manifest = await unpackArchive(file, { signal, begin: (found) => this.#begin(found) });
    const workshop = this.#workshop as Workshop; // unpacking has begun it
    const paths = this.#pathsIn(workshop);
    for (const role of rolesIn(manifest)) {
      await this.#look(file, manifest.tenant.id, { role, path: paths[role] });
      if (workshop.id !== manifest.tenant.id) await this.#sign(paths[role], workshop.id, role);
    }
    const pending = await this.#complete(workshop, manifest, paths);
    signal?.throwIfAborted();
    const tenant = dryRun ? undefined : await this.#adopt(workshop, pending.length === 0);
    const files = manifest.parts.filter(({ name }) => isBelowFiles(name)).length;
    return { tenant, id: workshop.id, manifest, files, pending };
  }

  /** Before anything is written. */
  async #begin(manifest: Manifest): Promise<(name: string) => string> {
    const { tenancy, files, paths } = this.#parts;
    const wanted = this.#wanted(manifest);
    await tenancy.refuseTaken(wanted);
    const id = parseTenantId(wanted.id);
    const folder = files.workshop(id);
    this.#workshop = { folder, wanted, id };
    this.#stopSigns = giveSignsOfLife(folder);
    const bytes = manifest.parts.reduce((sum, part) => sum + part.bytes, 0);
    if (bytes > freeBytes(folder)) throw TenantArchiveFullError.at(folder);
    for (const name of manifest.folders) mkdirSync(join(folder, name), { recursive: true });
    const roles = new Map(LASTING_ROLES.map((role) => [partName(role), role]));
    return (name) => {
      const role = roles.get(name);
      return join(folder, role === undefined ? name : paths.fileName(id, role));
    };
  }

  #wanted({ tenant }: Manifest): WantedTenant {
    const old = parseTenantId(tenant.id);
    const id = parseTenantId(this.#options.id ?? old);
    const { slug = tenant.slug === old ? id : tenant.slug, domains = tenant.domains } =
      this.#options;
    const { name, weight, config, quotas } = tenant;
    return { id, slug, domains, name, weight, config, quotas };
  }

  async #look(
    file: string,
    tenantId: string,
    { role, path }: { readonly role: LastingRole; readonly path: string },
  ): Promise<void> {
    const { files, settings } = this.#parts;
    this.#options.signal?.throwIfAborted();
    const { problems } = await verifyCopy({ name: role, file: path }, settings(role));
    if (problems.length > 0) {
      const problem = `"${partName(role)}" is damaged: ${problems.slice(0, 3).join('; ')}`;
      throw TenantArchiveInvalidError.damaged(file, problem);
    }
    const stamp = await files.stampOf(path, role);
    if (stamp?.tenantId === tenantId && stamp.role === role) return;
    const whose = stamp === undefined ? 'nobody' : `"${stamp.tenantId}", as its ${stamp.role}`;
    throw TenantArchiveInvalidError.content(
      file,
      `"${partName(role)}" belongs to ${whose}, not to "${tenantId}", as its ${role}`,
    );
  }

  #sign(path: string, id: TenantId, role: LastingRole): Promise<void> {
    return this.#parts.files.sign(path, id, role);
  }

  /** Adds what no archive holds, and has the disk take it all. @returns migrations that are still to run */
  async #complete(
    { folder, id }: Workshop,
    manifest: Manifest,
    paths: TenantFilePaths,
  ): Promise<readonly string[]> {
    const { files, schema } = this.#parts;
    const there: readonly string[] = rolesIn(manifest);
    await files.addEmpty(
      folder,
      id,
      TENANT_ROLES.filter((role) => !there.includes(role)),
    );
    const pending = await schema.renew(paths, id);
    for (const role of TENANT_ROLES) syncFile(paths[role]);
    const folders = [
      'files',
      ...manifest.folders,
      ...manifest.parts.map(({ name }) => dirname(name)),
    ];
    for (const name of new Set(folders)) syncFolder(join(folder, name));
    return pending;
  }

  async #adopt({ folder, wanted, id }: Workshop, isCurrent: boolean): Promise<Tenant> {
    const { tenancy, files } = this.#parts;
    const tenant = await tenancy.adopt(wanted, async () => files.place(folder, id));
    if (isCurrent) await tenancy.noteSchema(id, true);
    return tenant;
  }

  #pathsIn({ folder, id }: Workshop): TenantFilePaths {
    const { paths } = this.#parts;
    const path = (role: keyof TenantFilePaths): string => join(folder, paths.fileName(id, role));
    return { database: path('database'), cache: path('cache'), queue: path('queue') };
  }
}

function rolesIn({ parts }: Manifest): readonly LastingRole[] {
  return LASTING_ROLES.filter((role) => parts.some(({ name }) => name === partName(role)));
}
