import type { SqliteSettings } from '../config/schema';
import { monotonicMs, nextTurn } from '../support/clock';
import { errorCode } from '../support/errors';
import {
  runInContext,
  settle,
  type Outcome,
  type TransactionEntry,
  type Waiting,
  type WaitingRead,
  type WriteEntry,
} from './connection-entry';
import type { Handle } from './connection-handle';
import type { HandleSet } from './connection-handles';
import { Session, inSavepoint } from './connection-session';
import type { LockWait } from './connection-wait';
import { WalRestart } from './connection-wal';
import {
  DatabaseBusyError,
  DatabaseQueryError,
  explainDatabaseError,
  type ConnectionFacts,
} from './errors';
import { TransactionMisuseError } from './transaction-errors';

/*
 * Who may write when.
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
 * 4. Nobody waits longer than `busyTimeout` for one lock, be it another process's or a transaction of this one.
 * 5. However many ask, the event loop turns every few milliseconds.
 */

/** A group ends at whichever of these comes first. */
const GROUP_WRITES = 1000;
const GROUP_MS = 5;

/** How often it is looked who waits too long behind a transaction. */
const OVERDUE_MS = 50;

/** What the writer of a connection works with. */
export interface WriterParts {
  readonly facts: ConnectionFacts;
  readonly settings: SqliteSettings;
  readonly handles: HandleSet;
  readonly wait: LockWait;
  /** Asks whether handles may be opened; undefined when they may. @param since since when it is waited, by the monotonic clock */
  readonly enter: (since: number) => Promise<void> | undefined;
  /** Called when all that was asked for is served. */
  readonly onIdle: () => void;
}

/** Serves the writes and transactions of one connection on its writer handle. */
export class ConnectionWriter {
  readonly #facts: ConnectionFacts;
  readonly #settings: SqliteSettings;
  readonly #handles: HandleSet;
  readonly #wait: LockWait;
  readonly #enter: WriterParts['enter'];
  readonly #onIdle: () => void;
  readonly #walRestart: WalRestart;
  readonly #entries: (WriteEntry | TransactionEntry)[] = [];
  #lentTo: Session | undefined;
  #drained: Promise<void> | undefined;
  /** Writes asked for and served since the beginning: a read waits until what was asked for before it is served. */
  #askedWrites = 0;
  #servedWrites = 0;
  #isLocked = false;
  /** Since when the lock was found taken each time. */
  #lockedSince: number | undefined;
  readonly #waitingReads: WaitingRead[] = [];

  constructor({ facts, settings, handles, wait, enter, onIdle }: WriterParts) {
    this.#facts = facts;
    this.#settings = settings;
    this.#handles = handles;
    this.#wait = wait;
    this.#enter = enter;
    this.#onIdle = onIdle;
    this.#walRestart = new WalRestart(settings);
  }

  /** The transaction that holds the writer now, if one does. */
  get session(): Session | undefined {
    return this.#lentTo;
  }

  /** Whether a transaction is going on. */
  get isLent(): boolean {
    return this.#lentTo?.isOpen === true;
  }

  /** Settles when all that was asked for is served; undefined when there is nothing. */
  get drained(): Promise<void> | undefined {
    return this.#drained;
  }

  /** Whether nothing was asked for that is not done. */
  get isIdle(): boolean {
    return this.#drained === undefined;
  }

  add(entry: WriteEntry | TransactionEntry): void {
    this.#entries.push(entry);
    if (entry.kind === 'write') this.#askedWrites += 1;
    // A turn later: every write asked for in this turn of the event loop, by whomever, shares the commit.
    this.#drained ??= nextTurn().then(() => this.#drain());
  }

  /** Settles when a read may go on: undefined when it may at once. */
  pending(): Promise<void> | undefined {
    if (!this.#mustWait()) return undefined;
    const after = this.#askedWrites;
    return new Promise((resume, reject) => {
      this.#waitingReads.push({ after, askedAt: monotonicMs(), resume, reject });
    });
  }

  /** Whether writes that the next turn commits were asked for before a read. A file in memory has no reader beside a transaction. */
  #mustWait(): boolean {
    const isBehind = this.#servedWrites < this.#askedWrites;
    return this.#handles.inMemory ? this.isLent || isBehind : isBehind && !this.#isHeldUp;
  }

  /** Whether writes have to wait for a transaction of this process or a lock of another: reads do not wait with them. */
  get #isHeldUp(): boolean {
    return !this.#handles.inMemory && (this.#isLocked || this.isLent);
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

  async #drain(): Promise<void> {
    let turnedAt = monotonicMs();
    for (let entry = this.#entries[0]; entry !== undefined; entry = this.#entries[0]) {
      const entering = this.#enter(entry.askedAt);
      if (entering === undefined || (await this.#hasEntered(entering))) await this.#serve(entry);
      this.#resumeReads();
      // Who awaits a write asks for the next one before the loop ends: without a turn, timers and sockets would wait for ever.
      if (monotonicMs() - turnedAt < GROUP_MS) continue;
      await nextTurn();
      turnedAt = monotonicMs();
    }
    this.#drained = undefined;
    this.#onIdle();
  }

  /** Without room for an open file, the first of those who wait is refused: its time is over. */
  async #hasEntered(entering: Promise<void>): Promise<boolean> {
    try {
      await entering;
      return true;
    } catch (error) {
      const entry = this.#entries.shift();
      if (entry?.kind === 'write') this.#servedWrites += 1;
      entry?.reject(error);
      return false;
    }
  }

  async #serve(entry: WriteEntry | TransactionEntry): Promise<void> {
    this.#handles.refresh();
    await (entry.kind === 'write' ? this.#writeGroup(entry) : this.#lend(entry));
    this.#keepWalShort();
  }

  /** A courtesy: nobody who has written is told that it failed. */
  #keepWalShort(): void {
    try {
      this.#walRestart.afterCommit(this.#handles.writer());
    } catch {
      // The next write meets what is wrong with the file, and says so to whoever asked for it.
    }
  }

  /**
   * Runs what takes the write lock. While another process holds it, reads go ahead, and everybody's time runs: who waited behind others for
   * the same lock does not begin to wait anew.
   */
  async #takeLock<T>(askedAt: number, attempt: () => T): Promise<T> {
    const since =
      this.#lockedSince === undefined ? monotonicMs() : Math.max(askedAt, this.#lockedSince);
    const onBusy = (): void => {
      this.#lockedSince ??= monotonicMs();
      this.#isLocked = true;
      this.#resumeReads();
    };
    try {
      const result = await this.#wait.until(attempt, { since, onBusy });
      this.#lockedSince = undefined;
      return result;
    } catch (error) {
      if (error instanceof DatabaseBusyError) await this.#refuseBehindLock(error);
      throw error;
    } finally {
      this.#isLocked = false;
    }
  }

  /** Who has waited as long for the same lock is refused with who gave up: each trying for itself would take the others' time. */
  async #refuseBehindLock(error: DatabaseBusyError): Promise<void> {
    let turnedAt = monotonicMs();
    for (let [entry] = this.#entries; entry !== undefined; [entry] = this.#entries) {
      const since = Math.max(entry.askedAt, this.#lockedSince ?? 0);
      if (monotonicMs() - since < this.#settings.busyTimeout) return;
      this.#entries.shift();
      if (entry.kind === 'write') this.#servedWrites += 1;
      entry.reject(error);
      if (monotonicMs() - turnedAt < GROUP_MS) continue;
      await nextTurn();
      turnedAt = monotonicMs();
    }
  }

  async #writeGroup(head: WriteEntry): Promise<void> {
    const alone = this.#entries[1]?.kind !== 'write';
    if (alone && !head.several && !this.#handles.isStrict) {
      this.#entries.shift();
      return this.#writeAlone(head);
    }
    try {
      await this.#takeLock(head.askedAt, () => this.#handles.beginImmediate());
    } catch (error) {
      // Who waited too long for the lock is refused already; who was asked for later may still get it in time.
      if (!(error instanceof DatabaseBusyError)) this.#refuseAll(this.#takeWrites(Infinity), error);
      return;
    }
    await this.#commitGroup(this.#handles.writer());
  }

  /** A single statement is atomic by itself: it needs no BEGIN and no COMMIT. */
  async #writeAlone(entry: WriteEntry): Promise<void> {
    try {
      const run = (): unknown => runInContext(this.#handles.writer(), entry);
      const value = await this.#takeLock(entry.askedAt, run);
      this.#refuseLeftOpen(this.#handles.writer());
      entry.resolve(value);
    } catch (error) {
      entry.reject(error);
    }
    this.#servedWrites += 1;
  }

  /** A write that leaves a transaction open would take every later one into it. */
  #refuseLeftOpen(handle: Handle): void {
    if (!handle.inTransaction) return;
    handle.exec('ROLLBACK');
    throw TransactionMisuseError.leftOpen(this.#facts);
  }

  #refuseAll(entries: readonly WriteEntry[], error: unknown): void {
    for (const entry of entries) entry.reject(error);
    this.#servedWrites += entries.length;
  }

  async #commitGroup(handle: Handle): Promise<void> {
    const group: WriteEntry[] = [];
    try {
      const outcomes = this.#runGroup(handle, group);
      await this.#wait.until(() => handle.exec('COMMIT'));
      for (const outcome of outcomes) settle(outcome);
      this.#servedWrites += group.length;
    } catch (error) {
      if (handle.inTransaction) handle.exec('ROLLBACK');
      if (group.length > 1 && isConstraint(error)) return this.#commitSingly(group);
      this.#refuseAll(group, explainDatabaseError(error, this.#facts));
    }
  }

  /** A deferred constraint, or ON CONFLICT ROLLBACK, of one member took all of them back: each has its own chance now. */
  async #commitSingly(group: readonly WriteEntry[]): Promise<void> {
    for (const entry of group) {
      try {
        await this.#takeLock(monotonicMs(), () => this.#handles.beginImmediate());
        await this.#commitOne(this.#handles.writer(), entry);
      } catch (error) {
        entry.reject(error);
      }
      this.#servedWrites += 1;
    }
  }

  async #commitOne(handle: Handle, entry: WriteEntry): Promise<void> {
    try {
      const outcome = this.#runEntry(handle, entry);
      await this.#wait.until(() => handle.exec('COMMIT'));
      settle(outcome);
    } catch (error) {
      if (handle.inTransaction) handle.exec('ROLLBACK');
      throw explainDatabaseError(error, this.#facts);
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
      const value = entry.several
        ? inSavepoint(handle, () => runInContext(handle, entry))
        : runInContext(handle, entry);
      if (!handle.inTransaction) throw TransactionMisuseError.leftOpen(this.#facts);
      return { entry, value };
    } catch (error) {
      // FULL, IOERR and NOMEM may roll the whole transaction back; then nobody in the group has written.
      if (!handle.inTransaction) throw error;
      return { entry, error: explainDatabaseError(error, this.#facts) };
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
    const unchecked = this.#settings.foreignKeys && !entry.foreignKeys;
    let handle: Handle | undefined;
    try {
      handle = await this.#takeLock(entry.askedAt, () =>
        this.#handles.beginImmediate({ foreignKeys: !unchecked }),
      );
      await this.#untilGivenBack(entry);
    } catch (error) {
      entry.reject(error);
    }
    if (unchecked) handle?.exec('PRAGMA foreign_keys = ON');
  }

  async #untilGivenBack(entry: TransactionEntry): Promise<void> {
    const lentAt = monotonicMs();
    const watch = setInterval(() => this.#refuseOverdue(lentAt), OVERDUE_MS);
    await new Promise<void>((end) => {
      const retryBusy = <T>(attempt: () => T): Promise<T> => this.#wait.until(attempt);
      const handle = this.#handles.writer();
      const { parent, owner } = entry;
      const connection = this.#facts;
      this.#lentTo = new Session({ connection, handle, parent, owner, retryBusy, end });
      entry.resolve(this.#lentTo);
      this.#resumeReads();
    });
    this.#lentTo = undefined;
    clearInterval(watch);
  }

  /** Refuses those who wait behind one transaction of this process for longer than `busyTimeout`: it may be waiting for them. */
  #refuseOverdue(lentAt: number): void {
    const startedAt = monotonicMs();
    const waitedBy = ({ askedAt }: Waiting): number => monotonicMs() - Math.max(askedAt, lentAt);
    const takeOverdue = <T extends Waiting>(waiting: T[]): T | undefined => {
      const [first] = waiting;
      const hasTime = monotonicMs() - startedAt < GROUP_MS; // who is left is refused at the next look
      if (first === undefined || !hasTime) return undefined;
      return waitedBy(first) < this.#settings.busyTimeout ? undefined : waiting.shift();
    };
    const refuse = (one: Waiting): void =>
      one.reject(DatabaseBusyError.behindTransaction(waitedBy(one), this.#facts));
    for (let one = takeOverdue(this.#entries); one !== undefined;) {
      if (one.kind === 'write') this.#servedWrites += 1;
      refuse(one);
      one = takeOverdue(this.#entries);
    }
    for (let one = takeOverdue(this.#waitingReads); one !== undefined;) {
      refuse(one);
      one = takeOverdue(this.#waitingReads);
    }
  }
}

/** As the driver says it, or as it is explained. */
function isConstraint(error: unknown): boolean {
  const code = error instanceof DatabaseQueryError ? error.sqliteCode : errorCode(error);
  return code?.startsWith('SQLITE_CONSTRAINT') === true;
}
