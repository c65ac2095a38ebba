import { AsyncResource } from 'node:async_hooks';
import { delayMs, monotonicMs } from '../support/clock';
import { Listeners } from '../support/listeners';
import type { Connection } from './connection';
import type { Handle } from './connection-handle';
import { FileEvents } from './file-events';
import { realPath } from './file-locks';

/*
 * How the commits of others are noticed.
 *
 *   idle ──the -wal was written to, 250 ms went by──▶ looking ──what was expected came, or did not in 50 ms──▶ idle
 *
 * A look compares `PRAGMA data_version`: another connection has committed when it changed. The file system tells of a write *before* its commit
 * can be seen, with `synchronous: 'full'` as long before as the disk takes. So who is told goes on looking.
 *
 * Invariants:
 * 1. Each commit that can be seen is found by the first look after it, whichever handle serves that: every handle is compared with itself.
 * 2. Looking ends early only when the change that was found explains all events. One that came since the look before may tell of the next
 *    commit already, which cannot be seen yet.
 * 3. At most one look goes on at a time.
 * 4. A -wal that takes the place of the watched one is watched once a look has ended, and is looked at: it may have been written to before.
 * 5. Events are a hint. All that they leave out is found by the look every 250 ms, and every 2 s once an event has come: a wake-up of an idle
 *    process costs more than the look itself.
 */

/** How long a commit may take to be seen once its write was told of. */
const EXPECT_MS = 50;

const PAUSE_MS = 1;

/** How often it is looked whatever is told: the second once the file system has shown that it tells. */
const NET_MS = 250;
const WIDE_NET_MS = 2000;

/** Systems whose watch on a file opens no descriptor: closing one would drop the locks of this process on a file without a -wal. */
const WATCHES_BY_NAME = ['linux', 'win32'];

/**
 * Calls back when another connection, of this process or another one, has committed to a file. At times it does so without need, at once
 * after the beginning among others, and never does it leave a commit out. What a connection commits itself does not count.
 *
 * Begins at once; never throws. While the file does not answer it calls back as well: the caller's own next call meets the error. One
 * that is open keeps the process alive.
 *
 * @see https://sqlite.org/pragma.html#pragma_data_version
 */
export class ChangeWatch {
  readonly #end: () => void;

  constructor(connection: Connection, onChange: () => void) {
    // What several share runs in the context of the first of them
    this.#end = FileChanges.of(connection).listen(AsyncResource.bind(onChange));
  }

  /** Ends it: nothing is called back from now on. Twice without harm. */
  close(): void {
    this.#end();
  }
}

/** What all watches on a connection share: begun with the first of them, ended with the last. */
class FileChanges {
  static readonly #shared = new WeakMap<Connection, FileChanges>();

  static of(connection: Connection): FileChanges {
    const known = this.#shared.get(connection);
    if (known !== undefined) return known;
    const changes = new FileChanges(connection);
    this.#shared.set(connection, changes);
    return changes;
  }

  readonly #connection: Connection;
  readonly #listeners = new Listeners<void>('changes of a file');
  readonly #events: FileEvents;
  /** A handle that rests cannot say what was committed meanwhile, and its -wal is gone. */
  readonly #release: () => void;
  #net: NodeJS.Timeout;
  #hasBeenTold = false;
  readonly #versions = new WeakMap<Handle, number>();
  #isLooking = false;
  #isClosed = false;
  /** Until when a commit is expected, by the monotonic clock. */
  #expectedUntil = 0;
  /** Whether an event came since the last look began. */
  #isToldOf = false;

  private constructor(connection: Connection) {
    this.#connection = connection;
    this.#release = connection.hold();
    this.#events = new FileEvents(
      () => watchedPath(connection),
      () => {
        if (!this.#hasBeenTold) this.#widenNet();
        this.#expect();
      },
    );
    this.#net = setInterval(() => void this.#look(), NET_MS);
    void this.#look(); // the first one opens the file, and so makes its -wal
  }

  /** @returns what ends it */
  listen(onChange: () => void): () => void {
    const end = this.#listeners.listen(onChange);
    return () => {
      end();
      if (!this.#listeners.isHeard) this.#close();
    };
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#net);
    this.#events.close();
    this.#release();
    FileChanges.#shared.delete(this.#connection);
  }

  #expect(): void {
    this.#isToldOf = true;
    this.#expectedUntil = monotonicMs() + EXPECT_MS;
    void this.#look();
  }

  /** Where nothing is told (a mount of another machine's files, for one), the net stays as narrow as it is. */
  #widenNet(): void {
    this.#hasBeenTold = true;
    clearInterval(this.#net);
    this.#net = setInterval(() => void this.#look(), WIDE_NET_MS);
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    while (!this.#isClosed && !(await this.#lookOnce())) await delayMs(PAUSE_MS);
    this.#isLooking = false;
  }

  /** @returns whether that was the last look for now */
  async #lookOnce(): Promise<boolean> {
    const wasToldOf = this.#isToldOf;
    this.#isToldOf = false;
    const isChanged = await this.#hasChanged();
    if (isChanged) this.#listeners.emit();
    const isExplained = isChanged && !wasToldOf && !this.#isToldOf;
    if (!isExplained && monotonicMs() < this.#expectedUntil) return false;
    const isQuiet = !isChanged && this.#expectedUntil === 0;
    this.#expectedUntil = 0;
    // Asking the file system costs more than the look: only when something happened, of which another -wal may be the reason
    if ((isQuiet && this.#events.isWatching) || !this.#events.renew()) return true;
    this.#expect();
    return false;
  }

  /** Whether somebody else has committed since the last look, as far as is known. */
  async #hasChanged(): Promise<boolean> {
    if (this.#connection.file === ':memory:') return false; // nobody else has it
    try {
      // Not in the transaction in which the first watch may have been asked for
      return await this.#connection.read((handle) => this.#isNew(handle), { join: false });
    } catch {
      return true; // the file does not answer
    }
  }

  #isNew(handle: Handle): boolean {
    const row = handle.statement('PRAGMA data_version').get() as { data_version: number };
    const isNew = this.#versions.get(handle) !== row.data_version;
    this.#versions.set(handle, row.data_version);
    return isNew;
  }
}

function watchedPath({ file, settings }: Connection): string | undefined {
  if (file === ':memory:') return undefined;
  if (settings.journalMode === 'wal') return `${realPath(file)}-wal`;
  return WATCHES_BY_NAME.includes(process.platform) ? realPath(file) : undefined;
}
