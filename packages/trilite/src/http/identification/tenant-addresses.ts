import type { AppSettings, IdentificationSettings, TenancySettings } from '../../config/schema';
import type { Tenant } from '../../tenancy/tenant';
import { currentWork } from '../request-work';

/** Where the pages of somebody are: `https://acme.example`, and what paths begin with. */
export interface Address {
  readonly origin: string;
  /** '' or such as '/t/acme'. */
  readonly prefix: string;
}

/** Where requests for a tenant are to be sent, by the first source of the chain that says it in the address. */
export class TenantAddresses {
  /** The application's own. */
  readonly central: Address;
  readonly #settings: IdentificationSettings;
  readonly #url: URL;

  constructor({ app, tenancy }: { readonly app: AppSettings; readonly tenancy: TenancySettings }) {
    this.#settings = tenancy.identification;
    // Tenants have its scheme and its port, too
    this.#url = new URL(app.url ?? `http://localhost:${app.http.port}`);
    this.central = { origin: this.#url.origin, prefix: '' };
  }

  /** In a request that names the tenant in its path, that path: what it links to is below it, too. */
  of(tenant: Tenant): Address {
    const identified = currentWork()?.identified;
    if (identified?.path !== undefined && identified.tenant.id === tenant.id) {
      return this.#byPath(identified.path.slug);
    }
    for (const source of this.#settings.chain) {
      const [domain] = tenant.domains;
      if (source === 'domain' && domain !== undefined) return this.#byHost(domain);
      if (source === 'subdomain') {
        return this.#byHost(`${tenant.slug}.${this.#settings.baseDomain}`);
      }
      if (source === 'path') return this.#byPath(tenant.slug);
    }
    return this.central;
  }

  #byHost(host: string): Address {
    const { protocol, port } = this.#url;
    return { origin: `${protocol}//${host}${port === '' ? '' : `:${port}`}`, prefix: '' };
  }

  #byPath(slug: string): Address {
    return { origin: this.central.origin, prefix: `${this.#settings.path}/${slug}` };
  }
}
