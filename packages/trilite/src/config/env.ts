import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { EnvironmentInvalidError } from './errors';
import { currentProject, under, type Project } from './project';
import { problemsOf } from './problems';
import { appKey } from './schema';

/** Variables of your own, each a zod schema over text. */
export type EnvShape = Record<string, z.ZodType>;

const port = z.coerce.number().int().min(0).max(65535);

const BASE = {
  /** The application's name. Default: 'Trilite'. */
  APP_NAME: z.string().min(1).default('Trilite'),
  /** Which environment this is: 'development', 'testing', 'production' or a name of your own. Default: 'production'. */
  APP_ENV: z
    .string()
    .regex(/^[a-z][a-z0-9_-]*$/, 'a lower-case word')
    .default('production'),
  /** The secret that signs and encrypts: `base64:` and 32 bytes. `artisan key:generate` makes one. */
  APP_KEY: appKey.optional(),
  /** What APP_KEY was before, with commas: what it encrypted stays readable. Default: none. */
  APP_PREVIOUS_KEYS: z
    .string()
    .transform((keys) => keys.split(',').map((one) => one.trim()))
    .pipe(z.array(appKey))
    .default([]),
  /** Whether error pages show stacks. Default: none; config/app.ts takes true in development. */
  APP_DEBUG: z.stringbool().optional(),
  /** The address people reach the application at. Default: none. */
  APP_URL: z.url().optional(),
  /** The address the server listens on. Default: '127.0.0.1'. */
  HOST: z.string().min(1).default('127.0.0.1'),
  /** The port the server listens on; 0 takes a free one. Default: 3000. */
  PORT: port.default(3000),
  /** The folder of the SQLite files, relative to the application's folder or absolute. Default: 'storage'. */
  STORAGE_PATH: z.string().min(1).default('storage'),
  /** The lowest level logged. Default: 'info'. */
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
};

/** The variables every application has. */
export type BaseEnv = z.output<z.ZodObject<typeof BASE>>;

/**
 * Reads the environment once: typed, checked and frozen.
 *
 * A variable of the process wins over `.env.{APP_ENV}`, which wins over `.env`. With APP_ENV=testing, `.env` is not read, so that tests
 * do not depend on whose machine they run on. An empty value counts as absent.
 *
 * @throws E_ENVIRONMENT_INVALID naming each variable, what was found and what was expected; secrets are not shown.
 * @example
 * import { defineEnv } from 'trilite';
 *
 * export const env = defineEnv((z) => ({ MAIL_FROM: z.email().default('hello@example.test') }));
 */
export function defineEnv(): Readonly<BaseEnv>;
export function defineEnv<S extends EnvShape>(
  shape: (zod: typeof z) => S,
): Readonly<BaseEnv & z.output<z.ZodObject<S>>>;
export function defineEnv(shape?: (zod: typeof z) => EnvShape): Readonly<BaseEnv> {
  const values = readEnvironment(currentProject());
  const result = z.object({ ...BASE, ...shape?.(z) }).safeParse(values);
  if (!result.success) {
    throw EnvironmentInvalidError.for(
      problemsOf(result.error, values, '.env', { hideSecrets: true }),
    );
  }
  return Object.freeze(result.data);
}

/** A path below the storage folder (STORAGE_PATH), absolute. */
export function storagePath(...segments: string[]): string {
  const project = currentProject();
  return under(project.storagePath ?? storageOf(project), segments);
}

function storageOf(project: Project): string {
  const storage = readEnvironment(project)['STORAGE_PATH'] ?? BASE.STORAGE_PATH.parse(undefined);
  return under(project.basePath, [storage]);
}

/** The environment's raw values for a project, by precedence. */
export function readEnvironment(project: Project): Record<string, string> {
  const given = present({ ...process.env, ...project.env });
  const shared = given['APP_ENV'] === 'testing' ? {} : readEnvFile(join(project.basePath, '.env'));
  const environment = given['APP_ENV'] ?? shared['APP_ENV'] ?? 'production';
  return { ...shared, ...readEnvFile(join(project.basePath, `.env.${environment}`)), ...given };
}

/** Which environment a project is in, and what says so. */
export function environmentOf(project: Project): {
  readonly name: string;
  readonly source: 'process' | 'default' | `.env${string}`;
} {
  const name = readEnvironment(project)['APP_ENV'] ?? BASE.APP_ENV.parse(undefined);
  if (present({ ...process.env, ...project.env })['APP_ENV'] !== undefined) {
    return { name, source: 'process' };
  }
  const shared = readEnvFile(join(project.basePath, '.env'))['APP_ENV'];
  const own = `.env.${shared ?? 'production'}` as const;
  if (readEnvFile(join(project.basePath, own))['APP_ENV'] !== undefined) {
    return { name, source: own };
  }
  return { name, source: shared === undefined ? 'default' : '.env' };
}

/** Sets variables of this process, which its child processes inherit. For the console's `--env`. */
export function setProcessEnvironment(values: Readonly<Record<string, string>>): void {
  Object.assign(process.env, values);
}

/** What a child process is given: the variables of this process, and others. */
export function childEnvironment(
  values: Readonly<Record<string, string>> = {},
): Record<string, string | undefined> {
  return { ...process.env, ...values };
}

function readEnvFile(path: string): Record<string, string> {
  if (!existsSync(path)) return {};
  return present(parseEnv(readText(path).replace(/^\uFEFF/, ''))); // some editors begin a file with a mark
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw EnvironmentInvalidError.unreadable(path, error);
  }
}

function present(values: Record<string, string | undefined>): Record<string, string> {
  const entries = Object.entries(values).filter(
    (entry): entry is [string, string] => (entry[1] ?? '') !== '',
  );
  return Object.fromEntries(entries);
}
