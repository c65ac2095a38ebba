import type { Kysely } from 'kysely';
import type { Database } from '../database';
import { sql } from '../lazy-kysely';
import type { Tables } from '../tables';
import { MigrationError } from './errors';

/** A row without the row it refers to. */
interface Orphan {
  readonly table: string;
  readonly rowid: number | null;
  readonly parent: string;
  readonly key: number;
}

/**
 * Refuses rows that a transaction without enforced foreign keys leaves without their parent. Those that were there before are not its fault:
 * they are read beside the transaction, where the file is as it was.
 *
 * @throws E_MIGRATION_ORPHANS
 */
export async function refuseNewOrphans(trx: Kysely<Tables>, outside: Database): Promise<void> {
  const now = await orphans(trx);
  if (now.length === 0) return;
  const before = countByIdentity(await orphans(outside));
  const made = now.filter((orphan) => {
    // Rows WITHOUT ROWID all look alike: as many as there were before are not its fault.
    const left = before.get(identity(orphan)) ?? 0;
    before.set(identity(orphan), left - 1);
    return left < 1;
  });
  if (made.length > 0) throw MigrationError.orphans(made);
}

function countByIdentity(found: readonly Orphan[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const orphan of found) counts.set(identity(orphan), (counts.get(identity(orphan)) ?? 0) + 1);
  return counts;
}

async function orphans(db: Kysely<Tables>): Promise<Orphan[]> {
  const { rows } =
    await sql<Orphan>`select "table", rowid, parent, fkid as key from pragma_foreign_key_check`.execute(
      db,
    );
  return rows;
}

function identity({ table, rowid, parent, key }: Orphan): string {
  return JSON.stringify([table, rowid, parent, key]);
}
