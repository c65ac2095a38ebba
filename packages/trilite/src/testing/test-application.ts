import { Application, type ApplicationOptions } from '../application';
import { projectAt } from '../config/project';
import type { CommandInput, InputParameters } from '../console/calls/command-input';
import type { CommandClass } from '../console/command';
import { embeddedKernel } from '../console/embedded-kernel';
import type { SeederClass } from '../database/seeding/seeder';
import type { WorkerEvent } from '../queue/queue-events';
import { toError } from '../support/errors';
import { TestCommand, type Unrun } from './console/test-command';
import { TestClientError, TestCommandError } from './errors';
import { Browser } from './http/browser';
import { TestClient } from './http/test-client';
import type { Unsent } from './http/test-request';
import {
  DatabaseAssertions,
  type AssertedTable,
  type AssertedValues,
  type DatabaseAssertionOptions,
} from './database-assertions';
import { refreshStorage } from './refresh-storage';
import { fillStorage, newStorageFolder, removeFolder } from './storage-template';

/** What a test's application differs in. `env` reaches the files of config/ only in the first application of a test file. */
export interface TestApplicationOptions extends Partial<
  Pick<ApplicationOptions, 'basePath' | 'env' | 'jobs' | 'routes' | 'tenantRoutes' | 'schedule'>
> {
  /** Whether the files are created and migrated. Default: true. */
  readonly migrate?: boolean;
}

const TEST_ENV = {
  APP_ENV: 'testing',
  APP_KEY: `base64:${Buffer.alloc(32, 7).toString('base64')}`,
  // What answers 500, and why a job failed, is on standard error.
  LOG_LEVEL: 'error',
  PORT: '0',
};

/** Which jobs `runJobs` runs. */
export interface RunJobsOptions {
  readonly queues?: readonly string[] | undefined;
  /** Of the application's own queues. Default: the default one. */
  readonly connection?: string | undefined;
}

/** What follows a refresh. */
export interface RefreshOptions {
  /** The seeder that runs, by class or name; `true` is `DatabaseSeeder`. Default: none. */
  readonly seed?: boolean | SeederClass | string;
}

const WORK = {
  concurrency: 1,
  tries: 1,
  timeoutMs: 0,
  backoff: 0,
  isWatched: false,
  sleepMs: 10,
  shutdownMs: 1000,
  stopWhenEmpty: true,
};

/**
 * An application in a storage folder of its own, with every file migrated; `close` removes the folder.
 *
 * The files are copied from a template that is migrated once a process, so that a new application costs milliseconds.
 *
 * @example
 * import { CacheRepository } from 'trilite';
 * import { createTestApplication, type TestApplication } from 'trilite/testing';
 *
 * let app: TestApplication;
 *
 * beforeEach(async () => {
 *   app = await createTestApplication();
 * });
 *
 * afterEach(() => app.close());
 *
 * test('a value stays until it is forgotten', async () => {
 *   const cache = app.make(CacheRepository);
 *   await cache.put('greeting', 'Hello');
 *   expect(await cache.get('greeting')).toBe('Hello');
 * });
 */
export async function createTestApplication(
  options: TestApplicationOptions = {},
): Promise<TestApplication> {
  const { migrate = true, basePath = projectAt(process.cwd()).basePath, ...rest } = options;
  const env = { ...TEST_ENV, ...options.env };
  const storagePath = newStorageFolder();
  try {
    const app = new TestApplication(
      { ...rest, basePath, env, storagePath },
      { isMigrated: migrate },
    );
    await app.boot();
    return app;
  } catch (error) {
    removeFolder(storagePath);
    throw error;
  }
}

/** An application for one test. */
export class TestApplication extends Application {
  readonly #unsent: Unsent = new Set();
  readonly #unrun: Unrun = new Set();
  readonly #options: ApplicationOptions;
  readonly #isMigrated: boolean;
  /** What the storage folder was copied from; none where it was empty. */
  #template: string | undefined;
  readonly #rows = new DatabaseAssertions(this);

  constructor(options: ApplicationOptions, { isMigrated }: { readonly isMigrated: boolean }) {
    super(options);
    this.#options = options;
    this.#isMigrated = isMigrated;
  }

  override async boot(): Promise<void> {
    if (this.#isMigrated) {
      const { basePath, env } = this.#options;
      this.#template = await fillStorage(projectAt(basePath, env), this.config);
    }
    await super.boot();
  }

  /** Its storage folder; removed by `close`. */
  get storagePath(): string {
    return this.config.storagePath;
  }

  /** A browser of its own in front of the application. */
  client(): TestClient {
    return new TestClient(new Browser(this), this.#unsent);
  }

  /**
   * A command of the console, by its class with values of its signature, or by a line as it is typed after `artisan`: run when it is awaited, for
   * whose work the test is in.
   */
  artisan<C extends CommandClass>(command: C, ...input: InputParameters<C>): TestCommand;
  artisan(line: string, input?: CommandInput): TestCommand;
  artisan(command: string | CommandClass, input: CommandInput = {}): TestCommand {
    const tenant = this.tenancy.current();
    const { scope } = this.tenancy;
    return new TestCommand({
      name: typeof command === 'string' ? command : command.signature.name,
      unrun: this.#unrun,
      run: async (asker, print) => {
        const whose = tenant && { tenant, scope };
        const parts = { codePath: this.#options.basePath, app: this };
        const kernel = embeddedKernel(parts, { asker, interactive: true, print, whose });
        return kernel
          .call(command, input)
          .catch((thrown: unknown) => kernel.report(toError(thrown)));
      },
    });
  }

  /**
   * Runs every job that is due, the application's own and those of all tenants, and those they dispatch, until none is; returns how many runs it
   * took. Failing jobs end up in `failed_jobs` or wait for their next run, as under a real worker; what is due later is, once the test has
   * travelled there.
   *
   * @param options `queues`: those to work. Default: as of `queue:work`, "default" and those that job classes name; of tenants, all
   */
  async runJobs(options: RunJobsOptions = {}): Promise<number> {
    let runs = 0;
    const tell = (event: WorkerEvent): void => {
      if (event.kind === 'running') runs += 1;
      if ('error' in event) {
        this.logger.error({ event: event.kind, err: event.error }, event.error.message);
      }
    };
    const runOwn = (): Promise<void> => this.tenancy.central(() => this.#runOwnJobs(options, tell));
    await runOwn();
    // Where tenants share the application's queue, that was all
    if (this.config.tenancy.mode !== 'files') return runs;
    // A job of one queue may dispatch to the other's
    for (let before = -1; before < runs;) {
      before = runs;
      await this.#runTenantJobs(options, tell);
      await runOwn();
    }
    return runs;
  }

  async #runOwnJobs(
    { queues, connection }: RunJobsOptions,
    tell: (event: WorkerEvent) => void,
  ): Promise<void> {
    const worker = this.queues.worker(
      connection ?? this.queues.defaultName,
      { ...WORK, queues: queues ?? this.queues.queueNames, once: false },
      tell,
    );
    await worker.run();
  }

  async #runTenantJobs(
    { queues }: RunJobsOptions,
    tell: (event: WorkerEvent) => void,
  ): Promise<void> {
    const onError = (error: Error, tenant: string | undefined): void =>
      this.logger.error({ err: error, tenant }, error.message);
    const worker = this.tenantWorker({ ...WORK, queues }, { tell, onError });
    await worker.run();
  }

  /** Asserts that a table has a row with these values; `null` is NULL. */
  assertDatabaseHas<T extends AssertedTable>(
    table: T,
    values: AssertedValues<T>,
    options: DatabaseAssertionOptions = {},
  ): Promise<void> {
    return this.#rows.has(table, values, options);
  }

  /** Asserts that a table has no row with these values. */
  assertDatabaseMissing<T extends AssertedTable>(
    table: T,
    values: AssertedValues<T>,
    options: DatabaseAssertionOptions = {},
  ): Promise<void> {
    return this.#rows.missing(table, values, options);
  }

  /** Asserts how many rows a table has. */
  assertDatabaseCount(
    table: AssertedTable,
    expected: number,
    options: DatabaseAssertionOptions = {},
  ): Promise<void> {
    return this.#rows.count(table, expected, options);
  }

  /** Asserts that a table has no row. */
  assertDatabaseEmpty(table: AssertedTable, options: DatabaseAssertionOptions = {}): Promise<void> {
    return this.#rows.count(table, 0, options);
  }

  /**
   * Makes everything that is stored what it was at first: the files of all connections migrated and without rows, no tenants, nothing in the
   * storage folder, caches and queues in memory empty. For tests that share an application.
   *
   * @param options `seed`: the seeder that runs then; `true` is `DatabaseSeeder`
   * @throws E_TEST_DATABASE_IN_USE while something has a file open for itself: a worker, a stream, a transaction
   */
  async refreshDatabase({ seed = false }: RefreshOptions = {}): Promise<void> {
    await this.events.settled();
    await this.tenancy.central(() => this.#clearMemory());
    await refreshStorage(this, this.#template);
    if (seed !== false) {
      await this.tenancy.central(() => this.seed(seed === true ? undefined : seed));
    }
  }

  async #clearMemory(): Promise<void> {
    const { stores } = this.config.cache;
    const inMemory = Object.entries(stores).filter(([, { driver }]) =>
      /^(memory|tiered)$/.test(driver),
    );
    await Promise.all(inMemory.map(([name]) => this.cache(name).clear()));
    await this.caches.clearServers();
    await this.queues.forgetMemory();
  }

  /** @throws E_TEST_CLIENT_NOT_AWAITED, E_TEST_COMMAND_NOT_AWAITED for what the test forgot to await, once all is closed */
  override async close(): Promise<void> {
    await this.caches.clearServers();
    await super.close();
    removeFolder(this.storagePath);
    const requests = takeLabels(this.#unsent);
    const commands = takeLabels(this.#unrun);
    if (requests.length > 0) throw TestClientError.neverSent(requests);
    if (commands.length > 0) throw TestCommandError.neverRun(commands);
  }
}

/** Empties a set of what was not awaited. */
function takeLabels(forgotten: Unsent): string[] {
  const labels = [...forgotten].map(({ label }) => label);
  forgotten.clear();
  return labels;
}
