import type { Kysely } from 'kysely';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a migration speaks of tables as they were, not as the types say now
export type MigrationDatabase = Kysely<any>;

/** One step of a schema. Each runs in one BEGIN IMMEDIATE together with its ledger row. */
export interface Migration {
  /** Makes the change. */
  up(db: MigrationDatabase): Promise<void>;
  /** Takes it back. */
  down?(db: MigrationDatabase): Promise<void>;
}

/** A migration and the name it is remembered by. */
export interface NamedMigration {
  /** The file's name without extension; framework migrations begin with `trilite/`. */
  readonly name: string;
  readonly load: () => Migration;
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
