import { backupFolder, findBackup, parseBackupName } from '../../database/care/backup-files';
import { tenantRoleOf } from '../../config/tenant-connections';
import { BackupUnknownError, FileInUseError } from '../../database/care/backup-errors';
import type { Handle } from '../../database/connection-handle';
import { restoreConnection, type Restored } from '../../database/care/restore';
import { delayMs, monotonicMs } from '../../support/clock';
import { toError } from '../../support/errors';
import type { Tenant } from '../../tenancy/tenant';
import { refuseForeignBackup, type TenantStamp } from '../../tenancy/tenant-stamp-store';
import type { Command, CommandContext } from '../command';
import { asking, confirmDestroying } from '../confirmation';
import type { ConsoleApplication } from '../console-application';
import { violationLine } from '../finding-lines';
import type { Output } from '../output';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'db:restore',
  description: 'Put a backup in the place of a file that nobody has open',
  arguments: { backup: { description: 'Name of a backup, or path of a file' } },
  options: {
    connection: {
      type: 'string',
      value: 'name',
      description: "The connection; by default the one in the backup's name",
    },
    force: {
      description: 'Ask nothing in production; restore into another connection than the name says',
    },
    wait: {
      type: 'integer',
      value: 'seconds',
      description: 'Wait for so long until nobody has the file open; else it is refused at once',
      default: 0,
    },
    json: { description: 'Print JSON and nothing else' },
  },
});

/** How often it is looked whether the file is free. */
const WAIT_PAUSE_MS = 200;

type Context = CommandContext<typeof signature>;

export class DbRestoreCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: Context): Promise<number> {
    const { options, output } = context;
    const app = await context.app();
    const folder = backupFolder(app.config.storagePath);
    const backup = findBackup(folder, context.arguments.backup);
    const connection = app.connections.connection(connectionOf(backup, options));
    const what = `Restoring "${backup}" replaces the file of connection "${connection.name}"`;
    if (!(await confirmDestroying(asking(context), 'db:restore', { what, force: options.force }))) {
      return 1;
    }
    const owner = ownerOf(app, connection.name);
    const verify = (handle: Handle): void => refuseForeignBackup(handle, backup, owner);
    const restored = await whenFree(context, () =>
      restoreConnection(connection, { backup, folder, verify }),
    ).catch((error: unknown) => {
      throw owner !== undefined && error instanceof FileInUseError
        ? FileInUseError.ofTenant(error)
        : error;
    });
    const pending = await pendingMigrations(app, connection.name);
    if (options.json) output.json({ ...restored, ...pending });
    else {
      print(restored, pending, output);
      const tenant = app.tenancy.current();
      if (tenant !== undefined && owner?.role === 'database') sayCache(tenant, output);
    }
    return 0;
  }
}

function connectionOf(backup: string, { connection, force }: Context['options']): string {
  const named = parseBackupName(backup)?.connection;
  if (connection === undefined) {
    if (named === undefined) throw BackupUnknownError.ofNobody(backup);
    return named;
  }
  if (named !== undefined && named !== connection && !force) {
    throw BackupUnknownError.ofAnother(backup, named, connection);
  }
  return connection;
}

/** Tries again while others have the file open, for as long as was asked for. */
async function whenFree<T>({ options, output }: Context, work: () => Promise<T>): Promise<T> {
  const until = monotonicMs() + options.wait * 1000;
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof FileInUseError) || monotonicMs() >= until) throw error;
      if (isFirst && !options.json) {
        output.info(`${error.message} Waiting for up to ${options.wait} s.`);
      }
    }
    await delayMs(WAIT_PAUSE_MS);
  }
}

/** Whose file it is that is replaced; undefined for one of the application's own. */
function ownerOf(app: ConsoleApplication, connection: string): TenantStamp | undefined {
  const tenantId = app.tenancy.current()?.id;
  const role = tenantRoleOf(app.config, connection);
  if (tenantId === undefined || role === undefined || app.config.tenancy.mode !== 'files') return;
  return { tenantId, role };
}

/** The file is restored: that the migrations cannot be read is told, and is no failure of that. */
interface Pending {
  readonly pendingMigrations: number | null;
  readonly migrationsUnknown?: string;
}

async function pendingMigrations(app: ConsoleApplication, name: string): Promise<Pending> {
  try {
    const pending = await app.migrator().pending();
    const own = pending.filter(({ connection }) => connection === name);
    return { pendingMigrations: own.length };
  } catch (error) {
    return { pendingMigrations: null, migrationsUnknown: toError(error).message };
  }
}

function print(restored: Restored, pending: Pending, output: Output): void {
  const { connection, file, replaced, left, violations } = restored;
  output.success(`The file of connection "${connection}" is restored.`);
  output.twoColumn('Now', file);
  output.twoColumn('From', restored.backup);
  if (replaced !== undefined) output.twoColumn('Replaced file kept as', replaced);
  output.line();
  if (left !== undefined) {
    output.warn(`The file was missing; one that was replaced lies at ${left}.`);
  }
  for (const violation of violations) {
    output.warn(`The data break a foreign key: ${violationLine(violation)}`);
  }
  sayPending(pending, output);
}

/** What was cached of the data that were replaced is served on. */
function sayCache({ id, state }: Tenant, output: Output): void {
  const chosen = state === 'active' ? '' : ` --state=${state}`;
  output.info(
    `Its cache still holds what was: "artisan tenants:run --tenants=${id}${chosen} cache:clear" empties it.`,
  );
}

function sayPending({ pendingMigrations, migrationsUnknown = '' }: Pending, output: Output): void {
  if (pendingMigrations === null) {
    return output.warn(`Whether migrations are pending is not known: ${migrationsUnknown}`);
  }
  if (pendingMigrations === 0) return output.info('No migrations are pending on it.');
  output.warn(
    `${pendingMigrations} migration${pendingMigrations > 1 ? 's are' : ' is'} pending on it: run "artisan migrate".`,
  );
}
