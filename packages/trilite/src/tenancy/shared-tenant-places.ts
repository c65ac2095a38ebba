import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolder } from '../database/care/durable-files';
import { TenantFolderError } from './errors';
import type { TenantPlaces } from './tenant-places';
import type { TenantId } from './tenant-id';
import type { TenantPaths } from './tenant-paths';

/** What the places of tenants are made of. */
export interface SharedTenantPlacesParts {
  readonly paths: TenantPaths;
  /** Removes all that a tenant has in the files of the application. */
  readonly forget: (id: TenantId) => Promise<void>;
}

/** Where tenants share the files of the application: a tenant has a folder for what its code keeps, and rows among those of the others. */
export class SharedTenantPlaces implements TenantPlaces {
  readonly #parts: SharedTenantPlacesParts;

  constructor(parts: SharedTenantPlacesParts) {
    this.#parts = parts;
  }

  isThere(id: TenantId): boolean {
    return existsSync(this.#parts.paths.folder(id));
  }

  async create(id: TenantId): Promise<void> {
    const { paths } = this.#parts;
    if (this.isThere(id)) throw TenantFolderError.there(paths.folder(id));
    mkdirSync(paths.files(id), { recursive: true });
    syncFolder(paths.root);
  }

  async discard(id: TenantId): Promise<void> {
    const { paths } = this.#parts;
    mkdirSync(dirname(paths.trash(id)), { recursive: true });
    this.#move(paths.folder(id), paths.trash(id));
  }

  reclaim(id: TenantId): void {
    const { paths } = this.#parts;
    if (!existsSync(paths.trash(id))) throw TenantFolderError.gone(paths.trash(id));
    this.#move(paths.trash(id), paths.folder(id));
  }

  async purge(id: TenantId): Promise<void> {
    await this.#parts.forget(id);
    rmSync(this.#parts.paths.trash(id), { recursive: true, force: true });
  }

  #move(from: string, to: string): void {
    renameSync(from, to);
    syncFolder(this.#parts.paths.root);
  }
}
