import {
  Kysely,
  type AccessMode,
  type ConnectionBuilder,
  type IsolationLevel,
  type Transaction,
  type TransactionBuilder,
} from 'kysely';
import type { Connection } from './connection';
import { TriliteDialect } from './dialect';
import type { Tables } from './tables';

/** Who knows the connections by name. */
export interface ConnectionDirectory {
  connection(name?: string): Connection;
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
export class Database extends Kysely<Tables> {
  readonly #directory: ConnectionDirectory;
  readonly #name: string | undefined;

  constructor(directory: ConnectionDirectory, name?: string) {
    super({ dialect: new TriliteDialect(() => directory.connection(name)) });
    this.#directory = directory;
    this.#name = name;
  }

  /**
   * Runs the callback between BEGIN IMMEDIATE and COMMIT; rolls back when it throws. What the callback asks of a cache or queue on the
   * same connection joins the transaction.
   *
   * @throws E_DATABASE_BUSY after `busyTimeout`
   * @throws E_TRANSACTION_MISUSE when a write goes through the outer `db` instead of `trx`, or after the end
   */
  override transaction(): TransactionBuilder<Tables>;
  override transaction<T>(work: (trx: Transaction<Tables>) => Promise<T>): Promise<T>;
  override transaction<T>(
    work?: (trx: Transaction<Tables>) => Promise<T>,
  ): TransactionBuilder<Tables> | Promise<T> {
    const builder = this.#inItsContext(super.transaction());
    return work === undefined ? builder : builder.execute(work);
  }

  /** Lets a transaction run in its own async context, in whichever of Kysely's forms it is written. */
  #inItsContext(builder: TransactionBuilder<Tables>): TransactionBuilder<Tables> {
    const plain = {
      setAccessMode: builder.setAccessMode.bind(builder),
      setIsolationLevel: builder.setIsolationLevel.bind(builder),
      execute: builder.execute.bind(builder),
    };
    return Object.assign(builder, {
      setAccessMode: (mode: AccessMode) => this.#inItsContext(plain.setAccessMode(mode)),
      setIsolationLevel: (level: IsolationLevel) =>
        this.#inItsContext(plain.setIsolationLevel(level)),
      execute: <T>(work: (trx: Transaction<Tables>) => Promise<T>) =>
        plain.execute((trx) => this.#enter(() => work(trx))),
    });
  }

  /** One transaction holds the writer at a time: while its callback runs, the connection's session is its own. */
  #enter<T>(work: () => Promise<T>): Promise<T> {
    const { session } = this.#directory.connection(this.#name);
    return session === undefined ? work() : session.enter(work);
  }

  /** The query builder of another connection of the same application or tenant. */
  override connection(): ConnectionBuilder<Tables>;
  override connection(name: string): Database;
  override connection(name?: string): ConnectionBuilder<Tables> | Database {
    return name === undefined ? super.connection() : new Database(this.#directory, name);
  }
}
