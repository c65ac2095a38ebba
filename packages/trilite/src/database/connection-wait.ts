import type { SqliteSettings } from '../config/schema';
import { delayMs, monotonicMs } from '../support/clock';
import { isBusy } from './connection-handle';
import { lockHolder } from './connection-holder';
import { DatabaseBusyError, explainDatabaseError, type ConnectionFacts } from './errors';

/** Waiting longer each time only makes the unlucky one wait longer still: measured, a constant pause has the shortest worst wait. */
const BUSY_PAUSE_MS = 1;

/** How often a connection waited for a lock that another process or connection held, since it was made. */
export interface LockStatistics {
  readonly waits: number;
  readonly longestWaitMs: number;
  readonly totalWaitMs: number;
}

/** That a connection waited for a lock that another process or connection held; whether it got it or not. */
export interface LockWaitEvent {
  /** Name of the connection. */
  readonly connection: string;
  readonly file: string;
  readonly waitedMs: number;
}

/** What may be told of one wait. */
export interface WaitOptions {
  /** Since when it counts, by the monotonic clock. Default: now. */
  readonly since?: number;
  /** Called each time the lock was found taken. */
  readonly onBusy?: () => void;
}

/** Waits for SQLite's locks with timers: the event loop goes on meanwhile. */
export class LockWait {
  readonly #facts: ConnectionFacts;
  readonly #busyTimeout: number;
  readonly #tell: ((event: LockWaitEvent) => void) | undefined;
  #waits = 0;
  #longestWaitMs = 0;
  #totalWaitMs = 0;

  constructor(
    facts: ConnectionFacts,
    { busyTimeout }: SqliteSettings,
    tell?: (event: LockWaitEvent) => void,
  ) {
    this.#facts = facts;
    this.#tell = tell;
    this.#busyTimeout = busyTimeout;
  }

  get statistics(): LockStatistics {
    return {
      waits: this.#waits,
      longestWaitMs: this.#longestWaitMs,
      totalWaitMs: this.#totalWaitMs,
    };
  }

  /**
   * Runs an attempt until no lock is in its way.
   *
   * @throws E_DATABASE_BUSY after `busyTimeout`
   */
  async until<T>(
    attempt: () => T,
    { since = monotonicMs(), onBusy }: WaitOptions = {},
  ): Promise<T> {
    for (let isFirst = true; ; isFirst = false) {
      try {
        const result = attempt();
        if (!isFirst) this.#count(monotonicMs() - since);
        return result;
      } catch (error) {
        if (!isBusy(error)) throw explainDatabaseError(error, this.#facts);
        const waited = monotonicMs() - since;
        if (waited >= this.#busyTimeout) {
          this.#count(waited);
          throw DatabaseBusyError.after(waited, this.#facts, {
            cause: error,
            holder: await lockHolder(this.#facts),
          });
        }
        onBusy?.();
      }
      await delayMs(BUSY_PAUSE_MS);
    }
  }

  #count(waitedMs: number): void {
    this.#waits += 1;
    this.#totalWaitMs += waitedMs;
    this.#longestWaitMs = Math.max(this.#longestWaitMs, waitedMs);
    const { name: connection, file } = this.#facts;
    this.#tell?.({ connection, file, waitedMs });
  }
}

/**
 * Runs an attempt on a handle of one's own until no lock is in its way.
 *
 * @throws E_DATABASE_BUSY after `busyTimeout`
 */
export function whenFree<T>(
  connection: ConnectionFacts & { readonly settings: SqliteSettings },
  attempt: () => T,
): Promise<T> {
  return new LockWait(connection, connection.settings).until(attempt);
}
