import { monotonicMs } from '../support/clock';
import { humanDuration } from '../support/duration';
import { FrameworkError, messageOf } from '../support/errors';
import { runEach, type TenantEnd, type TenantRun } from '../tenancy/run-each';
import type { Tenant } from '../tenancy/tenant';
import type { CommandContext } from './command';
import type { Output } from './output';
import { asOption } from './tenant-selection';

/** What a run over many tenants needs of the command that makes it. */
export interface TenantRunContext extends Pick<CommandContext, 'output' | 'terminal'> {
  readonly options: { readonly concurrency: number; readonly json: boolean };
}

/** How a run over many tenants goes. */
export interface TenantRunPlan {
  /** Whether the first that fails ends the run. Default: false. */
  readonly stops?: boolean;
  /** This many first, one after the other; when one of them fails, no other is begun. Default: 0. */
  readonly canary?: number;
  /** What is said of one that is done, in its line. */
  readonly told?: (id: string) => string;
  /** Prints what came of a tenant, below its line. Not asked for where JSON is printed. */
  readonly after?: (id: string, output: Output) => void;
}

/** Does something for each tenant, and shows how far it is: a bar on a terminal, elsewhere and with `-v` a line for each. */
export async function runShown(
  context: TenantRunContext,
  tenants: readonly Tenant[],
  work: (tenant: Tenant) => Promise<unknown>,
  { stops = false, canary = 0, told = () => '', after = () => undefined }: TenantRunPlan = {},
): Promise<TenantRun> {
  const { output, terminal, options } = context;
  const startedAt = new Map<string, number>();
  const run = (onEnd: (end: TenantEnd) => void): Promise<TenantRun> =>
    runEach(
      tenants,
      { concurrency: options.concurrency, onError: stops ? 'stop' : 'collect', canary, onEnd },
      (tenant) => {
        startedAt.set(tenant.id, monotonicMs());
        return work(tenant);
      },
    );
  if (options.json) return run(() => undefined);
  if (output.showsBars && !terminal.verbose) return runWithBar(output, tenants.length, run, after);
  return run((end) => {
    const took = humanDuration(monotonicMs() - (startedAt.get(end.id) ?? 0));
    printEnd(end, output, [told(end.id), took]);
    after(end.id, output);
  });
}

/** What a person cannot read while a bar moves is printed after it. */
async function runWithBar(
  output: Output,
  total: number,
  run: (onEnd: (end: TenantEnd) => void) => Promise<TenantRun>,
  after: NonNullable<TenantRunPlan['after']>,
): Promise<TenantRun> {
  const ends: TenantEnd[] = [];
  const result = await output.tally(total, (count) =>
    run((end) => {
      ends.push(end);
      count(end.error === undefined);
    }),
  );
  for (const end of ends) {
    if (end.error !== undefined) printEnd(end, output);
    after(end.id, output);
  }
  return result;
}

function printEnd({ id, error }: TenantEnd, output: Output, facts: readonly string[] = []): void {
  const { green, red, bold, dim } = output.colors;
  const mark = error === undefined ? green(bold('DONE')) : red(bold('FAIL'));
  const words = facts.filter((fact) => fact !== '').map(dim);
  output.twoColumn(id, [...words, mark].join(' '));
  if (error === undefined) return;
  output.line(`    ${messageOf(error).replaceAll('\n', '\n    ')}`);
  if (error instanceof FrameworkError) output.line(`    ${dim(`${error.help} (${error.code})`)}`);
}

/** What is said of a run over many beside how it ended. */
export interface RunNotes {
  /** A sentence on what it came to. */
  readonly sum?: string | undefined;
  /** Tenants who fit, but for the state they are in. */
  readonly leftOut?: readonly Tenant[] | undefined;
}

/** Says how a run over many ended, the ids of those that failed ready to be typed again. @returns the exit code */
export function reportRun(
  { done, failed, skipped }: TenantRun,
  output: Output,
  { sum, leftOut = [] }: RunNotes = {},
): number {
  const failing = failed.map(({ id }) => id);
  const counts = [`${done.length} done`];
  if (failing.length > 0) counts.push(`${failing.length} failed`);
  if (skipped.length > 0) counts.push(`${skipped.length} not begun`);
  const more = [sum, leftOutText(leftOut)].flatMap((one) => (one === undefined ? [] : [` ${one}`]));
  if (failing.length === 0) {
    output.info(`${tenantsOf(done.length)}: ${counts.join(', ')}.${more.join('')}`);
    return 0;
  }
  const rest = skipped.length === 0 ? '' : `\nNot begun: ${asOption(skipped)}`;
  const all = done.length + failing.length + skipped.length;
  output.error(
    `${tenantsOf(all)}: ${counts.join(', ')}.${more.join('')}`,
    `Failed: ${asOption(failing)}${rest}`,
  );
  return 1;
}

/** Says how a run over many ended, as JSON where that is printed, with further facts. @returns the exit code */
export function endRun(
  { output, options }: Pick<TenantRunContext, 'output' | 'options'>,
  run: TenantRun,
  facts: object = {},
  notes: RunNotes = {},
): number {
  if (!options.json) return reportRun(run, output, notes);
  output.json({ ...runAsJson(run, notes), ...facts });
  return run.failed.length > 0 ? 1 : 0;
}

/** A run over many, for JSON. */
export function runAsJson(
  { done, failed, skipped }: TenantRun,
  { leftOut = [] }: RunNotes = {},
): object {
  return {
    done,
    failed: failed.map(({ id, error }) => ({ tenant: id, ...errorAsJson(error) })),
    skipped,
    leftOut: leftOut.map(({ id }) => id),
  };
}

/** How many are left out for the state they are in, by state; undefined for nobody. */
function leftOutText(tenants: readonly Tenant[]): string | undefined {
  if (tenants.length === 0) return undefined;
  const states = [...new Set(tenants.map(({ state }) => state))];
  const counts = states.map((state) => {
    const inState = tenants.filter((tenant) => tenant.state === state);
    return `${inState.length} ${state}`;
  });
  return `Left out: ${counts.join(', ')}.`;
}

interface ErrorFacts {
  /** Null for an error that is none of Trilite's. */
  readonly code: string | null;
  readonly message: string;
  readonly help: string | null;
}

/** An error, for JSON. */
export function errorAsJson(error: Error): ErrorFacts {
  const message = messageOf(error);
  return error instanceof FrameworkError
    ? { code: error.code, message, help: error.help }
    : { code: null, message, help: null };
}

/** Says which tenants are meant, and does nothing to them. */
export function printMeant(
  tenants: readonly Tenant[],
  { output, options }: Pick<TenantRunContext, 'output' | 'options'>,
  leftOut: readonly Tenant[] = [],
): void {
  if (options.json) {
    const ids = (all: readonly Tenant[]): string[] => all.map(({ id }) => id);
    return output.json({ tenants: ids(tenants), leftOut: ids(leftOut) });
  }
  const left = leftOutText(leftOut);
  const more = left === undefined ? '' : ` ${left}`;
  output.info(`${tenantsOf(tenants.length)} would have their turn. Nothing was done.${more}`);
  for (const { id, state } of tenants) output.twoColumn(id, state);
  output.line();
}

/** A number of tenants as a person reads it. */
export function tenantsOf(count: number): string {
  return count === 1 ? '1 tenant' : `${count} tenants`;
}
