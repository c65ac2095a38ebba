import type { Tenancy } from '../tenancy/tenancy';
import { isTenantId } from '../tenancy/tenant-id';
import { CommandUsageError } from './errors';

/**
 * Which tenants a worker serves.
 *
 * @param text ids with commas between them, "*" standing for any text; '' for all
 * @throws E_COMMAND_USAGE, E_TENANT_NOT_FOUND
 */
export async function chosenTenants(
  command: string,
  text: string,
  tenancy: Tenancy,
): Promise<((id: string) => boolean) | undefined> {
  if (text === '') return undefined;
  const patterns = text.split(',').map((part) => part.trim());
  for (const pattern of patterns) {
    if (!isTenantId(pattern.replaceAll('*', 'x'))) {
      const why = `"--tenants=${text}" holds "${pattern}", which is the id of no tenant`;
      throw CommandUsageError.because(command, why);
    }
    // One that is there later is served then, but one that is named is meant to be there
    if (!pattern.includes('*')) await tenancy.findOrFail(pattern);
  }
  const tests = patterns.map((pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`));
  return (id) => tests.some((test) => test.test(id));
}
