import type { Connection } from '../database/connection';
import type { Handle } from '../database/connection-handle';
import { clock } from '../support/clock';
import { newId } from '../support/id';

/** Runs that are remembered; older ones cannot be taken back as runs any more. */
const KEPT_RUNS = 50;

const COUNTS = `
  count(*) as tenants, sum(status = 'done') as done, sum(status = 'failed') as failed,
  sum(status in ('pending', 'running')) as waiting, sum(status = 'rolled-back') as rolledBack`;

const RUNS = `
  select id, started_at as startedAt, ended_at as endedAt, ${COUNTS}
  from tenant_migration_runs join tenant_migration_results on run_id = id`;

const FIND = `${RUNS} where id = ? group by id`;
const LIST = `${RUNS} group by id order by id desc limit ?`;
const LAST_UNFINISHED = `${RUNS} where ended_at is null group by id order by id desc limit 1`;
const LAST_FAILED = `${RUNS} where ended_at is null group by id having failed > 0 order by id desc limit 1`;

const RESULTS = `
  select tenant_id as tenantId, status, migrations, error, ms from tenant_migration_results
  where run_id = ? order by tenant_id`;

const INSERT_RUN = 'insert into tenant_migration_runs (id, started_at) values (?, ?)';
const INSERT_RESULTS = `
  insert into tenant_migration_results (run_id, tenant_id, status)
  select ?, value, 'pending' from json_each(?)`;

const PRUNE_RESULTS = `
  delete from tenant_migration_results
  where run_id not in (select id from tenant_migration_runs order by id desc limit ${KEPT_RUNS})`;
const PRUNE_RUNS = `
  delete from tenant_migration_runs
  where id not in (select id from tenant_migration_runs order by id desc limit ${KEPT_RUNS})`;

const MIGRATIONS =
  'select migrations from tenant_migration_results where run_id = ? and tenant_id = ?';
const BEGIN = `
  update tenant_migration_results set status = 'running', migrations = :migrations, error = null
  where run_id = :run and tenant_id = :tenant`;
const END = `
  update tenant_migration_results set status = :status, error = :error, ms = :ms
  where run_id = :run and tenant_id = :tenant`;
/** By their keys: there are few runs, and many tenants. */
const NOTED = `
  select run_id as run, migrations from tenant_migration_results
  where run_id in (select id from tenant_migration_runs) and tenant_id = ? and migrations <> '[]'`;
const SET_NOTED = `
  update tenant_migration_results set migrations = :migrations
  where run_id = :run and tenant_id = :tenant`;
const CLOSE = 'update tenant_migration_runs set ended_at = ? where id = ? and ended_at is null';

/** What became of a tenant in a run. `running` is one whose run was killed, or goes on. */
export type TenantMigrationStatus = 'pending' | 'running' | 'done' | 'failed' | 'rolled-back';

/** A migration that a run has run on a tenant's files, or was about to. */
export interface RunMigration {
  readonly connection: string;
  readonly name: string;
  /** The batch in the tenant's own ledger: the migration is this run's if the ledger has it with this number. */
  readonly batch: number;
}

/** A run of migrations over tenants. */
export interface TenantMigrationRun {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Epoch milliseconds; undefined while a tenant is not done, unless it was taken back. */
  readonly endedAt: number | undefined;
  readonly tenants: number;
  readonly done: number;
  readonly failed: number;
  /** Tenants that were not begun, or not ended. */
  readonly waiting: number;
  readonly rolledBack: number;
}

/** What became of one tenant in a run. */
export interface TenantMigrationResult {
  readonly tenantId: string;
  readonly status: TenantMigrationStatus;
  readonly migrations: readonly RunMigration[];
  readonly error: string | undefined;
  /** How long it took, in milliseconds. */
  readonly ms: number | undefined;
}

/** How a tenant's turn ended. */
export interface TenantMigrationEnd {
  readonly status: 'done' | 'failed' | 'rolled-back';
  readonly ms: number;
  readonly error?: string | undefined;
}

type RunRow = Omit<TenantMigrationRun, 'endedAt'> & { readonly endedAt: number | null };

/** What runs of migrations over tenants have done, on the application's default connection. */
export class TenantMigrationStore {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Notes a run over these tenants, none of which is begun. @returns its id */
  async add(tenants: readonly string[]): Promise<string> {
    const id = newId();
    await this.#change((handle) => {
      handle.statement(INSERT_RUN).run(id, clock.now());
      handle.statement(INSERT_RESULTS).run(id, JSON.stringify(tenants));
      handle.statement(PRUNE_RESULTS).run();
      handle.statement(PRUNE_RUNS).run();
    });
    return id;
  }

  find(id: string): Promise<TenantMigrationRun | undefined> {
    return this.#run(FIND, [id]);
  }

  /** The newest run in which a tenant is not done, and that was not taken back. */
  lastUnfinished(): Promise<TenantMigrationRun | undefined> {
    return this.#run(LAST_UNFINISHED, []);
  }

  /** The newest run in which a tenant has failed, and that was not taken back. */
  lastFailed(): Promise<TenantMigrationRun | undefined> {
    return this.#run(LAST_FAILED, []);
  }

  /** The newest runs, newest first. */
  list(limit: number): Promise<TenantMigrationRun[]> {
    return this.#connection.read((handle) =>
      (handle.statement(LIST).all(limit) as RunRow[]).map(toRun),
    );
  }

  /** What became of each tenant of a run, in the order of their ids. */
  results(id: string): Promise<TenantMigrationResult[]> {
    return this.#connection.read((handle) => {
      const rows = handle.statement(RESULTS).all(id) as ResultRow[];
      return rows.map(({ migrations, error, ms, ...row }) => ({
        ...row,
        migrations: JSON.parse(migrations) as RunMigration[],
        error: error ?? undefined,
        ms: ms ?? undefined,
      }));
    });
  }

  /**
   * Notes what is about to run on a tenant's files, before it does: a run that is killed must know what it may have done. What an earlier turn
   * of the same run noted stays.
   */
  async begin(run: string, tenant: string, migrations: readonly RunMigration[]): Promise<void> {
    await this.#change((handle) => {
      const known = handle.statement(MIGRATIONS).pluck().get(run, tenant) as string | undefined;
      const all = [...(JSON.parse(known ?? '[]') as RunMigration[]), ...migrations];
      handle.statement(BEGIN).run({ run, tenant, migrations: JSON.stringify(all) });
    });
  }

  /** Notes how a tenant's turn ended. */
  async end(run: string, tenant: string, { status, ms, error }: TenantMigrationEnd): Promise<void> {
    await this.#change((handle) => {
      handle.statement(END).run({ run, tenant, status, ms: Math.round(ms), error: error ?? null });
    });
  }

  /** Notes that a migration is no run's any more: it was rolled back on a tenant's files, and its batch's number may be given again. */
  async forget(tenant: string, migration: RunMigration): Promise<void> {
    await this.#change((handle) => {
      const rows = handle.statement(NOTED).all(tenant) as { run: string; migrations: string }[];
      for (const { run, migrations } of rows) {
        const kept = (JSON.parse(migrations) as RunMigration[]).filter(
          (one) => !isSameMigration(one, migration),
        );
        handle.statement(SET_NOTED).run({ run, tenant, migrations: JSON.stringify(kept) });
      }
    });
  }

  /** Notes that nothing is to be done in a run any more. */
  async close(run: string): Promise<void> {
    await this.#change((handle) => handle.statement(CLOSE).run(clock.now(), run));
  }

  #run(sql: string, values: readonly string[]): Promise<TenantMigrationRun | undefined> {
    return this.#connection.read((handle) => {
      const row = handle.statement(sql).get(...values) as RunRow | undefined;
      return row && toRun(row);
    });
  }

  #change<T>(work: (handle: Handle) => T): Promise<T> {
    return this.#connection.write(work, { several: true });
  }
}

interface ResultRow {
  readonly tenantId: string;
  readonly status: TenantMigrationStatus;
  readonly migrations: string;
  readonly error: string | null;
  readonly ms: number | null;
}

/** Whether two are the same migration of the same batch. */
export function isSameMigration(one: RunMigration, other: RunMigration): boolean {
  return (
    one.connection === other.connection && one.name === other.name && one.batch === other.batch
  );
}

function toRun({ endedAt, ...row }: RunRow): TenantMigrationRun {
  return { ...row, endedAt: endedAt ?? undefined };
}
