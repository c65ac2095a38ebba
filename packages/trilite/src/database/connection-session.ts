import { AsyncLocalStorage } from 'node:async_hooks';
import { toError } from '../support/errors';
import type { Handle } from './connection-handle';
import {
  TransactionLostError,
  TransactionMisuseError,
  explainDatabaseError,
  type ConnectionFacts,
} from './errors';

/** Synchronous work on a handle. */
export type Work<T> = (handle: Handle) => T;

const sessions = new AsyncLocalStorage<Session>();

/** The session this async context runs in, of whichever connection. */
export function currentSession(): Session | undefined {
  return sessions.getStore();
}

/** The open or ended session of a connection that this async context runs in, if it runs in one. */
export function sessionOf(connection: ConnectionFacts): Session | undefined {
  return sessions.getStore()?.of(connection);
}

/** What a session is made of. */
export interface SessionParts {
  readonly connection: ConnectionFacts;
  readonly handle: Handle;
  /** The session that whoever began this one was running in. */
  readonly parent: Session | undefined;
  readonly retryBusy: <T>(attempt: () => T) => Promise<T>;
  /** Gives the writer back. */
  readonly end: () => void;
}

/** One open transaction on a connection's writer handle. */
export class Session {
  readonly #connection: ConnectionFacts;
  readonly #handle: Handle;
  readonly #retryBusy: <T>(attempt: () => T) => Promise<T>;
  readonly #end: () => void;
  readonly #parent: Session | undefined;
  #isOpen = true;
  #depth = 0;

  constructor({ connection, handle, parent, retryBusy, end }: SessionParts) {
    this.#connection = connection;
    this.#handle = handle;
    this.#parent = parent;
    this.#retryBusy = retryBusy;
    this.#end = end;
  }

  /** Whether the transaction is still going on. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The session of a connection in this async context: this one, or one that this one was begun in. */
  of(connection: ConnectionFacts): Session | undefined {
    return this.#connection === connection ? this : this.#parent?.of(connection);
  }

  /** Runs synchronous work in the transaction. */
  run<T>(work: Work<T>): Promise<T> {
    try {
      this.#refuseEnded();
      return Promise.resolve(work(this.#handle));
    } catch (error) {
      return Promise.reject(toError(explainDatabaseError(error, this.#connection)));
    }
  }

  /** Runs the callback in this transaction's async context, then commits, or rolls back and throws on. */
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

  /** Runs a callback in this transaction's async context: what it asks of cache and queue on this connection joins it. */
  enter<T>(work: () => T): T {
    return sessions.run(this, work);
  }

  /** Runs the callback between SAVEPOINT and RELEASE; what it wrote is undone when it throws. */
  async nested<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const savepoint = `trilite_${(this.#depth += 1)}`;
    await this.run((handle) => handle.exec(`SAVEPOINT ${savepoint}`));
    try {
      const result = await work(this);
      await this.run((handle) => handle.exec(`RELEASE ${savepoint}`));
      return result;
    } catch (error) {
      if (this.#handle.inTransaction) {
        this.#handle.exec(`ROLLBACK TO ${savepoint}; RELEASE ${savepoint}`);
      }
      throw error;
    } finally {
      this.#depth -= 1;
    }
  }

  /** Commits and gives the writer back. */
  async commit(): Promise<void> {
    this.#refuseEnded();
    await this.#retryBusy(() => this.#handle.exec('COMMIT'));
    this.#close();
  }

  /** Rolls back and gives the writer back; harmless after the end. */
  rollback(): void {
    if (!this.#isOpen) return;
    // SQLite may have rolled back by itself: after FULL, IOERR or NOMEM there is nothing left to undo.
    if (this.#handle.inTransaction) this.#handle.exec('ROLLBACK');
    this.#close();
  }

  /** After an error SQLite may have rolled everything back: what ran then would commit by itself. */
  #refuseEnded(): void {
    if (!this.#isOpen) throw TransactionMisuseError.afterEnd(this.#connection);
    if (!this.#handle.inTransaction) throw TransactionLostError.on(this.#connection);
  }

  #close(): void {
    this.#isOpen = false;
    this.#end();
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
