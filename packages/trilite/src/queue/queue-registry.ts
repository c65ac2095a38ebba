import type { QueueConnectionSettings, QueueSettings } from '../config/schema';
import type { ConnectionDirectory } from '../database/database';
import { QueueConnectionUnknownError, QueueUnsupportedError } from './errors';
import type { JobRegistry } from './job-registry';
import type { JobRunner } from './job-runner';
import { DEFAULT_QUEUE, QueueDispatcher } from './queue-dispatcher';
import type { QueueStore } from './queue-store';
import type { Worker, WorkerEvent, WorkerOptions } from './worker';

/** What a worker is asked for; the rest of its options is the connection's config. */
export type WorkOptions = Omit<WorkerOptions, 'leaseMs' | 'keepFinishedMs'>;

/** What a queue registry is made of. */
export interface QueueRegistryParts {
  readonly settings: QueueSettings;
  readonly connections: ConnectionDirectory;
  readonly jobs: JobRegistry;
  readonly runner: JobRunner;
}

/** The declared queue connections by name; only the drivers in use are loaded. */
export class QueueRegistry {
  readonly #settings: QueueSettings;
  readonly #connections: ConnectionDirectory;
  readonly #jobs: JobRegistry;
  readonly #runner: JobRunner;
  readonly #stores = new Map<string, QueueStore>();

  constructor({ settings, connections, jobs, runner }: QueueRegistryParts) {
    this.#settings = settings;
    this.#connections = connections;
    this.#jobs = jobs;
    this.#runner = runner;
  }

  /** The names declared in config/queue.ts. */
  get names(): readonly string[] {
    return Object.keys(this.#settings.connections);
  }

  /** The name of the default queue connection. */
  get defaultName(): string {
    return this.#settings.default;
  }

  /** The queues that are known of: "default", then those that job classes name. */
  get queueNames(): readonly string[] {
    const named = this.#jobs.classes.flatMap(({ options }) => options?.queue ?? []);
    return [...new Set([DEFAULT_QUEUE, ...named.sort()])];
  }

  /**
   * The dispatcher of a queue connection, by default of the default one.
   *
   * @throws E_QUEUE_CONNECTION_UNKNOWN
   */
  dispatcher(name: string = this.defaultName): QueueDispatcher {
    this.store(name);
    return new QueueDispatcher(() => this.store(name), this.#jobs);
  }

  /**
   * The store of a queue connection, by default of the default one.
   *
   * @throws E_QUEUE_CONNECTION_UNKNOWN
   */
  store(name: string = this.defaultName): QueueStore {
    const known = this.#stores.get(name);
    if (known !== undefined) return known;
    const store = this.#createStore(this.#settingsOf(name));
    this.#stores.set(name, store);
    return store;
  }

  /** Puts a store in place of the declared one, for whoever holds its dispatcher too. For fakes. */
  use(name: string, store: QueueStore): void {
    this.#stores.set(name, store);
  }

  /**
   * A worker for a queue connection; it does nothing before `run`.
   *
   * @throws E_QUEUE_UNSUPPORTED for a connection that keeps no jobs
   */
  worker(name: string, options: WorkOptions, tell?: (event: WorkerEvent) => void): Worker {
    const settings = this.#settingsOf(name);
    if (settings.driver === 'sync') {
      throw QueueUnsupportedError.of(
        settings.driver,
        'be worked: it runs each job where it is dispatched',
      );
    }
    // A web server never needs it
    const { Worker } = require('./worker') as typeof import('./worker');
    const whole = { ...options, leaseMs: settings.lease, keepFinishedMs: settings.keepFinished };
    return new Worker(this.store(name), this.#runner, whole, tell);
  }

  #settingsOf(name: string): QueueConnectionSettings {
    const { connections } = this.#settings;
    const settings = Object.hasOwn(connections, name) ? connections[name] : undefined;
    if (settings === undefined) throw QueueConnectionUnknownError.named(name, this.names);
    return settings;
  }

  #createStore(settings: QueueConnectionSettings): QueueStore {
    switch (settings.driver) {
      case 'sqlite': {
        // Only the drivers in use are loaded
        const { SqliteQueueStore } =
          require('./sqlite-queue-store') as typeof import('./sqlite-queue-store');
        return new SqliteQueueStore(this.#connections.connection(settings.connection));
      }
      case 'sync': {
        // Only the drivers in use are loaded
        const { SyncQueueStore } =
          require('./sync-queue-store') as typeof import('./sync-queue-store');
        return new SyncQueueStore(this.#runner);
      }
    }
  }
}
