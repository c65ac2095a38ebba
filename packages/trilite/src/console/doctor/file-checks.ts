import { statSync } from 'node:fs';
import { inspect } from '../../database/care/own-handle';
import { newestMigrationAt } from '../../database/care/ledger-facts';
import type { Connection } from '../../database/connection';
import { deniedPath } from '../../database/file-access';
import { clock } from '../../support/clock';
import type { ConsoleApplication } from '../console-application';
import { outdatedText } from '../tenant-migrations';
import { fail, ok, warn, type ApplicationChecks, type Finding } from './check';

/** File systems and the clock itself round times: what is this close is now. */
const ROUNDED_MS = 2000;

/** Whether the files are there and as the configuration has them. */
export const fileChecks: ApplicationChecks = (app) => [
  ...onDisk(app).map((connection) => ({
    name: `File of ${connection.name}`,
    run: () => checkFile(connection),
  })),
  { name: 'Migrations', run: () => checkMigrations(app) },
  ...(app.config.tenancy.mode === 'files'
    ? [{ name: 'Migrations of tenants', run: () => checkTenants(app) }]
    : []),
  { name: 'Clock', run: () => checkClock(onDisk(app)) },
];

function onDisk({ connections }: ConsoleApplication): Connection[] {
  return connections.names
    .map((name) => connections.connection(name))
    .filter(({ file }) => file !== ':memory:');
}

async function checkFile(connection: Connection): Promise<Finding> {
  const { file, settings } = connection;
  const denied = settings.readOnly ? undefined : deniedFile(file);
  if (denied !== undefined) {
    return fail(
      `This user may not read and write ${denied}.`,
      `Give it to the user the application runs as: chown <user> ${denied}; and run artisan as that user.`,
    );
  }
  const mode = String(await inspect(connection, (handle) => handle.pragma('journal_mode')));
  if (mode === settings.journalMode) {
    return ok(`${file} can be opened; its journal mode is ${mode}.`);
  }
  return warn(
    `${file} is in journal mode "${mode}", not "${settings.journalMode}" as config/database.ts has it.`,
    'Stop every process that has it open: the next one to open it alone changes the mode.',
  );
}

/** The folder, the file, or what lies beside it, when this user may not write there. */
function deniedFile(file: string): string | undefined {
  return [file, `${file}-wal`, `${file}-shm`]
    .map((path) => deniedPath(path))
    .find((path) => path !== undefined);
}

async function checkMigrations(app: ConsoleApplication): Promise<Finding> {
  const pending = await app.migrator().pending();
  if (pending.length === 0) return ok('All have run.');
  const names = pending.map(({ connection, name }) => `${connection}: ${name}`);
  return fail(`${pending.length} have not run: ${names.join(', ')}.`, 'Run "artisan migrate".');
}

async function checkTenants(app: ConsoleApplication): Promise<Finding> {
  const text = await outdatedText(app);
  if (text === undefined) return ok('The files of all tenants have them all.');
  return warn(
    text,
    'Run "artisan tenants:migrate"; "artisan tenants:migrate:status --pending" looks into the files.',
  );
}

/** A clock that runs behind lets entries live on and jobs wait: their times are of a future that is past. */
async function checkClock(connections: readonly Connection[]): Promise<Finding> {
  const now = clock.now();
  for (const connection of connections) {
    const changedAt = await lastChangeAt(connection);
    if (changedAt <= now + ROUNDED_MS) continue;
    return fail(
      `It is ${iso(now)} here, but "${connection.file}" was changed at ${iso(changedAt)}.`,
      'Set the clock of this machine, and keep it by NTP ("timedatectl set-ntp true").',
    );
  }
  return ok(`It is ${iso(now)}; no file is of a later time.`);
}

async function lastChangeAt(connection: Connection): Promise<number> {
  const modifiedAt = [connection.file, `${connection.file}-wal`].flatMap(
    (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? [],
  );
  if (modifiedAt.length === 0) return 0;
  return Math.max(...modifiedAt, (await newestMigrationAt(connection)) ?? 0);
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
