import type { Connection } from '../connection';
import type { Handle } from '../connection-handle';
import { currentTenantId } from '../../support/scope-holder';
import { isMigrating } from './current-tenant';
import { scopedSql } from './scoped-sql';
import { tenantCatalogue, type TenantCatalogue } from './tenant-tables';

/** Texts kept for each schema; beyond it all of them are forgotten. */
const TEXT_LIMIT = 500;

type Texts = WeakMap<TenantCatalogue, Map<string, string>>;

/** The application itself may say what its tenants may not. */
const textsOfTenants: Texts = new WeakMap();
const textsOfOthers: Texts = new WeakMap();

/**
 * The SQL of the application as a handle has to be asked.
 *
 * @throws E_TENANT_SQL, E_TENANT_TABLE
 */
export function sqlFor({ currentTenant }: Connection, handle: Handle, sql: string): string {
  if (currentTenant === undefined || isMigrating()) return sql;
  const catalogue = tenantCatalogue(handle);
  const isOfTenant = currentTenantId() !== undefined;
  const textsOf = isOfTenant ? textsOfTenants : textsOfOthers;
  const texts = textsOf.get(catalogue) ?? new Map<string, string>();
  textsOf.set(catalogue, texts);
  const known = texts.get(sql);
  if (known !== undefined) return known;
  const text = scopedSql(sql, catalogue, { isOfTenant });
  if (texts.size >= TEXT_LIMIT) texts.clear();
  texts.set(sql, text);
  return text;
}

/** The SQL of a read that runs on a handle of its own, or in a thread. @throws E_TENANT_SQL, E_TENANT_TABLE */
export async function readableSql(connection: Connection, sql: string): Promise<string> {
  if (connection.currentTenant === undefined) return sql;
  return connection.read((handle) => sqlFor(connection, handle, sql), { join: false });
}
