import type { Connection } from '../../database/connection';
import type { WriteOptions } from '../../database/connection-entry';
import type { Work } from '../../database/connection-session';
import type { Unusable } from '../../database/care/durable-files';
import { recreateFile, type Recreated } from '../../database/care/recreate';
import { DatabaseQueryError } from '../../database/errors';
import type { NamedMigration } from '../../database/migrations/migration';
import { monotonicMs } from '../../support/clock';
import { FrameworkError } from '../../support/errors';
import { CacheUnavailableError } from '../errors';
import { cacheMigrations } from './schema';

/** After a failed attempt to make the file anew, how long none is made. */
const RECREATE_PAUSE_MS = 1000;

/** The file does not answer now. */
const OUTAGES: readonly string[] = [
  'E_DATABASE_BUSY',
  'E_DATABASE_FULL',
  'E_DATABASE_IO',
  'E_DATABASE_OPEN',
  'E_DATABASE_PERMISSION',
  'E_DATABASE_READ_ONLY',
];

/** The file will not answer before it is made anew. */
const LOSSES: readonly string[] = ['E_DATABASE_CORRUPT', 'E_DATABASE_FILE_MISSING'];

/** What SQLite says of a statement whose tables or columns are not there: those of a store are sound. */
const MISSING = /no such (table|column)|has no column/;

/** What a cache file is to its store. */
export interface SqliteCacheFileOptions {
  /** The store's name, for messages. */
  readonly store: string;
  /**
   * Whether nothing else lies in the file, so that a damaged, foreign or missing one is replaced by a new one. Where data or jobs lie in it
   * too, operations become misses, and the file stays for its owner to see to. Default: false.
   */
  readonly isDisposable?: boolean | undefined;
  /** Whether the owner of the file is gone: then the file is not made anew, and what fails is told, not taken for a miss. Default: never. */
  readonly isGone?: (() => boolean) | undefined;
  /** What a new file has beside the tables of a cache. Default: nothing. */
  readonly freshMigrations?: readonly NamedMigration[] | undefined;
  /** Called when the file was made anew, or could not be. */
  readonly onRecreated?: ((recreated: Recreated | Error) => void) | undefined;
}

/** The connection of a cache: what it fails with tells whether the cache does not answer, and then it is seen to. */
export class SqliteCacheFile {
  readonly connection: Connection;
  readonly #options: SqliteCacheFileOptions;
  readonly #isDisposable: boolean;
  #recreating: Promise<void> | undefined;
  #failedAt = -RECREATE_PAUSE_MS;

  constructor(connection: Connection, options: SqliteCacheFileOptions) {
    this.connection = connection;
    this.#options = options;
    this.#isDisposable = options.isDisposable === true && connection.file !== ':memory:';
    if (this.#isDisposable) connection.follow();
  }

  /** @throws E_CACHE_UNAVAILABLE */
  read<T>(work: Work<T>): Promise<T> {
    return this.connection.read(work).catch(this.#explain);
  }

  /** @throws E_CACHE_UNAVAILABLE */
  write<T>(work: Work<T>, options?: WriteOptions): Promise<T> {
    return this.connection.write(work, options).catch(this.#explain);
  }

  readonly #explain = async (error: unknown): Promise<never> => {
    if (!(error instanceof FrameworkError) || this.#options.isGone?.() === true) throw error;
    const found = unusable(error);
    if (found !== undefined && this.#isDisposable) await this.#recreate(found);
    else if (found === 'foreign' || (found === undefined && !isOutage(error))) throw error;
    throw CacheUnavailableError.because(this.#options.store, error);
  };

  #recreate(found: Unusable): Promise<void> {
    this.#recreating ??= this.#attemptToRecreate(found).finally(() => {
      this.#recreating = undefined;
    });
    return this.#recreating;
  }

  async #attemptToRecreate(found: Unusable): Promise<void> {
    if (monotonicMs() - this.#failedAt < RECREATE_PAUSE_MS) return;
    const { connection } = this;
    try {
      const { place } = connection;
      const { freshMigrations = [] } = this.#options;
      const migrations = [...cacheMigrations, ...freshMigrations];
      const options = { migrations, place, found };
      const recreated = await recreateFile(connection, options);
      if (recreated !== undefined) this.#options.onRecreated?.(recreated);
    } catch (error) {
      this.#failedAt = monotonicMs();
      this.#options.onRecreated?.(error as Error);
    }
  }
}

/** What is wrong with the file for good. Foreign are the tables of an earlier version, those of another program, and none. */
function unusable(error: FrameworkError): Unusable | undefined {
  if (error instanceof DatabaseQueryError && MISSING.test(error.message)) return 'foreign';
  return LOSSES.includes(error.code) ? 'damaged' : undefined;
}

/** Beside what is named: no memory, an operation that was interrupted, and what else SQLite may say of a moment. */
function isOutage(error: FrameworkError): boolean {
  return OUTAGES.includes(error.code) || error instanceof DatabaseQueryError;
}
