import { toError } from '../support/errors';
import type { Tenant } from './tenant';

/** How work is run for many tenants. */
export interface TenantEachOptions {
  /** Tenants at a time. Default: 1. */
  readonly concurrency?: number | undefined;
  /** Whether the first error ends the run, or is kept while the others go on. Default: 'stop'. */
  readonly onError?: 'stop' | 'collect' | undefined;
  /** This many first, one after the other; when one of them fails, no other is begun. Default: 0. */
  readonly canary?: number | undefined;
  /** As of `run`. Default: false. */
  readonly anySchema?: boolean | undefined;
  /** Called when one is done or has failed. */
  readonly onEnd?: ((end: TenantEnd) => void) | undefined;
}

/** What became of the work for one of many tenants. */
export interface TenantEnd {
  readonly id: string;
  /** Undefined when it went well. */
  readonly error: Error | undefined;
}

/** What became of a run over many tenants. */
export interface TenantRun {
  readonly done: readonly string[];
  readonly failed: readonly { readonly id: string; readonly error: Error }[];
  /** Those that were not begun, since an earlier one failed. */
  readonly skipped: readonly string[];
}

/** Runs work for each of some tenants, in their order; what fails is told, and never thrown. */
export async function runEach(
  tenants: readonly Tenant[],
  { canary = 0, ...options }: TenantEachOptions,
  work: (tenant: Tenant) => Promise<unknown>,
): Promise<TenantRun> {
  if (canary === 0) return runAll(tenants, options, work);
  const rest = tenants.slice(canary);
  const alone = { ...options, concurrency: 1, onError: 'stop' } as const;
  const first = await runAll(tenants.slice(0, canary), alone, work);
  if (first.failed.length > 0) {
    return { ...first, skipped: [...first.skipped, ...rest.map(({ id }) => id)] };
  }
  const others = await runAll(rest, options, work);
  return { ...others, done: [...first.done, ...others.done] };
}

async function runAll(
  tenants: readonly Tenant[],
  { concurrency = 1, onError = 'stop', onEnd }: TenantEachOptions,
  work: (tenant: Tenant) => Promise<unknown>,
): Promise<TenantRun> {
  const waiting = [...tenants];
  const done: string[] = [];
  const failed: { id: string; error: Error }[] = [];
  const goesOn = (): boolean => onError === 'collect' || failed.length === 0;
  const workThrough = async (): Promise<void> => {
    while (goesOn()) {
      const next = waiting.shift();
      if (next === undefined) return;
      const error = await errorOf(() => work(next));
      if (error === undefined) done.push(next.id);
      else failed.push({ id: next.id, error });
      onEnd?.({ id: next.id, error });
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, concurrency) }, workThrough));
  return { done: done.sort(), failed, skipped: waiting.map(({ id }) => id) };
}

async function errorOf(work: () => Promise<unknown>): Promise<Error | undefined> {
  try {
    await work();
    return undefined;
  } catch (thrown) {
    return toError(thrown);
  }
}
