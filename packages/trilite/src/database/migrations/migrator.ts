import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { sql, type Kysely } from 'kysely';
import { clock } from '../../support/clock';
import { loadExports, sourceFiles, type SourceFile } from '../../support/file-discovery';
import type { ConnectionRegistry } from '../connection-registry';
import { Database } from '../database';
import { MigrationError } from '../errors';
import type { Migration, NamedMigration } from './migration';
import type { Tables } from '../tables';

/** The migrations a connection needs. */
export interface MigrationPlan {
  readonly connection: string;
  readonly migrations: readonly NamedMigration[];
}

/** Where a migration stands. */
export interface MigrationStatus {
  readonly connection: string;
  readonly name: string;
  /** The batch it ran in, or undefined while it is pending. */
  readonly batch: number | undefined;
}

/** Runs one migration when called; the migrator hands these out so that a command can show each one's time. */
export interface MigrationStep {
  readonly connection: string;
  readonly name: string;
  /** Whether this process ran it; false when another one came first. */
  readonly run: () => Promise<boolean>;
}

/**
 * Brings files up to date, each migration in one BEGIN IMMEDIATE together with its ledger row.
 *
 * That transaction is the lock, too: of two processes that migrate at once, the second finds the row there and passes on.
 *
 * Our own rather than Kysely's: its migrator takes a lock row that a killed process leaves behind, and knows one database, not three.
 */
export class Migrator {
  readonly #connections: ConnectionRegistry;
  readonly #plans: readonly MigrationPlan[];

  constructor(connections: ConnectionRegistry, plans: readonly MigrationPlan[]) {
    this.#connections = connections;
    this.#plans = plans;
  }

  /** Creates missing files and ledgers; returns the pending migrations, in order, to be run one by one. */
  async prepare(): Promise<MigrationStep[]> {
    const steps: MigrationStep[] = [];
    for (const plan of this.#plans) steps.push(...(await this.#prepareConnection(plan)));
    return steps;
  }

  /** Runs everything that is pending. */
  async migrate(): Promise<void> {
    for (const step of await this.prepare()) await step.run();
  }

  /** Where every migration stands. Creates nothing. */
  async status(): Promise<MigrationStatus[]> {
    const statuses: MigrationStatus[] = [];
    for (const { connection, migrations } of this.#plans) {
      const batches = await this.#batches(connection);
      statuses.push(
        ...migrations.map(({ name }) => ({ connection, name, batch: batches.get(name) })),
      );
    }
    return statuses;
  }

  /** The migrations that have not run. Creates nothing. */
  async pending(): Promise<MigrationStatus[]> {
    return (await this.status()).filter(({ batch }) => batch === undefined);
  }

  async #prepareConnection({ connection, migrations }: MigrationPlan): Promise<MigrationStep[]> {
    await this.#connections.connection(connection).create();
    const db = this.#database(connection);
    await createLedger(db);
    const batches = await ranBatches(db);
    const batch = Math.max(0, ...batches.values()) + 1;
    return migrations
      .filter(({ name }) => !batches.has(name))
      .map((migration) => ({
        connection,
        name: migration.name,
        run: () => this.#run(connection, migration, batch),
      }));
  }

  async #run(connection: string, migration: NamedMigration, batch: number): Promise<boolean> {
    try {
      return await this.#database(connection).transaction(async (trx) => {
        if ((await ranBatches(trx)).has(migration.name)) return false;
        await migration.load().up(trx);
        await sql`insert into migrations (name, batch, ran_at) values (${migration.name}, ${batch}, ${clock.now()})`.execute(
          trx,
        );
        return true;
      });
    } catch (error) {
      throw MigrationError.failed(migration.name, connection, error);
    }
  }

  async #batches(connection: string): Promise<ReadonlyMap<string, number>> {
    if (!existsSync(this.#connections.connection(connection).file)) return new Map();
    const db = this.#database(connection);
    const { rows } =
      await sql`select 1 from sqlite_schema where type = 'table' and name = 'migrations'`.execute(
        db,
      );
    return rows.length === 0 ? new Map() : ranBatches(db);
  }

  #database(connection: string): Database {
    return new Database(this.#connections, connection);
  }
}

/**
 * The migrations of an application: a folder for each connection below `database/migrations`, where `default` stands for the default one.
 *
 * @throws E_MIGRATION_INVALID for a folder that names no connection.
 */
export function discoverMigrations(
  folder: string,
  connections: ConnectionRegistry,
): MigrationPlan[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'tenant')
    .map(({ name }) => {
      const connection = name === 'default' ? connections.defaultName : name;
      if (!connections.names.includes(connection)) {
        throw MigrationError.folderUnknown(name, [...new Set(['default', ...connections.names])]);
      }
      return { connection, migrations: sourceFiles(join(folder, name)).map(fromFile) };
    });
}

/** One plan for each connection, in the order given: a file that serves several roles gets the migrations of all. */
export function mergePlans(plans: readonly MigrationPlan[]): MigrationPlan[] {
  const merged = new Map<string, NamedMigration[]>();
  for (const { connection, migrations } of plans) {
    const known = merged.get(connection) ?? [];
    merged.set(connection, [
      ...known,
      ...migrations.filter(({ name }) => !known.some((other) => other.name === name)),
    ]);
  }
  return [...merged].map(([connection, migrations]) => ({ connection, migrations }));
}

function fromFile(file: SourceFile): NamedMigration {
  return {
    name: file.stem,
    load: () => {
      const migration = loadExports(file)['default'] as Partial<Migration> | undefined;
      if (typeof migration?.up !== 'function') throw MigrationError.notAMigration(file.path);
      return migration as Migration;
    },
  };
}

async function createLedger(db: Database): Promise<void> {
  const { rows } =
    await sql`select 1 from sqlite_schema where type = 'table' and name = 'migrations'`.execute(db);
  if (rows.length > 0) return;
  await sql`
    create table if not exists migrations (
      name text not null primary key,
      batch integer not null,
      ran_at integer not null
    ) strict`.execute(db);
}

async function ranBatches(db: Kysely<Tables>): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{
    name: string;
    batch: number;
  }>`select name, batch from migrations`.execute(db);
  return new Map(rows.map(({ name, batch }) => [name, batch]));
}
