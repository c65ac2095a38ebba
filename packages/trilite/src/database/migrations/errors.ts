import { FrameworkError, messageOf, toError } from '../../support/errors';

/** Where a migration belongs. */
interface MigrationPlace {
  readonly name: string;
  readonly connection: string;
}

/** Thrown when a migration cannot be run or rolled back. */
export class MigrationError extends FrameworkError {
  static failed({ name, connection }: MigrationPlace, cause: unknown): MigrationError {
    return new MigrationError({
      code: 'E_MIGRATION_FAILED',
      message: `The migration "${name}" failed on connection "${connection}": ${messageOf(toError(cause))}`,
      help: `Nothing of it was kept. ${helpOf(cause)}`,
      cause,
    });
  }

  static backfillFailed({ name, connection }: MigrationPlace, cause: unknown): MigrationError {
    return new MigrationError({
      code: 'E_MIGRATION_FAILED',
      message: `The backfill of the migration "${name}" failed on connection "${connection}": ${messageOf(toError(cause))}`,
      help: 'The batches before it are kept. Correct it and run "artisan migrate" again: it goes on where it stopped.',
      cause,
    });
  }

  static backfillGone(): MigrationError {
    return new MigrationError({
      code: 'E_MIGRATION_INVALID',
      message: 'It has begun to fill a table, and its file says nothing of that any more.',
      help: 'Put its "backfill" back, let "artisan migrate" finish it, and take it out then.',
    });
  }

  static orphans(
    rows: readonly { readonly table: string; readonly parent: string }[],
  ): MigrationError {
    const places = [...new Set(rows.map(({ table, parent }) => `"${table}" (of "${parent}")`))];
    return new MigrationError({
      code: 'E_MIGRATION_ORPHANS',
      message: `It would leave ${rows.length} rows without the row they refer to, in ${places.join(', ')}.`,
      help: 'Foreign keys are not enforced while a migration runs, so nothing cascades: delete or change those rows in it too, or declare "foreignKeys: true" in it.',
    });
  }

  static notAMigration(file: string): MigrationError {
    return new MigrationError({
      code: 'E_MIGRATION_INVALID',
      message: `The file "${file}" does not export a migration.`,
      help: 'Write "export default defineMigration({ async up(db) { … } });".',
    });
  }

  static folderUnknown(folder: string, known: readonly string[]): MigrationError {
    return new MigrationError({
      code: 'E_MIGRATION_INVALID',
      message: `The folder "database/migrations/${folder}" names no connection; there are: ${known.join(', ')}.`,
      help: 'Name it after a connection of config/database.ts, or "default" for the default one.',
    });
  }

  static besideFolders(file: string): MigrationError {
    return new MigrationError({
      code: 'E_MIGRATION_INVALID',
      message: `The migration "${file}" lies in database/migrations itself, and belongs to no connection.`,
      help: 'Move it to database/migrations/default, or to the folder of another connection.',
    });
  }

  static noWayBack({ name, connection }: MigrationPlace): MigrationError {
    return new MigrationError({
      code: 'E_MIGRATION_NO_WAY_BACK',
      message: `The migration "${name}" of connection "${connection}" cannot be rolled back: it has no "down".`,
      help: 'Write its "down", or go forward with a new migration. Nothing was rolled back.',
    });
  }

  static fileGone({ name, connection }: MigrationPlace): MigrationError {
    return new MigrationError({
      code: 'E_MIGRATION_NO_WAY_BACK',
      message: `The migration "${name}" has run on connection "${connection}", but its file is not there.`,
      help: `Restore database/migrations/${connection}/${name}.ts. Nothing was rolled back.`,
    });
  }
}

/** What failed in it knows best what to do. */
function helpOf(cause: unknown): string {
  return cause instanceof FrameworkError ? cause.help : 'Correct it and run the command again.';
}

/** Thrown when a table cannot be rebuilt. */
export class TableRebuildError extends FrameworkError {
  static missing(table: string): TableRebuildError {
    return new TableRebuildError({
      code: 'E_TABLE_REBUILD',
      message: `The table "${table}" is not there to be rebuilt.`,
      help: 'Check its name; "artisan db:show" lists the tables.',
    });
  }

  static wouldCascade(table: string): TableRebuildError {
    return new TableRebuildError({
      code: 'E_TABLE_REBUILD',
      message: `Rebuilding the table "${table}" drops it, and with foreign keys enforced that would delete the rows that refer to it.`,
      help: 'Rebuild in a migration without "foreignKeys: true", or in "db.transaction(callback, { foreignKeys: false })".',
    });
  }

  static notMade(table: string, temporary: string): TableRebuildError {
    return new TableRebuildError({
      code: 'E_TABLE_REBUILD',
      message: `Rebuilding the table "${table}" needs its new form under the name "${temporary}", and no such table was created.`,
      help: 'Create it in "create" with the name that is given to it.',
    });
  }

  static temporaryParent(table: string, temporary: string): TableRebuildError {
    return new TableRebuildError({
      code: 'E_TABLE_REBUILD',
      message: `The new form of the table "${table}" refers to itself as "${temporary}", which it is called only until its rows are copied.`,
      help: `Refer to "${table}" in "create".`,
    });
  }

  static rowsLost(table: string, before: number, after: number): TableRebuildError {
    return new TableRebuildError({
      code: 'E_TABLE_REBUILD',
      message: `Rebuilding the table "${table}" would keep ${after} of its ${before} rows.`,
      help: 'Correct "values", or delete the rows that are not wanted beforehand.',
    });
  }

  static partFails(table: string, part: string, cause: unknown): TableRebuildError {
    return new TableRebuildError({
      code: 'E_TABLE_REBUILD',
      message: `The ${part} of the table "${table}" does not fit its new form: ${messageOf(toError(cause))}`,
      help: 'Drop it before the rebuild, and create its new form after it.',
      cause,
    });
  }
}

/** Thrown when a table cannot be filled in batches. */
export class BackfillError extends FrameworkError {
  static noRowid(table: string): BackfillError {
    return new BackfillError({
      code: 'E_BACKFILL',
      message: `The table "${table}" cannot be gone through in batches: it has no rowid, a column of that name, or is a view or not there.`,
      help: 'Check its name. For a table WITHOUT ROWID, write one UPDATE in "up".',
    });
  }
}
