import { join } from 'node:path';
import type { TenantRole } from '../config/tenant-connections';
import type { TenantId } from './tenant-id';

/** A path for each of a tenant's files. */
export type TenantFilePaths = Readonly<Record<TenantRole, string>>;

/** The files of a tenant that nobody can make anew. */
export type LastingRole = Exclude<TenantRole, 'cache'>;

export const LASTING_ROLES: readonly LastingRole[] = ['database', 'queue'];

export const TENANT_ROLES: readonly TenantRole[] = ['database', 'cache', 'queue'];

/** The only place that builds the paths of tenants. */
export class TenantPaths {
  /** The folder that holds all tenants. */
  readonly root: string;

  /** @param storagePath the application's storage folder, absolute */
  constructor(storagePath: string) {
    this.root = join(storagePath, 'tenants');
  }

  /** The folder that is the tenant. */
  folder(id: TenantId): string {
    return join(this.root, id);
  }

  /** One of its three files. */
  file(id: TenantId, role: TenantRole): string {
    return join(this.folder(id), this.fileName(id, role));
  }

  /** The name of one of a tenant's files; it says whose it is when it is copied elsewhere. */
  fileName(id: TenantId, role: TenantRole): string {
    return `tenant_${role}_${id}.sqlite`;
  }

  /** What the tenant's code keeps beside them. */
  files(id: TenantId): string {
    return join(this.folder(id), 'files');
  }

  // What follows is no tenant's: no id begins with a dot.

  /** Where a tenant is put together before its folder is renamed into place. */
  creating(id: TenantId, attempt: string): string {
    return join(this.root, '.creating', `${id}.${attempt}`);
  }

  /** Where a deleted tenant waits for its purge. */
  trash(id: TenantId): string {
    return join(this.root, '.trash', id);
  }

  /** Where the migrated, empty files lie that new tenants are copied from. */
  template(key: string): string {
    return join(this.root, '.templates', key);
  }
}
