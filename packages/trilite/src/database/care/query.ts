import { errorCode, messageOf, toError } from '../../support/errors';
import type { Connection } from '../connection';
import type { Handle, Statement } from '../connection-handle';
import { QueryRefusedError } from './errors';
import { whenFree } from '../connection-wait';
import { withOwnHandle } from './own-handle';

/** A value as SQLite holds it; integers are bigint, blobs Buffer. */
export type SqlValue = string | number | bigint | Buffer | null;

/** How a statement is run. */
export interface QueryOptions {
  /** Whether it may change the file. Default: false. */
  readonly write?: boolean;
  /** Rows returned at most. Default: all. */
  readonly limit?: number;
}

/** What a statement answered. */
export interface QueryAnswer {
  /** Two of one name are told apart by a number: `id`, `id:1`. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly SqlValue[])[];
  /** Whether there are more rows than the limit. */
  readonly hasMore: boolean;
  /** Rows changed; null for what only reads. */
  readonly changes: number | null;
}

/**
 * Runs one SQL statement that a person wrote, on a handle of its own: whatever state it leaves that handle in ends with it.
 *
 * Without `write` the handle is opened read-only, so that SQLite itself refuses what would change the file.
 *
 * @throws E_SQL_REFUSED for what would reach another file
 * @throws E_QUERY_REFUSED for what is not one statement, would write unasked, or begins a transaction
 * @throws E_DATABASE_QUERY, E_DATABASE_BUSY after `busyTimeout`, E_DATABASE_FILE_MISSING
 */
export function query(
  connection: Connection,
  sql: string,
  { write = false, limit = Infinity }: QueryOptions = {},
): Promise<QueryAnswer> {
  if (write) {
    return withOwnHandle(connection, {}, (handle) =>
      whenFree(connection, () => runWrite(connection, handle, { sql, limit })),
    );
  }
  // Who closes a file last removes its -wal and -shm, which a read-only handle cannot: the outer one does it.
  return withOwnHandle(connection, { asFound: true }, () =>
    withOwnHandle(connection, { readOnly: true }, (handle) =>
      whenFree(connection, () => runRead(connection, handle, { sql, limit })),
    ),
  );
}

interface Asked {
  readonly sql: string;
  readonly limit: number;
}

function runRead(connection: Connection, handle: Handle, { sql, limit }: Asked): QueryAnswer {
  const statement = prepare(handle, sql);
  // A temporary table is written although the file is not.
  if (!statement.reader && !statement.readonly) throw QueryRefusedError.wouldWrite(connection);
  try {
    const answer = answerOf(statement, limit);
    if (handle.inTransaction) throw QueryRefusedError.opensTransaction(connection);
    return { ...answer, changes: null };
  } catch (error) {
    if (statement.readonly) throw error;
    throw QueryRefusedError.wouldWrite(connection);
  }
}

function runWrite(connection: Connection, handle: Handle, { sql, limit }: Asked): QueryAnswer {
  const statement = prepare(handle, sql);
  const answer = answerOf(statement, limit);
  if (handle.inTransaction) throw QueryRefusedError.opensTransaction(connection);
  const changes = handle.statement('SELECT changes()').pluck().get() as number;
  return { ...answer, changes: statement.readonly ? null : changes };
}

/** The driver's own refusals carry no code: more than one statement, none, a parameter without a value. */
function prepare(handle: Handle, sql: string): Statement {
  return withReason(() => handle.statement(sql));
}

function answerOf(statement: Statement, limit: number): Omit<QueryAnswer, 'changes'> {
  if (!statement.reader) {
    withReason(() => statement.run());
    return { columns: [], rows: [], hasMore: false };
  }
  statement.raw(true).safeIntegers(true);
  const columns = toldApart(statement.columns().map(({ name }) => name));
  // A statement that writes is run to its end; a read stops where nobody looks any more.
  if (!statement.readonly) {
    const rows = withReason(() => statement.all()) as SqlValue[][];
    return { columns, rows: rows.slice(0, limit), hasMore: rows.length > limit };
  }
  const rows: SqlValue[][] = [];
  for (const row of withReason(() => statement.iterate()) as IterableIterator<SqlValue[]>) {
    if (rows.length >= limit) return { columns, rows, hasMore: true };
    rows.push(row);
  }
  return { columns, rows, hasMore: false };
}

function withReason<T>(attempt: () => T): T {
  try {
    return attempt();
  } catch (error) {
    if (errorCode(error) !== undefined) throw error;
    throw QueryRefusedError.because(messageOf(toError(error)).replace(/\.$/, ''));
  }
}

function toldApart(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const times = seen.get(name) ?? 0;
    seen.set(name, times + 1);
    return times === 0 ? name : `${name}:${times}`;
  });
}
