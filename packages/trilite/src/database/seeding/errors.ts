import { FrameworkError, messageOf, toError } from '../../support/errors';

/** Thrown when a seeder is not there, or fails. */
export class SeederError extends FrameworkError {
  static failed(name: string, cause: unknown): SeederError {
    return new SeederError({
      code: 'E_SEEDER_FAILED',
      message: `The seeder "${name}" failed: ${messageOf(toError(cause))}`,
      help:
        cause instanceof FrameworkError
          ? cause.help
          : 'What was written before stays: run "artisan db:seed" again on an empty database, or let the seeder pass over what is there.',
      cause,
    });
  }

  static unknown(name: string, nearest: readonly string[]): SeederError {
    const guesses = nearest.map((one) => `"${one}"`).join(', ');
    return new SeederError({
      code: 'E_SEEDER_UNKNOWN',
      message: `No file of database/seeders exports a seeder "${name}".`,
      help:
        nearest.length === 0
          ? `Export a class "${name}" with a "run" method there.`
          : `Did you mean ${guesses}?`,
    });
  }

  static ambiguous(name: string, files: readonly string[]): SeederError {
    return new SeederError({
      code: 'E_SEEDER_AMBIGUOUS',
      message: `Several seeders are called "${name}": ${files.map((file) => `"${file}"`).join(', ')}.`,
      help: 'Give all but one another name.',
    });
  }
}

/** Thrown when a factory asks for invented values where nothing invents them. */
export class FactoryError extends FrameworkError {
  static fakerMissing(table: string, cause: unknown): FactoryError {
    return new FactoryError({
      code: 'E_FACTORY_FAKER_MISSING',
      message: `The factory of "${table}" asks for "faker", and the package @faker-js/faker is not installed.`,
      help: 'Install it with "npm install --save-dev @faker-js/faker"; where only production dependencies are, insert rows without factories.',
      cause,
    });
  }

  static localeUnknown(table: string, locale: string, cause: unknown): FactoryError {
    return new FactoryError({
      code: 'E_FACTORY_LOCALE_UNKNOWN',
      message: `The factory of "${table}" asks for the locale "${locale}", which @faker-js/faker does not have.`,
      help: 'Use one of https://fakerjs.dev/guide/localization, such as "en", "de" or "pt_BR".',
      cause,
    });
  }
}
