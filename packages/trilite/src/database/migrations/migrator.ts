import { existsSync } from 'node:fs';
import { ConnectionRegistry } from '../connection-registry';
import { Database } from '../database';
import { runAsMigration } from '../scoping/current-tenant';
import { refuseUnscoped } from '../scoping/tenant-tables';
import { openBackfills, type BackfillProgress } from './backfill';
import { MigrationError } from './errors';
import type { MigrationPlan } from './migration-files';
import { createLedger, ledgerOf, type LedgerRow } from './migration-ledger';
import { MigrationRunner, type Direction, type PretendedMigration } from './migration-runner';
import { isFrameworkMigration, type NamedMigration } from './migration';

/** Where a migration stands. */
export interface MigrationStatus {
  readonly connection: string;
  readonly name: string;
  /** The batch it ran in, or undefined while it is pending. */
  readonly batch: number | undefined;
  /** Whether it ran, but the filling of its table was interrupted: "migrate" goes on with it. */
  readonly isFilling: boolean;
  /** Whether its file is there. One that ran and is gone cannot be rolled back. */
  readonly hasFile: boolean;
}

/** Runs one migration, or rolls it back, when called; the migrator hands these out so that a command can show each one's time. */
export interface MigrationStep {
  readonly connection: string;
  readonly name: string;
  /** The batch it will run in, or ran in. */
  readonly batch: number;
  /** @returns whether this process did it; false when another one came first */
  readonly run: (onProgress?: BackfillProgress) => Promise<boolean>;
}

/** Which connections are meant. */
export interface ConnectionChoice {
  /** One alone. Default: all. */
  readonly connection?: string | undefined;
}

/** Which migrations are to be run. */
export interface MigrateOptions extends ConnectionChoice {
  /** Whether each becomes a batch of its own, to be rolled back alone. Default: false. */
  readonly step?: boolean | undefined;
}

/** Which migrations are to be rolled back: by default those of the last batch. */
export interface RollbackOptions extends ConnectionChoice {
  /** The last so many of each connection instead. */
  readonly steps?: number | undefined;
  /** Those of one batch instead. */
  readonly batch?: number | undefined;
  /** All of them instead. Default: false. */
  readonly all?: boolean | undefined;
  /** These instead, as far as they have run. */
  readonly names?: readonly MigrationName[] | undefined;
}

/** A migration of a connection. */
export interface MigrationName {
  readonly connection: string;
  readonly name: string;
}

interface Found {
  readonly connection: string;
  readonly migration: NamedMigration;
  /** Whether it ran, but for the filling of its table. */
  readonly isFilling: boolean;
}

/**
 * Brings files up to date and takes them back, each migration in one BEGIN IMMEDIATE together with its ledger row.
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

  /** Creates missing files and ledgers. */
  async install(choice: ConnectionChoice = {}): Promise<void> {
    for (const { connection } of this.#chosen(choice)) {
      await this.#connections.connection(connection).create();
      await runAsMigration(() => createLedger(this.#database(connection)));
    }
  }

  /** Creates missing files and ledgers; returns the pending migrations, in order, to be run one by one. */
  async prepare({ step = false, ...choice }: MigrateOptions = {}): Promise<MigrationStep[]> {
    await this.install(choice);
    const ledgers = await Promise.all(
      this.#plans.map(({ connection }) => this.#ledger(connection)),
    );
    // One number for all connections: what one call ran is rolled back together.
    let batch = lastBatch(ledgers.flat()) + 1;
    const pending = await this.#pendingOf(choice);
    return pending.map((found) => this.#upward(found, step ? batch++ : batch));
  }

  /** Runs everything that is pending. */
  async migrate(): Promise<void> {
    for (const step of await this.prepare()) await step.run();
  }

  /**
   * The migrations to be rolled back, the last one first, to be run one by one. Trilite's own are never among them.
   *
   * @throws E_MIGRATION_NO_WAY_BACK when one of them has no `down`, or its file is gone: before anything is rolled back
   */
  async prepareRollback(options: RollbackOptions = {}): Promise<MigrationStep[]> {
    const found = await this.#toRollBack(options);
    return found.map(({ connection, migration, batch }) => ({
      connection,
      name: migration.name,
      batch,
      run: () => this.#runner(connection).down(migration),
    }));
  }

  /** Where every migration stands. Creates nothing. */
  async status(choice: ConnectionChoice = {}): Promise<MigrationStatus[]> {
    const statuses: MigrationStatus[] = [];
    for (const plan of this.#chosen(choice)) statuses.push(...(await this.#statusOf(plan)));
    return statuses;
  }

  /** The migrations that have not run to their end. Creates nothing. */
  async pending(choice: ConnectionChoice = {}): Promise<MigrationStatus[]> {
    const statuses = await this.status(choice);
    return statuses.filter(({ batch, isFilling }) => batch === undefined || isFilling);
  }

  /**
   * What migrating, or rolling back, would do: it is done, each connection in one transaction, written down, and rolled back. A file that is
   * not there is a new one in memory. Tables are not filled.
   */
  async pretend(
    direction: Direction,
    options: RollbackOptions = {},
  ): Promise<PretendedMigration[]> {
    const found = await (direction === 'up' ? this.#pendingOf(options) : this.#toRollBack(options));
    const pretended: PretendedMigration[] = [];
    for (const { connection } of this.#chosen(options)) {
      const own = found.filter((one) => one.connection === connection);
      const migrations = own
        .filter(({ isFilling }) => !isFilling)
        .map(({ migration }) => migration);
      pretended.push(...own.filter(({ isFilling }) => isFilling).map(pretendedFilling));
      if (migrations.length === 0) continue;
      pretended.push(...(await this.#pretendOn(connection, migrations, direction)));
    }
    return pretended;
  }

  #upward({ connection, migration }: Found, batch: number): MigrationStep {
    const runner = this.#runner(connection);
    return {
      connection,
      name: migration.name,
      batch,
      run: async (onProgress) => {
        const isFirst = await runner.up(migration, batch);
        await runner.fill(migration, onProgress);
        return isFirst;
      },
    };
  }

  async #pretendOn(
    connection: string,
    migrations: readonly NamedMigration[],
    direction: Direction,
  ): Promise<PretendedMigration[]> {
    const { file, settings, currentTenant } = this.#connections.connection(connection);
    if (file === ':memory:' || existsSync(file)) {
      return this.#runner(connection).pretend(migrations, direction);
    }
    const connections = { [connection]: { ...settings, file: ':memory:' } };
    const registry = new ConnectionRegistry(
      { default: connection, connections },
      { connectionOptions: () => ({ currentTenant }) },
    );
    try {
      const db = new Database(registry, connection);
      return await new MigrationRunner(connection, db).pretend(migrations, direction);
    } finally {
      await registry.close();
    }
  }

  async #toRollBack(options: RollbackOptions): Promise<(Found & { readonly batch: number })[]> {
    const { steps, batch, all = false, names, ...choice } = options;
    const own = await Promise.all(this.#chosen(choice).map((plan) => this.#ranOf(plan)));
    const last = batch ?? lastBatch(own.flatMap(({ ran }) => ran));
    return own.flatMap(({ plan, ran }) => {
      const inBatch = ran.filter((row) => row.batch === last);
      const named = names && ran.filter((row) => isAmong(names, plan.connection, row.name));
      const chosen = named ?? (all ? ran : steps === undefined ? inBatch : ran.slice(0, steps));
      return chosen.map((row) => ({ ...withWayBack(plan, row.name), batch: row.batch }));
    });
  }

  /** What the application's own migrations have run on a connection, the last one first. */
  async #ranOf(plan: MigrationPlan): Promise<{ plan: MigrationPlan; ran: LedgerRow[] }> {
    const rows = await this.#ledger(plan.connection);
    return { plan, ran: rows.filter(({ name }) => !isFrameworkMigration(name)).reverse() };
  }

  async #pendingOf(choice: ConnectionChoice): Promise<Found[]> {
    const found: Found[] = [];
    for (const plan of this.#chosen(choice)) {
      const statuses = await this.#statusOf(plan);
      for (const migration of plan.migrations) {
        const status = statuses.find(({ name }) => name === migration.name);
        const isFilling = status?.isFilling === true;
        if (status?.batch !== undefined && !isFilling) continue;
        found.push({ connection: plan.connection, migration, isFilling });
      }
    }
    return found;
  }

  async #statusOf({ connection, migrations }: MigrationPlan): Promise<MigrationStatus[]> {
    const ledger = await this.#ledger(connection);
    const filling = ledger.length === 0 ? [] : await openBackfills(this.#database(connection));
    const names = migrations.map(({ name }) => name);
    const gone = ledger.map(({ name }) => name).filter((name) => !names.includes(name));
    return [...gone, ...names].map((name) => ({
      connection,
      name,
      batch: ledger.find((row) => row.name === name)?.batch,
      isFilling: filling.includes(name),
      hasFile: names.includes(name),
    }));
  }

  #chosen({ connection }: ConnectionChoice): readonly MigrationPlan[] {
    if (connection === undefined) return this.#plans;
    const { name } = this.#connections.connection(connection);
    return this.#plans.filter((plan) => plan.connection === name);
  }

  #ledger(connection: string): Promise<LedgerRow[]> {
    return ledgerOf(this.#database(connection), this.#connections.connection(connection).file);
  }

  #runner(connection: string): MigrationRunner {
    const target = this.#connections.connection(connection);
    const verify = (): Promise<void> => target.read(refuseUnscoped);
    const isShared = target.currentTenant !== undefined;
    return new MigrationRunner(
      connection,
      this.#database(connection),
      isShared ? verify : undefined,
    );
  }

  #database(connection: string): Database {
    return new Database(this.#connections, connection);
  }
}

function lastBatch(rows: readonly LedgerRow[]): number {
  return Math.max(0, ...rows.map(({ batch }) => batch));
}

function isAmong(names: readonly MigrationName[], connection: string, name: string): boolean {
  return names.some((one) => one.connection === connection && one.name === name);
}

function withWayBack({ connection, migrations }: MigrationPlan, name: string): Found {
  const migration = migrations.find((one) => one.name === name);
  if (migration === undefined) throw MigrationError.fileGone({ name, connection });
  if (migration.load().down === undefined) throw MigrationError.noWayBack({ name, connection });
  return { connection, migration, isFilling: false };
}

function pretendedFilling({ connection, migration }: Found): PretendedMigration {
  const sql = ['-- has run, and its table is still being filled: "migrate" goes on with that'];
  return { connection, name: migration.name, sql };
}
