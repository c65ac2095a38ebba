import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SqliteSettings } from '../config/schema';
import { Connection } from '../database/connection';
import type { Handle } from '../database/connection-handle';
import { syncFile, syncFolder } from '../database/care/durable-files';
import { renewGeneration } from '../database/generation';
import { errorCode } from '../support/errors';
import { newId } from '../support/id';
import type { TenantRole } from '../config/tenant-connections';
import { TenantFolderError } from './errors';
import type { TenantPlaces } from './tenant-places';
import type { TenantId } from './tenant-id';
import { TENANT_ROLES, type TenantFilePaths, type TenantPaths } from './tenant-paths';
import { readStamp, writeStamp, type TenantStamp } from './tenant-stamp-store';

/*
 * The folder of a tenant, from its making to its purge.
 *
 *   nothing ──▶ .creating/{id}.{attempt} ──rename──▶ {id} ──rename──▶ .trash/{id} ──▶ nothing
 *                                                     ▲────rename─────┘
 *
 * Invariants:
 * 1. A folder under a tenant's name is whole: its files are copied, stamped and synced before the rename.
 * 2. Only `create` makes files; every other open requires them.
 * 3. A folder is moved away while all of its files are locked for writing, and whoever writes looks, while holding that lock, whether its file
 *    still lies at the path (`ConnectionOptions.isStrict`): after the move nothing is written to it, by no process.
 */

/** What a tenant's files are made of. */
export interface TenantFilesParts {
  readonly paths: TenantPaths;
  /** How the files of each role are opened. */
  readonly settings: (role: TenantRole) => Omit<SqliteSettings, 'file'>;
  /** Changes whenever new files would come out differently: the names of the migrations. */
  readonly templateKey: () => string;
  /** Makes the three files in a folder, migrated, for nobody in particular. */
  readonly buildTemplate: (files: TenantFilePaths) => Promise<void>;
}

/** Makes, moves and removes the folders of tenants. */
export class TenantFiles implements TenantPlaces {
  readonly #parts: TenantFilesParts;

  constructor(parts: TenantFilesParts) {
    this.#parts = parts;
  }

  /** Whether the folder of a tenant is in its place. */
  isThere(id: TenantId): boolean {
    return existsSync(this.#parts.paths.folder(id));
  }

  /**
   * Makes the folder of a new tenant; it is there whole, or not at all.
   *
   * @throws E_TENANT_FOLDER when something lies there, and errors of the file system
   */
  async create(id: TenantId): Promise<void> {
    const workshop = this.workshop(id);
    try {
      await this.addEmpty(workshop, id, TENANT_ROLES);
      this.place(workshop, id);
    } finally {
      rmSync(workshop, { recursive: true, force: true });
    }
  }

  /**
   * A folder aside, with `files/` in it, in which the folder of a new tenant is put together. Whoever asks for it removes it, or has it placed.
   *
   * @throws E_TENANT_FOLDER when something lies where the tenant is to be
   */
  workshop(id: TenantId): string {
    this.#refuseTaken(id);
    const workshop = this.#parts.paths.creating(id, newId());
    mkdirSync(`${workshop}/files`, { recursive: true });
    return workshop;
  }

  /** Makes migrated, empty files of a tenant in its workshop. */
  async addEmpty(workshop: string, id: TenantId, roles: readonly TenantRole[]): Promise<void> {
    const template = await this.#template();
    for (const role of roles) {
      const file = `${workshop}/${this.#parts.paths.fileName(id, role)}`;
      await copyFile(`${template}/${role}`, file);
      await this.change(file, role, (handle) => {
        writeStamp(handle, id, role);
        renewGeneration(handle);
      });
    }
  }

  /** Writes into a file of a workshop whose it is, and what for. */
  sign(file: string, id: TenantId, role: TenantRole): Promise<void> {
    return this.change(file, role, (handle) => writeStamp(handle, id, role));
  }

  /** Changes a file that nobody else knows of, in one transaction, and has the disk take it. */
  async change(file: string, role: TenantRole, work: (handle: Handle) => void): Promise<void> {
    // Synced once, when it is whole
    const settings = { ...this.#parts.settings(role), file, synchronous: 'off' } as const;
    const connection = new Connection(role, settings);
    try {
      await connection.write(work, { several: true });
    } finally {
      await connection.close();
    }
    syncFile(file);
  }

  /** Whose a file is, wherever it lies; undefined for one that does not say so. */
  async stampOf(file: string, role: TenantRole): Promise<TenantStamp | undefined> {
    const connection = this.#connection(role, file);
    try {
      return await connection.read(readStamp);
    } finally {
      await connection.close();
    }
  }

  /** Makes a workshop, whose files are on the disk, the folder of a tenant. @throws E_TENANT_FOLDER */
  place(workshop: string, id: TenantId): void {
    const { paths } = this.#parts;
    syncFolder(workshop);
    this.#refuseTaken(id);
    renameSync(workshop, paths.folder(id));
    syncFolder(paths.root);
  }

  /**
   * Runs work while nobody writes to some files of a tenant, in whatever process; of one that cannot be opened there is nothing to lock.
   *
   * @throws E_DATABASE_BUSY when a file stays locked by somebody's transaction
   */
  async whileLocked(
    id: TenantId,
    [role, ...others]: readonly TenantRole[],
    work: () => void,
  ): Promise<void> {
    if (role === undefined) return work();
    const connection = this.#connection(role, this.#parts.paths.file(id, role));
    const goOn = (): Promise<void> => this.whileLocked(id, others, work);
    try {
      const session = await connection.begin().catch((error: unknown) => {
        if (errorCode(error) === 'E_DATABASE_BUSY') throw error;
        return undefined;
      });
      await (session === undefined ? goOn() : session.complete(goOn));
    } finally {
      await connection.close();
    }
  }

  /**
   * Moves the folder of a tenant to the trash. Who has its files open fails from then on; nothing that is written gets lost unnoticed.
   *
   * @throws E_DATABASE_BUSY when a file stays locked by somebody's transaction
   */
  async discard(id: TenantId): Promise<void> {
    const { paths } = this.#parts;
    const trash = paths.trash(id);
    mkdirSync(dirname(trash), { recursive: true });
    await this.whileLocked(id, TENANT_ROLES, () => renameSync(paths.folder(id), trash));
    syncFolder(paths.root);
  }

  /**
   * Takes the folder of a tenant out of the trash.
   *
   * @throws E_TENANT_FOLDER when it is not there any more
   */
  reclaim(id: TenantId): void {
    const { paths } = this.#parts;
    const trash = paths.trash(id);
    if (!existsSync(trash)) throw TenantFolderError.gone(trash);
    if (this.isThere(id)) throw TenantFolderError.there(paths.folder(id));
    renameSync(trash, paths.folder(id));
    syncFolder(paths.root);
  }

  /** Removes for good what lies in the trash. Harmless when nothing does. */
  async purge(id: TenantId): Promise<void> {
    rmSync(this.#parts.paths.trash(id), { recursive: true, force: true });
  }

  /** Made once for all tenants, until the migrations are others. */
  async #template(): Promise<string> {
    const { paths, templateKey, buildTemplate } = this.#parts;
    const template = paths.template(templateKey());
    if (existsSync(template)) return template;
    const draft = `${template}.${newId()}`;
    mkdirSync(draft, { recursive: true });
    try {
      await buildTemplate({
        database: `${draft}/database`,
        cache: `${draft}/cache`,
        queue: `${draft}/queue`,
      });
      moveUnlessThere(draft, template);
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
    return template;
  }

  #refuseTaken(id: TenantId): void {
    const folder = this.#parts.paths.folder(id);
    if (existsSync(folder)) throw TenantFolderError.there(folder);
  }

  #connection(role: TenantRole, file: string): Connection {
    return new Connection(role, { ...this.#parts.settings(role), file });
  }
}

/** Another process may have made the same in the meantime. */
function moveUnlessThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}
