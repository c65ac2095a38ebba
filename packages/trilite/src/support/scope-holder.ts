import { AsyncLocalStorage } from 'node:async_hooks';

/** Who the current work is for: the application itself, or one tenant. */
export type ScopeIdentity =
  { readonly kind: 'central' } | { readonly kind: 'tenant'; readonly tenantId: string };

/** The application itself. */
export const CENTRAL: ScopeIdentity = Object.freeze({ kind: 'central' });

const holder = new AsyncLocalStorage<ScopeIdentity>();

/** Who the current work is for, or undefined when nobody has decided. */
export function currentScope(): ScopeIdentity | undefined {
  return holder.getStore();
}

/** Runs work for an identity. Called by the tenancy room alone: it is the only one that enters a scope. */
export function runInScope<T>(identity: ScopeIdentity, work: () => T): T {
  return holder.run(identity, work);
}
