import { createHash } from 'node:crypto';
import type { Config } from './config/load-config';
import type { Project } from './config/project';
import type { SqliteSettings } from './config/schema';
import type { TenantConnections, TenantRole } from './config/tenant-connections';
import { ConnectionRegistry } from './database/connection-registry';
import type { MigrationPlan } from './database/migrations/migration-files';
import { Migrator, type MigrationStatus } from './database/migrations/migrator';
import { tenantPlans } from './framework-migrations';
import { TenantSchemaError } from './tenancy/errors';
import { parseTenantId, type TenantId } from './tenancy/tenant-id';
import type { LastingRole, TenantFilePaths } from './tenancy/tenant-paths';

/** The owner of files that are copied for others. */
const TEMPLATE = parseTenantId('template');

/** What the schema of tenants' files is made of. */
export interface TenantSchemaParts {
  readonly project: Project;
  readonly config: Config;
  readonly connections: TenantConnections;
  readonly settings: (role: TenantRole) => SqliteSettings;
}

/** Which migrations the files of tenants have, and are to have. */
export class TenantSchema {
  readonly #parts: TenantSchemaParts;

  constructor(parts: TenantSchemaParts) {
    this.#parts = parts;
  }

  /** Migrations of a tenant's files. Default: of files that are copied for others. */
  plans(id: TenantId = TEMPLATE): MigrationPlan[] {
    const { project, config, connections } = this.#parts;
    return tenantPlans(project, config, { id, connections });
  }

  /** Another one for another list of migrations. */
  get key(): string {
    const names = this.plans().map(({ connection, migrations }) => [
      connection,
      ...migrations.map(({ name }) => name),
    ]);
    return createHash('sha256').update(JSON.stringify(names)).digest('hex').slice(0, 16);
  }

  /** Makes the files that others are copied from. */
  build(files: TenantFilePaths): Promise<void> {
    return this.#over(files, TEMPLATE, (migrator) => migrator.migrate());
  }

  /** The migrations that ran on files which lie elsewhere than a tenant's. */
  ran(files: TenantFilePaths, id: TenantId): Promise<Readonly<Record<LastingRole, string[]>>> {
    const names = (found: readonly MigrationStatus[]): string[] =>
      found.filter(({ batch }) => batch !== undefined).map(({ name }) => name);
    return this.#over(files, id, async (migrator) => {
      const { database, queue } = this.#parts.connections;
      return {
        database: names(await migrator.status({ connection: database })),
        queue: names(await migrator.status({ connection: queue })),
      };
    });
  }

  /**
   * Brings such files up to date, where older ones are migrated at their first use.
   *
   * @returns what is still to run
   * @throws E_TENANT_SCHEMA for files that are newer than the code
   */
  renew(files: TenantFilePaths, id: TenantId): Promise<readonly string[]> {
    return this.#over(files, id, async (migrator) => {
      const pending = await this.pending(migrator, id);
      if (pending.length === 0 || !this.#isMigratedOnOpen) return pending;
      await migrator.migrate();
      return [];
    });
  }

  /**
   * Has files as the code knows them, before they are used.
   *
   * @returns whether they were migrated
   * @throws E_TENANT_SCHEMA, E_MIGRATION_FAILED
   */
  async prepare(migrator: Migrator, id: TenantId): Promise<boolean> {
    const pending = await this.pending(migrator, id);
    if (pending.length === 0) return false;
    if (!this.#isMigratedOnOpen) throw TenantSchemaError.pending(id, pending);
    await migrator.migrate();
    return true;
  }

  /** What is still to run. @throws E_TENANT_SCHEMA for files that are newer than the code */
  async pending(migrator: Migrator, id: TenantId): Promise<readonly string[]> {
    const { database, queue } = this.#parts.connections;
    // Not of the cache: it is made anew when it is not as it should be
    const statuses = [
      ...(await migrator.status({ connection: database })),
      ...(await migrator.status({ connection: queue })),
    ];
    const namesOf = (is: (status: MigrationStatus) => boolean): string[] =>
      statuses.filter(is).map(({ name }) => name);
    const newer = namesOf(({ hasFile }) => !hasFile);
    const { onOpen } = this.#parts.config.tenancy.migrations;
    if (newer.length > 0 && onOpen !== 'allow-newer') throw TenantSchemaError.newer(id, newer);
    return namesOf(({ batch, isFilling }) => batch === undefined || isFilling);
  }

  get #isMigratedOnOpen(): boolean {
    return this.#parts.config.tenancy.migrations.onOpen === 'migrate';
  }

  async #over<T>(
    files: TenantFilePaths,
    id: TenantId,
    work: (migrator: Migrator) => Promise<T>,
  ): Promise<T> {
    const { connections, settings } = this.#parts;
    const roles = Object.entries(connections) as [TenantRole, string][];
    const registry = new ConnectionRegistry({
      default: connections.database,
      connections: Object.fromEntries(
        roles.map(([role, name]) => [name, { ...settings(role), file: files[role] }]),
      ),
    });
    try {
      return await work(new Migrator(registry, this.plans(id)));
    } finally {
      await registry.close();
    }
  }
}
