import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SqliteSettings } from '../config/schema';
import { delayMs, monotonicMs } from '../support/clock';
import { Handle, closeWriter, type HandleOptions } from './connection-handle';
import type { LockWait } from './connection-wait';
import {
  ConnectionClosedError,
  ReadersBusyError,
  cannotOpen,
  type ConnectionFacts,
} from './errors';
import { placeOf } from './file-locks';
import type { CurrentTenant } from './scoping/current-tenant';

/** How often who waits for a reader looks whether one came free. */
const READER_PAUSE_MS = 5;

/** How often it is looked, at most, whether a followed file was replaced: each look asks the file system. */
const FOLLOW_MS = 100;

/** A reader handle that one stream has to itself. */
export interface ReaderLease {
  readonly handle: Handle;
  /** What it is used for: the SQL of its stream. */
  readonly purpose: string;
  /** Since when, by the monotonic clock. */
  readonly since: number;
  /** Ends what it is used for, when the connection closes before it. */
  readonly revoke: () => void;
  /** Which file it reads. */
  readonly place: string | undefined;
}

/** What a handle set is made of. */
export interface HandleSetParts {
  readonly facts: ConnectionFacts;
  readonly settings: SqliteSettings;
  readonly wait: LockWait;
  /** Called when a handle was opened. */
  readonly onOpen: () => void;
  /** Looks at each handle that was opened; throws when it is not to be used. */
  readonly verify?: ((handle: Handle) => void) | undefined;
  /** As of `HandleOptions`. */
  readonly currentTenant?: CurrentTenant | undefined;
}

/**
 * The open handles of one file: one writer, one reader that all plain reads share, and a reader for each stream, since a handle that
 * steps through a result can do nothing else. A file in memory has its writer alone: another handle would be another database.
 */
export class HandleSet {
  readonly #facts: ConnectionFacts;
  readonly #settings: SqliteSettings;
  #writer: Handle | undefined;
  #reader: Handle | undefined;
  /** A reader that a stream gave back, for the next stream. */
  #spare: Handle | undefined;
  readonly #leases = new Set<ReaderLease>();
  /** Leases, and those whose handle is being opened. */
  #readersOut = 0;
  /** Which file it was when the first of the handles was opened. */
  #place: string | undefined;
  readonly #wait: LockWait;
  #isClosed = false;
  #isFollowing = false;
  #isStrict = false;
  #lookedAt = 0;

  readonly #onOpen: () => void;
  readonly #verify: ((handle: Handle) => void) | undefined;
  readonly #currentTenant: CurrentTenant | undefined;

  constructor({ facts, settings, wait, onOpen, verify, currentTenant }: HandleSetParts) {
    this.#facts = facts;
    this.#settings = settings;
    this.#wait = wait;
    this.#onOpen = onOpen;
    this.#verify = verify;
    this.#currentTenant = currentTenant;
  }

  /** Whether a handle is open. */
  get isOpen(): boolean {
    const idle = this.#writer ?? this.#reader ?? this.#spare;
    return idle !== undefined || this.#leases.size > 0;
  }

  get inMemory(): boolean {
    return this.#settings.file === ':memory:';
  }

  /** The readers that streams hold now: each keeps the file as it was when it began, and the -wal from being reused. */
  get leases(): readonly ReaderLease[] {
    return [...this.#leases];
  }

  /** The handle that writes; opened at the first call. */
  writer(): Handle {
    this.#writer ??= this.#open({});
    return this.#writer;
  }

  /** The handle of plain reads beside the writer; opened at the first call. */
  reader(): Handle {
    if (this.inMemory) return this.writer();
    this.#reader ??= this.#openReader();
    return this.#reader;
  }

  /** Which file is open: device and inode. */
  get place(): string | undefined {
    return this.#place;
  }

  /** Whether another file lies now where the open one lay: renamed over it, or deleted and made anew. */
  get isReplaced(): boolean {
    return this.#place !== undefined && this.#place !== this.#placeNow(this.#place);
  }

  /** From now on `refresh` opens whatever file lies at the path. @param now whether the next one looks at once */
  follow({ now = false, strictly = false }: { now?: boolean; strictly?: boolean } = {}): void {
    this.#isFollowing = true;
    if (strictly) this.#isStrict = true;
    if (now) this.#lookedAt = -FOLLOW_MS;
  }

  /** Whether every write has to look whether it still writes to the file at the path. */
  get isStrict(): boolean {
    return this.#isStrict;
  }

  /** Begins a write transaction: of a strictly followed file, in the one that lies at the path now. */
  beginImmediate({ foreignKeys = true }: { readonly foreignKeys?: boolean } = {}): Handle {
    for (;;) {
      const handle = this.writer();
      // The pragma does nothing inside a transaction
      if (!foreignKeys) handle.exec('PRAGMA foreign_keys = OFF');
      try {
        handle.exec('BEGIN IMMEDIATE');
      } catch (error) {
        if (!foreignKeys) handle.exec('PRAGMA foreign_keys = ON');
        throw error;
      }
      if (!this.#isStrict || !this.isReplaced) return handle;
      handle.exec('ROLLBACK');
      this.#drop();
    }
  }

  /** Lets go of a followed file that is no longer the one at its path. For moments at which nobody is in the middle of something. */
  refresh(): void {
    if (!this.#isFollowing || this.#place === undefined) return;
    const now = monotonicMs();
    if (now - this.#lookedAt < FOLLOW_MS) return;
    this.#lookedAt = now;
    if (this.isReplaced) this.#drop();
  }

  /** Opens the file, creating it and its folder when they are missing. */
  create(): void {
    if (!this.inMemory) this.#createFolder();
    this.#writer ??= this.#open({ create: true });
  }

  /**
   * A reader for one stream alone. While all of `readers` are out it is waited for up to `busyTimeout`.
   *
   * @throws E_DATABASE_READERS when none came free, E_DATABASE_BUSY, E_CONNECTION_CLOSED
   */
  async lease(purpose: string, revoke: () => void): Promise<ReaderLease> {
    await this.#roomForReader();
    this.#readersOut += 1;
    try {
      const handle = this.#takeSpare() ?? (await this.#wait.until(() => this.#openReader()));
      if (this.#isClosed) {
        handle.close();
        throw ConnectionClosedError.for(this.#facts);
      }
      const lease = { handle, purpose, since: monotonicMs(), revoke, place: this.#place };
      this.#leases.add(lease);
      return lease;
    } catch (error) {
      this.#readersOut -= 1;
      throw error;
    }
  }

  /** Takes a reader back; twice without harm. */
  giveBack(lease: ReaderLease): void {
    if (!this.#leases.delete(lease)) return;
    this.#readersOut -= 1;
    const isOfUse = this.#spare === undefined && !this.#isClosed && lease.place === this.#place;
    if (isOfUse) this.#spare = lease.handle;
    else lease.handle.close();
  }

  /**
   * Closes every handle, unless somebody steps through a result on one; each opens anew at its next use. The writer goes last: it leaves no
   * -wal behind. Statistics are not renewed, which may take long.
   *
   * @returns whether all are closed
   */
  rest(): boolean {
    if (this.#readersOut > 0) return false;
    try {
      this.#closeIdle();
      return true;
    } catch {
      return false; // the driver refuses while rows that were not fetched to their end may still be asked for
    }
  }

  /** Closes every handle, ending the streams first; twice without harm. */
  close(): void {
    this.#isClosed = true;
    for (const lease of this.leases) {
      lease.revoke();
      this.giveBack(lease);
    }
    this.#spare?.close();
    this.#reader?.close();
    if (this.#writer !== undefined) closeWriter(this.#writer, this.#settings);
    this.#spare = this.#reader = this.#writer = undefined;
  }

  /** Streams go on with the file they began with. */
  #drop(): void {
    this.#closeIdle();
    this.#place = undefined;
  }

  #closeIdle(): void {
    this.#spare?.close();
    this.#spare = undefined;
    this.#reader?.close();
    this.#reader = undefined;
    this.#writer?.close();
    this.#writer = undefined;
  }

  #takeSpare(): Handle | undefined {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare;
  }

  async #roomForReader(): Promise<void> {
    const since = monotonicMs();
    while (this.#readersOut >= this.#settings.readers) {
      const waited = monotonicMs() - since;
      if (waited >= this.#settings.busyTimeout) {
        throw ReadersBusyError.after(waited, this.#facts, this.#settings.readers);
      }
      await delayMs(READER_PAUSE_MS);
    }
  }

  #createFolder(): void {
    try {
      mkdirSync(dirname(this.#settings.file), { recursive: true });
    } catch (error) {
      throw cannotOpen(this.#facts, error);
    }
  }

  #openReader(): Handle {
    return this.#open({ readOnly: true });
  }

  #open(options: HandleOptions): Handle {
    if (this.#isClosed) throw ConnectionClosedError.for(this.#facts);
    if (!this.isOpen) this.#place = undefined; // after a rest another file may lie there
    const handle = this.inMemory ? this.#newHandle(options) : this.#openInPlace(options);
    this.#refuseUnverified(handle, options);
    this.#place ??= this.inMemory ? undefined : this.#placeNow();
    this.#onOpen();
    return handle;
  }

  #refuseUnverified(handle: Handle, { create = false }: HandleOptions): void {
    if (create) return; // whoever makes the file says whose it is
    try {
      this.#verify?.(handle);
    } catch (error) {
      handle.close();
      throw error;
    }
  }

  /** One that is replaced while it is being opened, by a restore for one, has the -wal of the other: nothing may be written by it. */
  #openInPlace(options: HandleOptions): Handle {
    for (;;) {
      const place = this.#placeNow();
      const handle = this.#newHandle(options);
      if (options.create === true || place === this.#placeNow()) return handle;
      handle.close();
    }
  }

  #newHandle(options: HandleOptions): Handle {
    const currentTenant = this.#currentTenant;
    return new Handle(this.#facts, this.#settings, { ...options, currentTenant });
  }

  /** @param otherwise where nobody can tell, for the folder may not be looked into */
  #placeNow(otherwise?: string): string | undefined {
    try {
      return placeOf(this.#settings.file);
    } catch {
      return otherwise;
    }
  }
}
