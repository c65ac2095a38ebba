import { FrameworkError } from '../support/errors';

/** Thrown when no command has the name that was typed. */
export class CommandUnknownError extends FrameworkError {
  static named(name: string, nearest: readonly string[]): CommandUnknownError {
    const guesses = nearest.map((one) => `"${one}"`).join(', ');
    return new CommandUnknownError({
      code: 'E_COMMAND_UNKNOWN',
      message: `There is no command "${name}".`,
      help:
        nearest.length === 0
          ? 'See all of them with "artisan list".'
          : `Did you mean ${guesses}? See all of them with "artisan list".`,
    });
  }
}

/** Thrown when a command is typed with arguments or options it does not take. */
export class CommandUsageError extends FrameworkError {
  static because(command: string, problem: string): CommandUsageError {
    return new CommandUsageError({
      code: 'E_COMMAND_USAGE',
      message: `${problem}.`,
      help: `See "artisan help ${command}".`,
    });
  }
}

/** Thrown when a maintenance cannot begin or end for what lies in the place of its file. */
export class MaintenanceFileError extends FrameworkError {
  static folder(file: string, cause: unknown): MaintenanceFileError {
    return new MaintenanceFileError({
      code: 'E_MAINTENANCE_FILE',
      message: `The maintenance cannot be changed: "${file}" is a folder.`,
      help: 'Look into it and remove it; the application is down for as long as it is there.',
      cause,
    });
  }
}

/** Thrown when a command that another one ran for a tenant ended with an exit code. */
export class CommandFailedError extends FrameworkError {
  static with(command: string, code: number): CommandFailedError {
    return new CommandFailedError({
      code: 'E_COMMAND_FAILED',
      message: `"${command}" ended with exit code ${code}.`,
      help: 'What it said stands below.',
    });
  }
}

/** Thrown at start when a command class is not what the console can run. */
export class CommandInvalidError extends FrameworkError {
  static duplicate(name: string, file: string): CommandInvalidError {
    return new CommandInvalidError({
      code: 'E_COMMAND_INVALID',
      message: `The command name "${name}" of "${file}" is taken by another command.`,
      help: 'Give it another name in its signature.',
    });
  }

  static reserved(name: string, option: string, file: string): CommandInvalidError {
    return new CommandInvalidError({
      code: 'E_COMMAND_INVALID',
      message: `The option "${option}" of the command "${name}" in "${file}" is one that every command has.`,
      help: 'Give the option, and its letter, another name; "artisan help" lists those that are taken.',
    });
  }

  static none(file: string): CommandInvalidError {
    return new CommandInvalidError({
      code: 'E_COMMAND_INVALID',
      message: `The file "${file}" exports no command.`,
      help: 'Export a class with "static readonly signature = defineSignature({ … })" and a "handle" method, or move the file out of app/console/commands.',
    });
  }
}
