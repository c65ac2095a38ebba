import type BetterSqlite3 from 'better-sqlite3';
import { DatabaseDriverError } from './errors';

/** The raw driver, as better-sqlite3 exports it. */
export type Driver = typeof BetterSqlite3;

let checked: Driver | undefined;

/**
 * Loads better-sqlite3 once, after asking whether it can run here.
 *
 * @throws E_DATABASE_DRIVER instead of the crash of better-sqlite3 13 on Node-API 9, and for an SQLite older than 3.51.3.
 * @see https://sqlite.org/wal.html#walreset the corruption that 3.51.3 mends
 */
export function loadDriver(): Driver {
  checked ??= loadChecked();
  return checked;
}

/** The versions of driver and SQLite, for `about` and the first page. */
export function driverVersions(): { readonly driver: string; readonly sqlite: string } {
  return { driver: driverVersion(), sqlite: sqliteVersion(loadDriver()) };
}

/** Refuses a pairing known to crash: better-sqlite3 13 and later on a Node that offers less than Node-API 10. */
export function refuseCrashingPair(driver: string, napi: number, node: string): void {
  if (Number(driver.split('.')[0]) >= 13 && napi < 10) {
    throw DatabaseDriverError.crashes(driver, node);
  }
}

/** Refuses an SQLite that can corrupt WAL files. */
export function refuseOldSqlite(sqlite: string): void {
  const [major = 0, minor = 0, patch = 0] = sqlite.split('.').map(Number);
  const number = major * 1_000_000 + minor * 1000 + patch;
  if (number < 3_051_003) throw DatabaseDriverError.tooOld(sqlite);
}

function loadChecked(): Driver {
  refuseCrashingPair(driverVersion(), Number(process.versions['napi'] ?? 0), process.versions.node);
  const driver = requireDriver();
  refuseOldSqlite(sqliteVersion(driver));
  return driver;
}

function requireDriver(): Driver {
  try {
    // Only once the pairing is known to be safe
    const driver = require('better-sqlite3') as Driver;
    new driver(':memory:').close(); // the native part loads at the first open
    return driver;
  } catch (error) {
    throw DatabaseDriverError.cannotLoad(error);
  }
}

function driverVersion(): string {
  // Reading the manifest loads no native code
  return (require('better-sqlite3/package.json') as { version: string }).version;
}

function sqliteVersion(driver: Driver): string {
  const handle = new driver(':memory:');
  try {
    return handle.prepare('SELECT sqlite_version()').pluck().get() as string;
  } finally {
    handle.close();
  }
}
