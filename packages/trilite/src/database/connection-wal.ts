import type { SqliteSettings } from '../config/schema';
import type { Handle } from './connection-handle';

/*
 * SQLite moves the -wal into the file at every commit beyond a thousand pages, and begins it anew when a commit finds all of it moved. Two
 * processes that write without a pause never do: while one moves pages, the other one adds some (measured: 400 MB in five seconds). A RESTART
 * checkpoint holds the write lock while it moves the few pages that are left.
 *
 * It is made by the writers themselves, on the handle that has just written, at a length a single writer never reaches. Somebody in its way,
 * a writer of this instant or a reader of an old state, makes it give up at once.
 */

/** Commits between two looks. */
const COMMITS = 100;

/** Commits until the next attempt, when somebody was in the way of the last one. */
const AGAIN = 5;

/** Pages; four times what SQLite lets it grow to by itself. */
const LONG = 4000;

/** Keeps the -wal of one file from growing beside busy writers. */
export class WalRestart {
  readonly #isKept: boolean;
  #commits = 0;

  constructor({ journalMode, readOnly, pragmas, file }: SqliteSettings) {
    // With 0 somebody else makes checkpoints, such as Litestream
    const isOwn = Number(pragmas['wal_autocheckpoint'] ?? 1) > 0;
    this.#isKept = journalMode === 'wal' && isOwn && !readOnly && file !== ':memory:';
  }

  /** Takes note of a commit, and looks now and then. Outside of any transaction. */
  afterCommit(handle: Handle): void {
    this.#commits += 1;
    if (!this.#isKept || this.#commits < COMMITS) return;
    this.#commits = 0;
    const { log } = handle.statement('PRAGMA wal_checkpoint(NOOP)').get() as { log: number };
    if (log <= LONG) return;
    const restart = handle.statement('PRAGMA wal_checkpoint(RESTART)').get() as { busy: number };
    if (restart.busy !== 0) this.#commits = COMMITS - AGAIN;
  }
}
