import type { Connection } from '../connection';
import { inspect } from './own-handle';

/** When the newest migration of a file ran, in epoch milliseconds; undefined when none did. Changes nothing. */
export function newestMigrationAt(connection: Connection): Promise<number | undefined> {
  return inspect(connection, (handle) => {
    const isThere = handle
      .statement("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'")
      .pluck()
      .get();
    if (isThere === 0) return undefined;
    const newest = handle.statement('SELECT max(ran_at) FROM migrations').pluck().get();
    return typeof newest === 'number' ? newest : undefined;
  });
}
