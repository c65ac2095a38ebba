import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { clock } from '../../support/clock';
import { TenantPaths } from '../../tenancy/tenant-paths';
import type { ConsoleApplication } from '../console-application';
import { fail, ok, warn } from './check';
import { STUCK_MS, type MendingCheck } from './tenant-checks';

/** What lies among the folders of tenants and is no tenant's. */
export function tenantFolderChecks(app: ConsoleApplication): MendingCheck[] {
  const { root } = new TenantPaths(app.config.storagePath);
  const workshops = join(root, '.creating');
  return [
    { name: 'Folders', run: async () => judgeStrangers(root, await strangersIn(app, root)) },
    { name: 'Trash', run: async () => judgeTrash(join(root, '.trash'), await trashOf(app, root)) },
    {
      name: 'Leftovers',
      run: () => judgeLeftovers(workshops, leftoversIn(workshops)),
      mend: async () => {
        const old = leftoversIn(workshops);
        for (const name of old) rmSync(join(workshops, name), { recursive: true, force: true });
        return old.length > 0;
      },
    },
  ];
}

/** Folders that bear the name of no tenant that is there. */
async function strangersIn({ tenancy }: ConsoleApplication, root: string): Promise<string[]> {
  const strangers: string[] = [];
  for (const name of namesIn(root).filter((one) => !one.startsWith('.'))) {
    if ((await tenancy.find(name)) === undefined) strangers.push(name);
  }
  return strangers;
}

/** What lies in the trash and is of no deleted tenant. */
async function trashOf({ tenancy }: ConsoleApplication, root: string): Promise<string[]> {
  const strangers: string[] = [];
  for (const name of namesIn(join(root, '.trash'))) {
    const tenant = await tenancy.find(name);
    if (tenant?.state !== 'deleted') strangers.push(name);
  }
  return strangers;
}

/** What creating, exporting or importing a tenant left behind that was killed: nobody is at work there any more. */
function leftoversIn(workshops: string): string[] {
  const before = clock.now() - STUCK_MS;
  return namesIn(workshops).filter((name) => statSync(join(workshops, name)).mtimeMs < before);
}

function judgeStrangers(root: string, names: readonly string[]) {
  if (names.length === 0) return ok(`Each folder in ${root} is that of a tenant.`);
  return fail(
    `No tenant has these folders in ${root}: ${names.join(', ')}.`,
    'Look whose they are. A copy of a tenant is put back under its own id; move the rest away.',
  );
}

function judgeTrash(trash: string, names: readonly string[]) {
  if (names.length === 0) return ok('All in the trash is of deleted tenants.');
  return warn(
    `In ${trash} lies what no deleted tenant has: ${names.join(', ')}.`,
    'Look whether it is needed, and remove it.',
  );
}

function judgeLeftovers(workshops: string, names: readonly string[]) {
  if (names.length === 0) return ok('No creation, export or import was interrupted.');
  return warn(
    `In ${workshops} lies what was left by creations, exports or imports that were interrupted: ${names.join(', ')}.`,
    'Run "artisan tenants:doctor --fix", which removes it.',
  );
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}
