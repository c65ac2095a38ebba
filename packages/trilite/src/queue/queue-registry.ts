import type { QueueConnectionSettings, QueueSettings } from '../config/schema';
import type { ConnectionDirectory } from '../database/database';
import type { Connection } from '../database/connection';
import type { Announce } from './announce';
import { QueueConnectionUnknownError, QueueSharedError, QueueUnsupportedError } from './errors';
import type { JobRegistry } from './job-registry';
import { JobRunner, type EnterScope, type MakeInstance } from './job-runner';
import { DEFAULT_QUEUE } from './new-job';
import type { Outbox } from './outbox/outbox';
import { QueueDispatcher } from './queue-dispatcher';
import { QueueEvents, type WorkerEvent, type WorkerLifeEvent } from './queue-events';
import type { QueueStore } from './queue-store';
import type { WorkerWatchdog } from './worker/watchdog';
import type { Watchdog, Worker } from './worker/worker';
import type { WorkerOptions } from './worker/worker-options';

/** What a worker is asked for; the rest of its options is the connection's config. */
export type WorkOptions = Omit<WorkerOptions, 'leaseMs' | 'keepFinishedMs'> & {
  /** Who watches the jobs of several files. Default: one for this worker alone. */
  readonly watchdog?: WorkerWatchdog | undefined;
};

/** What a queue registry is made of. */
export interface QueueRegistryParts {
  readonly settings: QueueSettings;
  readonly connections: ConnectionDirectory;
  readonly jobs: JobRegistry;
  readonly make: MakeInstance;
  readonly enter: EnterScope;
  /** The connections whose transactions may dispatch to a queue in another file. */
  readonly outboxSources: () => readonly Connection[];
  /** Called before each use of a dispatcher; throws when it is not for the current work. */
  readonly guard?: (() => void) | undefined;
  /** Jobs that may wait in a file, or of a tenant that shares one. Default: any number. */
  readonly maxWaiting?: number | undefined;
  /** Told before jobs are stored in a file, and before a transaction of another file dispatches. Default: nobody. */
  readonly announce?: Announce | undefined;
  /** Whose queues are shared, by a tenant that has none of its own. Default: nobody's. */
  readonly sharing?: QueueSharing | undefined;
  /** The application's queues, for those of a tenant: what stands in for those stands in for these. */
  readonly central?: QueueRegistry | undefined;
  /** Runs the jobs of tenants that share these queues. Default: they are refused. */
  readonly forTenant?: RunForTenant | undefined;
  /** Told of what nobody waits for: a relay after a commit, a job after a response. */
  readonly onError: (error: unknown, what: string) => void;
}

/** How the queues of another registry are shared. */
export interface QueueSharing {
  readonly registry: QueueRegistry;
  /** Whose jobs are seen. */
  readonly tenantId: string;
}

/** Runs work in that of a tenant, with its queues. Rejects when there is no such tenant, or it takes no work. */
export type RunForTenant = <T>(
  tenantId: string,
  work: (queues: QueueRegistry) => Promise<T>,
) => Promise<T>;

/** Gives the store that is used in the place of a real one. */
export type StandIn = (real: QueueStore) => QueueStore;

type KeepingSettings = Extract<QueueConnectionSettings, { readonly lease: number }>;

/** What a connection that keeps no jobs takes at most, in bytes. */
const MAX_PAYLOAD = 1024 * 1024;

/** The declared queue connections by name; only the drivers in use are loaded. */
export class QueueRegistry {
  /** What happens in every queue of this process. */
  readonly events = new QueueEvents();
  readonly #parts: QueueRegistryParts;
  readonly #stores = new Map<string, QueueStore>();
  readonly #owned: { close(): Promise<void> }[] = [];
  #outbox: Outbox | undefined;
  #syncStore: QueueStore | undefined;
  #fake: StandIn = (real) => real;

  constructor(parts: QueueRegistryParts) {
    this.#parts = parts;
  }

  /** The names declared in config/queue.ts. */
  get names(): readonly string[] {
    return Object.keys(this.#parts.settings.connections);
  }

  /** The name of the default queue connection. */
  get defaultName(): string {
    return this.#parts.settings.default;
  }

  /** The queues that are known of: "default", then those that job classes name. */
  get queueNames(): readonly string[] {
    const named = this.#parts.jobs.classes.flatMap(({ options }) => options?.queue ?? []);
    return [...new Set([DEFAULT_QUEUE, ...named.sort()])];
  }

  /** The outboxes of the application's files. */
  get outbox(): Outbox {
    const { sharing } = this.#parts;
    if (sharing !== undefined) return sharing.registry.outbox;
    if (this.#outbox === undefined) {
      const { Outbox } = require('./outbox/outbox') as typeof import('./outbox/outbox');
      const { outboxSources, onError, announce } = this.#parts;
      this.#outbox = new Outbox({
        announce,
        sources: outboxSources,
        targets: () => this.names.map((name) => ({ name, store: () => this.store(name) })),
        onError: (error) => onError(error, 'Jobs that were committed are not relayed yet'),
      });
    }
    return this.#outbox;
  }

  /**
   * The dispatcher of a queue connection, by default of the default one.
   *
   * @throws E_QUEUE_CONNECTION_UNKNOWN
   */
  dispatcher(name: string = this.defaultName): QueueDispatcher {
    this.store(name);
    const { jobs, onError, guard } = this.#parts;
    const guarded = (store: () => QueueStore) => (): QueueStore => {
      guard?.();
      return store();
    };
    return new QueueDispatcher({
      connection: name,
      store: guarded(() => this.store(name)),
      sync: guarded(() => this.syncStore()),
      jobs,
      maxPayload: this.#maxPayload(name),
      tenantId: this.#parts.sharing?.tenantId,
      outbox: this.outbox,
      tell: (event) => {
        if (this.events.isHeard) this.events.emit({ connection: name, ...event });
      },
      onError: (error) => onError(error, 'A job failed after its response'),
    });
  }

  /**
   * The store of a queue connection, by default of the default one.
   *
   * @throws E_QUEUE_CONNECTION_UNKNOWN
   */
  store(name: string = this.defaultName): QueueStore {
    return this.#standIn(this.#realStore(name));
  }

  /** What runs jobs where they are dispatched, whatever connections are declared. */
  syncStore(): QueueStore {
    this.#syncStore ??= this.#createSync(this.defaultName);
    return this.#standIn(this.#syncStore);
  }

  /** Has another store stand in for each, what runs jobs where they are dispatched and those of tenants included, whoever holds its dispatcher. For fakes. */
  use(fake: StandIn): void {
    this.#fake = fake;
  }

  /** Forgets the jobs of connections in memory, which begin anew. For tests. */
  async forgetMemory(): Promise<void> {
    for (const name of this.names) {
      if (this.settingsOf(name).driver === 'memory') this.#stores.delete(name);
    }
    await Promise.all(this.#owned.splice(0).map((one) => one.close()));
  }

  /**
   * What config/queue.ts says of a connection.
   *
   * @throws E_QUEUE_CONNECTION_UNKNOWN
   */
  settingsOf(name: string): QueueConnectionSettings {
    const { connections } = this.#parts.settings;
    const settings = Object.hasOwn(connections, name) ? connections[name] : undefined;
    if (settings === undefined) throw QueueConnectionUnknownError.named(name, this.names);
    return settings;
  }

  /**
   * A worker for a queue connection; it does nothing before `run`.
   *
   * @throws E_QUEUE_UNSUPPORTED for a connection that keeps no jobs
   */
  worker(name: string, options: WorkOptions, tell?: (event: WorkerEvent) => void): Worker {
    if (this.#parts.sharing !== undefined) throw QueueSharedError.for('work the queue');
    const settings = this.#keepingSettingsOf(name);
    // A web server never needs it
    const { Worker } = require('./worker/worker') as typeof import('./worker/worker');
    const watchdog = this.#createWatchdog(settings, options);
    const emit = (event: WorkerEvent | WorkerLifeEvent): void => {
      if (this.events.isHeard) this.events.emit({ connection: name, ...event });
    };
    return new Worker({
      store: this.store(name),
      runner: this.runner(name),
      options: { ...options, leaseMs: settings.lease, keepFinishedMs: settings.keepFinished },
      relay: () => this.outbox.relay(),
      tell: (event) => {
        tell?.(event);
        emit(event);
      },
      onStarted: () => emit({ kind: 'worker-started', queues: options.queues }),
      onStopped: (result) => emit({ kind: 'worker-stopped', ...result }),
      ...(watchdog && { watchdog }),
    });
  }

  /** What runs the jobs of a queue connection, each for whom it is. @throws E_QUEUE_CONNECTION_UNKNOWN */
  runner(name: string): JobRunner {
    const { jobs, make, enter, sharing, forTenant } = this.#parts;
    return new JobRunner({
      jobs,
      make,
      enter,
      maxPayload: this.#maxPayload(name),
      tenantId: sharing?.tenantId,
      forTenant:
        forTenant &&
        ((tenantId, work) => forTenant(tenantId, (queues) => work(queues.runner(name)))),
    });
  }

  /** Waits until what is committed is relayed, and closes what belongs to queues alone; twice without harm. */
  async close(): Promise<void> {
    await this.#outbox?.flush();
    await Promise.all(this.#owned.splice(0).map((one) => one.close()));
  }

  #standIn(real: QueueStore): QueueStore {
    return (this.#parts.central ?? this).#fake(real);
  }

  #realStore(name: string): QueueStore {
    const known = this.#stores.get(name);
    if (known !== undefined) return known;
    const store = this.#createStore(name, this.settingsOf(name));
    this.#stores.set(name, store);
    return store;
  }

  #keepingSettingsOf(name: string): KeepingSettings {
    const settings = this.settingsOf(name);
    if ('lease' in settings) return settings;
    const why = {
      sync: 'be worked: it runs each job where it is dispatched',
      null: 'be worked: it forgets every job',
      failover: 'be worked: each of its connections has workers of its own',
    }[settings.driver];
    throw QueueUnsupportedError.of(settings.driver, why);
  }

  #maxPayload(name: string): number {
    const settings = this.settingsOf(name);
    return 'maxPayload' in settings ? settings.maxPayload : MAX_PAYLOAD;
  }

  #createSync(name: string): QueueStore {
    const { SyncQueueStore } =
      require('./stores/sync-queue-store') as typeof import('./stores/sync-queue-store');
    return new SyncQueueStore(this.runner(name));
  }

  // Only the drivers in use are loaded

  #createStore(name: string, settings: QueueConnectionSettings): QueueStore {
    const { sharing } = this.#parts;
    if (sharing !== undefined && 'lease' in settings) return this.#createOfTenant(name, sharing);
    switch (settings.driver) {
      case 'sqlite':
        return this.#createSqlite(
          this.#parts.connections.connection(settings.connection),
          settings,
        );
      case 'memory': {
        const { createMemoryQueue } =
          require('./stores/memory-queue-store') as typeof import('./stores/memory-queue-store');
        const queue = createMemoryQueue({ keepsDone: settings.keepFinished > 0 });
        this.#owned.push(queue);
        return queue.store;
      }
      case 'sync':
        return this.#createSync(name);
      case 'null': {
        const { NullQueueStore } =
          require('./stores/null-queue-store') as typeof import('./stores/null-queue-store');
        return new NullQueueStore();
      }
      case 'failover':
        return this.#createFailover(name, settings.connections);
    }
  }

  #createOfTenant(name: string, { registry, tenantId }: QueueSharing): QueueStore {
    const { TenantQueueStore } =
      require('./tenants/tenant-queue-store') as typeof import('./tenants/tenant-queue-store');
    const { maxWaiting } = this.#parts;
    return new TenantQueueStore({ source: () => registry.store(name), tenantId, maxWaiting });
  }

  #createSqlite(connection: Connection, { keepFinished }: KeepingSettings): QueueStore {
    const { SqliteQueueStore } =
      require('./sqlite/sqlite-queue-store') as typeof import('./sqlite/sqlite-queue-store');
    const { announce, connections, maxWaiting } = this.#parts;
    const { offload } = connections;
    return new SqliteQueueStore(connection, {
      announce,
      maxWaiting,
      keepsDone: keepFinished > 0,
      checkpoint: async (file) => {
        const { checkpoint } =
          require('../database/care/checkpoint') as typeof import('../database/care/checkpoint');
        return checkpoint(offload, file, 'PASSIVE');
      },
    });
  }

  #createFailover(name: string, behind: readonly string[]): QueueStore {
    const { FailoverQueueStore } =
      require('./stores/failover-queue-store') as typeof import('./stores/failover-queue-store');
    return new FailoverQueueStore({
      stores: () => behind.map((one) => ({ name: one, store: this.store(one) })),
      onFailedOver: (from, error) => {
        this.events.emit({ connection: name, kind: 'failed-over', from, error });
        this.#parts.onError(error, `The queue connection "${from}" does not answer`);
      },
    });
  }

  #createWatchdog(
    settings: KeepingSettings,
    { concurrency, isWatched = true, watchdog: shared }: WorkOptions,
  ): Watchdog | undefined {
    if (settings.driver !== 'sqlite' || !isWatched) return undefined;
    const connection = this.#parts.connections.connection(settings.connection);
    if (shared !== undefined) return shared.of(connection.file);
    const { WorkerWatchdog } = require('./worker/watchdog') as typeof import('./worker/watchdog');
    const own = new WorkerWatchdog(connection, concurrency);
    return { ...own.of(connection.file), close: () => own.close() };
  }
}
