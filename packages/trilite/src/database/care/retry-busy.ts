import { delayMs, monotonicMs } from '../../support/clock';
import { isBusy } from '../connection-handle';
import { DatabaseBusyError, explainDatabaseError, type ConnectionFacts } from '../errors';

const PAUSE_MS = 1;

/**
 * Runs an attempt until no lock is in its way, without blocking the event loop.
 *
 * @throws E_DATABASE_BUSY after the timeout, and what SQLite throws, explained
 */
export async function retryBusy<T>(
  connection: ConnectionFacts,
  timeoutMs: number,
  attempt: () => T,
): Promise<T> {
  const startedAt = monotonicMs();
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw explainDatabaseError(error, connection);
      const waited = monotonicMs() - startedAt;
      if (waited >= timeoutMs) throw DatabaseBusyError.after(waited, connection, error);
    }
    await delayMs(PAUSE_MS);
  }
}
