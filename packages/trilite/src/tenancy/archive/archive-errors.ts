import { basename } from 'node:path';
import { isFull } from '../../database/care/backup-errors';
import { TenantTakenError } from '../errors';
import { FrameworkError, errorCode, messageOf, toError } from '../../support/errors';

/*
 * Messages below 500 are what somebody out there is told: they name the archive alone. Where it lies says the help, which the console prints.
 */

const NOTHING_DONE = 'Nothing was imported.';

/** Thrown when a file is no archive of a tenant, or not as its manifest says. */
export class TenantArchiveInvalidError extends FrameworkError {
  static damaged(file: string, problem: string, cause?: unknown): TenantArchiveInvalidError {
    return TenantArchiveInvalidError.#because(
      `The archive "${basename(file)}" cannot be read: ${problem}.`,
      `Copy "${file}" again from where it was made, or export the tenant again. ${NOTHING_DONE}`,
      cause,
    );
  }

  static manifest(file: string, problems: string): TenantArchiveInvalidError {
    return TenantArchiveInvalidError.#because(
      `The manifest of "${basename(file)}" is not that of a tenant: ${problems}.`,
      `Give another file than "${file}": one that "artisan tenants:export" has made. ${NOTHING_DONE}`,
    );
  }

  static version(file: string, found: number, known: number): TenantArchiveInvalidError {
    return TenantArchiveInvalidError.#because(
      `The archive "${basename(file)}" is of version ${found}; this Trilite reads version ${known}.`,
      `Upgrade Trilite here, or export the tenant of "${file}" with the version that runs here. ${NOTHING_DONE}`,
    );
  }

  /** It holds something else than its manifest says. */
  static content(file: string, found: string): TenantArchiveInvalidError {
    return TenantArchiveInvalidError.#because(
      `The archive "${basename(file)}" is not what its manifest says: ${found}.`,
      `Somebody has changed "${file}", or it was damaged on its way: export the tenant again. ${NOTHING_DONE}`,
    );
  }

  static #because(message: string, help: string, cause?: unknown): TenantArchiveInvalidError {
    return new TenantArchiveInvalidError({
      code: 'E_TENANT_ARCHIVE_INVALID',
      message,
      help,
      status: 422,
      cause,
    });
  }
}

/** Thrown when an archive would take the place of another file. */
export class TenantArchiveExistsError extends FrameworkError {
  static at(file: string): TenantArchiveExistsError {
    return new TenantArchiveExistsError({
      code: 'E_TENANT_ARCHIVE_EXISTS',
      message: `"${basename(file)}" is there already.`,
      help: `Name another file than "${file}", or replace it with "--force".`,
      status: 409,
    });
  }
}

/** Thrown when the disk has no room for an archive, or for what is in it. */
export class TenantArchiveFullError extends FrameworkError {
  static at(file: string, cause?: unknown): TenantArchiveFullError {
    return new TenantArchiveFullError({
      code: 'E_TENANT_ARCHIVE_FULL',
      message: `The disk has no room for a copy of what belongs to the tenant: "${file}".`,
      help: 'Free disk space. An export needs room for two copies of the tenant, an import for one. What was written was removed.',
      status: 507,
      cause,
    });
  }
}

/** Thrown when an archive cannot be written or read, for another reason than a full disk. */
export class TenantArchiveFailedError extends FrameworkError {
  static at(file: string, cause: unknown): TenantArchiveFailedError {
    return new TenantArchiveFailedError({
      code: 'E_TENANT_ARCHIVE_FAILED',
      message: `The archive "${file}" cannot be worked on: ${messageOf(toError(cause))}.`,
      help: 'Check that this process may read and write what the message names. What was written was removed.',
      cause,
    });
  }

  static noFile(file: string): TenantArchiveFailedError {
    return new TenantArchiveFailedError({
      code: 'E_TENANT_ARCHIVE_FAILED',
      message: `There is no file "${basename(file)}".`,
      help: `Name an archive that "artisan tenants:export" has made; nothing is at "${file}".`,
      status: 404,
    });
  }

  static noFolder(folder: string): TenantArchiveFailedError {
    return new TenantArchiveFailedError({
      code: 'E_TENANT_ARCHIVE_FAILED',
      message: `There is no folder "${folder}" to put an archive in.`,
      help: 'Create it, or name a file in another one.',
    });
  }

  /** Something in a tenant's folder that no archive may hold. */
  static kind(path: string, what: string): TenantArchiveFailedError {
    return new TenantArchiveFailedError({
      code: 'E_TENANT_ARCHIVE_FAILED',
      message: `"${path}" ${what}: an archive holds files and folders, and names of text alone.`,
      help: 'Put a file in its place, rename it, or move it out of the folder of the tenant.',
    });
  }
}

/** What an archive asks for, and somebody has, with the option that asks for another. */
export function takenByArchive(error: TenantTakenError, file: string): TenantTakenError {
  const { what, message } = error;
  const option = { id: '--id=<id>', slug: '--slug=<slug>', domain: '--domains=<a,b>' }[what];
  return new TenantTakenError(what, {
    message,
    help: `Import "${file}" with "${option}", which gives the tenant another ${what} here. ${NOTHING_DONE}`,
    cause: error,
  });
}

/** What went wrong with an archive, as one of the errors above. */
export function explainArchive(error: unknown, file: string): unknown {
  if (error instanceof FrameworkError) return error;
  // EFBIG: the system lets this process write no more into one file
  if (isFull(error) || errorCode(error) === 'EFBIG') return TenantArchiveFullError.at(file, error);
  return TenantArchiveFailedError.at(file, error);
}

/** The same while one is read: what gzip, tar and SQLite say of its content is about the archive. */
export function explainReading(error: unknown, file: string): unknown {
  if (error instanceof FrameworkError || isFull(error)) return explainArchive(error, file);
  const code = errorCode(error);
  const isContent = code === undefined || /^(Z_|SQLITE_(?!IOERR))/.test(code);
  if (!isContent) return explainArchive(error, file);
  return TenantArchiveInvalidError.damaged(file, messageOf(toError(error)), error);
}
