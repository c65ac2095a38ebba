import { TenantsShareFilesError } from '../tenancy/errors';
import type { ConsoleApplication } from './console-application';

/**
 * Refuses what a command does to the files of tenants where tenants have none of their own.
 *
 * @param what what is not done
 * @param instead a command that does it for all of them
 * @throws E_TENANTS_SHARE_FILES
 */
export function requireOwnFiles(
  { config }: Pick<ConsoleApplication, 'config'>,
  what: string,
  instead: string,
): void {
  if (config.tenancy.mode !== 'single') return;
  throw TenantsShareFilesError.cannot(what, `Run "artisan ${instead}": it is for all of them.`);
}
