import { databaseSchema } from '../../config/schema';
import { ConnectionRegistry } from '../../database/connection-registry';
import { Migrator } from '../../database/migrations/migrator';
import type { QueueStore } from '../queue-store';
import { queueMigrations } from '../sqlite/schema';
import { SqliteQueueStore, type SqliteQueueStoreOptions } from '../sqlite/sqlite-queue-store';

/** A queue in memory, and what ends it. */
export interface MemoryQueue {
  readonly store: QueueStore;
  close(): Promise<void>;
}

/** A queue in this process's memory: the same tables and statements as in a file, in a database that only this process sees. */
export function createMemoryQueue(options: SqliteQueueStoreOptions = {}): MemoryQueue {
  const connections = new ConnectionRegistry(
    databaseSchema.parse({
      default: 'memory',
      connections: { memory: { driver: 'sqlite', file: ':memory:' } },
    }),
  );
  const migrator = new Migrator(connections, [
    { connection: 'memory', migrations: queueMigrations },
  ]);
  const store = new SqliteQueueStore(connections.connection('memory'), options);
  return { store: afterwards(store, () => migrator.migrate()), close: () => connections.close() };
}

/** The store, each of whose calls waits for the tables to be there; they are made at the first. */
function afterwards(store: SqliteQueueStore, prepare: () => Promise<void>): QueueStore {
  let prepared: Promise<void> | undefined;
  return new Proxy<QueueStore>(store, {
    get(target, name) {
      const member = Reflect.get(target, name) as unknown;
      if (typeof member !== 'function') return member;
      if (name === 'watch') return target.watch.bind(target);
      return async (...values: unknown[]): Promise<unknown> => {
        prepared ??= prepare();
        await prepared;
        return (member as (...given: unknown[]) => unknown).apply(target, values);
      };
    },
  });
}
