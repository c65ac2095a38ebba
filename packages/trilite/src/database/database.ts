import type {
  Compilable,
  ConnectionBuilder,
  KyselyPlugin,
  QueryExecutor,
  TransactionBuilder,
} from 'kysely';
import { requireWholeNumber } from '../support/argument';
import { toSqlite } from './bound-values';
import type { Connection } from './connection';
import type { OffloadOptions, OffloadPool } from './connection-offload';
import { sessionOf, type AfterCommit, type Session } from './connection-session';
import type { DatabaseTransaction } from './database-transaction';
import type { TriliteDialect } from './dialect';
import { DatabaseBusyError } from './errors';
import { LazyKysely } from './lazy-kysely';
import type { QueryEvents, QueryListener } from './query-events';
import { readableSql } from './scoping/sql-for';
import type { Tables } from './tables';

/** Who knows the connections by name. */
export interface ConnectionDirectory {
  connection(name?: string): Connection;
  readonly queries: QueryEvents;
  readonly offload: OffloadPool;
}

/** How a transaction is run. */
export interface DatabaseTransactionOptions {
  /** How often it is run, from its beginning, while its file stays locked beyond `busyTimeout`. Default: 1. */
  readonly attempts?: number;
  /** Whether foreign keys are enforced in it; see `TransactionOptions`. Default: true. */
  readonly foreignKeys?: boolean;
}

/**
 * The query builder of one connection: Kysely, with `transaction(callback)` and `connection(name)` beside its own forms.
 *
 * @example
 * import { Database, injectable, type Generated } from 'trilite';
 *
 * declare module 'trilite' {
 *   interface Tables {
 *     posts: { id: Generated<number>; title: string };
 *   }
 * }
 *
 * \@injectable()
 * export class PostController {
 *   constructor(private readonly db: Database) {}
 *
 *   index() {
 *     return this.db.selectFrom('posts').select(['id', 'title']).orderBy('id').limit(20).execute();
 *   }
 * }
 */
export class Database extends LazyKysely<Tables> {
  readonly #directory: ConnectionDirectory;
  readonly #name: string | undefined;
  readonly #dialect: TriliteDialect;

  /** @param executor Kysely's, when it is not its own: with plugins */
  constructor(directory: ConnectionDirectory, name?: string, executor?: QueryExecutor) {
    const dialect = new (loadDialect().TriliteDialect)(() => ({
      connection: directory.connection(name),
      events: directory.queries,
    }));
    if (executor === undefined) super({ dialect });
    else super({ config: { dialect }, driver: dialect.createDriver(), dialect, executor });
    this.#dialect = dialect;
    this.#directory = directory;
    this.#name = name;
  }

  /**
   * Runs the callback between BEGIN IMMEDIATE and COMMIT; rolls back when it throws. What the callback asks of a cache or queue on the
   * same connection joins the transaction. Inside another transaction of this connection it is a savepoint.
   *
   * @throws E_DATABASE_BUSY after `busyTimeout`, as often as `attempts` allows
   * @throws E_TRANSACTION_MISUSE when a write goes through the outer `db` instead of `trx`, or after the end
   * @throws E_AFTER_COMMIT when it is committed, but what was to happen afterwards failed
   */
  override transaction(): TransactionBuilder<Tables>;
  override transaction<T>(
    work: (trx: DatabaseTransaction) => Promise<T>,
    options?: DatabaseTransactionOptions,
  ): Promise<T>;
  override transaction<T>(
    work?: (trx: DatabaseTransaction) => Promise<T>,
    options: DatabaseTransactionOptions = {},
  ): TransactionBuilder<Tables> | Promise<T> {
    return work === undefined ? this.#builder() : this.#transact(work, options);
  }

  /**
   * Has something happen once the transaction that this async context runs in is committed; at once when it runs in none.
   *
   * @throws E_TRANSACTION_MISUSE after the end of that transaction
   */
  async afterCommit(callback: AfterCommit): Promise<void> {
    const session = sessionOf(this.#connection);
    if (session === undefined) await callback();
    else session.afterCommit(callback);
  }

  /** The query builder of another connection of the same application or tenant. */
  override connection(): ConnectionBuilder<Tables>;
  override connection(name: string): Database;
  override connection(name?: string): ConnectionBuilder<Tables> | Database {
    return name === undefined ? super.connection() : new Database(this.#directory, name);
  }

  // Kysely would make a plain Kysely of each, whose transactions know nothing of their async context.

  override withPlugin(plugin: KyselyPlugin): Database {
    return this.#with(this.getExecutor().withPlugin(plugin));
  }

  override withoutPlugins(): Database {
    return this.#with(this.getExecutor().withoutPlugins());
  }

  override withSchema(schema: string): Database {
    const { WithSchemaPlugin } = require('kysely') as typeof import('kysely');
    return this.#with(this.getExecutor().withPluginAtFront(new WithSchemaPlugin(schema)));
  }

  /** Hears of every query of this connection, whoever asked for it; in the work of a tenant, of that tenant's. @returns what ends it */
  listen(listener: QueryListener): () => void {
    const { name } = this.#connection;
    return this.#directory.queries.listen((event) => {
      if (event.connection === name) listener(event);
    });
  }

  /**
   * Runs a read that takes long in a thread of its own: the event loop stays free, and the file is read as it was when the thread began. It
   * costs about 50 ms to start and a copy of every row, so it is for reports, not for pages. Sees nothing of an open transaction.
   *
   * @param query a query of Kysely, not executed; or SQL with its values
   * @throws E_DATABASE_READ_ONLY when it writes; what `signal` was aborted with
   */
  offload<R>(query: Compilable<R>, options?: OffloadOptions): Promise<R[]>;
  offload<R = Record<string, unknown>>(
    query: string,
    parameters?: readonly unknown[],
    options?: OffloadOptions,
  ): Promise<R[]>;
  async offload<R>(
    query: Compilable<R> | string,
    second?: readonly unknown[] | OffloadOptions,
    third?: OffloadOptions,
  ): Promise<R[]> {
    const isText = typeof query === 'string';
    const { sql, parameters } = isText
      ? { sql: query, parameters: (second as readonly unknown[] | undefined) ?? [] }
      : query.compile();
    const options = (isText ? third : (second as OffloadOptions | undefined)) ?? {};
    const bound = toSqlite(parameters);
    const connection = this.#connection;
    const asked = { sql: await readableSql(connection, sql), parameters: bound };
    const rows = await this.#directory.offload.all(connection, asked, options);
    return rows as R[];
  }

  #with(executor: QueryExecutor): Database {
    return new Database(this.#directory, this.#name, executor);
  }

  get #connection(): Connection {
    return this.#directory.connection(this.#name);
  }

  /** Kysely's own form. SQLite has one isolation level and no read-only mode: setting them changes nothing. */
  #builder(): TransactionBuilder<Tables> {
    const builder: TransactionBuilder<Tables> = Object.assign(super.transaction(), {
      setAccessMode: () => builder,
      setIsolationLevel: () => builder,
      execute: <T>(work: (trx: DatabaseTransaction) => Promise<T>) => this.#transact(work, {}),
    });
    return builder;
  }

  async #transact<T>(
    work: (trx: DatabaseTransaction) => Promise<T>,
    { attempts = 1, foreignKeys = true }: DatabaseTransactionOptions,
  ): Promise<T> {
    requireWholeNumber('attempts', attempts, 1);
    const connection = this.#connection;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const run = (session: Session): Promise<T> => work(this.#within(connection, session));
        return await connection.transaction(run, { foreignKeys });
      } catch (error) {
        if (attempt >= attempts || !(error instanceof DatabaseBusyError)) throw error;
      }
    }
  }

  #within(connection: Connection, session: Session): DatabaseTransaction {
    const target = { connection, events: this.#directory.queries };
    const executor: QueryExecutor = this.getExecutor().withConnectionProvider(
      loadDialect().sessionProvider(target, session),
    );
    return new (loadTransaction().DatabaseTransaction)({
      dialect: this.#dialect,
      executor,
      session,
      nested: async (work) => {
        const nested = await session.nest();
        return nested.complete(() => work(this.#within(connection, nested)));
      },
    });
  }
}

/** Lazily, as Kysely is. */
function loadDialect(): typeof import('./dialect') {
  return require('./dialect') as typeof import('./dialect');
}

function loadTransaction(): typeof import('./database-transaction') {
  return require('./database-transaction') as typeof import('./database-transaction');
}
