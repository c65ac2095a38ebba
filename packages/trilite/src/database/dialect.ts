import {
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
  type ConnectionProvider,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type QueryResult,
} from 'kysely';
import { monotonicMs } from '../support/clock';
import type { Connection } from './connection';
import type { Session } from './connection-session';
import type { Handle, Statement } from './connection-handle';
import { readableSql, sqlFor } from './scoping/sql-for';
import { toSqlite } from './bound-values';
import { DatabaseQueryError } from './errors';
import { TransactionMisuseError } from './transaction-errors';
import { quoted } from './quoted';
import type { QueryEvent, QueryEvents } from './query-events';

/** Where queries go. */
export interface QueryTarget {
  readonly connection: Connection;
  readonly events: QueryEvents;
}

/** Finds the connection a query is for, at the time it runs: an injected `Database` holds a name, never a handle. */
export type TargetSource = () => QueryTarget;

/** Kysely over our connections: reads beside writes, BEGIN IMMEDIATE, no wait for a lock on the event loop. */
export class TriliteDialect implements Dialect {
  readonly #source: TargetSource;

  constructor(source: TargetSource) {
    this.#source = source;
  }

  createDriver(): Driver {
    return new TriliteDriver(this.#source);
  }

  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler();
  }

  createAdapter(): DialectAdapter {
    return new SqliteAdapter();
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new SqliteIntrospector(db);
  }
}

class TriliteDriver implements Driver {
  readonly #source: TargetSource;

  constructor(source: TargetSource) {
    this.#source = source;
  }

  async init(): Promise<void> {}

  acquireConnection(): Promise<KyselyConnection> {
    return Promise.resolve(new KyselyConnection(this.#source));
  }

  beginTransaction(connection: KyselyConnection): Promise<void> {
    return connection.begin();
  }

  commitTransaction(connection: KyselyConnection): Promise<void> {
    return connection.commit();
  }

  async rollbackTransaction(connection: KyselyConnection): Promise<void> {
    connection.rollback();
  }

  async savepoint(connection: KyselyConnection, name: string): Promise<void> {
    await connection.control(`SAVEPOINT ${quoted(name)}`);
  }

  async rollbackToSavepoint(connection: KyselyConnection, name: string): Promise<void> {
    await connection.control(`ROLLBACK TO ${quoted(name)}`);
  }

  async releaseSavepoint(connection: KyselyConnection, name: string): Promise<void> {
    await connection.control(`RELEASE ${quoted(name)}`);
  }

  async releaseConnection(connection: KyselyConnection): Promise<void> {
    connection.rollback();
  }

  /** The connections belong to the registry, which closes them. */
  async destroy(): Promise<void> {}
}

/** Gives Kysely a session that is open already: its statements run in that, and nowhere else. */
export function sessionProvider(target: QueryTarget, session: Session): ConnectionProvider {
  const connection = new KyselyConnection(() => target, session);
  return { provideConnection: (consumer) => consumer(connection) };
}

/** What Kysely holds from the first to the last statement of one query or transaction. */
class KyselyConnection implements DatabaseConnection {
  readonly #source: TargetSource;
  #session: Session | undefined;

  constructor(source: TargetSource, session?: Session) {
    this.#source = source;
    this.#session = session;
  }

  /** Asked at each query: who holds this may have gone over to the work of another. */
  get #connection(): Connection {
    return this.#source().connection;
  }

  async begin(): Promise<void> {
    this.#session = await this.#connection.begin();
  }

  async commit(): Promise<void> {
    await this.#session?.commit();
    this.#session = undefined;
  }

  rollback(): void {
    this.#session?.rollback();
    this.#session = undefined;
  }

  async control(sql: string): Promise<void> {
    await this.#session?.run((handle) => handle.exec(sql));
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { connection, events } = this.#source();
    const timed = new TimedQuery(connection.name, query);
    try {
      const result = await this.#execute<R>(connection, query, timed);
      if (events.isHeard) events.emit(timed.event(rowsOf(result)));
      return result;
    } catch (error) {
      if (events.isHeard) events.emit(timed.event(0, error));
      // Made anew here, where the stack leads back to who asked: the write itself ran in a turn of its own.
      throw error instanceof DatabaseQueryError ? error.inQuery(query.sql) : error;
    }
  }

  async #execute<R>(
    connection: Connection,
    { sql, parameters }: CompiledQuery,
    timed: TimedQuery,
  ): Promise<QueryResult<R>> {
    if (kindOf(sql) === 'control') throw TransactionMisuseError.bySql(connection, sql);
    const run = (handle: Handle): QueryResult<R> =>
      timed.run(() => execute<R>(handle.statement(sqlFor(connection, handle, sql)), parameters));
    if (this.#session !== undefined) return this.#session.run(run);
    if (await isRead(connection, sql)) return connection.read(run, { join: false });
    connection.refuseInsideOwnTransaction();
    return connection.write(run);
  }

  /** A transaction has one handle, which cannot do anything else while it steps through a result: its rows, and those of a write, are read at once. */
  async *streamQuery<R>(query: CompiledQuery, size = 100): AsyncIterableIterator<QueryResult<R>> {
    const { connection, events } = this.#source();
    if (this.#session !== undefined || !(await isRead(connection, query.sql))) {
      yield await this.executeQuery<R>(query);
      return;
    }
    const parameters = toSqlite(query.parameters);
    const timed = new TimedQuery(connection.name, query);
    let read = 0;
    try {
      const sql = await readableSql(connection, query.sql);
      const pieces = connection.stream({ sql, parameters, size });
      for await (const rows of timed.produced(pieces)) {
        read += rows.length;
        yield { rows: rows as R[] };
      }
    } finally {
      if (events.isHeard) events.emit(timed.streamEvent(read));
    }
  }
}

/** Measures how long a query waited and worked. */
class TimedQuery {
  readonly #connection: string;
  readonly #query: CompiledQuery;
  readonly #askedAt = monotonicMs();
  #durationMs = 0;

  constructor(connection: string, query: CompiledQuery) {
    this.#connection = connection;
    this.#query = query;
  }

  run<T>(work: () => T): T {
    const startedAt = monotonicMs();
    try {
      return work();
    } finally {
      this.#durationMs += monotonicMs() - startedAt;
    }
  }

  /** Pieces of a stream, the time counted that it takes to make them, not what their reader does with them. */
  async *produced<T>(pieces: AsyncIterable<T>): AsyncGenerator<T, void> {
    let askedAt = monotonicMs();
    for await (const piece of pieces) {
      this.#durationMs += monotonicMs() - askedAt;
      yield piece;
      askedAt = monotonicMs();
    }
  }

  event(rows: number, error?: unknown): QueryEvent {
    const waitedMs = Math.max(0, monotonicMs() - this.#askedAt - this.#durationMs);
    const event = { ...this.streamEvent(rows), waitedMs };
    return error === undefined ? event : { ...event, error };
  }

  streamEvent(rows: number): QueryEvent {
    const { sql, parameters } = this.#query;
    const durationMs = this.#durationMs;
    return { connection: this.#connection, sql, parameters, durationMs, waitedMs: 0, rows };
  }
}

/** Blanks, comments, empty statements and opening brackets before the first word of a statement. */
const BEFORE_WORD = /^(?:\s|[(;]|--[^\n]*(?:\n|$)|\/\*[^]*?\*\/)*/;

const CONTROL = new Set(['begin', 'commit', 'end', 'rollback', 'savepoint', 'release']);
const READS = new Set(['select', 'values', 'explain']);

function firstWord(sql: string): string {
  const rest = sql.slice(BEFORE_WORD.exec(sql)?.[0].length ?? 0);
  return /^[a-z]*/i.exec(rest)?.[0].toLowerCase() ?? '';
}

/**
 * Where a statement may run. Beginning and ending transactions is the connection's: typed as SQL, the writes of others would be in them. A
 * read may run beside the writer. `WITH` may end in a write: of some only SQLite can tell. `changes()` and `last_insert_rowid()` speak of the
 * writer handle; a word of these inside a text sends a read to the writer, which harms nothing.
 */
function kindOf(sql: string): 'control' | 'read' | 'unsure' | 'write' {
  const word = firstWord(sql);
  if (CONTROL.has(word)) return 'control';
  if (/\b(changes|last_insert_rowid)\s*\(/i.test(sql)) return 'write';
  if (READS.has(word)) return 'read';
  if (word !== 'with') return 'write';
  return /\b(insert|update|delete|replace)\b/i.test(sql) ? 'unsure' : 'read';
}

/** Whether a statement reads alone. */
async function isRead(connection: Connection, sql: string): Promise<boolean> {
  const kind = kindOf(sql);
  if (kind !== 'unsure') return kind === 'read';
  const isReadOnly = (handle: Handle): boolean =>
    handle.statement(sqlFor(connection, handle, sql)).readonly;
  return connection.read(isReadOnly, { join: false });
}

function execute<R>(statement: Statement, parameters: readonly unknown[]): QueryResult<R> {
  const bound = toSqlite(parameters);
  if (statement.reader) return { rows: statement.all(...bound) as R[] };
  const { changes, lastInsertRowid } = statement.run(...bound);
  return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
}

function rowsOf({ rows, numAffectedRows }: QueryResult<unknown>): number {
  return numAffectedRows === undefined ? rows.length : Number(numAffectedRows);
}
