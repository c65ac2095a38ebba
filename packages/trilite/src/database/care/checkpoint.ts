import type { Connection } from '../connection';
import type { OffloadPool } from '../connection-offload';

/** Moves the -wal into the file and syncs it, in a thread. @returns whether all of it is in the file now */
export async function checkpoint(
  offload: OffloadPool,
  connection: Connection,
  mode: 'PASSIVE' | 'TRUNCATE',
): Promise<boolean> {
  const sql = `PRAGMA wal_checkpoint(${mode})`;
  const [row] = await offload.all(connection, { sql, parameters: [], writable: true });
  const { busy, log, checkpointed } = row as { busy: number; log: number; checkpointed: number };
  return busy === 0 && log === checkpointed;
}
