import { TENANT_STATES, readTenantFilter, selectTenants, tenantOptions } from '../tenant-selection';
import { tenantsOf } from '../tenant-runs';
import type { Command, CommandContext } from '../command';
import { runCheck, worstOf, type CheckResult, type CheckStatus } from '../doctor/check';
import { tenantChecks, type MendingCheck } from '../doctor/tenant-checks';
import { tenantFolderChecks } from '../doctor/tenant-folder-checks';
import type { Output } from '../output';
import { requireOwnFiles } from '../own-files';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'tenants:doctor',
  description: 'Look for what is wrong with tenants and their files; exit code 1 when something is',
  options: {
    ...tenantOptions,
    fix: {
      description: 'Put right what loses nothing: creations and deletions that were interrupted',
    },
    json: { description: 'Print JSON and nothing else' },
  },
});

/** What was found of a tenant, or of what is no tenant's. */
interface Diagnosis {
  /** Null for the folder of all tenants. */
  readonly tenant: string | null;
  readonly status: CheckStatus;
  readonly checks: readonly CheckResult[];
}

export class TenantsDoctorCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    options,
    output,
    terminal,
  }: CommandContext<typeof signature>): Promise<number> {
    const booted = await app();
    requireOwnFiles(booted, 'examine the files of tenants', 'doctor');
    const filter = readTenantFilter(signature.name, options, TENANT_STATES);
    const diagnoses: Diagnosis[] = [];
    for (const tenant of await selectTenants(booted.tenancy, filter)) {
      const { id } = tenant;
      if (options.fix && (await mend(tenantChecks(booted, tenant)))) {
        const mended = await booted.tenancy.find(id);
        const left = mended === undefined ? [] : tenantChecks(booted, mended);
        diagnoses.push(await diagnose(id, left));
      } else diagnoses.push(await diagnose(id, tenantChecks(booted, tenant)));
    }
    if (options.fix) await mend(tenantFolderChecks(booted));
    diagnoses.push(await diagnose(null, tenantFolderChecks(booted)));
    const status = worstOf(diagnoses.flatMap(({ checks }) => checks));
    if (options.json) output.json({ status, diagnoses });
    else print(diagnoses, output, terminal.verbose);
    return status === 'fail' ? 1 : 0;
  }
}

async function mend(checks: readonly MendingCheck[]): Promise<boolean> {
  const mended: (boolean | undefined)[] = [];
  for (const check of checks) mended.push(await check.mend?.());
  return mended.includes(true);
}

async function diagnose(
  tenant: string | null,
  checks: readonly MendingCheck[],
): Promise<Diagnosis> {
  const results: CheckResult[] = [];
  for (const { name, run } of checks) results.push(await runCheck({ name, run }));
  return { tenant, status: worstOf(results), checks: results };
}

/** Of ten thousand tenants that are well nobody reads a line each. */
function print(diagnoses: readonly Diagnosis[], output: Output, isVerbose: boolean): void {
  const { green, yellow, red, dim } = output.colors;
  const labels: Record<CheckStatus, string> = {
    ok: green('OK'),
    warn: yellow('WARN'),
    fail: red('FAIL'),
  };
  for (const { tenant, status, checks } of diagnoses) {
    if (status === 'ok' && !isVerbose) continue;
    output.heading(tenant ?? 'The folder of all tenants', labels[status]);
    for (const check of checks) {
      if (check.status === 'ok' && !isVerbose) continue;
      output.twoColumn(check.name, labels[check.status]);
      output.line(`    ${dim(check.message.replaceAll('\n', '\n    '))}`);
      if (check.mend !== undefined) output.line(`    → ${check.mend}`);
    }
  }
  const tenants = diagnoses.filter(({ tenant }) => tenant !== null);
  const well = tenants.filter(({ status }) => status === 'ok').length;
  output.info(`${tenantsOf(tenants.length)}, of which ${well} are well.`);
}
