import { inspect } from 'node:util';
import { FrameworkError } from '../support/errors';
import { exitCodeOf } from './shutdown';

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

  /** @param flag what answers in a person's place, as it is typed; undefined when nothing does */
  static nobodyToAsk(
    command: string,
    question: string,
    flag: string | undefined,
  ): CommandUsageError {
    return new CommandUsageError({
      code: 'E_COMMAND_USAGE',
      message: `"${command}" needs an answer to "${question}", and there is nobody to ask.`,
      help:
        flag === undefined
          ? 'Run it in a terminal, without --no-interaction.'
          : `Give "${flag}", or run it in a terminal without --no-interaction.`,
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

/** Thrown when a command ends without having done its work: it says so itself, or one that another ran for a tenant ended with an exit code. */
export class CommandFailedError extends FrameworkError {
  readonly exitCode: number;

  private constructor(exitCode: number, message: string, help: string) {
    super({ code: 'E_COMMAND_FAILED', message, help });
    this.exitCode = exitCode;
  }

  static with(command: string, code: number): CommandFailedError {
    const message = `"${command}" ended with exit code ${code}.`;
    return new CommandFailedError(code, message, 'What it said stands below.');
  }

  static saying(message: string, exitCode: number): CommandFailedError {
    return new CommandFailedError(exitCode, message, `The exit code is ${exitCode}.`);
  }
}

/** Thrown when a command is stopped before it is done: by a signal to the process, or by Ctrl-C at a question. Nothing is printed of it. */
export class CommandStoppedError extends FrameworkError {
  /** 128 and the number of the signal. */
  readonly exitCode: number;

  private constructor(exitCode: number, message: string) {
    const help = 'Nothing is wrong. Run the command again to do what is left.';
    super({ code: 'E_COMMAND_STOPPED', message, help });
    this.exitCode = exitCode;
  }

  static by(signal: NodeJS.Signals): CommandStoppedError {
    const code = exitCodeOf(signal);
    return new CommandStoppedError(code, `The command was stopped by ${signal}.`);
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

  static named(name: string, file: string): CommandInvalidError {
    return new CommandInvalidError({
      code: 'E_COMMAND_INVALID',
      message: `The command of "${file}" has the name ${inspect(name)}, which nobody could type.`,
      help: 'Make its name of letters, digits, "-", "_" and ".", with ":" between its parts: "reports:build".',
    });
  }

  static reserved(name: string, option: string, file: string): CommandInvalidError {
    return new CommandInvalidError({
      code: 'E_COMMAND_INVALID',
      message: `The option "${option}" of the command "${name}" in "${file}" is one that every command has.`,
      help: 'Give the option, and its letter, another name; "artisan help" lists those that are taken.',
    });
  }

  static exitCode(name: string, code: unknown): CommandInvalidError {
    return new CommandInvalidError({
      code: 'E_COMMAND_INVALID',
      message: `The command "${name}" returned ${inspect(code)}, which is no exit code.`,
      help: 'Return a whole number from 0 to 255, or nothing.',
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

/** Thrown when `tinker` is given what is no JavaScript where it knows nothing else. */
export class TinkerLanguageError extends FrameworkError {
  static javaScript(cause: SyntaxError): TinkerLanguageError {
    return new TinkerLanguageError({
      code: 'E_TINKER_LANGUAGE',
      message: `${cause.message}. What is typed here is JavaScript: the package "typescript" is not installed.`,
      help: 'Leave the types out, or install the development dependencies: "npm install --include=dev".',
      cause,
    });
  }
}
