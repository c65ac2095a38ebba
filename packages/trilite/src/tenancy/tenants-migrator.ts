import { isFrameworkMigration } from '../database/migrations/migration';
import type {
  MigrationStatus,
  MigrationStep,
  Migrator,
  RollbackOptions,
} from '../database/migrations/migrator';
import { monotonicMs } from '../support/clock';
import { messageOf, toError } from '../support/errors';
import type { Scope } from './container';
import { TenantMigrationRunError, TenantSchemaError } from './errors';
import { KEPT_STATES, type Tenancy } from './tenancy';
import type { Tenant } from './tenant';
import {
  isSameMigration,
  type RunMigration,
  type TenantMigrationEnd,
  type TenantMigrationRun,
  type TenantMigrationStore,
} from './tenant-migration-store';

/*
 * A run of migrations over tenants, of which each has files, and a ledger in them, of its own.
 *
 *   tenant in a run:  pending ──▶ running ──▶ done ──▶ rolled-back
 *                                    └──────▶ failed ──▶ running (resumed) or rolled-back
 *
 * Invariants:
 * 1. What is about to run is noted in the run before it runs, with the number of its batch. So a run that is killed at any moment knows what
 *    it may have done, and the tenant's own ledger, which has that number or has not, tells what it did.
 * 2. Taking a run back rolls back the migrations that the ledger has with the numbers of the run: nothing that another run did.
 * 3. A run is over when each of its tenants is done, or somebody begins to take it back; until then `--resume` finds it.
 */

/** What migrating tenants takes. */
export interface TenantsMigratorParts {
  readonly tenancy: Tenancy;
  readonly store: TenantMigrationStore;
  /** Migrations of the files of a tenant, to be used in its work. */
  readonly migrator: (tenant: Tenant, scope: Scope) => Migrator;
}

/** Brings the files of tenants up to date, and remembers of each run what became of whom. */
export class TenantsMigrator {
  readonly store: TenantMigrationStore;
  readonly #parts: TenantsMigratorParts;

  constructor(parts: TenantsMigratorParts) {
    this.store = parts.store;
    this.#parts = parts;
  }

  /** A run by its id. @throws E_TENANT_MIGRATION_RUN */
  async findRun(id: string): Promise<TenantMigrationRun> {
    const run = await this.store.find(id);
    if (run === undefined) throw TenantMigrationRunError.unknown(id);
    return run;
  }

  /** Where the migrations of a tenant stand. */
  status(tenant: Tenant): Promise<MigrationStatus[]> {
    return this.with(tenant, (migrator) => migrator.status());
  }

  /** Notes that a tenant's files have all migrations of the code, if they do. */
  async noteIfCurrent(tenant: Tenant): Promise<void> {
    const isCurrent = (await this.status(tenant)).every(
      ({ hasFile, batch, isFilling }) => hasFile && batch !== undefined && !isFilling,
    );
    if (isCurrent) await this.#parts.tenancy.noteSchema(tenant.id, true);
  }

  /** Runs work with the migrations of a tenant that is not deleted, whatever its files are. */
  with<T>(tenant: Tenant, work: (migrator: Migrator) => Promise<T>): Promise<T> {
    const { tenancy, migrator } = this.#parts;
    return tenancy.run(tenant, async (current, scope) => work(migrator(current, scope)), {
      states: KEPT_STATES,
      anySchema: true,
      allowSwitch: true,
    });
  }

  /**
   * Runs what is pending on a tenant's files, as its turn in a run.
   *
   * @returns the names of what ran
   * @throws E_TENANT_SCHEMA when the files have migrations that the code does not know; E_MIGRATION_FAILED
   */
  migrate(run: string, tenant: Tenant, { step = false } = {}): Promise<string[]> {
    return this.#turn(run, tenant, 'done', async (migrator) => {
      refuseNewer(tenant, await migrator.status());
      const steps = await migrator.prepare({ step });
      await this.store.begin(run, tenant.id, steps.map(toRunMigration));
      for (const { run: runStep } of steps) await runStep();
      await this.#parts.tenancy.noteSchema(tenant.id, true);
      return namesOf(steps);
    });
  }

  /**
   * Rolls back what a run has run on a tenant's files, and nothing else. Trilite's own migrations stay.
   *
   * @returns the names of what was rolled back
   * @throws E_TENANT_MIGRATION_RUN when others ran on top of it; E_MIGRATION_NO_WAY_BACK, E_MIGRATION_FAILED
   */
  rollBack(run: string, tenant: Tenant, migrations: readonly RunMigration[]): Promise<string[]> {
    return this.#turn(run, tenant, 'rolled-back', async (migrator) => {
      const ran = (await migrator.status()).filter(({ name }) => !isFrameworkMigration(name));
      const own = ran.filter(({ batch, ...status }) =>
        migrations.some((one) => batch !== undefined && isSameMigration(one, { ...status, batch })),
      );
      refuseCovered(tenant, own, ran);
      return this.#takeBack(tenant, await migrator.prepareRollback({ names: own }));
    });
  }

  /**
   * Rolls back migrations of a tenant's files, by default those of the last batch, whichever run ran them.
   *
   * @returns the names of what was rolled back
   * @throws E_MIGRATION_NO_WAY_BACK, E_MIGRATION_FAILED
   */
  rollBackLast(tenant: Tenant, options: RollbackOptions = {}): Promise<string[]> {
    return this.with(tenant, async (migrator) =>
      this.#takeBack(tenant, await migrator.prepareRollback(options)),
    );
  }

  /** Notes that a run is finished, if it is. */
  async finish(id: string): Promise<void> {
    const { tenants, done } = await this.findRun(id);
    if (done === tenants) await this.store.close(id);
  }

  async #takeBack({ id }: Tenant, steps: readonly MigrationStep[]): Promise<string[]> {
    if (steps.length > 0) await this.#parts.tenancy.noteSchema(id, false);
    for (const step of steps) {
      await step.run();
      await this.store.forget(id, toRunMigration(step));
    }
    return namesOf(steps);
  }

  async #turn(
    run: string,
    tenant: Tenant,
    status: TenantMigrationEnd['status'],
    work: (migrator: Migrator) => Promise<string[]>,
  ): Promise<string[]> {
    const since = monotonicMs();
    const end = (how: Omit<TenantMigrationEnd, 'ms'>): Promise<void> =>
      this.store.end(run, tenant.id, { ...how, ms: monotonicMs() - since });
    let names: string[];
    try {
      names = await this.with(tenant, work);
    } catch (error) {
      await end({ status: 'failed', error: messageOf(toError(error)) });
      throw error;
    }
    await end({ status });
    return names;
  }
}

function refuseNewer({ id }: Tenant, statuses: readonly MigrationStatus[]): void {
  const unknown = statuses.filter(({ hasFile }) => !hasFile).map(({ name }) => name);
  if (unknown.length > 0) throw TenantSchemaError.newer(id, unknown);
}

/** What ran later on the same file may need what is about to be taken back. */
function refuseCovered(
  { id }: Tenant,
  own: readonly MigrationStatus[],
  ran: readonly MigrationStatus[],
): void {
  const above = ran.filter(
    (status) =>
      !own.includes(status) &&
      own.some(
        ({ connection, batch = 0 }) =>
          connection === status.connection && batch < (status.batch ?? 0),
      ),
  );
  if (above.length === 0) return;
  throw TenantMigrationRunError.covered(
    id,
    above.map(({ name }) => name),
  );
}

function namesOf(steps: readonly MigrationStep[]): string[] {
  return steps.map(({ name }) => name);
}

function toRunMigration({ connection, name, batch }: MigrationStep): RunMigration {
  return { connection, name, batch };
}
