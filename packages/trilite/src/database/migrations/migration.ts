import type { Backfill } from './backfill';
import type { MigrationDatabase } from './migration-database';

/**
 * One step of a schema. Each runs in one BEGIN IMMEDIATE together with its ledger row: it is done whole, or not at all.
 *
 * Foreign keys are not enforced meanwhile, so that a table can be dropped and made anew without losing the rows that refer to it. Rows
 * that are left without their parent at the end make the migration fail.
 */
export interface Migration {
  /** Makes the change. */
  up(db: MigrationDatabase): Promise<void>;
  /** Takes it back. */
  down?(db: MigrationDatabase): Promise<void>;
  /** Fills a table in small transactions once `up` is committed; goes on where it stopped when it is interrupted. */
  readonly backfill?: Backfill;
  /** Whether foreign keys are enforced while it runs: deletes then cascade, also those of a DROP TABLE. Default: false. */
  readonly foreignKeys?: boolean;
  /**
   * Tables that a migration of tenants makes for all of them together, where they share a file: lists of countries, for instance. Default: none,
   * and a table that is not made by `createTenantTable` is refused there.
   */
  readonly forAll?: readonly string[];
}

/** A migration and the name it is remembered by. */
export interface NamedMigration {
  /** The file's name without extension; framework migrations begin with `trilite/`. */
  readonly name: string;
  readonly load: () => Migration;
}

/** Whether a migration is Trilite's own: those are never rolled back, for jobs and cache would go with their tables. */
export function isFrameworkMigration(name: string): boolean {
  return name.startsWith('trilite/');
}

/**
 * Describes a migration.
 *
 * @example
 * import { defineMigration } from 'trilite';
 *
 * export default defineMigration({
 *   async up(db) {
 *     await db.schema
 *       .createTable('posts')
 *       .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
 *       .addColumn('title', 'text', (column) => column.notNull())
 *       .execute();
 *   },
 *   async down(db) {
 *     await db.schema.dropTable('posts').execute();
 *   },
 * });
 */
export const defineMigration = (migration: Migration): Migration => migration;
