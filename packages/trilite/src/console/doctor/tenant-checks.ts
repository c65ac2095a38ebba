import { existsSync } from 'node:fs';
import { tenantConnections, tenantRoleOf } from '../../config/tenant-connections';
import { checkHandle } from '../../database/care/integrity';
import { clock } from '../../support/clock';
import { humanDuration } from '../../support/duration';
import { KEPT_STATES } from '../../tenancy/tenancy';
import type { Tenant } from '../../tenancy/tenant';
import { TENANT_ROLES, TenantPaths } from '../../tenancy/tenant-paths';
import type { ConsoleApplication } from '../console-application';
import { tenantsMigrator } from '../tenant-migrations';
import { tenantView } from '../tenant-view';
import { fail, ok, warn, type Check, type Finding } from './check';

/** Creating a tenant takes a second; what takes this long was interrupted. */
export const STUCK_MS = 600_000;

/** A check that can also put right what it found, where nothing is lost by that. */
export interface MendingCheck extends Check {
  /** @returns whether there was something to be put right */
  readonly mend?: () => Promise<boolean>;
}

/** What is looked at of one tenant, by the state it is in. */
export function tenantChecks(app: ConsoleApplication, tenant: Tenant): MendingCheck[] {
  const paths = new TenantPaths(app.config.storagePath);
  if (tenant.state === 'creating') return [creationCheck(app, tenant)];
  if (tenant.state === 'deleted') return [trashCheck(app, tenant, paths)];
  return [
    { name: 'Files', run: () => checkFiles(tenant, paths) },
    ...app.connections.names.flatMap((name) => contentCheck(app, tenant, name)),
    { name: 'Migrations', run: () => checkMigrations(app, tenant) },
  ];
}

function creationCheck({ tenancy }: ConsoleApplication, { id, createdAt }: Tenant): MendingCheck {
  const age = clock.now() - createdAt;
  const isStuck = age >= STUCK_MS;
  return {
    name: 'Creation',
    run: () =>
      isStuck
        ? fail(
            `It has been going on for ${humanDuration(age)}: it was interrupted.`,
            'Run "artisan tenants:doctor --fix": the tenant is there if its folder is whole, else its id is free again.',
          )
        : ok('It goes on.'),
    mend: async () => {
      if (isStuck) await tenancy.settle(id);
      return isStuck;
    },
  };
}

function trashCheck(
  { tenancy }: ConsoleApplication,
  { id }: Tenant,
  paths: TenantPaths,
): MendingCheck {
  const isInPlace = existsSync(paths.folder(id));
  const isInTrash = existsSync(paths.trash(id));
  return {
    name: 'Trash',
    run: () => {
      if (isInPlace) {
        return fail(
          `It is deleted, but its folder is still at ${paths.folder(id)}.`,
          'Run "artisan tenants:doctor --fix", which deletes it to its end; or "artisan tenants:restore".',
        );
      }
      if (isInTrash) return ok(`It lies at ${paths.trash(id)}.`);
      return fail(
        'It is deleted, and nothing of it is in the trash.',
        `Put its folder at ${paths.trash(id)} from a backup, or run "artisan tenants:purge ${id}".`,
      );
    },
    mend: async () => {
      if (isInPlace && !isInTrash) await tenancy.delete(id);
      return isInPlace && !isInTrash;
    },
  };
}

function checkFiles({ id }: Tenant, paths: TenantPaths): Finding {
  const folder = paths.folder(id);
  if (!existsSync(folder)) {
    return fail(`The folder ${folder} is not there.`, 'Put it back from a backup.');
  }
  const missing = TENANT_ROLES.filter((role) => !existsSync(paths.file(id, role)));
  const lost = missing.filter((role) => role !== 'cache');
  if (lost.length > 0) {
    return fail(
      `Not there: ${lost.map((role) => paths.fileName(id, role)).join(', ')}.`,
      `Put it into ${folder} from a backup: nobody makes it anew.`,
    );
  }
  if (missing.length > 0) {
    return warn(
      `${paths.fileName(id, 'cache')} is not there.`,
      'It is made anew when the cache is used next; nothing is to be done.',
    );
  }
  return ok(`All three are in ${folder}.`);
}

/** Opening it looks whose it is. What is not there is told by "Files". */
function contentCheck(app: ConsoleApplication, tenant: Tenant, name: string): Check[] {
  const paths = new TenantPaths(app.config.storagePath);
  const role = tenantRoleOf(app.config, name);
  if (role === undefined || !existsSync(paths.file(tenant.id, role))) return [];
  return [
    {
      name: `File of ${role}`,
      run: () =>
        app.tenancy.run(
          tenant,
          async (current, scope) => {
            const connection = tenantView(app, current, scope).connections.connection(name);
            const { problems } = await connection.read((handle) =>
              checkHandle(handle, { quick: true }),
            );
            if (problems.length === 0) return ok(`${connection.file} is its own, and whole.`);
            return fail(
              `${connection.file} is damaged: ${problems.slice(0, 3).join('; ')}.`,
              'Put it back from a backup.',
            );
          },
          { states: KEPT_STATES, anySchema: true },
        ),
    },
  ];
}

async function checkMigrations(app: ConsoleApplication, tenant: Tenant): Promise<Finding> {
  const { cache } = tenantConnections(app.config);
  // A cache that is not as it should be is made anew: "Files" tells of it
  const statuses = (await tenantsMigrator(app).status(tenant)).filter(
    ({ connection }) => connection !== cache,
  );
  const newer = statuses.filter(({ hasFile }) => !hasFile).map(({ name }) => name);
  if (newer.length > 0) {
    return fail(
      `The code does not know ${newer.join(', ')}.`,
      'Deploy the code that goes with these files.',
    );
  }
  const pending = statuses
    .filter(({ batch, isFilling }) => batch === undefined || isFilling)
    .map(({ name }) => name);
  if (pending.length === 0) return ok('All have run.');
  return fail(
    `${pending.join(', ')} did not run.`,
    `Run "artisan tenants:migrate --tenants=${tenant.id}".`,
  );
}
