import { monotonicMs } from '../../support/clock';
import { sizeOf } from '../../support/file-system';
import type { Connection } from '../connection';
import type { OffloadPool } from '../connection-offload';
import { fileLocks } from '../file-locks';
import { checkpoint } from './checkpoint';

/*
 * What keeps a -wal small in a process that runs for weeks. SQLite itself moves the -wal into the file every thousand pages, but begins it
 * anew only at a moment when nobody reads what is in it: beside readers that overlap for ever it grows without end.
 *
 *   small ─────────────────────────────▶ nothing
 *   over PASSIVE_BYTES ────────────────▶ PASSIVE checkpoint: moves what it can, waits for nobody
 *     all moved, over journalSizeLimit ▶ TRUNCATE checkpoint: empties it; finding anybody in the way, it gives up at once
 *     not all moved ───────────────────▶ somebody reads an old state of the file: said by name and age, never waited for
 *
 * Checkpoints run in a thread: they write and sync as many megabytes as there are. A file whose `wal_autocheckpoint` is 0 belongs to
 * somebody else who makes checkpoints, such as Litestream.
 */

/** Four times what SQLite lets it grow to by itself. */
const PASSIVE_BYTES = 16 * 1024 * 1024;

const LOOK_MS = 30_000;

/** The same file is not complained of more often. */
const REPORT_MS = 5 * 60_000;

/** Somebody whose read keeps a -wal from being emptied. */
export interface PinnedReader {
  /** A process, where the system tells; of this one, its streams are listed instead. */
  readonly pid?: number;
  /** The SQL of a stream of this process that is not read to its end. */
  readonly sql?: string;
  /** How long that stream is open. */
  readonly ageMs?: number;
}

/** A -wal that cannot be emptied. */
export interface PinnedWal {
  readonly connection: string;
  readonly walBytes: number;
  /** Who is in the way, as far as it can be told. */
  readonly readers: readonly PinnedReader[];
}

/** What a keeper works with. */
export interface WalKeeperParts {
  /** The connections of this process. */
  readonly connections: () => readonly Connection[];
  readonly offload: OffloadPool;
  readonly onPinned: (wal: PinnedWal) => void;
  readonly onError: (connection: string, error: unknown) => void;
  /** Size from which a -wal is looked after. Default: 16 MB. */
  readonly passiveBytes?: number;
}

/** Looks after the -wal files of the open connections, every half minute. */
export class WalKeeper {
  readonly #parts: WalKeeperParts;
  readonly #reportedAt = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  constructor(parts: WalKeeperParts) {
    this.#parts = parts;
  }

  /** Begins to look; twice without harm. It keeps no process alive. */
  start(): void {
    this.#timer ??= setInterval(() => void this.look(), LOOK_MS).unref();
  }

  /** Ends it, once the look that is going on is over; twice without harm. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#looking;
  }

  /** Looks once, at every open connection. */
  look(): Promise<void> {
    this.#looking ??= this.#lookAtAll().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #lookAtAll(): Promise<void> {
    for (const connection of this.#parts.connections()) {
      if (!isKept(connection)) continue;
      try {
        await this.#lookAt(connection);
      } catch (error) {
        this.#parts.onError(connection.name, error);
      }
    }
  }

  async #lookAt(connection: Connection): Promise<void> {
    const walBytes = walBytesOf(connection);
    if (walBytes < (this.#parts.passiveBytes ?? PASSIVE_BYTES)) return;
    const isMoved = await checkpoint(this.#parts.offload, connection, 'PASSIVE');
    if (!isMoved) return this.#report(connection, walBytes);
    if (walBytes > connection.settings.journalSizeLimit) {
      await checkpoint(this.#parts.offload, connection, 'TRUNCATE');
    }
  }

  #report(connection: Connection, walBytes: number): void {
    const { name } = connection;
    const last = this.#reportedAt.get(name);
    const now = monotonicMs();
    if (last !== undefined && now - last < REPORT_MS) return;
    this.#reportedAt.set(name, now);
    this.#parts.onPinned({ connection: name, walBytes, readers: readersOf(connection) });
  }
}

function isKept({ isOpen, file, settings }: Connection): boolean {
  if (!isOpen || file === ':memory:' || settings.readOnly) return false;
  return settings.journalMode === 'wal' && Number(settings.pragmas['wal_autocheckpoint'] ?? 1) > 0;
}

function walBytesOf({ file }: Connection): number {
  return sizeOf(`${file}-wal`);
}

function readersOf({ file, openStreams }: Connection): PinnedReader[] {
  const others = fileLocks(file).readers.filter((pid) => pid !== process.pid);
  return [...openStreams, ...others.map((pid) => ({ pid }))];
}
