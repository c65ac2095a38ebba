import { FrameworkError, messageOf, toError, type ErrorFacts } from '../support/errors';
import { wordsOfScope, type ScopeIdentity } from '../support/scope-holder';
import type { ConnectionFacts } from './errors';

/** Thrown when a transaction was committed, and something that was to happen afterwards failed. */
export class AfterCommitError extends FrameworkError {
  /** Everything that failed, in order. */
  readonly failures: readonly unknown[];

  private constructor(facts: ErrorFacts, failures: readonly unknown[]) {
    super(facts);
    this.failures = failures;
  }

  static on({ name }: ConnectionFacts, failures: readonly unknown[]): AfterCommitError {
    const [cause] = failures;
    return new AfterCommitError(
      {
        code: 'E_AFTER_COMMIT',
        message: `The transaction on connection "${name}" is committed, but ${failures.length === 1 ? 'a callback' : `${failures.length} callbacks`} of "afterCommit" failed: ${messageOf(toError(cause))}`,
        help: 'Do not run the transaction again: its data is written. What must not get lost belongs in a queue.',
        cause,
      },
      failures,
    );
  }
}

/** Thrown when SQLite rolled a transaction back by itself, as after a full disk. */
export class TransactionLostError extends FrameworkError {
  static on({ name }: ConnectionFacts): TransactionLostError {
    return new TransactionLostError({
      code: 'E_TRANSACTION_LOST',
      message: `SQLite has rolled back the transaction on connection "${name}" by itself, after an earlier error in it: nothing of it was written.`,
      help: 'Let errors inside the callback of "transaction" pass, or run the whole transaction again.',
    });
  }
}

/** Thrown when a write goes through `db`, or a finished transaction, where the open transaction's own `trx` belongs. */
export class TransactionMisuseError extends FrameworkError {
  static writeOutside({ name }: ConnectionFacts): TransactionMisuseError {
    return new TransactionMisuseError({
      code: 'E_TRANSACTION_MISUSE',
      message: `A write on connection "${name}" was asked for inside its own open transaction, but not through it: it would wait for itself.`,
      help: 'Use the "trx" that the callback of "transaction" is given.',
    });
  }

  static afterEnd({ name }: ConnectionFacts): TransactionMisuseError {
    return new TransactionMisuseError({
      code: 'E_TRANSACTION_MISUSE',
      message: `A transaction on connection "${name}" was used after its end.`,
      help: 'Await everything inside the callback of "transaction" before it returns.',
    });
  }

  static bySql({ name }: ConnectionFacts, sql: string): TransactionMisuseError {
    return new TransactionMisuseError({
      code: 'E_TRANSACTION_MISUSE',
      message: `"${sql.trim().slice(0, 40)}" was asked for on connection "${name}": the writes of others would be in that transaction, or end with it.`,
      help: 'Use "db.transaction(callback)", and "trx.transaction(callback)" for a savepoint in it.',
    });
  }

  static leftOpen({ name }: ConnectionFacts): TransactionMisuseError {
    return new TransactionMisuseError({
      code: 'E_TRANSACTION_MISUSE',
      message: `A write on connection "${name}" began or ended a transaction by itself; it was rolled back where it could be.`,
      help: 'Use "db.transaction(callback)".',
    });
  }

  static outerInsideNested({ name }: ConnectionFacts): TransactionMisuseError {
    return new TransactionMisuseError({
      code: 'E_TRANSACTION_MISUSE',
      message: `Inside a nested transaction on connection "${name}", another one was begun through the outer "trx": it would wait for itself.`,
      help: 'Use the "trx" that the innermost callback is given.',
    });
  }

  /** @param what as a sentence about it begins: `The folder of a tenant would stay` */
  static beyondRollback({ name }: ConnectionFacts, what: string): TransactionMisuseError {
    return new TransactionMisuseError({
      code: 'E_TRANSACTION_MISUSE',
      message: `${what} where it is, if the transaction on connection "${name}" that asks for it were rolled back.`,
      help: 'Do it before the transaction, or once that is committed: "trx.afterCommit(callback)".',
    });
  }

  static byOthers(
    { name }: ConnectionFacts,
    owner: ScopeIdentity | undefined,
    current: ScopeIdentity | undefined,
  ): TransactionMisuseError {
    return new TransactionMisuseError({
      code: 'E_TRANSACTION_MISUSE',
      message: `A transaction on connection "${name}" that was begun in the work of ${wordsOfScope(owner)} was used in that of ${wordsOfScope(current)}.`,
      help: 'Use a "trx" where it was given, and begin another for other work. What one of them does is not undone with the other.',
    });
  }

  static nestedStillOpen({ name }: ConnectionFacts): TransactionMisuseError {
    return new TransactionMisuseError({
      code: 'E_TRANSACTION_MISUSE',
      message: `A transaction on connection "${name}" was to end while a nested one in it was still going on: all of it was rolled back.`,
      help: 'Await every nested "transaction" inside the callback of the outer one.',
    });
  }
}
