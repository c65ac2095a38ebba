import { join } from 'node:path';
import { lockMigrations } from './cache/locks/schema';
import { cacheMigrations } from './cache/sqlite/schema';
import type { Config } from './config/load-config';
import { outboxConnections } from './config/outbox-connections';
import type { Project } from './config/project';
import type { ConnectionRegistry } from './database/connection-registry';
import { generationMigrations } from './database/generation';
import {
  discoverMigrations,
  mergePlans,
  type MigrationPlan,
} from './database/migrations/migration-files';
import { Migrator } from './database/migrations/migrator';
import { outboxMigrations } from './queue/outbox/schema';
import { queueMigrations } from './queue/sqlite/schema';
import { scheduleMigrations } from './schedule/schema';

/** Migrations of every connection: the framework's own for caches, queues, locks and the schedule, then those of database/migrations. */
export function createMigrator(
  project: Project,
  config: Config,
  connections: ConnectionRegistry,
): Migrator {
  const own = discoverMigrations(join(project.codePath, 'database/migrations'), connections);
  const every = connections.names.map((connection): MigrationPlan => ({
    connection,
    migrations: [],
  }));
  return new Migrator(connections, mergePlans([...every, ...frameworkPlans(config), ...own]));
}

/** A cache, a queue, the locks and the schedule bring their tables to whichever connection the configuration puts them on. */
function frameworkPlans(config: Config): MigrationPlan[] {
  const { cache, queue } = config;
  const connectionsOf = (entries: Readonly<Record<string, object>>): string[] =>
    Object.values(entries).flatMap((entry) =>
      'connection' in entry ? [String(entry.connection)] : [],
    );
  return [
    ...connectionsOf(cache.stores).map((connection) => ({
      connection,
      migrations: cacheMigrations,
    })),
    ...connectionsOf(queue.connections).map((connection) => ({
      connection,
      migrations: queueMigrations,
    })),
    { connection: cache.lockConnection, migrations: [...lockMigrations, ...scheduleMigrations] },
    ...outboxConnections(config).map((connection) => ({
      connection,
      migrations: [...generationMigrations, ...outboxMigrations],
    })),
  ];
}
