import { delayMs, monotonicMs } from '../../support/clock';
import { sizeOf } from '../../support/file-system';
import type { Connection } from '../connection';
import { isBusy, type Handle } from '../connection-handle';
import { explainDatabaseError } from '../errors';
import { fileLocks } from '../file-locks';
import { whenFree } from '../connection-wait';
import { withOwnHandle } from './own-handle';

/** What was seen of a file while it was watched. Processes are pids; where the system does not tell of them, there are none. */
export interface WatchReport {
  readonly walBytes: number;
  /** Committed frames in the -wal, and those of them that are in the file already. */
  readonly walFrames: number;
  readonly checkpointedFrames: number;
  /** How often it was tried to take the write lock, and how often somebody had it. */
  readonly samples: number;
  readonly busySamples: number;
  /** The longest time from finding the lock taken to finding it free. */
  readonly longestBusyMs: number;
  /** Who was seen with the write lock. */
  readonly writers: readonly number[];
  /** Who was reading at every look: when one transaction began cannot be known. */
  readonly longReaders: readonly number[];
  /** Who has the file open. */
  readonly openers: readonly number[];
}

/** Between two tries: a try holds the lock itself for some microseconds. */
const SAMPLE_MS = 3;

/** Looks at the readers are farther apart than most reads take. */
const LOOK_MS = 50;

/**
 * Watches who stands in whose way on a file for a while: tries to take the write lock every few milliseconds, and gives it back at once.
 *
 * @throws E_DATABASE_FILE_MISSING and whatever opening throws
 */
export function watchFile(connection: Connection, forMs: number): Promise<WatchReport> {
  return withOwnHandle(connection, { asFound: true }, async (handle) => {
    const looks = new LockLooks(connection.file);
    const turns = new LockTurns(() => looks.look());
    const end = monotonicMs() + forMs;
    for (let now = monotonicMs(), lookAt = now; now < end; now = monotonicMs()) {
      if (now >= lookAt) {
        looks.look();
        lookAt = now + LOOK_MS;
      }
      if (!connection.settings.readOnly) turns.note(isLocked(connection, handle), now);
      await delayMs(SAMPLE_MS);
    }
    looks.look();
    turns.end(monotonicMs());
    return {
      walBytes: sizeOf(`${connection.file}-wal`),
      ...(await whenFree(connection, () => walFrames(handle))),
      ...turns.report(),
      ...looks.report(),
    };
  });
}

/** Whether somebody else holds the write lock now. */
function isLocked(connection: Connection, handle: Handle): boolean {
  try {
    handle.exec('BEGIN IMMEDIATE; ROLLBACK');
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw explainDatabaseError(error, connection);
  }
}

/** Asked of SQLite without a checkpoint being made. Outside WAL mode there are none. */
function walFrames(handle: Handle): Pick<WatchReport, 'walFrames' | 'checkpointedFrames'> {
  const { log, checkpointed } = handle.statement('PRAGMA wal_checkpoint(NOOP)').get() as {
    log: number;
    checkpointed: number;
  };
  return { walFrames: Math.max(0, log), checkpointedFrames: Math.max(0, checkpointed) };
}

/** How often and how long the write lock was taken. */
class LockTurns {
  readonly #onTaken: () => void;
  #samples = 0;
  #busySamples = 0;
  #longestBusyMs = 0;
  #busySince: number | undefined;

  /** @param onTaken called when the lock is found taken after it was free. */
  constructor(onTaken: () => void) {
    this.#onTaken = onTaken;
  }

  note(isBusyNow: boolean, at: number): void {
    this.#samples += 1;
    if (!isBusyNow) return this.end(at);
    this.#busySamples += 1;
    if (this.#busySince !== undefined) return;
    this.#busySince = at;
    this.#onTaken();
  }

  end(at: number): void {
    if (this.#busySince === undefined) return;
    this.#longestBusyMs = Math.max(this.#longestBusyMs, at - this.#busySince);
    this.#busySince = undefined;
  }

  report(): Pick<WatchReport, 'samples' | 'busySamples' | 'longestBusyMs'> {
    return {
      samples: this.#samples,
      busySamples: this.#busySamples,
      longestBusyMs: Math.round(this.#longestBusyMs),
    };
  }
}

/** Who was seen with which lock. */
class LockLooks {
  readonly #file: string;
  readonly #writers = new Set<number>();
  #longReaders: readonly number[] | undefined;
  #openers: readonly number[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  look(): void {
    const { writers, readers, openers } = fileLocks(this.#file);
    for (const pid of writers) this.#writers.add(pid);
    this.#longReaders = this.#longReaders?.filter((pid) => readers.includes(pid)) ?? readers;
    this.#openers = openers.filter((pid) => pid !== process.pid);
  }

  report(): Pick<WatchReport, 'writers' | 'longReaders' | 'openers'> {
    return {
      writers: [...this.#writers],
      longReaders: this.#longReaders ?? [],
      openers: this.#openers,
    };
  }
}
