import type { ApplicationHosts } from './application-hosts';
import type { Scope } from './container';
import type { Tenant } from './tenant';
import type { TenantId } from './tenant-id';
import type { TenantPlaces } from './tenant-places';
import type { TenantScopes } from './tenant-scopes';
import type { TenantStore } from './tenant-store';

/** What tenancy is made of. */
export interface TenancyParts {
  /** Undefined in an application that keeps no tenants. */
  readonly store: (() => TenantStore) | undefined;
  readonly files: TenantPlaces;
  readonly scopes: TenantScopes;
  /** Hosts that no tenant can have. */
  readonly hosts: ApplicationHosts;
  /** Tells lists of migrations of tenants' files apart; undefined where they have no files of their own. */
  readonly schemaKey: (() => string) | undefined;
  /** The scope of the application itself. */
  readonly central: () => Scope;
  /** Runs work that moves a tenant's folder while nobody else does, in any process. */
  readonly exclusively: <T>(id: TenantId, work: () => Promise<T>) => Promise<T>;
  /** Called when a tenant takes work that took none, with what it may have to do by then. */
  readonly onServed?: ((tenant: Tenant) => Promise<void>) | undefined;
  /** Called when a tenant was changed, or is gone. */
  readonly onChanged?: ((tenant: Tenant) => Promise<void>) | undefined;
}
