import type { TenantId } from './tenant-id';

/** Where what belongs to tenants lies: a folder for each, and whatever else. */
export interface TenantPlaces {
  /** Whether the folder of a tenant is in its place. */
  isThere(id: TenantId): boolean;
  /** Makes the place of a new tenant, whole or not at all. @throws E_TENANT_FOLDER */
  create(id: TenantId): Promise<void>;
  /** Moves the folder of a tenant to the trash. @throws E_DATABASE_BUSY */
  discard(id: TenantId): Promise<void>;
  /** Takes it out of the trash. @throws E_TENANT_FOLDER */
  reclaim(id: TenantId): void;
  /** Removes for good what a tenant in the trash has, wherever it lies. Harmless when nothing is there. */
  purge(id: TenantId): Promise<void>;
}
