import type { DatabaseSettings } from '../config/schema';
import { sizeOf } from '../support/file-system';
import { Listeners } from '../support/listeners';
import { Connection, type ConnectionOptions } from './connection';
import { OffloadPool } from './connection-offload';
import type { LockWaitEvent } from './connection-wait';
import { ConnectionUnknownError } from './errors';
import type { ConnectionDirectory } from './database';
import { QueryEvents } from './query-events';
import { ConnectionSharedError } from './scoping/errors';

/** What differs for the connections of a tenant. */
export interface ConnectionRegistryOptions {
  /** How a connection of that name is opened. */
  readonly connectionOptions?: ((name: string) => ConnectionOptions) | undefined;
  /** The threads of another registry, which closes them. Default: its own. */
  readonly offload?: OffloadPool | undefined;
  /** Called before anybody is handed a connection; throws when the current work may have none. */
  readonly guard?: (() => void) | undefined;
  /**
   * Another registry, whose connections queries go to: it opens and closes them, and they are handed to nobody, for their files hold what is others'.
   * Default: its own.
   */
  readonly shared?: ConnectionRegistry | undefined;
}

/** What is known of a connection's file. */
export interface ConnectionDescription {
  readonly name: string;
  readonly file: string;
  /** Bytes of the file and its -wal; 0 for one in memory. */
  readonly bytes: number;
  readonly journalMode: string;
}

/**
 * The declared connections by name; none is opened before it is used.
 *
 * @example
 * import { ConnectionRegistry, injectable } from 'trilite';
 *
 * \@injectable()
 * export class FileController {
 *   constructor(private readonly connections: ConnectionRegistry) {}
 *
 *   async index() {
 *     const files = await this.connections.describe();
 *     return files.map(({ name, bytes }) => ({ name, bytes }));
 *   }
 * }
 */
export class ConnectionRegistry {
  /** Tells of every query that any `Database` of these connections runs. */
  readonly queries: QueryEvents;
  /** Tells of every wait of these connections for a lock of SQLite's. */
  readonly lockWaits = new Listeners<LockWaitEvent>('lock waits');
  /** Threads for reads that take long. */
  readonly offload: OffloadPool;
  readonly #settings: DatabaseSettings;
  readonly #options: ConnectionRegistryOptions;
  readonly #connections = new Map<string, Connection>();
  #isClosed = false;

  constructor(settings: DatabaseSettings, options: ConnectionRegistryOptions = {}) {
    this.#settings = settings;
    this.#options = options;
    this.queries = options.shared?.queries ?? new QueryEvents();
    this.offload = options.shared?.offload ?? options.offload ?? new OffloadPool();
  }

  /** The names declared in config/database.ts. */
  get names(): readonly string[] {
    return Object.keys(this.#settings.connections);
  }

  /** The name of the default connection. */
  get defaultName(): string {
    return this.#settings.default;
  }

  /**
   * A connection by name, by default the default one.
   *
   * @throws E_CONNECTION_UNKNOWN
   * @throws E_CONNECTION_SHARED in the work of a tenant that shares the files of the application
   */
  connection(name: string = this.defaultName): Connection {
    if (this.#options.shared !== undefined) throw ConnectionSharedError.named(name);
    const known = this.#connections.get(name);
    if (known !== undefined) return known;
    const { connections } = this.#settings;
    const settings = Object.hasOwn(connections, name) ? connections[name] : undefined;
    if (settings === undefined) throw ConnectionUnknownError.named(name, this.names);
    const connection = new Connection(name, settings, {
      ...this.#options.connectionOptions?.(name),
      onWaited: (event) => this.lockWaits.emit(event),
    });
    if (this.#isClosed) void connection.close();
    this.#connections.set(name, connection);
    return connection;
  }

  /** The same connections, for the work they belong to alone: asked for in any other, they throw. */
  get guarded(): ConnectionDirectory {
    const { guard, shared = this } = this.#options;
    if (guard === undefined) return shared;
    const connection = (name?: string): Connection => {
      guard();
      return shared.connection(name);
    };
    return { connection, queries: this.queries, offload: this.offload };
  }

  /** Every declared connection, opened to be asked. */
  describe(): Promise<ConnectionDescription[]> {
    return Promise.all(
      this.names.map(async (name) => {
        const connection = this.connection(name);
        const journalMode = String(
          await connection.read((handle) => handle.pragma('journal_mode')),
        );
        return {
          name,
          file: connection.file,
          bytes: sizeOf(connection.file) + sizeOf(`${connection.file}-wal`),
          journalMode,
        };
      }),
    );
  }

  /** Whether each declared connection answers a read; why one does not is told to `onDown`. */
  async health(
    onDown: (name: string, error: unknown) => void,
  ): Promise<Readonly<Record<string, 'up' | 'down'>>> {
    const ask = async (name: string): Promise<[string, 'up' | 'down']> => {
      try {
        await this.connection(name).check();
        return [name, 'up'];
      } catch (error) {
        onDown(name, error);
        return [name, 'down'];
      }
    };
    const states = await Promise.all(this.names.map(ask));
    return Object.fromEntries(states);
  }

  /** Has every connection rest that nothing uses. */
  rest(): void {
    for (const connection of this.#connections.values()) connection.rest();
  }

  /** Closes every connection; twice without harm. */
  async close(): Promise<void> {
    const { shared, offload } = this.#options;
    this.#isClosed = true;
    if (shared !== undefined) return;
    if (offload === undefined) this.offload.close();
    await Promise.all([...this.#connections.values()].map((connection) => connection.close()));
  }
}
