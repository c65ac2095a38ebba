import type { ConsoleApplication } from '../console-application';
import { FrameworkError, messageOf, toError } from '../../support/errors';

/** How a check came out: well, worth a look, or broken. */
export type CheckStatus = 'ok' | 'warn' | 'fail';

/** What a check found. */
export interface Finding {
  readonly status: CheckStatus;
  readonly message: string;
  /** What to type or change; there is one unless the status is ok. */
  readonly mend?: string;
}

/** A finding and what was looked at. */
export interface CheckResult extends Finding {
  readonly name: string;
}

/** One thing to look at. Whatever it throws is its finding. */
export interface Check {
  readonly name: string;
  readonly run: () => Promise<Finding> | Finding;
}

/** Checks that need a booted application. */
export type ApplicationChecks = (app: ConsoleApplication) => Check[];

export function ok(message: string): Finding {
  return { status: 'ok', message };
}

export function warn(message: string, mend: string): Finding {
  return { status: 'warn', message, mend };
}

export function fail(message: string, mend: string): Finding {
  return { status: 'fail', message, mend };
}

/** Runs a check; one that throws has failed with its error, and keeps no other from running. */
export async function runCheck({ name, run }: Check): Promise<CheckResult> {
  try {
    return { name, ...(await run()) };
  } catch (thrown) {
    const error = toError(thrown);
    const mend = error instanceof FrameworkError ? error.help : `It was thrown ${placeOf(error)}.`;
    return { name, ...fail(messageOf(error), mend) };
  }
}

function placeOf({ stack }: Error): string {
  return /^\s+(at .*)$/m.exec(stack ?? '')?.[1] ?? 'at a place that is not known';
}

/** The worst of some statuses. */
export function worstOf(results: readonly Finding[]): CheckStatus {
  const has = (status: CheckStatus): boolean => results.some((one) => one.status === status);
  return has('fail') ? 'fail' : has('warn') ? 'warn' : 'ok';
}
