import type { Scope } from './container';
import type { Tenant } from './tenant';
import type { TenantId } from './tenant-id';

/** What a tenant's work is made with, for as long as it is open. */
export interface OpenTenant {
  readonly scope: Scope;
  /** Looks whether its files are what the code expects, and sees to it; throws when they are not. */
  prepare(): Promise<void>;
  /** Lets go of what it holds in memory. Who has something of it still may go on: it opens again at its next use. */
  rest(): Promise<void>;
  /** Finishes what was asked for, and closes its files for good: who has something of it still, fails. */
  close(): Promise<void>;
}

interface Entry {
  readonly open: OpenTenant;
  tenant: Tenant;
  /** Works that run now. */
  uses: number;
  /** Settles once its files are what the code expects; kept only if they are. */
  prepared: Promise<void> | undefined;
}

/** Tenants kept open that have no work now. A scope without open files is some ten kilobytes. */
const IDLE_SCOPES = 500;

/**
 * The scopes of tenants that are open: made at the first work, kept for the next, forgotten when others were used since.
 *
 * A scope in use is never forgotten. What was injected from one that is forgotten keeps working: it holds names, not handles.
 */
export class TenantScopes {
  readonly #open: (tenant: Tenant) => OpenTenant;
  /** The one used least recently first. */
  readonly #entries = new Map<TenantId, Entry>();

  constructor(open: (tenant: Tenant) => OpenTenant) {
    this.#open = open;
  }

  /** The scope of a tenant that is open. */
  find(id: string): { readonly scope: Scope; readonly tenant: Tenant } | undefined {
    const entry = this.#entries.get(id as TenantId);
    return entry && { scope: entry.open.scope, tenant: entry.tenant };
  }

  /** Runs work with the scope of a tenant, which stays open meanwhile. @param isChecked whether its files must be what the code expects */
  async use<T>(
    tenant: Tenant,
    { isChecked }: { readonly isChecked: boolean },
    work: (scope: Scope) => Promise<T>,
  ): Promise<T> {
    const entry = this.#take(tenant);
    entry.uses += 1;
    try {
      if (isChecked) await prepare(entry);
      return await work(entry.open.scope);
    } finally {
      entry.uses -= 1;
      this.#forgetIdle();
    }
  }

  /** Closes a tenant's scope: it is no more what it was. */
  async close(id: TenantId): Promise<void> {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    await entry?.open.close();
  }

  /** Closes all. */
  async closeAll(): Promise<void> {
    await Promise.all([...this.#entries.keys()].map((id) => this.close(id)));
  }

  #take(tenant: Tenant): Entry {
    const { id } = tenant;
    const entry = this.#current(tenant) ?? {
      open: this.#open(tenant),
      tenant,
      uses: 0,
      prepared: undefined,
    };
    entry.tenant = tenant;
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    return entry;
  }

  /** What is open for a tenant, unless what it may have is another by now: then it is opened anew, and who works goes on with the old. */
  #current(tenant: Tenant): Entry | undefined {
    const entry = this.#entries.get(tenant.id);
    if (entry === undefined || isSame(entry.tenant, tenant)) return entry;
    this.#entries.delete(tenant.id);
    entry.open.rest().catch(() => undefined);
    return undefined;
  }

  #forgetIdle(): void {
    if (this.#entries.size <= IDLE_SCOPES) return;
    for (const [id, { uses, open }] of this.#entries) {
      if (uses > 0) continue;
      this.#entries.delete(id);
      open.rest().catch(() => undefined); // what it could not write down are counts
      return;
    }
  }
}

/** Whether what a scope was made of is the same: another process may have changed it. */
function isSame(one: Tenant, other: Tenant): boolean {
  const wordsOf = ({ weight, quotas, config }: Tenant): string =>
    JSON.stringify([weight, quotas, config]);
  return wordsOf(one) === wordsOf(other);
}

/** Once for as long as the scope is open. What failed is tried again: a migration may have come in between. */
function prepare(entry: Entry): Promise<void> {
  entry.prepared ??= entry.open.prepare().catch((error: unknown) => {
    entry.prepared = undefined;
    throw error;
  });
  return entry.prepared;
}
