import type { IdentificationSettings } from '../../config/schema';
import { TenantNotFoundError } from '../../tenancy/errors';
import type { Tenancy } from '../../tenancy/tenancy';
import type { Tenant } from '../../tenancy/tenant';
import { ApplicationHosts } from '../../tenancy/application-hosts';
import { hostOfRequest } from '../../tenancy/tenant-domain';
import { parseTenantId, parseTenantSlug } from '../../tenancy/tenant-id';
import type { TenantTokens } from '../../tenancy/tenant-tokens';
import {
  TenantClaimsConflictError,
  TenantMembershipError,
  TenantUnavailableError,
} from '../errors';
import type { Request } from '../request';
import {
  cookieValues,
  headerValue,
  labelBelow,
  queryValues,
  tenantPath,
  type TenantPath,
} from './claimed-values';
import { TRUSTS, type TenantClaim, type TenantResolver, type TenantTrust } from './tenant-claim';

/** What identification is made of. */
export interface TenantIdentificationParts {
  readonly settings: IdentificationSettings;
  readonly tenancy: Tenancy;
  readonly tokens: TenantTokens;
  /** Ways of the application's own. */
  readonly resolvers: readonly TenantResolver[];
  /** Whether somebody is asked later on if a user belongs to a tenant. */
  readonly hasMembership: boolean;
  /** The address of the application itself. */
  readonly url: string | undefined;
}

/** Whose a request is, and how that is known. */
export interface IdentifiedTenant {
  readonly tenant: Tenant;
  /** That of the claim which is believed most. */
  readonly trust: TenantTrust;
  /** What named the tenant, for messages. */
  readonly sources: readonly string[];
  readonly path: TenantPath | undefined;
}

type Source = IdentificationSettings['chain'][number];

/**
 * Tells whose a request is.
 *
 * 1. Every source is asked, and none is believed over another: claims that differ are refused.
 * 2. A claim that is wrong in any way is refused. It is never taken for none, which would lead to somebody else's data.
 * 3. A tenant that is deleted is answered as one that never was.
 */
export class TenantIdentification {
  readonly #parts: TenantIdentificationParts;
  readonly #hosts: ApplicationHosts;

  constructor(parts: TenantIdentificationParts) {
    this.#parts = parts;
    this.#hosts = new ApplicationHosts({ identification: parts.settings, url: parts.url });
  }

  /**
   * The tenant of a request; undefined for one of the application's own.
   *
   * @throws E_TENANT_ID_INVALID (400), E_TENANT_CLAIMS_CONFLICT (400), E_TENANT_TOKEN_INVALID (403), E_TENANT_MEMBERSHIP (403)
   * @throws E_TENANT_NOT_FOUND (404), E_TENANT_UNAVAILABLE (503)
   */
  async identify(request: Request): Promise<IdentifiedTenant | undefined> {
    const path = this.#asks('path')
      ? tenantPath(request.url, this.#parts.settings.path)
      : undefined;
    const claims = [
      ...this.#claims(request, path),
      ...(await this.#resolved(request)),
      ...(await this.#hostClaims(request)),
    ];
    const [tenant, ...others] = await findAll(claims);
    if (tenant === undefined) return this.#unnamed(request);
    const sources = claims.map(({ source }) => source);
    if (others.some(({ id }) => id !== tenant.id)) throw TenantClaimsConflictError.between(sources);
    refuseUnavailable(tenant);
    const trust = TRUSTS.find((one) => claims.some((claim) => claim.trust === one)) ?? 'hint';
    if (trust === 'hint' && !this.#parts.hasMembership) {
      throw TenantMembershipError.unchecked(sources);
    }
    return { tenant, trust, sources, path };
  }

  #asks(source: Source): boolean {
    return this.#parts.settings.chain.includes(source);
  }

  #claims(request: Request, path: TenantPath | undefined): TenantClaim[] {
    const { header, query, cookie, token } = this.#parts.settings;
    const values = (source: Source, given: readonly unknown[]): unknown[] =>
      this.#asks(source) ? given.filter((value) => value !== undefined) : [];
    return [
      ...values('token', [headerValue(request, token)]).map((value) =>
        this.#byId('token', 'token', this.#parts.tokens.verify(String(value))),
      ),
      ...(path === undefined ? [] : [this.#bySlug('path', path.slug)]),
      ...values('header', [headerValue(request, header)]).map((value) =>
        this.#byId(`header "${header}"`, 'hint', value),
      ),
      ...values('query', queryValues(request.url, query)).map((value) =>
        this.#byId(`query parameter "${query}"`, 'hint', value),
      ),
      ...values('cookie', cookieValues(request, cookie)).map((value) =>
        this.#byId(`cookie "${cookie}"`, 'hint', value),
      ),
    ];
  }

  async #resolved(request: Request): Promise<TenantClaim[]> {
    const { resolvers, tenancy } = this.#parts;
    const claims: TenantClaim[] = [];
    for (const { name, trust, resolve } of resolvers) {
      const value = await tenancy.central(() => resolve(request));
      if (value !== undefined) claims.push(this.#byId(name, trust, value));
    }
    return claims;
  }

  /** A host is told by a domain of the tenant's own, or by the one label before the base domain. Where both name somebody, both count. */
  async #hostClaims(request: Request): Promise<TenantClaim[]> {
    const { settings, tenancy } = this.#parts;
    const host = hostOf(request);
    if (this.#hosts.isOwn(host)) return [];
    const label = this.#asks('subdomain') ? labelBelow(host, settings.baseDomain) : undefined;
    if (!this.#asks('domain') && label === undefined) return [];
    const owner = this.#asks('domain') ? alive(await tenancy.findByDomain(host)) : undefined;
    const named = label === undefined ? undefined : alive(await tenancy.findBySlug(label));
    const found = [owner, named].filter((tenant) => tenant !== undefined);
    if (found.length === 0) {
      if (label?.includes('.') === false) parseTenantSlug(label);
      throw TenantNotFoundError.forHost(host);
    }
    return found.map((tenant) => ({
      source: 'host',
      trust: 'host',
      find: async () => tenant,
      unknown: () => TenantNotFoundError.forHost(host),
    }));
  }

  #byId(source: string, trust: TenantTrust, value: unknown): TenantClaim {
    const id = parseTenantId(value);
    const find = (): Promise<Tenant | undefined> => this.#parts.tenancy.find(id);
    return { source, trust, find, unknown: () => TenantNotFoundError.withId(id) };
  }

  #bySlug(source: 'path', value: string): TenantClaim {
    const slug = parseTenantSlug(value);
    const find = (): Promise<Tenant | undefined> => this.#parts.tenancy.findBySlug(slug);
    return { source, trust: 'path', find, unknown: () => TenantNotFoundError.withSlug(slug) };
  }

  #unnamed(request: Request): undefined {
    const isCentral =
      this.#parts.settings.onMissing === 'central' || this.#hosts.isOwn(hostOf(request));
    if (!isCentral) throw TenantNotFoundError.unnamed();
  }
}

async function findAll(claims: readonly TenantClaim[]): Promise<Tenant[]> {
  const tenants: Tenant[] = [];
  for (const claim of claims) {
    const tenant = alive(await claim.find());
    if (tenant === undefined) throw claim.unknown();
    tenants.push(tenant);
  }
  return tenants;
}

/** A deleted tenant is answered as one that never was: that it was a customer is nobody's business. */
function alive(tenant: Tenant | undefined): Tenant | undefined {
  return tenant?.state === 'deleted' || tenant?.state === 'purged' ? undefined : tenant;
}

function refuseUnavailable({ id, state }: Tenant): void {
  if (state === 'active') return;
  throw state === 'suspended'
    ? TenantUnavailableError.suspended(id)
    : TenantUnavailableError.forNow(id, state);
}

/** In the form of the registry and of the settings. */
function hostOf(request: Request): string {
  // Undefined where HTTP/1.0 sends none, whatever the types of express say
  const host = request.hostname as string | undefined;
  return hostOfRequest(host ?? '');
}
