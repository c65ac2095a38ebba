import { isolationChecks } from './isolation-checks';
import type { TenantIsolationOptions } from './isolation-options';

/** What the suite takes of jest. */
interface TestRunner {
  readonly describe?: (name: string, body: () => void) => void;
  readonly test?: (name: string, body: () => Promise<void>, timeoutMs: number) => void;
}

/** A guard against what hangs: each check opens an application, and looks into every file after each step. */
const TIMEOUT_MS = 120_000;

/**
 * A suite that proves of an application's own requests and jobs that no tenant reads or writes what is another's.
 *
 * Each tenant has a canary, text that no other one has. The suite sends every request and runs every job for each tenant, one after another and at
 * once, whoever begins, and looks through every table of every file: a canary in the files or in an answer of somebody else fails it, and so do rows
 * of other tenants or of the application that changed, and files outside of the tenant's folder.
 *
 * @throws Error outside of jest, or of whatever has its `describe` and `test`
 * @example
 * import type { Job } from 'trilite';
 * import { createTestApplication, describeTenantIsolation } from 'trilite/testing';
 *
 * class BuildReport implements Job<{ title: string }> {
 *   async handle(_payload: { title: string }) {}
 * }
 *
 * describeTenantIsolation({
 *   create: () => createTestApplication({ jobs: [BuildReport] }),
 *   requests: [
 *     { path: '/notes' },
 *     ({ canary }) => ({ method: 'POST', path: '/notes', body: { text: canary } }),
 *   ],
 *   jobs: [({ canary }) => ({ job: BuildReport, payload: { title: canary } })],
 * });
 */
export function describeTenantIsolation(options: TenantIsolationOptions): void {
  const { describe, test } = globalThis as TestRunner;
  if (describe === undefined || test === undefined) {
    throw new Error('"describeTenantIsolation" belongs into a test file: there is no "describe".');
  }
  const checks = isolationChecks(options);
  if (checks.length === 0) {
    throw new TypeError('Expected `requests` or `jobs` to hold something to be proved, got none.');
  }
  describe('tenants are kept apart', () => {
    for (const { name, run } of checks) test(name, run, TIMEOUT_MS);
  });
}
