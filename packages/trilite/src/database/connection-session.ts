import { monotonicMs } from '../support/clock';
import { ContextVariable } from '../support/context-variable';
import { toError } from '../support/errors';
import { currentScope, isSameScope, type ScopeIdentity } from '../support/scope-holder';
import type { Handle } from './connection-handle';
import { explainDatabaseError, type ConnectionFacts } from './errors';
import {
  AfterCommitError,
  TransactionLostError,
  TransactionMisuseError,
} from './transaction-errors';

/*
 * A session is one open transaction, or one savepoint in it.
 *
 *   transaction  BEGIN IMMEDIATE ─┬─▶ COMMIT, then what was to happen after it
 *                                 └─▶ ROLLBACK
 *   nested       SAVEPOINT ─┬─▶ RELEASE, and what was to happen after the commit waits for the outer one's
 *                           └─▶ ROLLBACK TO
 *
 * Invariants:
 * 1. Sessions nest: at most one nested one is open in each, and the next waits for its end.
 * 2. Work of the outer session waits while a nested one is open, or the nested one's rollback would undo it. Work from within the nested one's
 *    own context does not: it would wait for itself.
 * 3. It is used by the work of whoever began it alone: what it was carried into, for another tenant, would commit with this one's.
 * 4. A transaction that SQLite rolled back by itself runs nothing more: its next statement would commit alone.
 */

/** Synchronous work on a handle. */
export type Work<T> = (handle: Handle) => T;

/** What is to happen once a transaction is committed. */
export type AfterCommit = () => Promise<void> | void;

const sessions = new ContextVariable<Session>();

/** The session this async context runs in, of whichever connection. */
export function currentSession(): Session | undefined {
  return sessions.get();
}

/** The open or ended session of a connection that this async context runs in, if it runs in one. */
export function sessionOf(connection: ConnectionFacts): Session | undefined {
  return sessions.get()?.of(connection);
}

/** Runs work outside of every session that this async context runs in. */
export function outsideSessions<T>(work: () => T): T {
  return sessions.run(undefined, work);
}

/** What a session is made of. */
export interface SessionParts {
  readonly connection: ConnectionFacts;
  readonly handle: Handle;
  /** The session that whoever began this one was running in. */
  readonly parent: Session | undefined;
  /** Whose work began it; undefined when nobody had decided. */
  readonly owner: ScopeIdentity | undefined;
  readonly retryBusy: <T>(attempt: () => T) => Promise<T>;
  /** Gives the writer back, or the turn to the next nested session. */
  readonly end: () => void;
  /** The session that this one is a savepoint of. */
  readonly outer?: Session;
}

/** One open transaction on a connection's writer handle, or a savepoint in one. */
export class Session {
  /** Since when it is open, by the monotonic clock. */
  readonly beganAt = monotonicMs();
  readonly #parts: SessionParts;
  readonly #depth: number;
  readonly #afterCommit: AfterCommit[] = [];
  /** The nested session that is open now, and what settles at its end. */
  #inner: Session | undefined;
  #innerEnded: Promise<void> | undefined;
  #state: 'open' | 'ending' | 'ended' = 'open';

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#depth = parts.outer === undefined ? 0 : parts.outer.#depth + 1;
  }

  /** The connection it is on. */
  get connection(): ConnectionFacts {
    return this.#parts.connection;
  }

  /** Whether the transaction, or savepoint, is still going on. */
  get isOpen(): boolean {
    return this.#state === 'open' && (this.#parts.outer?.isOpen ?? true);
  }

  /** Whether the current work is that of whoever began it, as far as anybody has decided. */
  get isOwn(): boolean {
    const { owner } = this.#parts;
    const current = currentScope();
    return owner === undefined || current === undefined || isSameScope(current, owner);
  }

  /** The transaction whose end decides what becomes of this one: itself, unless it is a savepoint. */
  get outermost(): Session {
    return this.#parts.outer?.outermost ?? this;
  }

  /** The session of a connection in this async context: this one, or one that this one was begun in. */
  of(connection: ConnectionFacts): Session | undefined {
    return this.#parts.connection === connection ? this : this.#parts.parent?.of(connection);
  }

  /**
   * Refuses the work of others: what that writes would be lost with what is this one's.
   *
   * @throws E_TRANSACTION_MISUSE
   */
  refuseOthers(): void {
    if (this.isOwn) return;
    throw TransactionMisuseError.byOthers(
      this.#parts.connection,
      this.#parts.owner,
      currentScope(),
    );
  }

  /** Runs synchronous work in the transaction. */
  async run<T>(work: Work<T>): Promise<T> {
    while (this.#innerEnded !== undefined && !this.#isWithinInner()) await this.#innerEnded;
    try {
      this.refuseOthers();
      this.#refuseEnded();
      return work(this.#parts.handle);
    } catch (error) {
      throw toError(explainDatabaseError(error, this.#parts.connection));
    }
  }

  /** Runs the callback in this session's async context, then commits, or rolls back and throws on. */
  async complete<T>(work: (session: Session) => Promise<T>): Promise<T> {
    try {
      const result = await this.enter(() => work(this));
      await this.commit();
      return result;
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  /** Runs a callback in this session's async context: what it asks of cache and queue on this connection joins it. */
  enter<T>(work: () => T): T {
    return sessions.run(this, work);
  }

  /**
   * Begins a savepoint. Others of this session wait for its end.
   *
   * @throws E_TRANSACTION_MISUSE when asked for from within an open nested session, which would wait for itself
   */
  async nest(): Promise<Session> {
    if (this.#innerEnded !== undefined && this.#isWithinInner()) {
      throw TransactionMisuseError.outerInsideNested(this.#parts.connection);
    }
    while (this.#innerEnded !== undefined) await this.#innerEnded;
    this.refuseOthers();
    this.#refuseEnded();
    this.#parts.handle.exec(`SAVEPOINT ${savepoint(this.#depth + 1)}`);
    let end: () => void = () => undefined;
    this.#innerEnded = new Promise((resolve) => {
      end = (): void => {
        this.#inner = this.#innerEnded = undefined;
        resolve();
      };
    });
    this.#inner = new Session({ ...this.#parts, parent: currentSession(), outer: this, end });
    return this.#inner;
  }

  /**
   * Has something happen once the whole transaction is committed: never when it, or the nested one it was asked for in, is rolled back.
   *
   * @throws E_TRANSACTION_MISUSE after the end
   */
  afterCommit(callback: AfterCommit): void {
    this.refuseOthers();
    this.#refuseEnded();
    this.#afterCommit.push(callback);
  }

  /**
   * Commits and gives the writer back; then runs, in order, what was to happen after it.
   *
   * @throws E_AFTER_COMMIT when some of that failed: the transaction is committed all the same
   */
  async commit(): Promise<void> {
    const { outer, handle, retryBusy, connection } = this.#parts;
    this.#refuseEnded();
    if (this.#innerEnded !== undefined) throw TransactionMisuseError.nestedStillOpen(connection);
    if (outer !== undefined) {
      handle.exec(`RELEASE ${savepoint(this.#depth)}`);
      for (const callback of this.#afterCommit) outer.#afterCommit.push(callback); // too many for one call
      return this.#close();
    }
    this.#state = 'ending'; // what is asked for while COMMIT waits for a lock would be committed half-way
    await retryBusy(() => handle.exec('COMMIT'));
    this.#close();
    await this.#runAfterCommit();
  }

  /** Rolls back and gives the writer back; harmless after the end. */
  rollback(): void {
    if (this.#state === 'ended') return;
    const { outer, handle } = this.#parts;
    try {
      // Nothing is left to undo when the outer one has ended, or SQLite has rolled back by itself: after FULL, IOERR or NOMEM.
      if (outer?.isOpen === false || !handle.inTransaction) return;
      const name = savepoint(this.#depth);
      handle.exec(outer === undefined ? 'ROLLBACK' : `ROLLBACK TO ${name}; RELEASE ${name}`);
    } finally {
      this.#close();
    }
  }

  async #runAfterCommit(): Promise<void> {
    const failures: unknown[] = [];
    for (const callback of this.#afterCommit) {
      try {
        await callback();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw AfterCommitError.on(this.#parts.connection, failures);
  }

  /** Whether the current async context runs in the nested session that is open now: only that must not be waited for. */
  #isWithinInner(): boolean {
    const current = sessionOf(this.#parts.connection);
    if (this.#inner === undefined || current === undefined) return false;
    return current.#isOrIsWithin(this.#inner);
  }

  #isOrIsWithin(session: Session): boolean {
    const { outer } = this.#parts;
    return this === session || (outer !== undefined && outer.#isOrIsWithin(session));
  }

  /** After an error SQLite may have rolled everything back: what ran then would commit by itself. */
  #refuseEnded(): void {
    const { connection, handle } = this.#parts;
    if (!this.isOpen) throw TransactionMisuseError.afterEnd(connection);
    if (!handle.inTransaction) throw TransactionLostError.on(connection);
  }

  #close(): void {
    this.#state = 'ended';
    this.#parts.end();
  }
}

/** Runs work so that it undoes itself alone when it throws. */
export function inSavepoint<T>(handle: Handle, work: Work<T>): T {
  handle.exec('SAVEPOINT trilite_write');
  try {
    const value = work(handle);
    handle.exec('RELEASE trilite_write');
    return value;
  } catch (error) {
    if (handle.inTransaction) handle.exec('ROLLBACK TO trilite_write; RELEASE trilite_write');
    throw error;
  }
}

const savepoint = (depth: number): string => `trilite_${depth}`;
