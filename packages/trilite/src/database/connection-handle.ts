import { existsSync } from 'node:fs';
import type BetterSqlite3 from 'better-sqlite3';
import type { SqliteSettings } from '../config/schema';
import { loadDriver } from './connection-driver';
import { SqlRefusedError, cannotFind, cannotOpen, type ConnectionFacts } from './errors';
import { CURRENT_TENANT, isMigrating, type CurrentTenant } from './scoping/current-tenant';
import { refusedSql } from './sql-guard';

/** A prepared statement. */
export type Statement = BetterSqlite3.Statement;

/** Statements kept prepared on a handle; beyond it the one prepared first goes. */
const STATEMENT_LIMIT = 500;

/** Pages a backup copies before the event loop turns: about a millisecond. */
const BACKUP_PAGES = 250;

/** What a handle is opened for. */
export interface HandleOptions {
  /** Whether a missing file is created. Default: false. */
  readonly create?: boolean;
  /** Whether the handle refuses writes. Default: the connection's `readOnly`. */
  readonly readOnly?: boolean;
  /** Whether the file keeps the journal mode it has, whatever the settings say. For who only looks at it. Default: false. */
  readonly asFound?: boolean;
  /** Whose rows its SQL may see, where tables hold those of all tenants. Default: no SQL may ask. */
  readonly currentTenant?: CurrentTenant | undefined;
}

/**
 * One open SQLite handle: synchronous, and never waiting for a lock.
 *
 * Every call may throw the driver's SQLITE_BUSY; `Connection` is who waits and tries again. Its SQL stays in its own file: what would
 * attach or write another one is refused with E_SQL_REFUSED.
 */
export class Handle {
  readonly #facts: ConnectionFacts;
  readonly #raw: BetterSqlite3.Database;
  readonly #statements = new Map<string, Statement>();

  constructor(facts: ConnectionFacts, settings: SqliteSettings, options: HandleOptions = {}) {
    this.#facts = facts;
    const inMemory = settings.file === ':memory:';
    const create = options.create === true || inMemory;
    if (!create && !existsSync(settings.file)) throw cannotFind(facts);
    const readonly = (options.readOnly ?? settings.readOnly) && !inMemory;
    this.#raw = openRaw(facts, settings.file, { timeout: 0, fileMustExist: !create, readonly });
    try {
      if (!readonly && options.asFound !== true) setFilePragmas(this.#raw, settings);
      setHandlePragmas(this.#raw, settings);
      if (options.currentTenant !== undefined) {
        addCurrentTenant(this.#raw, options.currentTenant);
      }
    } catch (error) {
      this.#raw.close();
      throw error;
    }
  }

  /** Whether a transaction is open on this handle. */
  get inTransaction(): boolean {
    return this.#raw.inTransaction;
  }

  /** Whether the handle is open. */
  get isOpen(): boolean {
    return this.#raw.open;
  }

  /** The prepared statement of an SQL text; prepared once. */
  statement(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    this.#refuse(sql);
    const statement = this.#raw.prepare(sql);
    if (this.#statements.size >= STATEMENT_LIMIT) this.#forgetOldest();
    this.#statements.set(sql, statement);
    return statement;
  }

  /** Runs SQL that returns nothing; may be several statements. */
  exec(sql: string): void {
    this.#refuse(sql);
    this.#raw.exec(sql);
  }

  /** The value of a pragma. */
  pragma(name: string): unknown {
    this.#refuse(`PRAGMA ${name}`);
    return this.#raw.pragma(name, { simple: true });
  }

  /**
   * Copies the whole database into another file, some pages a turn of the event loop. In a read transaction it is of that moment; outside
   * of one, each commit of another process makes it begin anew. Told how many pages are copied, of how many.
   */
  async backup(file: string, onProgress: (done: number, total: number) => void): Promise<void> {
    const progress = ({ totalPages, remainingPages }: BetterSqlite3.BackupMetadata): number => {
      onProgress(totalPages - remainingPages, totalPages);
      return BACKUP_PAGES;
    };
    await this.#raw.backup(file, { progress });
  }

  /** Closes the handle; twice without harm. */
  close(): void {
    this.#statements.clear();
    this.#raw.close();
  }

  #refuse(sql: string): void {
    const refused = refusedSql(sql);
    if (refused !== undefined) throw SqlRefusedError.on(this.#facts, refused);
  }

  #forgetOldest(): void {
    const [oldest] = this.#statements.keys();
    if (oldest !== undefined) this.#statements.delete(oldest);
  }
}

function openRaw(
  facts: ConnectionFacts,
  file: string,
  options: BetterSqlite3.Options,
): BetterSqlite3.Database {
  const Driver = loadDriver();
  try {
    return new Driver(file, options);
  } catch (error) {
    if (isBusy(error)) throw error;
    throw cannotOpen(facts, error);
  }
}

/** Tells whether an error means: locked, try again. */
export function isBusy(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('code' in error)) return false;
  return typeof error.code === 'string' && /^SQLITE_BUSY(_|$)/.test(error.code);
}

/** What is written into the file; a file that has it already is not written to again. */
function setFilePragmas(raw: BetterSqlite3.Database, settings: SqliteSettings): void {
  // Before the journal mode: it only takes effect while the file has no page yet.
  if (raw.pragma('page_count', { simple: true }) === 0) {
    raw.pragma(`auto_vacuum = ${settings.autoVacuum}`);
  }
  if (settings.file === ':memory:') return;
  if (raw.pragma('journal_mode', { simple: true }) !== settings.journalMode) {
    raw.pragma(`journal_mode = ${settings.journalMode}`);
  }
}

function setHandlePragmas(raw: BetterSqlite3.Database, settings: SqliteSettings): void {
  raw.pragma(`synchronous = ${settings.synchronous}`);
  raw.pragma(`foreign_keys = ${settings.foreignKeys ? 1 : 0}`);
  raw.pragma('temp_store = memory'); // claiming sorts: measured three times faster than temporary files
  raw.pragma(`cache_size = -${Math.ceil(settings.cacheSize / 1024)}`);
  raw.pragma(`mmap_size = ${settings.mmapSize}`);
  raw.pragma(`journal_size_limit = ${settings.journalSizeLimit}`);
  for (const [name, value] of Object.entries(settings.pragmas)) {
    raw.pragma(`${name} = ${String(value)}`);
  }
}

/** Views, triggers and defaults ask for it: SQLite lets them where the schema is trusted. */
function addCurrentTenant(raw: BetterSqlite3.Database, currentTenant: CurrentTenant): void {
  raw.pragma('trusted_schema = on');
  const options = { deterministic: false, directOnly: false };
  raw.function(CURRENT_TENANT, options, () => (isMigrating() ? null : currentTenant()));
}

/** Closes a writer handle, with fresh statistics for those who open the file next. */
export function closeWriter(handle: Handle, settings: SqliteSettings): void {
  try {
    if (!settings.readOnly) handle.exec('PRAGMA optimize');
  } catch {
    // Statistics are a courtesy: another process that holds the lock, or a full disk, must not keep this file open.
  }
  handle.close();
}
