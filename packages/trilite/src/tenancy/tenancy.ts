import { currentScope, runInScope, type ScopeIdentity } from '../support/scope-holder';
import type { Scope } from './container';
import {
  TenancyOffError,
  TenantContextMissingError,
  TenantNotFoundError,
  TenantStateError,
} from './errors';
import { runEach, type TenantEachOptions, type TenantRun } from './run-each';
import { refuseEscape, refuseSwitch } from './scope-guard';
import { TenancyEvents, type StateChange, type TenancyEvent } from './tenancy-events';
import type { TenancyParts } from './tenancy-parts';
import type { Tenant, TenantState } from './tenant';
import { checkTenantChanges } from './tenant-changes';
import { hostOfRequest } from './tenant-domain';
import { isTenantId, parseTenantId, type TenantId } from './tenant-id';
import { toNewTenant, type WantedTenant } from './new-tenant';
import type { NewTenant, TenantChanges, TenantStore } from './tenant-store';

/** A tenant, or its id. */
export type TenantName = Tenant | string;

/** How work for a tenant is run. */
export interface TenantRunOptions {
  /** Whether the work of one tenant may begin the work of another. Default: false. */
  readonly allowSwitch?: boolean | undefined;
  /** The states in which the tenant takes this work. Default: active alone. */
  readonly states?: readonly TenantState[] | undefined;
  /** Whether its files may have other migrations than the code has: for who migrates them. Default: false. */
  readonly anySchema?: boolean | undefined;
}

/** Which tenants are meant. */
export interface TenantFilter {
  /** By id; the order counts for nothing. Default: all. */
  readonly tenants?: readonly string[] | undefined;
  /** These not, by id. */
  readonly except?: readonly string[] | undefined;
  /** Those in one of these states. Default: active alone. */
  readonly states?: readonly TenantState[] | undefined;
  /** Those of which this is true. */
  readonly where?: ((tenant: Tenant) => boolean) | undefined;
}

/** States in which tools that look after tenants may work on one. */
export const KEPT_STATES: readonly TenantState[] = ['active', 'suspended', 'down'];

/** Tenants read at once. */
const PAGE = 500;

/**
 * Who the work is for, and the tenants there are. `app.tenancy`, or injected.
 *
 * @example
 * import { CacheRepository, Tenancy, injectable } from 'trilite';
 *
 * \@injectable()
 * export class WelcomeEveryone {
 *   constructor(private readonly tenancy: Tenancy) {}
 *
 *   async run() {
 *     const { failed } = await this.tenancy.each({}, (tenant, scope) =>
 *       scope.make(CacheRepository).put('greeting', `Hello ${tenant.name}`, '1h'),
 *     );
 *     return failed.length;
 *   }
 * }
 */
export class Tenancy {
  /** What this process did to tenants. */
  readonly events = new TenancyEvents();
  readonly #parts: TenancyParts;

  constructor(parts: TenancyParts) {
    this.#parts = parts;
  }

  /** Whether this application keeps tenants. */
  get isOn(): boolean {
    return this.#parts.store !== undefined;
  }

  /** For whom the current work is: `none` when nobody has decided, which may touch nothing that belongs to tenants. */
  get state(): 'none' | 'central' | 'tenant' {
    return currentScope()?.kind ?? 'none';
  }

  /**
   * What the current work is made with: the scope of its tenant, else that of the application.
   *
   * @throws E_TENANT_CONTEXT_MISSING in what goes on after the work of a tenant is over
   */
  get scope(): Scope {
    const identity = currentScope();
    if (identity?.kind !== 'tenant') return this.#parts.central();
    const open = this.#parts.scopes.find(identity.tenantId);
    if (open === undefined) throw TenantContextMissingError.over(identity.tenantId);
    return open.scope;
  }

  /** The tenant whose work this is; undefined in the application's own, and where nobody has decided. */
  current(): Tenant | undefined {
    const identity = currentScope();
    if (identity?.kind !== 'tenant') return undefined;
    return this.#parts.scopes.find(identity.tenantId)?.tenant;
  }

  /**
   * The tenant whose work this is.
   *
   * @throws E_TENANT_CONTEXT_MISSING
   */
  currentOrFail(): Tenant {
    const tenant = this.current();
    if (tenant === undefined) throw TenantContextMissingError.current();
    return tenant;
  }

  /**
   * Runs work for a tenant, and settles when all of it has. What is injected or made inside is the tenant's.
   *
   * @throws E_TENANT_ID_INVALID, E_TENANT_NOT_FOUND, E_TENANT_UNAVAILABLE
   * @throws E_TENANT_SCHEMA when its files have other migrations than the code
   * @throws E_TENANT_SWITCH inside the work of another tenant
   * @throws E_TENANT_ESCAPE when the work returns a stream or a generator
   */
  async run<T>(
    name: TenantName,
    work: (tenant: Tenant, scope: Scope) => T | Promise<T>,
    { allowSwitch = false, states = ['active'], anySchema = false }: TenantRunOptions = {},
  ): Promise<T> {
    const id = parseTenantId(typeof name === 'string' ? name : name.id);
    refuseSwitch(id, allowSwitch);
    const tenant = await this.findOrFail(id);
    if (!states.includes(tenant.state)) throw TenantStateError.unavailable(id, tenant.state);
    return this.#parts.scopes.use(tenant, { isChecked: !anySchema }, (scope) =>
      scope.run(async () => refuseEscape(id, await work(tenant, scope))),
    );
  }

  /** Runs work for the application itself, also inside the work of a tenant. */
  async central<T>(work: (scope: Scope) => T | Promise<T>): Promise<T> {
    const scope = this.#parts.central();
    return scope.run(async () => work(scope));
  }

  /** A function that runs for whom the current work is, whoever calls it and when: for streams, emitters and timers. */
  bind<A extends readonly unknown[], R>(work: (...values: A) => R): (...values: A) => R {
    const identity: ScopeIdentity | undefined = currentScope();
    if (identity === undefined) throw TenantContextMissingError.current();
    return (...values) => runInScope(identity, () => work(...values));
  }

  /** Runs work for each of many tenants, in the order of their ids. */
  async each(
    filter: TenantFilter,
    work: (tenant: Tenant, scope: Scope) => unknown,
    options: TenantEachOptions = {},
  ): Promise<TenantRun> {
    const tenants = await this.select(filter);
    return runEach(tenants, options, (tenant) =>
      this.run(tenant, work, {
        states: filter.states,
        anySchema: options.anySchema,
        allowSwitch: true,
      }),
    );
  }

  /** The tenants that a filter means, in the order of their ids. */
  async select(filter: TenantFilter = {}): Promise<Tenant[]> {
    const { except = [], where = () => true, states = ['active'] } = filter;
    const chosen =
      filter.tenants === undefined
        ? await this.list(states)
        : await this.#chosen(filter.tenants, states);
    return chosen.filter((tenant) => !except.includes(tenant.id) && where(tenant));
  }

  /** All tenants in some states, in the order of their ids. */
  async list(states: readonly TenantState[] = KEPT_STATES): Promise<Tenant[]> {
    const tenants: Tenant[] = [];
    for (;;) {
      const after = tenants.at(-1)?.id ?? '';
      const page = await this.#store.list({ states, after, limit: PAGE });
      tenants.push(...page);
      if (page.length < PAGE) return tenants;
    }
  }

  /** How many tenants there are in each state. */
  count(): Promise<Partial<Record<TenantState, number>>> {
    return this.#store.count();
  }

  /** How many tenants' files may lack migrations that the code has, as far as is noted: none of them is opened. */
  async countOutdated(): Promise<number> {
    const key = this.#parts.schemaKey?.();
    return key === undefined ? 0 : this.#store.countOutdated(key);
  }

  /** Notes that the files of a tenant have all migrations of the code, or that nobody knows which they have. */
  async noteSchema(id: TenantId, isCurrent: boolean): Promise<void> {
    const key = this.#parts.schemaKey?.();
    if (key !== undefined) await this.#store.setSchema(id, isCurrent ? key : null);
  }

  /** The tenant of an id; undefined for what is none, or was purged. */
  async find(id: string): Promise<Tenant | undefined> {
    const tenant = isTenantId(id) ? await this.#store.find(id) : undefined;
    return tenant?.state === 'purged' ? undefined : tenant;
  }

  /** @throws E_TENANT_ID_INVALID, E_TENANT_NOT_FOUND */
  async findOrFail(id: string): Promise<Tenant> {
    const tenant = await this.find(parseTenantId(id));
    if (tenant === undefined) throw TenantNotFoundError.withId(id);
    return tenant;
  }

  /** The tenant of a slug. */
  async findBySlug(slug: string): Promise<Tenant | undefined> {
    return isTenantId(slug) ? this.#store.findBySlug(slug) : undefined;
  }

  /** The tenant of a host name, in whatever case and with or without a port. */
  async findByDomain(host: string): Promise<Tenant | undefined> {
    return this.#store.findByDomain(hostOfRequest(host));
  }

  /**
   * Creates a tenant with its three files, migrated. It is there whole, or not at all.
   *
   * @param wanted an id, or more
   * @throws E_TENANT_ID_INVALID, E_TENANT_DOMAIN_INVALID, E_TENANT_TAKEN, E_TENANT_FOLDER, E_MIGRATION_FAILED
   * @throws E_TRANSACTION_MISUSE inside a transaction, as whatever moves a tenant's folder
   * @throws TypeError, RangeError for a name, weight, setting or quota that is none
   */
  async create(wanted: string | WantedTenant): Promise<Tenant> {
    const { files, hosts, schemaKey } = this.#parts;
    const place = (id: TenantId): Promise<void> => files.create(id);
    return this.#bring(toNewTenant(wanted, hosts), place, schemaKey?.());
  }

  /**
   * Creates a tenant with what it has already: `place` puts its folder in place, whole or not at all. Jobs that wait in it are found.
   *
   * @throws as `create`, and what `place` throws
   */
  async adopt(wanted: WantedTenant, place: (id: TenantId) => Promise<void>): Promise<Tenant> {
    const tenant = await this.#bring(toNewTenant(wanted, this.#parts.hosts), place);
    await this.#parts.onServed?.(tenant);
    return tenant;
  }

  /** Refuses what `create` and `adopt` would before they begin. @throws as they do */
  async refuseTaken(wanted: WantedTenant): Promise<void> {
    this.#store.refuseInTransaction();
    await this.#store.refuseTaken(toNewTenant(wanted, this.#parts.hosts));
  }

  /**
   * Ends the creation of a tenant that a crash has interrupted: it is there if its folder is, which is whole then; else it never was. Not to be
   * called while it may still be going on.
   *
   * @returns whether it is there
   * @throws E_TENANT_STATE for one that is not being created
   */
  async settle(id: string): Promise<boolean> {
    this.#store.refuseInTransaction();
    const { id: known, state } = await this.findOrFail(id);
    if (state !== 'creating') {
      throw TenantStateError.cannot('settle', known, { state, from: ['creating'] });
    }
    const isThere = this.#parts.files.isThere(known);
    if (!isThere) await this.#store.forget(known);
    else if (await this.#store.setState(known, 'active', ['creating'])) {
      const tenant = await this.findOrFail(id);
      await this.#parts.onServed?.(tenant); // one that was imported may have jobs
      this.#tell('created', tenant);
    }
    return isThere;
  }

  /** Keeps requests and jobs of a tenant out, for a reason that lies with the customer. @throws E_TENANT_STATE */
  suspend(id: string): Promise<Tenant> {
    return this.#move('suspend', id, {
      to: 'suspended',
      from: ['active', 'down'],
      tell: 'suspended',
    });
  }

  /** Ends a suspension. @throws E_TENANT_STATE */
  resume(id: string): Promise<Tenant> {
    return this.#move('resume', id, { to: 'active', from: ['suspended'], tell: 'resumed' });
  }

  /** Keeps requests and jobs of a tenant out while something is being done to it. @throws E_TENANT_STATE */
  down(id: string): Promise<Tenant> {
    return this.#move('take down', id, { to: 'down', from: ['active'], tell: 'down' });
  }

  /** Ends maintenance. @throws E_TENANT_STATE */
  up(id: string): Promise<Tenant> {
    return this.#move('bring up', id, { to: 'active', from: ['down'], tell: 'up' });
  }

  /**
   * Changes slug, domains, display name, weight, settings or quotas of a tenant that is not deleted; never its id, so that no file moves.
   *
   * @param changes what is given takes the place of what was: all domains, all settings, all quotas
   * @throws E_TENANT_STATE, E_TENANT_TAKEN, E_TENANT_ID_INVALID, E_TENANT_DOMAIN_INVALID
   * @throws TypeError, RangeError for a name, weight, setting or quota that is none
   */
  async rename(id: string, changes: TenantChanges): Promise<Tenant> {
    const { id: known } = await this.findOrFail(id);
    const checked = checkTenantChanges(changes, this.#parts.hosts);
    const isChanged = await this.#store.change(known, checked);
    const tenant = await this.findOrFail(id);
    if (!isChanged) {
      const { state } = tenant;
      throw TenantStateError.cannot('change', known, { state, from: KEPT_STATES });
    }
    await this.#parts.onChanged?.(tenant);
    return this.#tell('changed', tenant);
  }

  /**
   * Takes a tenant away: nobody reaches it, whoever has its files open fails, and its folder lies in the trash until `purge`.
   *
   * @throws E_TENANT_STATE, E_DATABASE_BUSY when somebody's transaction does not end; call it again then
   */
  delete(id: string): Promise<Tenant> {
    return this.#exclusively(id, async () => {
      const from: readonly TenantState[] = [...KEPT_STATES, 'deleted'];
      const tenant = await this.#move('delete', id, { to: 'deleted', from });
      await this.#parts.scopes.close(tenant.id);
      if (this.#parts.files.isThere(tenant.id)) await this.#parts.files.discard(tenant.id);
      await this.#parts.onChanged?.(tenant);
      return this.#tell('deleted', tenant);
    });
  }

  /** Brings a deleted tenant back as it was. @throws E_TENANT_STATE, E_TENANT_FOLDER */
  restore(id: string): Promise<Tenant> {
    return this.#exclusively(id, async () => {
      const { id: known } = await this.#refuseUnlessDeleted('restore', id);
      if (!this.#parts.files.isThere(known)) this.#parts.files.reclaim(known);
      return this.#move('restore', id, { to: 'active', from: ['deleted'], tell: 'restored' });
    });
  }

  /** Removes a deleted tenant for good. Its id stays taken. @throws E_TENANT_STATE */
  purge(id: string): Promise<void> {
    return this.#exclusively(id, async () => {
      const tenant = await this.#refuseUnlessDeleted('purge', id);
      if (this.#parts.files.isThere(tenant.id)) await this.#parts.files.discard(tenant.id);
      await this.#parts.files.purge(tenant.id);
      await this.#store.purge(tenant.id);
      this.#tell('purged', tenant);
    });
  }

  /** Lets go of every tenant's files. */
  close(): Promise<void> {
    return this.#parts.scopes.closeAll();
  }

  get #store(): TenantStore {
    const { store } = this.#parts;
    if (store === undefined) throw TenancyOffError.now();
    return store();
  }

  async #bring(
    tenant: NewTenant,
    place: (id: TenantId) => Promise<void>,
    schemaKey?: string,
  ): Promise<Tenant> {
    const { id } = tenant;
    this.#store.refuseInTransaction();
    await this.#store.insert(tenant, schemaKey);
    try {
      await place(id);
    } catch (error) {
      await this.#store.forget(id);
      throw error;
    }
    await this.#store.setState(id, 'active', ['creating']);
    return this.#tell('created', await this.findOrFail(id));
  }

  #tell(kind: TenancyEvent['kind'], tenant: Tenant): Tenant {
    if (this.events.isHeard) this.events.emit({ kind, tenant });
    return tenant;
  }

  /** Two who move a folder at once would each report what the other has undone. */
  async #exclusively<T>(id: string, work: () => Promise<T>): Promise<T> {
    this.#store.refuseInTransaction();
    const { id: known } = await this.findOrFail(id);
    return this.#parts.exclusively(known, work);
  }

  async #refuseUnlessDeleted(verb: string, id: string): Promise<Tenant> {
    const tenant = await this.findOrFail(id);
    if (tenant.state === 'deleted') return tenant;
    throw TenantStateError.cannot(verb, tenant.id, { state: tenant.state, from: ['deleted'] });
  }

  /** Each by itself: a selection that leaves one out unsaid would report success for less than was asked for. */
  async #chosen(ids: readonly string[], states: readonly TenantState[]): Promise<Tenant[]> {
    const chosen: Tenant[] = [];
    for (const id of [...new Set(ids)].sort()) {
      const tenant = await this.findOrFail(id);
      const { state } = tenant;
      if (!states.includes(state)) throw TenantStateError.notAmong(id, { state, states });
      chosen.push(tenant);
    }
    return chosen;
  }

  async #move(verb: string, id: string, { to, from, tell }: StateChange): Promise<Tenant> {
    const { id: known, state } = await this.findOrFail(id);
    const isMoved = await this.#store.setState(known, to, from);
    if (!isMoved) throw TenantStateError.cannot(verb, known, { state, from });
    const tenant = await this.findOrFail(known);
    if (to === 'active') await this.#parts.onServed?.(tenant);
    return tell === undefined ? tenant : this.#tell(tell, tenant);
  }
}
