import type { TenantId } from './tenant-id';

/**
 * Where a tenant stands.
 *
 *     creating ──▶ active ◀──resume── suspended    active ◀──up── down
 *                    └──────suspend──▶ ─┘            └──down──▶ ─┘
 *     active, suspended, down ──delete──▶ deleted ──restore──▶ active
 *                                            └──purge──▶ purged: the id is never given again
 *
 * `suspended` is somebody's decision about the customer, `down` is maintenance: both keep requests and jobs out, and lose nothing.
 */
export type TenantState = 'creating' | 'active' | 'suspended' | 'down' | 'deleted' | 'purged';

/** A tenant, as the registry has it at a moment. */
export interface Tenant {
  /** For ever. */
  readonly id: TenantId;
  /** A readable short name that may change; of the same form as an id. */
  readonly slug: string;
  /** What people call it. */
  readonly name: string;
  readonly state: TenantState;
  /** Host names in lower case, by which requests are told. The first is the primary one, which links lead to. */
  readonly domains: readonly string[];
  /** Turns of a worker that serves many: twice the weight is twice the turns. */
  readonly weight: number;
  /** Settings that differ for this tenant, by the application's own names. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly quotas: TenantQuotas;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Epoch milliseconds; undefined for one that is not deleted. */
  readonly deletedAt: number | undefined;
}

/** How much a tenant may have; undefined is without limit. */
export interface TenantQuotas {
  /** Bytes of tenant_database_{id}.sqlite. */
  readonly databaseBytes?: number | undefined;
  /** Bytes of tenant_cache_{id}.sqlite. */
  readonly cacheBytes?: number | undefined;
  /** Bytes of tenant_queue_{id}.sqlite. */
  readonly queueBytes?: number | undefined;
  /** Jobs that wait. */
  readonly jobsPending?: number | undefined;
}
