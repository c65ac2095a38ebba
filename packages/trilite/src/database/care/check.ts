import { FrameworkError } from '../../support/errors';
import type { Connection } from '../connection';
import { ConnectionInMemoryError } from './backup-errors';
import { checkHandle, type CheckOptions, type FileFindings } from './integrity';

/**
 * Looks for damage in a connection's file, and for rows that break a foreign key. What keeps it from being read at all, as a missing file
 * or one that is no database, is a problem of its own. Blocks the event loop while it reads the file.
 *
 * @throws E_CONNECTION_IN_MEMORY
 */
export async function checkConnection(
  connection: Connection,
  options: CheckOptions = {},
): Promise<FileFindings> {
  if (connection.file === ':memory:') throw ConnectionInMemoryError.for(connection);
  try {
    return await connection.read((handle) => checkHandle(handle, options));
  } catch (error) {
    if (error instanceof FrameworkError) return { problems: [error.message], violations: [] };
    throw error;
  }
}
