import { FrameworkError, errorCode, messageOf, toError } from '../../support/errors';
import type { ConnectionFacts } from '../errors';

/** Thrown when a backup cannot be written, for another reason than a full disk. */
export class BackupFailedError extends FrameworkError {
  static writing(path: string, { name }: ConnectionFacts, cause: unknown): BackupFailedError {
    return new BackupFailedError({
      code: 'E_BACKUP_FAILED',
      message: `The backup "${path}" of connection "${name}" cannot be written: ${reasonOf(cause)}.`,
      help: 'Check that this process may write the folder; what was written of it was removed.',
      cause,
    });
  }

  static pruning(path: string, cause: unknown): BackupFailedError {
    return new BackupFailedError({
      code: 'E_BACKUP_FAILED',
      message: `The old backup "${path}" cannot be removed: ${reasonOf(cause)}.`,
      help: 'The new backup was made. Check that this process may write the folder.',
      cause,
    });
  }
}

/** Thrown when the disk is full before a backup, or the copy of one, is whole. */
export class BackupFullError extends FrameworkError {
  static at(path: string, { name }: ConnectionFacts, cause: unknown): BackupFullError {
    return new BackupFullError({
      code: 'E_BACKUP_FULL',
      message: `The disk has no room for "${path}", a copy of the file of connection "${name}".`,
      help: 'Free disk space, or keep fewer backups with "--keep". What was written of it was removed.',
      status: 507,
      cause,
    });
  }
}

/** Thrown when a copy or a backup is no SQLite database, or a damaged one. */
export class BackupDamagedError extends FrameworkError {
  static copy(
    { name, file }: ConnectionFacts,
    problems: readonly string[],
    cause?: unknown,
  ): BackupDamagedError {
    return new BackupDamagedError({
      code: 'E_BACKUP_DAMAGED',
      message: `The copy of "${file}" of connection "${name}" is damaged: ${shortened(problems)}`,
      help: 'The file itself is most likely damaged: ask "artisan db:check", and restore an older backup. No backup was made, none was removed.',
      cause,
    });
  }

  static file(path: string, problems: readonly string[]): BackupDamagedError {
    return new BackupDamagedError({
      code: 'E_BACKUP_DAMAGED',
      message: `The backup "${path}" cannot be restored: ${shortened(problems)}`,
      help: 'Restore another one; "artisan db:backups" lists them. Nothing was replaced.',
    });
  }
}

/** Thrown when a backup is not there, or does not say what it is a backup of. */
export class BackupUnknownError extends FrameworkError {
  static named(given: string, folder: string): BackupUnknownError {
    return new BackupUnknownError({
      code: 'E_BACKUP_UNKNOWN',
      message: `There is no backup "${given}", neither in "${folder}" nor as the path of a file.`,
      help: 'See all of them with "artisan db:backups".',
    });
  }

  static ofNobody(given: string): BackupUnknownError {
    return new BackupUnknownError({
      code: 'E_BACKUP_UNKNOWN',
      message: `The name of "${given}" does not say which connection it is a backup of.`,
      help: 'Say so with "--connection=<name>".',
    });
  }

  static ofAnother(given: string, found: string, asked: string): BackupUnknownError {
    return new BackupUnknownError({
      code: 'E_BACKUP_UNKNOWN',
      message: `By its name "${given}" is a backup of connection "${found}", not of "${asked}".`,
      help: 'Name that connection, or restore it all the same with "--force".',
    });
  }
}

/** Thrown when a file that is to be replaced, or copied as a backup, is open somewhere. */
export class FileInUseError extends FrameworkError {
  /** @param pids who has it open; empty when SQLite says so but /proc does not say who */
  static by(pids: readonly number[], { name, file }: ConnectionFacts): FileInUseError {
    const others = pids.filter((pid) => pid !== process.pid);
    return new FileInUseError({
      code: 'E_DATABASE_IN_USE',
      message: `The file "${file}" of connection "${name}" is open in ${whoIs(pids, others)}.`,
      help:
        others.length === 0
          ? 'Stop every process that uses it, then try again.'
          : `Stop every process that uses it (ps -fp ${others.join(',')}), then try again.`,
    });
  }

  /** The same of a tenant's file, of which who had work for the tenant lets go by itself. */
  static ofTenant({ message, help }: FileInUseError): FileInUseError {
    return new FileInUseError({
      code: 'E_DATABASE_IN_USE',
      message,
      help: `${help} Or keep work out with "artisan tenants:down": a server or worker lets go of a tenant's files 60 to 90 s after its last work for it, which "--wait=120" waits for.`,
    });
  }

  static backup(path: string, pids: readonly number[]): FileInUseError {
    const others = pids.filter((pid) => pid !== process.pid);
    return new FileInUseError({
      code: 'E_DATABASE_IN_USE',
      message: `The file "${path}" is no backup but in use: it is open in ${whoIs(pids, others)}.`,
      help: 'Copy a file that is in use with "artisan db:backup", then restore that.',
    });
  }

  static itself({ name, file }: ConnectionFacts): FileInUseError {
    return new FileInUseError({
      code: 'E_DATABASE_IN_USE',
      message: `The file "${file}" is that of connection "${name}" itself.`,
      help: 'Restore a backup; "artisan db:backups" lists them.',
    });
  }
}

/** Thrown when a connection that is asked for its file lives in memory. */
export class ConnectionInMemoryError extends FrameworkError {
  static for({ name }: ConnectionFacts): ConnectionInMemoryError {
    return new ConnectionInMemoryError({
      code: 'E_CONNECTION_IN_MEMORY',
      message: `The connection "${name}" is in memory: it has no file.`,
      help: 'Name another connection with "--connection=<name>".',
    });
  }
}

/** Thrown when a verified backup cannot be put in the file's place. */
export class RestoreFailedError extends FrameworkError {
  static replacing({ name, file }: ConnectionFacts, cause: unknown): RestoreFailedError {
    return new RestoreFailedError({
      code: 'E_RESTORE_FAILED',
      message: `The file "${file}" of connection "${name}" cannot be replaced: ${reasonOf(cause)}.`,
      help: 'It is as it was. Check that this process may write its folder and that of the backups.',
      cause,
    });
  }

  static halfway(
    { name, file }: ConnectionFacts,
    kept: string,
    cause: unknown,
  ): RestoreFailedError {
    return new RestoreFailedError({
      code: 'E_RESTORE_FAILED',
      message: `The file "${file}" of connection "${name}" was not replaced (${reasonOf(cause)}), and what was moved out of the way not all put back.`,
      help: `All of it is kept: look for "${kept}", with -wal and -shm, before anything opens the file. A restore that succeeds needs none of it.`,
      cause,
    });
  }
}

/** Whether an error says that a disk or a quota is full. */
export function isFull(error: unknown): boolean {
  return ['SQLITE_FULL', 'ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '');
}

function whoIs(pids: readonly number[], others: readonly number[]): string {
  const parts = pids.includes(process.pid) ? ['this process itself'] : [];
  if (others.length > 0) {
    parts.push(`${others.length > 1 ? 'the processes' : 'the process'} ${others.join(', ')}`);
  }
  return parts.length === 0 ? 'another process' : parts.join(' and in ');
}

function shortened(problems: readonly string[]): string {
  const more = problems.length > 3 ? ` (and ${problems.length - 3} more)` : '';
  return `${problems.slice(0, 3).join('; ')}${more}`;
}

function reasonOf(cause: unknown): string {
  return messageOf(toError(cause)).replace(/\.$/, '');
}
