import { ContextVariable } from './context-variable';

/** Who the current work is for: the application itself, or one tenant. */
export type ScopeIdentity =
  { readonly kind: 'central' } | { readonly kind: 'tenant'; readonly tenantId: string };

/** The application itself. */
export const CENTRAL: ScopeIdentity = Object.freeze({ kind: 'central' });

/** Whether two are the same. */
export function isSameScope(one: ScopeIdentity, other: ScopeIdentity): boolean {
  if (one === other) return true;
  if (one.kind === 'central' || other.kind === 'central') return one.kind === other.kind;
  return one.tenantId === other.tenantId;
}

/** As messages name it. */
export function wordsOfScope(identity: ScopeIdentity | undefined): string {
  if (identity === undefined) return 'nobody';
  return identity.kind === 'central'
    ? 'the application itself'
    : `the tenant "${identity.tenantId}"`;
}

interface Run {
  readonly identity: ScopeIdentity;
  readonly memory: Map<object | symbol, object>;
  readonly labels: Record<string, string>;
}

const holder = new ContextVariable<Run>();

/** Who the current work is for, or undefined when nobody has decided. */
export function currentScope(): ScopeIdentity | undefined {
  return holder.get()?.identity;
}

/** The id of the tenant whose work it is; undefined for the application's, and for nobody's. */
export function currentTenantId(): string | undefined {
  const scope = currentScope();
  return scope?.kind === 'tenant' ? scope.tenantId : undefined;
}

/** What is kept for the length of the current work, by whom it belongs to: one request, one job. Undefined outside of any. */
export function currentMemory(): Map<object | symbol, object> | undefined {
  return holder.get()?.memory;
}

/** Says of the current work by which ids its log lines are found; nothing outside of any. */
export function labelWork(labels: Readonly<Record<string, string>>): void {
  Object.assign(holder.get()?.labels ?? {}, labels);
}

/** The ids of the current work, and of the work that it is part of. */
export function workLabels(): Readonly<Record<string, string>> | undefined {
  return holder.get()?.labels;
}

/** Runs work for an identity. Called by the tenancy room alone: it is the only one that enters a scope. */
export function runInScope<T>(identity: ScopeIdentity, work: () => T): T {
  const labels = { ...holder.get()?.labels };
  return holder.run({ identity, memory: new Map(), labels }, work);
}

/**
 * What enters the current work again, with all that is kept for its length: for callbacks that come from somewhere else. Called by the tenancy
 * room alone.
 */
export function rejoinScope(): <T>(work: () => T) => T {
  const run = holder.get();
  if (run === undefined) return (work) => work();
  return (work) => (holder.get() === run ? work() : holder.run(run, work));
}
