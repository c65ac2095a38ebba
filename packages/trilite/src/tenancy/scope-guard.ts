import { currentScope, type ScopeIdentity } from '../support/scope-holder';
import { TenantContextMissingError, WrongTenantError } from './errors';

/**
 * Refuses the use of what belongs to somebody in the work of anybody else: what was injected for one tenant and kept, by a singleton, a closure
 * or a batch, is useless to the next.
 *
 * @throws E_TENANT_WRONG, E_TENANT_CONTEXT_MISSING
 */
export function refuseOthers(owner: ScopeIdentity): void {
  const current = currentScope();
  if (current === owner || (current !== undefined && isSame(current, owner))) return;
  if (current === undefined) throw TenantContextMissingError.using(wordsOf(owner));
  throw WrongTenantError.using(wordsOf(owner), wordsOf(current));
}

/**
 * The id of the tenant whose work it is: for tables that hold the rows of all. The application itself has no rows in them.
 *
 * @throws E_TENANT_CONTEXT_MISSING
 */
export function tenantOfWork(): string {
  const current = currentScope();
  if (current?.kind === 'tenant') return current.tenantId;
  throw TenantContextMissingError.rows(current === undefined ? 'nobody' : wordsOf(current));
}

function isSame(one: ScopeIdentity, other: ScopeIdentity): boolean {
  if (one.kind === 'central' || other.kind === 'central') return one.kind === other.kind;
  return one.tenantId === other.tenantId;
}

function wordsOf(identity: ScopeIdentity): string {
  return identity.kind === 'central'
    ? 'the application itself'
    : `the tenant "${identity.tenantId}"`;
}
