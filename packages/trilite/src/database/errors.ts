import { FrameworkError, errorCode, messageOf, toError, type ErrorFacts } from '../support/errors';
import { closedFolder, deniedPath } from './file-access';
import { TenantRowError, refusedTable } from './scoping/errors';
import type { RefusedSql } from './sql-guard';

/** Where something happened: the connection's name and its file. */
export interface ConnectionFacts {
  readonly name: string;
  readonly file: string;
}

/** Thrown when a file stays locked longer than the connection's `busyTimeout`. */
export class DatabaseBusyError extends FrameworkError {
  static after(
    waitedMs: number,
    { name, file }: ConnectionFacts,
    {
      cause,
      holder = 'another writer',
    }: { readonly cause?: unknown; readonly holder?: string | undefined } = {},
  ): DatabaseBusyError {
    return new DatabaseBusyError({
      code: 'E_DATABASE_BUSY',
      message: `The file "${file}" of connection "${name}" was locked by ${holder} for ${Math.round(waitedMs)} ms.`,
      help: 'Shorten the transaction that holds it, or raise "busyTimeout" of this connection in config/database.ts.',
      status: 503,
      cause,
    });
  }

  static behindTransaction(waitedMs: number, { name, file }: ConnectionFacts): DatabaseBusyError {
    return new DatabaseBusyError({
      code: 'E_DATABASE_BUSY',
      message: `The file "${file}" of connection "${name}" was held by a transaction of this process for ${Math.round(waitedMs)} ms.`,
      help: 'Do not wait for other work inside a transaction, and write through its "trx" alone; or raise "busyTimeout" in config/database.ts.',
      status: 503,
    });
  }
}

/** Thrown when every reader handle of a connection is held by a stream for longer than `busyTimeout`. */
export class ReadersBusyError extends FrameworkError {
  static after(
    waitedMs: number,
    { name, file }: ConnectionFacts,
    readers: number,
  ): ReadersBusyError {
    return new ReadersBusyError({
      code: 'E_DATABASE_READERS',
      message: `All ${readers} readers of the file "${file}" of connection "${name}" were held by streams for ${Math.round(waitedMs)} ms.`,
      help: 'Read streams to their end, or leave them with "break"; do not open one for each row of another. Or raise "readers" of this connection in config/database.ts.',
      status: 503,
    });
  }
}

/** Thrown when as many connections are open as a pool allows, and none of them comes free within `busyTimeout`. */
export class PoolExhaustedError extends FrameworkError {
  static after(
    waitedMs: number,
    { name, file }: ConnectionFacts,
    { budget, limit }: { readonly budget: number; readonly limit: number },
  ): PoolExhaustedError {
    return new PoolExhaustedError({
      code: 'E_POOL_EXHAUSTED',
      message: `The file "${file}" of connection "${name}" was not opened: ${limit} connections, ${budget} by budget, were open and in use for ${Math.round(waitedMs)} ms.`,
      help: 'Shorten transactions, and read streams to their end. Or give the process more open files ("ulimit -n 65536", LimitNOFILE=65536 in the unit of systemd), from which the budget is taken, or set a larger one.',
      status: 503,
    });
  }
}

/** Thrown when a value is bound to a statement that no column can hold. */
export class DatabaseValueError extends FrameworkError {
  static at(index: number, found: string): DatabaseValueError {
    return new DatabaseValueError({
      code: 'E_DATABASE_VALUE',
      message: `Value ${index + 1} of the statement is ${found}, which no column can hold.`,
      help: 'Bind strings, finite numbers, bigints, booleans, Dates, Buffers or null; store lists and objects with JSON.stringify.',
    });
  }
}

/** Thrown when the thread of an offloaded read ends before the read does. */
export class OffloadEndedError extends FrameworkError {
  static during({ name, file }: ConnectionFacts): OffloadEndedError {
    return new OffloadEndedError({
      code: 'E_OFFLOAD_ENDED',
      message: `The thread that read the file "${file}" of connection "${name}" ended before it was done.`,
      help: 'Await offloaded reads before "app.close()". If it ran out of memory, read fewer rows: aggregate in SQL, or read a stream.',
    });
  }
}

/** Thrown when a connection's file is not there. */
export class DatabaseFileMissingError extends FrameworkError {
  static at({ name, file }: ConnectionFacts): DatabaseFileMissingError {
    return new DatabaseFileMissingError({
      code: 'E_DATABASE_FILE_MISSING',
      message: `The file "${file}" of connection "${name}" is not there.`,
      help: 'Create and migrate the files of the application with "artisan migrate". One of a tenant is nobody\'s to make anew: put it back from a backup.',
    });
  }
}

/** Thrown when another file lies where the one lay that this process has open. */
export class DatabaseFileReplacedError extends FrameworkError {
  static at({ name, file }: ConnectionFacts): DatabaseFileReplacedError {
    return new DatabaseFileReplacedError({
      code: 'E_DATABASE_FILE_REPLACED',
      message: `The file "${file}" of connection "${name}" was replaced while this process has it open: it still works on the old one.`,
      help: 'Restart this process. Replace files with "artisan db:restore", while nobody has them open.',
    });
  }

  static unseen({ name, file }: ConnectionFacts): DatabaseFileReplacedError {
    return new DatabaseFileReplacedError({
      code: 'E_DATABASE_FILE_REPLACED',
      message: `The file "${file}" of connection "${name}" was replaced: whose the new one is has not been looked at, and no row of it was read.`,
      help: 'Ask again: the next query looks at the new file.',
    });
  }
}

/** Thrown when a file cannot be opened: permissions, a folder in its place, too many open files. */
export class DatabaseOpenError extends FrameworkError {
  static at({ name, file }: ConnectionFacts, cause: unknown): DatabaseOpenError {
    return new DatabaseOpenError({
      code: 'E_DATABASE_OPEN',
      message: `The file "${file}" of connection "${name}" cannot be opened (${errorCode(cause) ?? 'no reason given'}).`,
      help: 'Check that it is a file, that this process may read and write it and its folder, and the limit of open files (ulimit -n).',
      cause,
    });
  }
}

/** Thrown when this process may not read a file, or not write to it or its folder. */
export class DatabasePermissionError extends FrameworkError {
  static at(
    { name, file }: ConnectionFacts,
    path: string,
    cause: unknown,
  ): DatabasePermissionError {
    return new DatabasePermissionError({
      code: 'E_DATABASE_PERMISSION',
      message: `The file "${file}" of connection "${name}" cannot be opened: this process may not read and write "${path}".`,
      help: `Give the user this process runs as the permission (ls -ld ${path}); SQLite keeps -wal and -shm beside the file, so the folder must be writable too.`,
      cause,
    });
  }
}

/** Thrown when a file is no SQLite database, or a damaged one. */
export class DatabaseCorruptError extends FrameworkError {
  static at({ name, file }: ConnectionFacts, cause: unknown): DatabaseCorruptError {
    return new DatabaseCorruptError({
      code: 'E_DATABASE_CORRUPT',
      message: `The file "${file}" of connection "${name}" is no SQLite database, or is damaged.`,
      help: 'Stop the application and restore the file from a backup; keep the damaged one, with its -wal and -shm, for a rescue with "sqlite3 .recover".',
      cause,
    });
  }
}

/** Thrown when the disk, or the file's page limit, is full. The transaction was rolled back. */
export class DatabaseFullError extends FrameworkError {
  static at({ name, file }: ConnectionFacts, cause?: unknown): DatabaseFullError {
    return new DatabaseFullError({
      code: 'E_DATABASE_FULL',
      message: `The file "${file}" of connection "${name}" cannot grow: the disk or its page limit is full.`,
      help: 'Free disk space, or raise the limit: of a tenant with "artisan tenants:quota". Nothing of the failed transaction was written.',
      status: 507,
      cause,
    });
  }
}

/** Thrown when a file that may not be written is written to. */
export class DatabaseReadOnlyError extends FrameworkError {
  static offloaded({ name }: ConnectionFacts, cause: unknown): DatabaseReadOnlyError {
    return new DatabaseReadOnlyError({
      code: 'E_DATABASE_READ_ONLY',
      message: `A write was to be offloaded on connection "${name}", and "db.offload" reads only.`,
      help: 'Write through "db".',
      cause,
    });
  }

  static at({ name, file }: ConnectionFacts, cause: unknown): DatabaseReadOnlyError {
    return new DatabaseReadOnlyError({
      code: 'E_DATABASE_READ_ONLY',
      message: `The file "${file}" of connection "${name}" can only be read.`,
      help: 'Give this process write permission on the file and its folder, or remove "readOnly" in config/database.ts.',
      cause,
    });
  }
}

/** Thrown when a read or a write meets an input or output error of the disk. */
export class DatabaseIoError extends FrameworkError {
  static at({ name, file }: ConnectionFacts, cause: unknown): DatabaseIoError {
    return new DatabaseIoError({
      code: 'E_DATABASE_IO',
      message: `The disk refused an operation on the file "${file}" of connection "${name}" (${errorCode(cause) ?? 'no reason given'}).`,
      help: 'Check the disk and the mount; SQLite needs a local file system.',
      cause,
    });
  }
}

/** Thrown when SQLite refuses a statement: a syntax error, an unknown table, a constraint. */
export class DatabaseQueryError extends FrameworkError {
  /** SQLite's own code, such as `SQLITE_CONSTRAINT_UNIQUE`. @see https://sqlite.org/rescode.html */
  readonly sqliteCode: string;

  private constructor(facts: ErrorFacts, sqliteCode: string) {
    super(facts);
    this.sqliteCode = sqliteCode;
  }

  /** The same error, naming its statement; values are left out, for they may be secrets. */
  inQuery(sql: string): DatabaseQueryError {
    const { code, help, cause } = this;
    return new DatabaseQueryError(
      { code, message: `${this.message} In: ${sql}`, help, cause },
      this.sqliteCode,
    );
  }

  static of({ name }: ConnectionFacts, sqliteCode: string, cause: unknown): DatabaseQueryError {
    // Not `instanceof`: under jest, the native module's errors belong to another realm.
    const { message } = cause as { message: string };
    return new DatabaseQueryError(
      {
        code: 'E_DATABASE_QUERY',
        message: `${message} (${sqliteCode}, connection "${name}").`,
        help: queryHelp(sqliteCode, message),
        cause,
      },
      sqliteCode,
    );
  }
}

function queryHelp(sqliteCode: string, message: string): string {
  if (sqliteCode.startsWith('SQLITE_CONSTRAINT')) {
    return 'Give values that keep the constraint; "artisan db:table" shows it.';
  }
  return message.startsWith('no such table')
    ? 'Correct its name ("artisan db:show" lists the tables), or run "artisan migrate".'
    : 'Correct the statement.';
}

/** Thrown when SQL would reach another file than its connection's, or behind SQLite's back. */
export class SqlRefusedError extends FrameworkError {
  static on({ name }: ConnectionFacts, { kind, words }: RefusedSql): SqlRefusedError {
    return new SqlRefusedError({
      code: 'E_SQL_REFUSED',
      message: `"${words}" was refused on connection "${name}": SQL may neither reach another file nor change the schema behind SQLite's back.`,
      help: REFUSED_HELP[kind],
    });
  }
}

const REFUSED_HELP: Readonly<Record<RefusedSql['kind'], string>> = {
  attach:
    'Declare a connection for the other file in config/database.ts and ask it by itself; what all tenants share is asked inside "tenancy.central".',
  'vacuum into': 'Copy a file with "artisan db:backup".',
  writable_schema: 'Change tables in a migration; "rebuildTable" does what ALTER TABLE cannot.',
  function: 'Extensions cannot be loaded, nor files attached, by SQL.',
};

/** Thrown when a connection is used after it was closed. */
export class ConnectionClosedError extends FrameworkError {
  static for({ name }: ConnectionFacts): ConnectionClosedError {
    return new ConnectionClosedError({
      code: 'E_CONNECTION_CLOSED',
      message: `The connection "${name}" is closed.`,
      help: 'Await all work before "app.close()".',
    });
  }
}

/** Thrown when a connection is asked for that config/database.ts does not declare. */
export class ConnectionUnknownError extends FrameworkError {
  static named(name: string, known: readonly string[]): ConnectionUnknownError {
    return new ConnectionUnknownError({
      code: 'E_CONNECTION_UNKNOWN',
      message: `The connection "${name}" is not declared; there are: ${known.join(', ')}.`,
      help: 'Declare it under "connections" in config/database.ts.',
    });
  }
}

/** Thrown when the installed SQLite or its driver would crash or corrupt files here. */
export class DatabaseDriverError extends FrameworkError {
  static crashes(driver: string, node: string): DatabaseDriverError {
    return new DatabaseDriverError({
      code: 'E_DATABASE_DRIVER',
      message: `better-sqlite3 ${driver} crashes on Node ${node}: it needs Node-API 10, this Node offers ${process.versions['napi'] ?? 'none'}.`,
      help: 'Install better-sqlite3 ~12.11 (npm install better-sqlite3@~12.11), or run Node 22.14 or newer.',
    });
  }

  static tooOld(sqlite: string): DatabaseDriverError {
    return new DatabaseDriverError({
      code: 'E_DATABASE_DRIVER',
      message: `SQLite ${sqlite} can corrupt a WAL file that two processes write; 3.51.3 is the first without that fault.`,
      help: 'Install better-sqlite3 ~12.11 (npm install better-sqlite3@~12.11).',
    });
  }

  static cannotLoad(cause: unknown): DatabaseDriverError {
    return new DatabaseDriverError({
      code: 'E_DATABASE_DRIVER',
      message: `better-sqlite3 cannot be loaded: ${cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)}`,
      help: 'Rebuild it for this Node with "npm rebuild better-sqlite3" (it needs a C++ compiler, make and python3).',
      cause,
    });
  }
}

/** A driver's error as the framework's own where a caller could act on it; anything else as it came. */
export function explainDatabaseError(error: unknown, facts: ConnectionFacts): unknown {
  const code = errorCode(error) ?? '';
  if (code === 'SQLITE_CORRUPT' || code.startsWith('SQLITE_CORRUPT_') || code === 'SQLITE_NOTADB') {
    return DatabaseCorruptError.at(facts, error);
  }
  if (code === 'SQLITE_FULL') return DatabaseFullError.at(facts, error);
  if (code === 'SQLITE_READONLY_DIRECTORY') return cannotOpen(facts, error); // no room for -wal and -shm
  if (code.startsWith('SQLITE_READONLY')) return DatabaseReadOnlyError.at(facts, error);
  if (code.startsWith('SQLITE_CANTOPEN')) return cannotOpen(facts, error);
  if (code.startsWith('SQLITE_IOERR')) return DatabaseIoError.at(facts, error);
  if (code === 'SQLITE_CONSTRAINT_TRIGGER') {
    const table = refusedTable(messageOf(toError(error)));
    if (table !== undefined) return TenantRowError.of(table, error);
  }
  if (code.startsWith('SQLITE_')) return DatabaseQueryError.of(facts, code, error);
  return error;
}

/** Why a file cannot be opened, as far as it can be told. */
export function cannotOpen(facts: ConnectionFacts, cause: unknown): FrameworkError {
  const denied = deniedPath(facts.file);
  return denied === undefined
    ? DatabaseOpenError.at(facts, cause)
    : DatabasePermissionError.at(facts, denied, cause);
}

/** Why a file is not seen: it is not there, or lies where this process may not look. */
export function cannotFind(facts: ConnectionFacts): FrameworkError {
  const denied = closedFolder(facts.file);
  return denied === undefined
    ? DatabaseFileMissingError.at(facts)
    : DatabasePermissionError.at(facts, denied, undefined);
}
