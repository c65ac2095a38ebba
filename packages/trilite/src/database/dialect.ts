import {
  CompiledQuery,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type QueryResult,
} from 'kysely';
import type { Connection } from './connection';
import type { Session } from './connection-session';
import type { Handle, Statement } from './connection-handle';
import { DatabaseQueryError } from './errors';

/** Finds the connection a query is for, at the time it runs: an injected `Database` holds a name, never a handle. */
export type ConnectionSource = () => Connection;

/** Kysely over our connections: reads beside writes, BEGIN IMMEDIATE, no wait for a lock on the event loop. */
export class TriliteDialect implements Dialect {
  readonly #source: ConnectionSource;

  constructor(source: ConnectionSource) {
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
  readonly #source: ConnectionSource;

  constructor(source: ConnectionSource) {
    this.#source = source;
  }

  async init(): Promise<void> {}

  acquireConnection(): Promise<KyselyConnection> {
    return Promise.resolve(new KyselyConnection(this.#source()));
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

/** What Kysely holds from the first to the last statement of one query or transaction. */
class KyselyConnection implements DatabaseConnection {
  readonly #connection: Connection;
  #session: Session | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async begin(): Promise<void> {
    this.#connection.refuseInsideOwnTransaction();
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
    try {
      return await this.#execute(query);
    } catch (error) {
      // Made anew here, where the stack leads back to who asked: the write itself ran in a turn of its own.
      throw error instanceof DatabaseQueryError ? error.inQuery(query.sql) : error;
    }
  }

  #execute<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const run = (handle: Handle): QueryResult<R> =>
      execute<R>(handle.statement(query.sql), query.parameters);
    if (this.#session !== undefined) return this.#session.run(run);
    if (isPlainRead(query.sql)) return this.#connection.read(run, { join: false });
    this.#connection.refuseInsideOwnTransaction();
    return this.#connection.write(run);
  }

  /** All rows at once: streaming from a handle of its own comes with the database room's deepening. */
  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }
}

/**
 * Whether a statement may run beside the writer. `WITH` may end in a write, and `changes()` and `last_insert_rowid()` speak of the
 * writer handle; a word of these inside a text sends a read to the writer, which harms nothing.
 */
function isPlainRead(sql: string): boolean {
  if (/\b(changes|last_insert_rowid)\s*\(/i.test(sql)) return false;
  return (
    /^\s*select\b/i.test(sql) ||
    (/^\s*with\b/i.test(sql) && !/\b(insert|update|delete|replace)\b/i.test(sql))
  );
}

function execute<R>(statement: Statement, parameters: readonly unknown[]): QueryResult<R> {
  const bound = parameters.map(toSqlite);
  if (statement.reader) return { rows: statement.all(...bound) as R[] };
  const { changes, lastInsertRowid } = statement.run(...bound);
  return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
}

/** SQLite knows no booleans and no dates: true is 1, a Date its epoch milliseconds, undefined NULL. */
function toSqlite(value: unknown): unknown {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value instanceof Date) return value.getTime();
  return value === undefined ? null : value;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
