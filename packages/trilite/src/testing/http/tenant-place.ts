import type { Application } from '../../application';
import { TenantAddresses, type Address } from '../../http/identification/tenant-addresses';
import { TenantTokens } from '../../tenancy/tenant-tokens';
import type { Tenant } from '../../tenancy/tenant';

/** Where requests of somebody are sent to, and what in them says whose they are. */
export interface Place {
  readonly address: Address;
  /** Undefined for the application itself. */
  readonly tenant: Tenant | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
}

/** The application's own place. */
export function centralPlace(app: Application): Place {
  const { central } = new TenantAddresses(app.config);
  return { address: central, tenant: undefined, headers: {}, query: {} };
}

/**
 * A tenant's: its address, else what the first source of the chain that is in no address reads.
 *
 * @throws E_TENANT_NOT_FOUND
 */
export async function tenantPlace(app: Application, id: string): Promise<Place> {
  const tenant = await app.tenancy.findOrFail(id);
  const addresses = new TenantAddresses(app.config);
  const address = addresses.of(tenant);
  const claim = address === addresses.central ? claimOf(app, id) : {};
  return { address, tenant, headers: {}, query: {}, ...claim };
}

function claimOf(app: Application, id: string): Partial<Pick<Place, 'headers' | 'query'>> {
  const { chain, token, header, cookie, query } = app.config.tenancy.identification;
  for (const source of chain) {
    if (source === 'token') return { headers: { [token]: app.make(TenantTokens).sign(id, '1h') } };
    if (source === 'header') return { headers: { [header]: id } };
    if (source === 'cookie') return { headers: { Cookie: `${cookie}=${id}` } };
    if (source === 'query') return { query: { [query]: id } };
  }
  return {}; // a resolver of the application's own reads what the test itself sends
}

/** A path below a place, with what its query says. */
export function pathAt({ address, query }: Place, path: string): string {
  const { prefix } = address;
  const isBelow = prefix !== '' && `${path}/`.startsWith(`${prefix}/`);
  const search = new URLSearchParams(query).toString();
  const joined = isBelow ? path : `${prefix}${path}`;
  return search === '' ? joined : `${joined}${path.includes('?') ? '&' : '?'}${search}`;
}
