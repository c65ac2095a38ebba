import type { Connection } from '../database/connection';
import type { Handle } from '../database/connection-handle';
import { TransactionMisuseError } from '../database/transaction-errors';
import { clock } from '../support/clock';
import { TenantTakenError } from './errors';
import type { Tenant, TenantQuotas, TenantState } from './tenant';
import type { TenantId } from './tenant-id';

const COLUMNS = `id, slug, name, state, weight, config, quotas, created_at as createdAt, deleted_at as deletedAt,
  (select json_group_array(domain order by position, domain) from tenant_domains where tenant_id = tenants.id) as domains`;

const FIND = `select ${COLUMNS} from tenants where id = ?`;
const FIND_BY_SLUG = `select ${COLUMNS} from tenants where slug = ?`;
const FIND_BY_DOMAIN = `select ${COLUMNS} from tenants where id = (select tenant_id from tenant_domains where domain = ?)`;

/** In the order of their ids, so that a run over all may go on where it ended. */
const LIST = `
  select ${COLUMNS} from tenants
  where id > :after and state in (select value from json_each(:states))
  order by id limit :limit`;

const INSERT = `
  insert into tenants (id, slug, name, state, weight, config, quotas, schema_key, created_at, changed_at)
  values (:id, :slug, :name, 'creating', :weight, :config, :quotas, :schemaKey, :now, :now)`;

const SET_STATE = `
  update tenants set state = :state, changed_at = :now, deleted_at = :deletedAt
  where id = :id and state in (select value from json_each(:from))`;

const CHANGE = `
  update tenants
  set slug = coalesce(:slug, slug), name = coalesce(:name, name), weight = coalesce(:weight, weight), config = coalesce(:config, config),
    quotas = coalesce(:quotas, quotas), changed_at = :now
  where id = :id and state not in ('deleted', 'purged')`;

/** What a purged tenant leaves: its id, which is never given again. */
const PURGE = `
  update tenants set state = 'purged', slug = null, name = '', config = '{}', quotas = '{}', changed_at = :now
  where id = :id and state = 'deleted'`;

const ADD_DOMAIN = 'insert into tenant_domains (domain, tenant_id, position) values (?, ?, ?)';
const DROP_DOMAINS = 'delete from tenant_domains where tenant_id = ?';

const SET_SCHEMA = 'update tenants set schema_key = ? where id = ?';
const COUNT_OUTDATED = `
  select count(*) from tenants where state in ('active', 'suspended', 'down') and schema_key is not ?`;

const COUNT = 'select state, count(*) as tenants from tenants group by state';

/** What a new tenant is to be. */
export type NewTenant = Pick<Tenant, 'id' | 'slug' | 'name'> &
  Partial<Pick<Tenant, 'domains' | 'weight' | 'config' | 'quotas'>>;

/** What no two tenants have in common. */
export type TenantNames = Pick<NewTenant, 'id' | 'slug' | 'domains'>;

/** What may be changed of a tenant; what is left out stays. */
export type TenantChanges = Partial<
  Pick<Tenant, 'slug' | 'name' | 'domains' | 'weight' | 'config' | 'quotas'>
>;

/** Which tenants are listed. */
export interface TenantQuery {
  readonly states: readonly TenantState[];
  /** Only those whose ids come after this one. Default: all. */
  readonly after?: string;
  /** Tenants at most. */
  readonly limit: number;
}

interface Row {
  readonly id: TenantId;
  readonly slug: string | null;
  readonly name: string;
  readonly state: TenantState;
  readonly weight: number;
  readonly config: string;
  readonly quotas: string;
  readonly createdAt: number;
  readonly deletedAt: number | null;
  readonly domains: string;
}

/** Which tenants there are, on the application's default connection. */
export class TenantStore {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  find(id: string): Promise<Tenant | undefined> {
    return this.#one(FIND, id);
  }

  findBySlug(slug: string): Promise<Tenant | undefined> {
    return this.#one(FIND_BY_SLUG, slug);
  }

  /** @param domain a host name in lower case, without port */
  findByDomain(domain: string): Promise<Tenant | undefined> {
    return this.#one(FIND_BY_DOMAIN, domain);
  }

  /** Tenants in the order of their ids. */
  list({ states, after = '', limit }: TenantQuery): Promise<Tenant[]> {
    return this.#connection.read((handle) => {
      const values = { states: JSON.stringify(states), after, limit };
      return (handle.statement(LIST).all(values) as Row[]).map(toTenant);
    });
  }

  /** How many tenants there are in each state. */
  count(): Promise<Partial<Record<TenantState, number>>> {
    return this.#connection.read((handle) => {
      const rows = handle.statement(COUNT).all() as { state: TenantState; tenants: number }[];
      return Object.fromEntries(rows.map(({ state, tenants }) => [state, tenants]));
    });
  }

  /**
   * Refuses what moves a tenant's folder inside a transaction, whose rollback would take back what is noted here alone.
   *
   * @throws E_TRANSACTION_MISUSE
   */
  refuseInTransaction(): void {
    if (!this.#connection.isInTransaction) return;
    throw TransactionMisuseError.beyondRollback(this.#connection, "A tenant's folder would stay");
  }

  /** @throws E_TENANT_TAKEN when an id was ever given, or a slug or a domain is somebody's */
  refuseTaken(names: TenantNames): Promise<void> {
    return this.#connection.read((handle) => {
      refuseTaken(handle, names);
      for (const domain of names.domains ?? []) refuseTakenDomain(handle, domain);
    });
  }

  /**
   * Notes a tenant that is being created.
   *
   * @param schemaKey which migrations its files will have; null where nobody knows, or it has none of its own. Default: null
   * @throws E_TENANT_TAKEN when its id was ever given, or its slug or a domain is somebody's
   */
  async insert(
    { domains = [], weight = 1, config = {}, quotas = {}, ...facts }: NewTenant,
    schemaKey: string | null = null,
  ): Promise<void> {
    await this.#change((handle) => {
      refuseTaken(handle, facts);
      const json = { config: JSON.stringify(config), quotas: JSON.stringify(quotas) };
      handle.statement(INSERT).run({ ...facts, ...json, weight, schemaKey, now: clock.now() });
      setDomains(handle, facts.id, domains);
    });
  }

  /**
   * Changes what may change of a tenant. False, and nothing is changed, when it is deleted or not there.
   *
   * @throws E_TENANT_TAKEN
   */
  async change(id: TenantId, changes: TenantChanges): Promise<boolean> {
    return this.#change((handle) => {
      const { slug, name, weight, config, quotas, domains } = changes;
      if (slug !== undefined) refuseTakenSlug(handle, id, slug);
      const { changes: rows } = handle.statement(CHANGE).run({
        id,
        slug: slug ?? null,
        name: name ?? null,
        weight: weight ?? null,
        config: config === undefined ? null : JSON.stringify(config),
        quotas: quotas === undefined ? null : JSON.stringify(quotas),
        now: clock.now(),
      });
      if (rows === 1 && domains !== undefined) setDomains(handle, id, domains);
      return rows === 1;
    });
  }

  /** Moves a tenant from one of some states to another. False, and nothing is changed, when it is in none of them. */
  setState(id: TenantId, state: TenantState, from: readonly TenantState[]): Promise<boolean> {
    return this.#change((handle) => {
      const now = clock.now();
      const values = { id, state, now, from: JSON.stringify(from) };
      const deletedAt = state === 'deleted' ? now : null;
      return handle.statement(SET_STATE).run({ ...values, deletedAt }).changes === 1;
    });
  }

  /** Notes which migrations the files of a tenant have; null for what nobody knows. */
  async setSchema(id: TenantId, key: string | null): Promise<void> {
    await this.#change((handle) => handle.statement(SET_SCHEMA).run(key, id));
  }

  /** How many tenants that are not deleted are not noted with these migrations. */
  countOutdated(key: string): Promise<number> {
    return this.#connection.read(
      (handle) => handle.statement(COUNT_OUTDATED).pluck().get(key) as number,
    );
  }

  /** Forgets all of a deleted tenant but its id. */
  purge(id: TenantId): Promise<boolean> {
    return this.#change((handle) => {
      handle.statement(DROP_DOMAINS).run(id);
      return handle.statement(PURGE).run({ id, now: clock.now() }).changes === 1;
    });
  }

  /** Forgets a tenant that never came to be. */
  async forget(id: TenantId): Promise<void> {
    await this.#change((handle) => {
      handle.statement(DROP_DOMAINS).run(id);
      handle.statement(`delete from tenants where id = ? and state = 'creating'`).run(id);
    });
  }

  #one(sql: string, value: string): Promise<Tenant | undefined> {
    return this.#connection.read((handle) => {
      const row = handle.statement(sql).get(value) as Row | undefined;
      return row === undefined ? undefined : toTenant(row);
    });
  }

  #change<T>(work: (handle: Handle) => T): Promise<T> {
    return this.#connection.write(work, { several: true });
  }
}

function refuseTaken(handle: Handle, { id, slug }: TenantNames): void {
  if (handle.statement(FIND).get(id) !== undefined) throw TenantTakenError.id(id);
  refuseTakenSlug(handle, id, slug);
}

function refuseTakenSlug(handle: Handle, id: string, slug: string): void {
  const owner = handle.statement(FIND_BY_SLUG).get(slug) as Row | undefined;
  if (owner !== undefined && owner.id !== id) throw TenantTakenError.of('slug', slug, owner);
}

function setDomains(handle: Handle, id: string, domains: readonly string[]): void {
  handle.statement(DROP_DOMAINS).run(id);
  for (const [position, domain] of domains.entries()) {
    refuseTakenDomain(handle, domain);
    handle.statement(ADD_DOMAIN).run(domain, id, position);
  }
}

function refuseTakenDomain(handle: Handle, domain: string): void {
  const owner = handle.statement(FIND_BY_DOMAIN).get(domain) as Row | undefined;
  if (owner !== undefined) throw TenantTakenError.of('domain', domain, owner);
}

function toTenant({ slug, domains, config, quotas, deletedAt, ...row }: Row): Tenant {
  return Object.freeze({
    ...row,
    slug: slug ?? row.id,
    domains: JSON.parse(domains) as string[],
    config: JSON.parse(config) as Record<string, unknown>,
    quotas: JSON.parse(quotas) as TenantQuotas,
    deletedAt: deletedAt ?? undefined,
  });
}
