import { Transaction, type QueryExecutor, type TransactionBuilder } from 'kysely';
import type { AfterCommit, Session } from './connection-session';
import type { TriliteDialect } from './dialect';
import type { Tables } from './tables';

/** What a transaction of `Database` is made of. */
export interface TransactionParts {
  readonly dialect: TriliteDialect;
  readonly executor: QueryExecutor;
  readonly session: Session;
  /** Begins a transaction within this one's async context. */
  readonly nested: <T>(work: (trx: DatabaseTransaction) => Promise<T>) => Promise<T>;
}

/** What the callback of `db.transaction` is given: Kysely's transaction, with nested ones and `afterCommit`. */
export class DatabaseTransaction extends Transaction<Tables> {
  readonly #session: Session;
  readonly #nested: TransactionParts['nested'];

  constructor({ dialect, executor, session, nested }: TransactionParts) {
    super({ config: { dialect }, driver: dialect.createDriver(), dialect, executor });
    this.#session = session;
    this.#nested = nested;
  }

  /**
   * Runs a callback in a savepoint of this transaction: when it throws, what it wrote is undone alone. One at a time: a second waits for
   * the first.
   *
   * @throws E_TRANSACTION_MISUSE when called on an outer transaction from inside a nested one
   */
  override transaction(): TransactionBuilder<Tables>;
  override transaction<T>(work: (trx: DatabaseTransaction) => Promise<T>): Promise<T>;
  override transaction<T>(
    work?: (trx: DatabaseTransaction) => Promise<T>,
  ): TransactionBuilder<Tables> | Promise<T> {
    return work === undefined ? super.transaction() : this.#nested(work);
  }

  /** Runs a callback as if it had been called from this transaction's own: what it asks of a cache or a queue on the same file joins it. */
  enter<T>(work: () => T): T {
    return this.#session.enter(work);
  }

  /**
   * Has something happen once the outermost transaction is committed, in the order asked for: send the mail, clear the cache entry. Never
   * when this transaction, nested or not, is rolled back. `db.transaction` settles after it.
   *
   * @throws E_TRANSACTION_MISUSE after the end
   */
  afterCommit(callback: AfterCommit): void {
    this.#session.afterCommit(callback);
  }
}
