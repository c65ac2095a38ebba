import { FrameworkError, messageOf, toError } from '../support/errors';

/** One thing that is wrong in a configuration file or in the environment. */
export interface ConfigProblem {
  /** The file, relative to the application: `config/cache.ts`. */
  readonly file: string;
  /** The key's path in it: `stores.sqlite.connection`. */
  readonly key: string;
  /** What stands there. */
  readonly found: string;
  /** What may stand there. */
  readonly expected: string;
}

/** Thrown when a configuration file holds a wrong key or value, or misses one. */
export class ConfigInvalidError extends FrameworkError {
  static for(problems: readonly ConfigProblem[]): ConfigInvalidError {
    const files = [...new Set(problems.map((problem) => problem.file))].join(', ');
    return new ConfigInvalidError({
      code: 'E_CONFIG_INVALID',
      message: ['The configuration is not valid.', ...problems.map(describe)].join('\n'),
      help: `Correct ${files}; docs/configuration.md of the trilite package lists every key with its unit and default.`,
    });
  }
}

/** Thrown when a configuration file is missing, or does not export what its define function returns. */
export class ConfigFileError extends FrameworkError {
  static missing(file: string): ConfigFileError {
    return new ConfigFileError({
      code: 'E_CONFIG_FILE',
      message: `The configuration file "${file}" is missing.`,
      help: 'Create it; docs/configuration.md of the trilite package shows each file.',
    });
  }

  static withoutDefault(file: string, define: string): ConfigFileError {
    return new ConfigFileError({
      code: 'E_CONFIG_FILE',
      message: `The configuration file "${file}" has no default export.`,
      help: `End it with "export default ${define}({ … });".`,
    });
  }
}

/** Thrown when the environment or a .env file holds a wrong value, or misses one. */
export class EnvironmentInvalidError extends FrameworkError {
  static for(problems: readonly ConfigProblem[]): EnvironmentInvalidError {
    return new EnvironmentInvalidError({
      code: 'E_ENVIRONMENT_INVALID',
      message: ['The environment is not valid.', ...problems.map(describe)].join('\n'),
      help: 'Set the variables in .env (see .env.example), in .env.{APP_ENV} or in the process environment.',
    });
  }

  static unreadable(path: string, cause: unknown): EnvironmentInvalidError {
    return new EnvironmentInvalidError({
      code: 'E_ENVIRONMENT_INVALID',
      message: `The file "${path}" cannot be read: ${messageOf(toError(cause))}.`,
      help: 'Let the user this process runs as read it (chown, chmod 600), or set the variables in the process environment.',
      cause,
    });
  }
}

/** Thrown when the storage folder cannot be used. */
export class StorageNotWritableError extends FrameworkError {
  static at(path: string, cause: unknown): StorageNotWritableError {
    return new StorageNotWritableError({
      code: 'E_STORAGE_NOT_WRITABLE',
      message: `The storage folder "${path}" is missing or cannot be written.`,
      help: `Create it with "mkdir -p ${path}" and give this process's user write permission, or set STORAGE_PATH to another folder.`,
      cause,
    });
  }
}

function describe({ file, key, found, expected }: ConfigProblem): string {
  return `  ${file}  "${key}": found ${found}, expected ${expected}`;
}
