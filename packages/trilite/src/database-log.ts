import { WalKeeper } from './database/care/wal-keeper';
import type { ConnectionRegistry } from './database/connection-registry';
import type { Logger } from './support/logger';

/** Logs queries that took longer than their connection's `slowQuery`. Without the values: they may be secrets. */
export function logSlowQueries(connections: ConnectionRegistry, logger: Logger): void {
  connections.queries.listen(({ connection, sql, durationMs, waitedMs, rows }) => {
    const { slowQuery } = connections.connection(connection).settings;
    if (slowQuery === false || durationMs + waitedMs < slowQuery) return;
    const times = { durationMs: Math.round(durationMs), waitedMs: Math.round(waitedMs) };
    logger.warn({ connection, sql, ...times, rows }, 'A query was slow');
  });
}

/** What keeps the -wal files of connections small; logs what it cannot do. */
export function createWalKeeper(connections: ConnectionRegistry, logger: Logger): WalKeeper {
  return new WalKeeper({
    connections: () => connections.names.map((name) => connections.connection(name)),
    offload: connections.offload,
    onPinned: (wal) => {
      logger.warn(wal, 'A -wal cannot be emptied: somebody reads an old state of the file');
    },
    onError: (connection, error) => {
      logger.warn({ connection, err: error }, 'A -wal cannot be looked after');
    },
  });
}
