import type { Config } from '../config/load-config';
import type { ConnectionOptions } from '../database/connection';
import {
  currentScope,
  isSameScope,
  wordsOfScope,
  type ScopeIdentity,
} from '../support/scope-holder';
import {
  TenantContextMissingError,
  TenantEscapeError,
  TenantSwitchError,
  WrongTenantError,
} from './errors';
import type { TenantId } from './tenant-id';

/**
 * Refuses the use of what belongs to somebody in the work of anybody else: what was injected for one tenant and kept, by a singleton, a closure
 * or a batch, is useless to the next.
 *
 * @throws E_TENANT_WRONG, E_TENANT_CONTEXT_MISSING
 */
export function refuseOthers(owner: ScopeIdentity): void {
  const current = currentScope();
  if (current !== undefined && isSameScope(current, owner)) return;
  if (current === undefined) throw TenantContextMissingError.using(wordsOfScope(owner));
  throw WrongTenantError.using(wordsOfScope(owner), wordsOfScope(current));
}

/**
 * The id of the tenant whose work it is: for tables that hold the rows of all. The application itself has no rows in them.
 *
 * @throws E_TENANT_CONTEXT_MISSING
 */
export function tenantOfWork(): string {
  const current = currentScope();
  if (current?.kind === 'tenant') return current.tenantId;
  throw TenantContextMissingError.rows(wordsOfScope(current));
}

/**
 * How the connections of the application are opened: where tenants share them, each handle says whose work it is. Whoever opens them otherwise, and
 * migrates, makes tables without walls between tenants.
 */
export function centralConnectionOptions({
  tenancy,
}: Pick<Config, 'tenancy'>): (() => ConnectionOptions) | undefined {
  return tenancy.mode === 'single' ? () => ({ currentTenant: tenantOfWork }) : undefined;
}

/** Refuses to begin the work of one tenant inside that of another, unless it is wanted. @throws E_TENANT_SWITCH */
export function refuseSwitch(id: TenantId, allowSwitch: boolean): void {
  const current = currentScope();
  if (allowSwitch || current?.kind !== 'tenant' || current.tenantId === id) return;
  throw TenantSwitchError.between(current.tenantId, id);
}

/**
 * Refuses a value of a tenant's work that goes on after it, which would be outside of it.
 *
 * @throws E_TENANT_ESCAPE
 */
export function refuseEscape<T>(id: string, value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if ('pipe' in value && typeof value.pipe === 'function') {
    throw TenantEscapeError.of(id, 'a stream');
  }
  if (Symbol.asyncIterator in value || ('next' in value && typeof value.next === 'function')) {
    throw TenantEscapeError.of(id, 'a generator');
  }
  return value;
}
