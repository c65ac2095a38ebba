import { sql } from '../lazy-kysely';
import { CURRENT_TENANT } from '../scoping/current-tenant';
import { TenantTableError } from '../scoping/errors';
import { BASE_SUFFIX } from '../scoping/tenant-tables';
import type { Migration, NamedMigration } from './migration';
import type { MigrationDatabase } from './migration-database';

/**
 * A migration of tenants as it runs on the file that all of them share: each table it makes is of tenants, unless it says that it is for all.
 *
 * @throws E_TENANT_TABLE in its `up`
 */
export function sharedMigration({ name, load }: NamedMigration): NamedMigration {
  return {
    name,
    load: () => {
      const migration = load();
      const up = async (db: MigrationDatabase): Promise<void> => {
        const before = await plainTables(db);
        await migration.up(db);
        const meant = new Set([...before, ...(migration.forAll ?? [])]);
        const made = [...(await plainTables(db))].find((table) => !meant.has(table));
        if (made !== undefined) throw TenantTableError.forAll(made);
      };
      return Object.assign(Object.create(migration) as Migration, { up });
    },
  };
}

/** Tables that no view shows to one tenant alone. What a full-text index lies in belongs to that. */
async function plainTables(db: MigrationDatabase): Promise<Set<string>> {
  const { rows } = await sql<{ name: string }>`
    select name from pragma_table_list as plain
    where schema = 'main' and type in ('table', 'virtual') and name not like 'sqlite!_%' escape '!'
      and not exists (
        select 1 from sqlite_schema as seen
        where seen.type = 'view' and plain.name = seen.name || ${BASE_SUFFIX} and instr(seen.sql, ${`${CURRENT_TENANT}()`}) > 0)`.execute(
    db,
  );
  return new Set(rows.map(({ name }) => name));
}
