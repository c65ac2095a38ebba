import { existsSync } from 'node:fs';
import type { SqliteSettings } from '../config/schema';
import { delayMs, monotonicMs } from '../support/clock';
import { toError } from '../support/errors';
import {
  currentContext,
  nextTurn,
  runInContext,
  settle,
  type Outcome,
  type ReadOptions,
  type TransactionEntry,
  type WaitingRead,
  type WriteEntry,
  type WriteOptions,
} from './connection-entry';
import { Handle, closeWriter, isBusy } from './connection-handle';
import { Session, currentSession, inSavepoint, sessionOf, type Work } from './connection-session';
import {
  ConnectionClosedError,
  DatabaseBusyError,
  DatabaseFileMissingError,
  TransactionMisuseError,
  explainDatabaseError,
} from './errors';

/*
 * One SQLite file: who may write when.
 *
 * States of the writer handle:
 *
 *   idle ──write()──▶ scheduled ──next turn──▶ writing a group ──▶ idle, or the next entry
 *   idle ──begin()──▶ lent to one transaction ──commit, rollback──▶ idle, or the next entry
 *
 * Invariants:
 * 1. Entries (writes and transactions) are served first in, first out.
 * 2. A group is one BEGIN IMMEDIATE … COMMIT; a promise settles only after that commit.
 * 3. A write that fails undoes itself alone, unless SQLite rolled everybody back: then everybody is told.
 * 4. A read sees every write asked for before it on this connection, unless that write is held up by a transaction of this process or a lock
 *    of another: then it sees what is committed, and does not wait with it. Who awaits a write before reading always sees it.
 * 5. While a transaction holds the writer, other contexts read through the reader handle: what is committed, never half of it.
 * 6. No call waits for a lock inside SQLite: handles have timeout 0, and waiting is a timer of this process.
 * 7. Nobody waits longer than `busyTimeout` for one lock, be it another process's or a transaction of this one.
 * 8. However many ask, the event loop turns every few milliseconds.
 * 9. A transaction that SQLite rolled back by itself runs nothing more: its next statement would commit alone.
 */

/** A group ends at whichever of these comes first. */
const GROUP_WRITES = 1000;
const GROUP_MS = 5;

/** Waiting longer each time only makes the unlucky one wait longer still: measured, a constant pause has the shortest worst wait. */
const BUSY_PAUSE_MS = 1;

/** How often it is looked who waits too long behind a transaction. */
const OVERDUE_MS = 50;

const open = new Set<Connection>();

/** The connections of this process that hold an open file. For the tests' leak guard. */
export function openConnections(): readonly Connection[] {
  return [...open];
}

/** One SQLite file by name: opened at first use, written by one handle, never blocking the event loop for a lock. */
export class Connection {
  readonly name: string;
  readonly file: string;
  readonly settings: SqliteSettings;
  readonly #entries: (WriteEntry | TransactionEntry)[] = [];
  #writer: Handle | undefined;
  #reader: Handle | undefined;
  #lentTo: Session | undefined;
  #drained: Promise<void> | undefined;
  /** Writes asked for and served since the beginning: a read waits until what was asked for before it is served. */
  #askedWrites = 0;
  #servedWrites = 0;
  #isLocked = false;
  /** Since when the lock was found taken each time. */
  #lockedSince: number | undefined;
  readonly #waitingReads: WaitingRead[] = [];
  #isClosed = false;

  constructor(name: string, settings: SqliteSettings) {
    this.name = name;
    this.file = settings.file;
    this.settings = settings;
  }

  /** The transaction that holds the writer now, if one does. */
  get session(): Session | undefined {
    return this.#lentTo;
  }

  /** Whether a handle is open. */
  get isOpen(): boolean {
    return this.#writer !== undefined || this.#reader !== undefined;
  }

  /**
   * Runs a synchronous read. It sees every write asked for before it; inside a transaction of this connection it runs in it.
   *
   * @throws E_DATABASE_BUSY after `busyTimeout`, E_DATABASE_FILE_MISSING, E_CONNECTION_CLOSED
   */
  read<T>(work: Work<T>, options: ReadOptions = {}): Promise<T> {
    const session = sessionOf(this);
    if (session !== undefined) {
      return options.join === false && !this.#inMemory ? this.#readNow(work) : session.run(work);
    }
    return this.#mustWait() ? this.#readAfterPending(work) : this.#readNow(work);
  }

  /**
   * Runs a synchronous write in the next group commit; settles after it is committed. Inside a transaction of this connection it runs in it.
   *
   * @throws E_DATABASE_BUSY after `busyTimeout`, E_DATABASE_FULL, E_DATABASE_READ_ONLY, E_CONNECTION_CLOSED
   */
  write<T>(work: Work<T>, options: WriteOptions = {}): Promise<T> {
    const session = sessionOf(this);
    const several = options.several === true;
    if (session !== undefined) {
      return session.run((handle) => (several ? inSavepoint(handle, work) : work(handle)));
    }
    return new Promise<T>((resolve, reject) => {
      this.#enqueue({
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
   */
  async transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const outer = sessionOf(this);
    if (outer !== undefined) return outer.nested(work);
    const session = await this.begin();
    return session.complete(work);
  }

  /** Takes the writer and begins a transaction. Whoever calls it must end the session. */
  begin(): Promise<Session> {
    const parent = currentSession();
    return new Promise<Session>((resolve, reject) => {
      this.#enqueue({ kind: 'transaction', askedAt: monotonicMs(), parent, resolve, reject });
    });
  }

  /**
   * Refuses a write through `db` inside this connection's own open transaction: it would wait for itself.
   *
   * @throws E_TRANSACTION_MISUSE
   */
  refuseInsideOwnTransaction(): void {
    const session = sessionOf(this);
    if (session?.isOpen === true) throw TransactionMisuseError.writeOutside(this);
    if (session !== undefined) throw TransactionMisuseError.afterEnd(this);
  }

  /** Opens the file, creating it when it is missing. For the migrator, and for who creates tenants. */
  async create(): Promise<void> {
    this.#refuseClosed();
    await this.#retryBusy(() => this.#openWriter({ create: true }));
  }

  /**
   * Reads from the file itself, and looks whether it still lies at its path.
   *
   * @throws E_DATABASE_FILE_MISSING, E_DATABASE_CORRUPT and whatever a read throws
   */
  async check(): Promise<void> {
    await this.read((handle) => handle.statement('select count(*) from sqlite_schema').get());
    if (!this.#inMemory && !existsSync(this.file)) throw DatabaseFileMissingError.at(this);
  }

  /** Finishes what was asked for, then closes the handles; twice without harm. A transaction that does not end is rolled back. */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#drained !== undefined) await this.#drainOrRollBack(this.#drained);
    this.#reader?.close();
    this.#reader = undefined;
    if (this.#writer !== undefined) closeWriter(this.#writer, this.settings);
    this.#writer = undefined;
    open.delete(this);
  }

  async #drainOrRollBack(drained: Promise<void>): Promise<void> {
    const holder = this.#lentTo;
    const waited = new AbortController();
    await Promise.race([drained, delayMs(this.settings.busyTimeout, waited.signal)]);
    waited.abort();
    if (this.#lentTo === holder) holder?.rollback();
  }

  /** Runs an attempt until no lock is in its way, without blocking, up to `busyTimeout`. */
  async #retryBusy<T>(
    attempt: () => T,
    since: number = monotonicMs(),
    onBusy: () => void = () => undefined,
  ): Promise<T> {
    for (;;) {
      try {
        return attempt();
      } catch (error) {
        if (!isBusy(error)) throw explainDatabaseError(error, this);
        const waited = monotonicMs() - since;
        if (waited >= this.settings.busyTimeout) throw DatabaseBusyError.after(waited, this, error);
        onBusy();
      }
      await delayMs(BUSY_PAUSE_MS);
    }
  }

  /**
   * Runs what takes the write lock. While another process holds it, reads go ahead, and everybody's time runs: who waited behind others for
   * the same lock does not begin to wait anew.
   */
  async #takeLock<T>(askedAt: number, attempt: () => T): Promise<T> {
    const since =
      this.#lockedSince === undefined ? monotonicMs() : Math.max(askedAt, this.#lockedSince);
    try {
      const result = await this.#retryBusy(attempt, since, () => {
        this.#lockedSince ??= monotonicMs();
        this.#isLocked = true;
        this.#resumeReads();
      });
      this.#lockedSince = undefined;
      return result;
    } finally {
      this.#isLocked = false;
    }
  }

  #readNow<T>(work: Work<T>): Promise<T> {
    try {
      this.#refuseClosed();
      return Promise.resolve(work(this.#readHandle()));
    } catch (error) {
      if (!isBusy(error)) return Promise.reject(toError(explainDatabaseError(error, this)));
      return this.#retryBusy(() => work(this.#readHandle()));
    }
  }

  #readHandle(): Handle {
    if (this.#inMemory) return this.#openWriter(); // another handle would be another database
    return this.#lentTo?.isOpen === true ? this.#openReader() : this.#openWriter();
  }

  /** Whether writes that the next turn commits were asked for before a read. A file in memory has no reader beside a transaction. */
  #mustWait(): boolean {
    if (this.#inMemory) {
      return this.#lentTo?.isOpen === true || this.#servedWrites < this.#askedWrites;
    }
    return this.#servedWrites < this.#askedWrites && !this.#isHeldUp;
  }

  /** Whether writes have to wait for a transaction of this process or a lock of another: reads do not wait with them. */
  get #isHeldUp(): boolean {
    return !this.#inMemory && (this.#isLocked || this.#lentTo?.isOpen === true);
  }

  async #readAfterPending<T>(work: Work<T>): Promise<T> {
    const after = this.#askedWrites;
    await new Promise<void>((resume) => this.#waitingReads.push({ after, resume }));
    return this.#readNow(work);
  }

  /** Lets those reads go on whose writes are done, and all of them when the writes are held up. */
  #resumeReads(): void {
    const isDue = (read: WaitingRead): boolean =>
      read.after <= this.#servedWrites || this.#isHeldUp;
    for (
      let read = this.#waitingReads[0];
      read !== undefined && isDue(read);
      read = this.#waitingReads[0]
    ) {
      this.#waitingReads.shift();
      read.resume();
    }
  }

  get #inMemory(): boolean {
    return this.file === ':memory:';
  }

  #openWriter(options: { create?: boolean } = {}): Handle {
    if (this.#writer === undefined) {
      this.#writer = new Handle(this, this.settings, options);
      open.add(this);
    }
    return this.#writer;
  }

  #openReader(): Handle {
    this.#reader ??= new Handle(this, this.settings, { readOnly: true });
    return this.#reader;
  }

  #enqueue(entry: WriteEntry | TransactionEntry): void {
    this.#refuseClosed();
    this.#entries.push(entry);
    if (entry.kind === 'write') this.#askedWrites += 1;
    // A turn later: every write asked for in this turn of the event loop, by whomever, shares the commit.
    this.#drained ??= nextTurn().then(() => this.#drain());
  }

  async #drain(): Promise<void> {
    let turnedAt = monotonicMs();
    for (let entry = this.#entries[0]; entry !== undefined; entry = this.#entries[0]) {
      await (entry.kind === 'write' ? this.#writeGroup(entry) : this.#lend(entry));
      this.#resumeReads();
      // Who awaits a write asks for the next one before the loop ends: without a turn, timers and sockets would wait for ever.
      if (monotonicMs() - turnedAt < GROUP_MS) continue;
      await nextTurn();
      turnedAt = monotonicMs();
    }
    this.#drained = undefined;
  }

  async #writeGroup(head: WriteEntry): Promise<void> {
    const alone = this.#entries[1]?.kind !== 'write';
    if (alone && !head.several) {
      this.#entries.shift();
      return this.#writeAlone(head);
    }
    try {
      await this.#takeLock(head.askedAt, () => this.#openWriter().exec('BEGIN IMMEDIATE'));
    } catch (error) {
      // Who was asked for later may still get the lock in time.
      this.#refuseAll(this.#takeWrites(error instanceof DatabaseBusyError ? 1 : Infinity), error);
      return;
    }
    await this.#commitGroup(this.#openWriter());
  }

  /** A single statement is atomic by itself: it needs no BEGIN and no COMMIT. */
  async #writeAlone(entry: WriteEntry): Promise<void> {
    try {
      entry.resolve(
        await this.#takeLock(entry.askedAt, () => runInContext(this.#openWriter(), entry)),
      );
    } catch (error) {
      entry.reject(error);
    }
    this.#servedWrites += 1;
  }

  #refuseAll(entries: readonly WriteEntry[], error: unknown): void {
    for (const entry of entries) entry.reject(error);
    this.#servedWrites += entries.length;
  }

  async #commitGroup(handle: Handle): Promise<void> {
    const group: WriteEntry[] = [];
    try {
      const outcomes = this.#runGroup(handle, group);
      await this.#retryBusy(() => handle.exec('COMMIT'));
      for (const outcome of outcomes) settle(outcome);
      this.#servedWrites += group.length;
    } catch (error) {
      if (handle.inTransaction) handle.exec('ROLLBACK');
      this.#refuseAll(group, explainDatabaseError(error, this));
    }
  }

  #runGroup(handle: Handle, group: WriteEntry[]): Outcome[] {
    const outcomes: Outcome[] = [];
    const startedAt = monotonicMs();
    do {
      const [entry] = this.#takeWrites(1);
      if (entry === undefined) break;
      group.push(entry);
      outcomes.push(this.#runEntry(handle, entry));
    } while (group.length < GROUP_WRITES && monotonicMs() - startedAt < GROUP_MS);
    return outcomes;
  }

  #runEntry(handle: Handle, entry: WriteEntry): Outcome {
    try {
      return {
        entry,
        value: entry.several
          ? inSavepoint(handle, () => runInContext(handle, entry))
          : runInContext(handle, entry),
      };
    } catch (error) {
      // FULL, IOERR and NOMEM may roll the whole transaction back; then nobody in the group has written.
      if (!handle.inTransaction) throw error;
      return { entry, error: explainDatabaseError(error, this) };
    }
  }

  #takeWrites(limit: number): WriteEntry[] {
    const taken: WriteEntry[] = [];
    for (
      let entry = this.#entries[0];
      entry?.kind === 'write' && taken.length < limit;
      entry = this.#entries[0]
    ) {
      taken.push(entry);
      this.#entries.shift();
    }
    return taken;
  }

  async #lend(entry: TransactionEntry): Promise<void> {
    this.#entries.shift();
    try {
      await this.#takeLock(entry.askedAt, () => this.#openWriter().exec('BEGIN IMMEDIATE'));
    } catch (error) {
      return entry.reject(error);
    }
    const lentAt = monotonicMs();
    const watch = setInterval(() => this.#refuseOverdue(lentAt), OVERDUE_MS).unref();
    await new Promise<void>((end) => {
      const retryBusy = <T>(attempt: () => T): Promise<T> => this.#retryBusy(attempt);
      const handle = this.#openWriter();
      const { parent } = entry;
      this.#lentTo = new Session({ connection: this, handle, parent, retryBusy, end });
      entry.resolve(this.#lentTo);
      this.#resumeReads();
    });
    this.#lentTo = undefined;
    clearInterval(watch);
  }

  /** Refuses those who wait behind one transaction of this process for longer than `busyTimeout`: it may be waiting for them. */
  #refuseOverdue(lentAt: number): void {
    for (let entry = this.#entries[0]; entry !== undefined; entry = this.#entries[0]) {
      const waited = monotonicMs() - Math.max(entry.askedAt, lentAt);
      if (waited < this.settings.busyTimeout) return;
      this.#entries.shift();
      if (entry.kind === 'write') this.#servedWrites += 1;
      entry.reject(DatabaseBusyError.behindTransaction(waited, this));
    }
  }

  #refuseClosed(): void {
    if (this.#isClosed) throw ConnectionClosedError.for(this);
  }
}
