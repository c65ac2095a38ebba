import { existsSync } from 'node:fs';
import type { SqliteSettings } from '../config/schema';
import { monotonicMs, within } from '../support/clock';
import { toError } from '../support/errors';
import { currentScope } from '../support/scope-holder';
import {
  currentContext,
  type ReadOptions,
  type TransactionOptions,
  type WriteOptions,
} from './connection-entry';
import { isBusy, type Handle } from './connection-handle';
import { HandleSet } from './connection-handles';
import { openConnections } from './connection-holder';
import type { ConnectionPool, PoolSlot } from './connection-pool';
import {
  currentSession,
  inSavepoint,
  sessionOf,
  type Session,
  type Work,
} from './connection-session';
import { streamRows, type StreamedQuery } from './connection-stream';
import type { CurrentTenant } from './scoping/current-tenant';
import { LockWait, type LockStatistics, type LockWaitEvent } from './connection-wait';
import { ConnectionWriter } from './connection-writer';
import {
  ConnectionClosedError,
  DatabaseFileMissingError,
  DatabaseFileReplacedError,
  explainDatabaseError,
} from './errors';
import { TransactionMisuseError } from './transaction-errors';

/*
 * One SQLite file. Invariants:
 * 1. A read sees every write asked for before it on this connection, unless that write is held up by a transaction of this process or a lock
 *    of another: then it sees what is committed, and does not wait with it. Who awaits a write before reading always sees it.
 * 2. While a transaction holds the writer, other contexts read through a reader handle: what is committed, never half of it.
 * 3. No call waits for a lock inside SQLite: handles have timeout 0, and waiting is a timer of this process.
 */

/** A reader that holds an old state of the file, and so keeps its -wal from being reused. */
export interface OpenStream {
  readonly sql: string;
  readonly ageMs: number;
}

/** What differs for the connections of tenants. */
export interface ConnectionOptions {
  /** Looks at each handle that was opened, before anybody uses it; throws when the file is not what it should be. */
  readonly verify?: ((handle: Handle) => void) | undefined;
  /**
   * Whether each write looks, while it holds the lock, whether it still writes to the file at the path: whoever moves the file under that lock
   * may be sure that nothing is written to it afterwards. Default: false.
   */
  readonly isStrict?: boolean | undefined;
  /** Who bounds how many files are open, and has this one rest when others need the room. Default: nobody; it stays open once used. */
  readonly pool?: ConnectionPool | undefined;
  /** Whose rows the current work may see, where the tables hold those of all tenants. Default: they hold those of one alone. */
  readonly currentTenant?: CurrentTenant | undefined;
  /** Told after each wait for a lock; must not throw. Default: nobody. */
  readonly onWaited?: ((event: LockWaitEvent) => void) | undefined;
}

/** One SQLite file by name: opened at first use, written by one handle, never blocking the event loop for a lock. */
export class Connection {
  readonly name: string;
  readonly file: string;
  readonly settings: SqliteSettings;
  /** Whose rows the current work may see; undefined where all of them belong together. */
  readonly currentTenant: CurrentTenant | undefined;
  readonly #wait: LockWait;
  readonly #handles: HandleSet;
  readonly #writer: ConnectionWriter;
  readonly #isVerified: boolean;
  /** Those who keep the handles open. */
  #holds = 0;
  readonly #slot: PoolSlot | undefined;
  #isClosed = false;

  constructor(name: string, settings: SqliteSettings, options: ConnectionOptions = {}) {
    this.name = name;
    this.file = settings.file;
    this.settings = settings;
    this.currentTenant = options.currentTenant;
    this.#isVerified = options.verify !== undefined;
    this.#wait = new LockWait(this, settings, options.onWaited);
    this.#handles = new HandleSet({
      facts: this,
      settings,
      wait: this.#wait,
      onOpen: () => openConnections.add(this),
      verify: options.verify,
      currentTenant: options.currentTenant,
    });
    if (options.isStrict === true) this.#handles.follow({ strictly: true });
    this.#writer = new ConnectionWriter({
      facts: this,
      settings,
      handles: this.#handles,
      wait: this.#wait,
      enter: (since) => this.#slot?.enter(since),
      onIdle: () => this.#slot?.idle(),
    });
    this.#slot = options.pool?.join(this);
  }

  /** The transaction that holds the writer now, if one does. */
  get session(): Session | undefined {
    return this.#writer.session;
  }

  /** Whether a handle is open. */
  get isOpen(): boolean {
    return this.#handles.isOpen;
  }

  /** Whether the current work is inside a transaction of this connection. */
  get isInTransaction(): boolean {
    return sessionOf(this) !== undefined;
  }

  /** Which file is open, by device and inode; undefined before the first use, and for a file in memory. */
  get place(): string | undefined {
    return this.#handles.place;
  }

  /**
   * Which file lies at the path, seen to be what it should be: whoever opens it by themselves opens that one and no other. Undefined where any
   * file is taken for what lies there.
   *
   * @throws whatever a read throws
   */
  async verifiedPlace(): Promise<string | undefined> {
    if (!this.#isVerified) return undefined;
    this.#handles.follow({ now: true });
    await this.read(() => undefined);
    return this.place;
  }

  /** How often it waited for locks of others, and how long. */
  get lockStatistics(): LockStatistics {
    return this.#wait.statistics;
  }

  /** The streams that are being read now, oldest first. */
  get openStreams(): readonly OpenStream[] {
    return this.#handles.leases.map(({ purpose, since }) => ({
      sql: purpose,
      ageMs: monotonicMs() - since,
    }));
  }

  /**
   * Runs a synchronous read. It sees every write asked for before it; inside a transaction of this connection it runs in it, unless that is the
   * work of another tenant, or of the application: then it sees what is committed.
   *
   * @throws E_DATABASE_BUSY after `busyTimeout`, E_DATABASE_FILE_MISSING, E_POOL_EXHAUSTED, E_CONNECTION_CLOSED
   */
  read<T>(work: Work<T>, options: ReadOptions = {}): Promise<T> {
    const session = sessionOf(this);
    if (session !== undefined) {
      const isOutside = options.join === false || !session.isOwn;
      const joins = !isOutside || this.#handles.inMemory;
      return joins ? session.run(work) : this.#readNow(work);
    }
    const pending = this.#afterWrites();
    return pending === undefined ? this.#readNow(work) : pending.then(() => this.#readNow(work));
  }

  /**
   * Reads a result in pieces, from a handle of its own: one consistent state of the file, whatever is written meanwhile. What is committed
   * when the first piece is asked for is in it, and nothing of open transactions. A file in memory, which has one handle, is read at once.
   *
   * @throws E_DATABASE_READERS, E_DATABASE_BUSY, E_CONNECTION_CLOSED
   */
  async *stream(query: StreamedQuery): AsyncGenerator<unknown[], void> {
    if (this.#handles.inMemory) {
      const { sql, parameters } = query;
      yield await this.read((handle) => handle.statement(sql).all(...parameters));
      return;
    }
    this.#refuseClosed();
    const release = this.hold();
    try {
      if (sessionOf(this) === undefined) await this.#afterWrites();
      await this.#slot?.enter(monotonicMs());
      yield* streamRows({ facts: this, handles: this.#handles, wait: this.#wait }, query);
    } finally {
      release();
    }
  }

  /**
   * Runs a synchronous write in the next group commit; settles after it is committed. Inside a transaction of this connection it runs in it.
   *
   * @throws E_TRANSACTION_MISUSE inside a transaction of another tenant, or of the application, on this connection
   * @throws E_DATABASE_BUSY after `busyTimeout`, E_DATABASE_FULL, E_DATABASE_READ_ONLY, E_CONNECTION_CLOSED
   */
  write<T>(work: Work<T>, options: WriteOptions = {}): Promise<T> {
    const session = sessionOf(this);
    const several = options.several === true;
    if (session !== undefined) {
      return session.run((handle) => (several ? inSavepoint(handle, work) : work(handle)));
    }
    return new Promise<T>((resolve, reject) => {
      this.#refuseClosed();
      this.#slot?.asked();
      this.#writer.add({
        kind: 'write',
        askedAt: monotonicMs(),
        several,
        context: currentContext(),
        work,
        resolve: resolve as (value: unknown) => void,
        reject,
      });
    });
  }

  /**
   * Runs an asynchronous transaction: BEGIN IMMEDIATE, the callback, COMMIT; ROLLBACK when it throws. Inside another transaction of this
   * connection it is a savepoint.
   *
   * @throws E_DATABASE_BUSY after `busyTimeout`, E_AFTER_COMMIT, and what the callback throws
   */
  async transaction<T>(
    work: (session: Session) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    const session = await this.begin(options);
    return session.complete(work);
  }

  /** Begins a transaction, or a savepoint inside one of this connection. Whoever calls it must end the session. */
  begin(options: TransactionOptions = {}): Promise<Session> {
    const outer = sessionOf(this);
    if (outer !== undefined) return outer.nest();
    const parent = currentSession();
    return new Promise<Session>((resolve, reject) => {
      this.#refuseClosed();
      this.#slot?.asked();
      this.#writer.add({
        kind: 'transaction',
        askedAt: monotonicMs(),
        parent,
        owner: currentScope(),
        foreignKeys: options.foreignKeys !== false,
        resolve,
        reject,
      });
    });
  }

  /**
   * Refuses a write through `db` inside this connection's own open transaction: it would wait for itself.
   *
   * @throws E_TRANSACTION_MISUSE
   */
  refuseInsideOwnTransaction(): void {
    const session = sessionOf(this);
    session?.refuseOthers();
    if (session?.isOpen === true) throw TransactionMisuseError.writeOutside(this);
    if (session !== undefined) throw TransactionMisuseError.afterEnd(this);
  }

  /** Opens the file, creating it and its folder when they are missing. For the migrator, and for who creates tenants. */
  async create(): Promise<void> {
    this.#refuseClosed();
    await this.#held(() => this.#wait.until(() => this.#handles.create()));
  }

  /**
   * Follows its path: a file that is put in the place of the open one is opened instead, within 100 ms, or before the next call with `now`.
   * For files that may be lost, such as a cache's; of any other, a replaced file is to be noticed.
   */
  follow(options: { readonly now?: boolean } = {}): void {
    this.#handles.follow(options);
  }

  /**
   * Reads from the file itself, and looks whether it still lies at its path.
   *
   * @throws E_DATABASE_FILE_MISSING, E_DATABASE_FILE_REPLACED, E_DATABASE_CORRUPT and whatever a read throws
   */
  async check(): Promise<void> {
    await this.read((handle) => handle.statement('select count(*) from sqlite_schema').get());
    if (this.#handles.inMemory) return;
    if (!existsSync(this.file)) throw DatabaseFileMissingError.at(this);
    if (this.#handles.isReplaced) throw DatabaseFileReplacedError.at(this);
  }

  /**
   * Keeps the handles from resting: for who compares what one handle says now with what it said before, such as `ChangeWatch`.
   *
   * @returns what ends it; twice without harm
   */
  hold(): () => void {
    let isHeld = true;
    this.#holds += 1;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holds -= 1;
      if (this.#holds === 0) this.#slot?.idle();
    };
  }

  /**
   * Closes the handles when nothing uses them: no write, transaction or stream, and nobody who holds them. They open anew at the next use, and
   * nobody who holds the connection notices; what a statement set on a handle, such as a pragma, is gone with it. A file in memory never
   * rests: its content would be gone.
   *
   * @returns whether it rests now
   */
  rest(): boolean {
    const isUsed = this.#holds > 0 || !this.#writer.isIdle || this.#handles.inMemory;
    if (isUsed || !this.#handles.rest()) return false;
    openConnections.delete(this);
    this.#slot?.rested();
    return true;
  }

  /** Finishes what was asked for, then closes the handles; twice without harm. A transaction that does not end is rolled back, a stream ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (let { drained } = this.#writer; drained !== undefined; { drained } = this.#writer) {
      await this.#drainOrRollBack(drained);
    }
    this.#handles.close();
    openConnections.delete(this);
    this.#slot?.closed();
  }

  async #drainOrRollBack(drained: Promise<void>): Promise<void> {
    const holder = this.session;
    await within(this.settings.busyTimeout, drained);
    if (this.session === holder) holder?.rollback();
  }

  /** Settles when the writes that a read is to see are done: undefined when they are. Those may be waiting for room. */
  #afterWrites(): Promise<void> | undefined {
    const pending = this.#writer.pending();
    if (pending !== undefined) this.#slot?.asked();
    return pending;
  }

  #readNow<T>(work: Work<T>): Promise<T> {
    return this.#slot?.used() === false
      ? this.#held(() => this.#readOpen(work))
      : this.#readOpen(work);
  }

  #readOpen<T>(work: Work<T>): Promise<T> {
    try {
      this.#refuseClosed();
      if (this.#writer.isIdle) this.#handles.refresh();
      return Promise.resolve(this.#readOnce(work));
    } catch (error) {
      if (!isBusy(error)) return Promise.reject(toError(explainDatabaseError(error, this)));
      return this.#held(() => this.#wait.until(() => this.#readOnce(work)));
    }
  }

  /** The work may ask for something that has connections rest: not this one. */
  #readOnce<T>(work: Work<T>): T {
    this.#holds += 1;
    try {
      return work(this.#readHandle());
    } finally {
      this.#holds -= 1;
    }
  }

  #readHandle(): Handle {
    return this.#writer.isLent ? this.#handles.reader() : this.#handles.writer();
  }

  /** Runs work while the handles may be open, and do not rest. */
  async #held<T>(work: () => Promise<T>): Promise<T> {
    const release = this.hold();
    try {
      await this.#slot?.enter(monotonicMs());
      return await work();
    } finally {
      release();
    }
  }

  #refuseClosed(): void {
    if (this.#isClosed) throw ConnectionClosedError.for(this);
  }
}
