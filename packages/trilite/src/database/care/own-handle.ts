import type { Connection } from '../connection';
import { Handle, type HandleOptions } from '../connection-handle';
import type { Work } from '../connection-session';
import { whenFree } from '../connection-wait';

/**
 * Reads a file as it lies there: its journal mode is not brought in line with the settings, nothing is written, and no `-wal` or `-shm` is
 * left behind.
 *
 * @throws E_DATABASE_BUSY after `busyTimeout`, E_DATABASE_FILE_MISSING, E_DATABASE_OPEN, E_DATABASE_CORRUPT
 */
export function inspect<T>(connection: Connection, work: Work<T>): Promise<T> {
  if (connection.file === ':memory:') return connection.read(work);
  return withOwnHandle(connection, { asFound: true }, (handle) => {
    handle.exec('PRAGMA query_only = 1');
    return whenFree(connection, () => work(handle));
  });
}

/** Runs work on a handle apart from the connection's own, and closes it: for what no transaction or group of writes may hold. */
export async function withOwnHandle<T>(
  connection: Connection,
  options: HandleOptions,
  work: (handle: Handle) => Promise<T>,
): Promise<T> {
  const { settings, currentTenant } = connection;
  const open = (): Handle => new Handle(connection, settings, { currentTenant, ...options });
  const handle = await whenFree(connection, open);
  try {
    return await work(handle);
  } finally {
    handle.close();
  }
}
