import { sql, type Kysely } from 'kysely';
import type { Database } from '../database';
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
  const before = new Set((await orphans(outside)).map(identity));
  const made = now.filter((orphan) => !before.has(identity(orphan)));
  if (made.length > 0) throw MigrationError.orphans(made);
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
